/* ---- What people do. ---- */

function draw() {
  decide();
  drawTickStates();
  drawStatus();
  drawTree();
}

byId("ticks").addEventListener("change", (event) => {
  const atom = Number(event.target.dataset.tick);
  if (event.target.checked) ticked.add(atom);
  else ticked.delete(atom);
  draw();
});
byId("ticks").addEventListener("click", (event) => {
  const button = event.target.closest("[data-press]");
  if (!button) return;
  const atom = Number(button.dataset.press);
  pressed = pressed === atom ? null : atom;
  opened.clear();
  draw();
});
byId("chosen").addEventListener("click", (event) => {
  if (event.target.id !== "all-again") return;
  const button = document.querySelector(`[data-press="${pressed}"]`);
  pressed = null;
  opened.clear();
  draw();
  button?.focus();
});
byId("tree").addEventListener("click", (event) => {
  const item = event.target.closest("[data-operation] > button")?.parentElement;
  if (!item) return;
  const number = Number(item.dataset.operation);
  if (!unfolded.delete(number)) unfolded.add(number);
  const fresh = row(number);
  item.replaceWith(fresh);
  fresh.querySelector("button").focus();
});
byId("clear").addEventListener("click", () => {
  ticked.clear();
  draw();
});
byId("find-scope").addEventListener("input", (event) => {
  const words = event.target.value.toLowerCase().split(/\s+/).filter(Boolean);
  for (const item of byId("ticks").querySelectorAll("li")) {
    item.hidden = !words.every((word) => item.dataset.words.includes(word));
  }
});
byId("find-operation").addEventListener("input", () => {
  opened.clear();
  draw();
});
byId("show").addEventListener("change", draw);

function setAll(group, isOpen) {
  for (const smaller of group.groups) {
    smaller.number ??= numberOfGroups++;
    opened.set(smaller.number, isOpen);
    setAll(smaller, isOpen);
  }
}
for (const [id, isOpen] of [["open-all", true], ["close-all", false]]) {
  byId(id).addEventListener("click", () => {
    setAll(policy.paths, isOpen);
    drawTree();
  });
}

/** On paper nothing can be opened; past some thousand rows what is open has to do. */
let before = null;
addEventListener("beforeprint", () => {
  if (matching.filter(Boolean).length > 2000) return;
  before = new Map(opened);
  setAll(policy.paths, true);
  drawTree();
});
addEventListener("afterprint", () => {
  if (!before) return;
  opened.clear();
  for (const [number, isOpen] of before) opened.set(number, isOpen);
  before = null;
  drawTree();
});

drawTicks();
draw();
