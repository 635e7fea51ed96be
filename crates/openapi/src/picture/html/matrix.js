/* ---- The matrix: scopes by the beginnings of paths. ---- */

/** So many rows are drawn at once; with more than the second number, the matrix begins closed. */
const MATRIX_ROWS = 100;
const MATRIX_OPEN = 30;

const columnOf = new Map();
policy.sections.forEach(([, numbers], place) => numbers.forEach((number) => columnOf.set(number, place)));
let matrixFor = null; // the conditions that the drawn matrix counts with

/** The rows: of each server its token and scopes, then what needs none. A row that no operation needs is left out, but for scopes. */
function matrixRows() {
  const rows = [];
  servers.forEach((server, place) => {
    const own = [...boxes].filter(([atom, box]) => box.server === place && (box.isScope || used.get(atom).all.size > 0));
    if (servers.length > 1 && own.length > 0) rows.push({ head: server.schemes.map((atom) => labelOf(atom)).join(", ") });
    for (const [atom, box] of own) rows.push({ key: atom, label: box.isScope ? labelOf(atom) : `any ${server.word}`, depth: box.depth });
  });
  const others = [["public", "public"], ["deny", "denied to all"]].filter(([access]) => operations.some((operation) => operation.access === access));
  if (servers.length > 1 && others.length > 0) rows.push({ head: "Any request" });
  for (const [key, label] of others) rows.push({ key, label, depth: 0 });
  return rows;
}

function drawMatrix() {
  const matrix = byId("matrix");
  matrix.hidden = operations.length === 0;
  if (!matrix.open) return;
  if (matrixFor !== usedWithout) {
    matrixFor = usedWithout;
    const table = make("table", {}, make("thead", {}, matrixHead()));
    const rows = matrixRows();
    const body = make("tbody", {});
    const more = (from) => {
      body.append(...rows.slice(from, from + MATRIX_ROWS).map(matrixRow));
      if (from + MATRIX_ROWS >= rows.length) return;
      const button = make("button", { type: "button" }, `Show more: ${counted(rows.length - from - MATRIX_ROWS, "row")} left`);
      const line = make("tr", {}, make("th", { scope: "row" }, button));
      button.addEventListener("click", () => {
        line.remove();
        more(from + MATRIX_ROWS);
        body.children[from + MATRIX_ROWS]?.querySelector("button")?.focus();
      });
      body.append(line);
    };
    more(0);
    table.append(body);
    const scroll = matrix.querySelector(".scroll");
    scroll.replaceChildren(table);
    // What gets the focus is not moved below the heads, which stay in place.
    const head = table.querySelector("thead th");
    scroll.style.scrollPadding = `${head.offsetHeight}px 0 0 ${head.offsetWidth}px`;
  }
  drawMatrixStates();
}

function drawMatrixStates() {
  for (const button of byId("matrix").querySelectorAll("[data-row], [data-column]")) {
    const isRow = String(pressed ?? "") === (button.dataset.row ?? "");
    const isColumn = String(part ?? "") === (button.dataset.column ?? "");
    button.setAttribute("aria-pressed", String(isRow && isColumn));
  }
}

const LONGEST_COLUMN = 30;
const shortened = (label) => (label.length > LONGEST_COLUMN ? `${label.slice(0, 9)}…${label.slice(-20)}` : label);

function matrixHead() {
  const shorts = policy.sections.map(([label]) => shortened(label));
  const areDifferent = new Set(shorts).size === shorts.length;
  const column = ([label], place) => make("th", { scope: "col" }, make("button",
    { type: "button", "data-column": place, title: label, "aria-label": `${label}: ${counted(policy.sections[place][1].length, "operation")}` },
    make("bdi", {}, areDifferent ? shorts[place] : label)));
  return make("tr", {}, make("th", { scope: "col" }, "Scope"), make("th", { scope: "col", class: "sum" }, "all"), ...policy.sections.map(column));
}

function matrixRow({ key, label, depth, head }) {
  if (head !== undefined) return make("tr", {}, make("th", { class: "server", colspan: policy.sections.length + 2, scope: "rowgroup" }, make("bdi", {}, head)));
  const name = typeof key === "number" ? atoms[key].name : label;
  const members = usedBy(key);
  const counts = policy.sections.map(() => 0);
  for (const number of members) counts[columnOf.get(number)] += 1;
  const cells = counts.map((count, place) => {
    if (count === 0) return make("td", {});
    const [title, numbers] = policy.sections[place];
    return make("td", {}, make("button", {
      type: "button", class: `share-${Math.ceil((4 * count) / numbers.length)}`, "data-row": key, "data-column": place,
      "aria-label": `${name} in ${title}: ${counted(count, "operation")}`, title: `${name} in ${title}: ${counted(count, "operation")}`,
    }, several.format(count)));
  });
  const button = make("button", { type: "button", "data-row": key, title: name === label ? null : name }, make("bdi", {}, label));
  return make("tr", {}, make("th", { scope: "row", class: `depth-${Math.min(depth, 6)}` }, button),
    make("td", { class: "sum" }, several.format(members.size)), ...cells);
}
