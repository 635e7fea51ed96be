/* ---- What people do. ---- */

function draw() {
  decide();
  drawTickStates();
  drawStatus();
  drawMatrix();
  drawTree();
}

/** After a change: what the address said before is no longer of interest. */
function change() {
  remarks = [];
  draw();
  remember();
}

function choose(row, column) {
  const isSame = pressed === row && part === column;
  [pressed, part] = isSame ? [null, null] : [row, column];
  [opensAll] = [null];
  opened.clear();
  change();
}

byId("ticks").addEventListener("change", ({ target }) => {
  if (target.id === "nobody") {
    isNobody = target.checked;
    ticked.clear();
    return change();
  }
  const atom = Number(target.dataset.tick);
  if (boxes.has(atom)) {
    if (target.checked) ticked.add(atom);
    else ticked.delete(atom);
    isNobody = false;
  } else if (target.checked) closure(atom).forEach((other) => lacking.delete(other));
  else lacking.add(atom);
  change();
});
byId("ticks").addEventListener("click", (event) => {
  const button = event.target.closest("[data-press]");
  if (button) choose(Number(button.dataset.press), null);
});
byId("matrix").addEventListener("click", (event) => {
  const button = event.target.closest("[data-row], [data-column]");
  if (!button) return;
  const { row: key, column } = button.dataset;
  const box = key === undefined ? null : ACCESSES.includes(key) ? key : Number(key);
  choose(box, column === undefined ? null : Number(column));
  if (byId("chosen").hidden) return;
  byId("chosen").focus({ preventScroll: true });
  byId("chosen").scrollIntoView({ block: "start" });
});
byId("matrix").addEventListener("toggle", drawMatrix);
byId("chosen").addEventListener("click", (event) => {
  if (event.target.id !== "all-again") return;
  const button = document.querySelector(`[data-press="${pressed}"]`) ?? byId("find-operation");
  choose(pressed, part);
  button.focus();
});
byId("tree").addEventListener("click", (event) => {
  const item = event.target.closest("[data-operation] > button")?.parentElement;
  if (!item) return;
  const number = Number(item.dataset.operation);
  if (!unfolded.delete(number)) unfolded.add(number);
  const fresh = row(number);
  item.replaceWith(fresh);
  fresh.querySelector("button").focus();
  remember();
});
byId("clear").addEventListener("click", () => {
  reset();
  change();
});
byId("find-scope").addEventListener("input", () => {
  drawTickStates();
  remember();
});
byId("find-operation").addEventListener("input", () => {
  opened.clear();
  change();
});
byId("show").addEventListener("change", change);

for (const [id, isOpen] of [["open-all", true], ["close-all", false]]) {
  byId(id).addEventListener("click", () => {
    opensAll = isOpen;
    opened.clear();
    drawTree();
    remember();
  });
}

/** On paper nothing can be opened; past some thousand rows what is open has to do. */
let before = null;
addEventListener("beforeprint", () => {
  if (matching.filter(Boolean).length > 2000) return;
  before = [opensAll, [...opened]];
  opensAll = true;
  opened.clear();
  drawTree();
});
addEventListener("afterprint", () => {
  if (!before) return;
  opensAll = before[0];
  for (const [prefix, isOpen] of before[1]) opened.set(prefix, isOpen);
  before = null;
  drawTree();
});

addEventListener("hashchange", () => {
  const text = location.hash.slice(1);
  // The link past the boxes leads to a place of the page: the choice stays, and with it the address.
  if (text === "operations") return writeAddress();
  if (text === address()) return;
  readAddress();
  draw();
});
addEventListener("pagehide", () => isWaiting !== null && writeAddress());

drawTicks();
if (location.hash.length > 1 && location.hash !== "#operations") readAddress();
decide();
const rows = matrixRows().length;
byId("matrix").open = rows <= 12 || (rows <= MATRIX_OPEN && matchMedia("(min-width: 52rem)").matches);
draw();
