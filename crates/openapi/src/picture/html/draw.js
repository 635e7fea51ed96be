/* ---- What is chosen, and what follows from it. ---- */

const ticked = new Set();
const opened = new Map(); // groups that somebody opened or closed, by number
const unfolded = new Set(); // operations with their details
let pressed = null; // the atom of which we see what it opens
let world = new Set();
let matching = []; // for each operation, whether it is shown
let allowed = [];
let numberOfGroups = 0;

const byId = (id) => document.getElementById(id);
const several = new Intl.NumberFormat("en");
const counted = (count, word) => `${several.format(count)} ${word}${count === 1 ? "" : "s"}`;

function decide() {
  world = close(ticked);
  allowed = operations.map((operation) => allows(operation, world));
  const words = byId("find-operation").value.toLowerCase().split(/\s+/).filter(Boolean);
  const show = byId("show").value;
  const fromPressed = pressed === null ? null : openedBy(pressed);
  matching = operations.map((operation, number) => {
    if (fromPressed && !fromPressed.has(number)) return false;
    if (show !== "all" && (show === "allowed") !== allowed[number]) return false;
    return words.length === 0 || words.every((word) => textOf(operation).includes(word));
  });
}

const texts = new WeakMap();
function textOf(operation) {
  if (!texts.has(operation)) {
    const names = operation.needs.flat().map((atom) => atoms[atom].name);
    const text = [operation.method, operation.path, operation.name ?? "", operation.access, ...names].join(" ");
    texts.set(operation, text.toLowerCase());
  }
  return texts.get(operation);
}

/* ---- Drawing. Text goes in as text alone. ---- */

function make(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value !== false && value !== null && value !== undefined) element.setAttribute(name, value);
  }
  element.append(...children);
  return element;
}

const nameOf = (atom) => make("code", {}, atoms[atom].name);
const isScheme = (atom) => schemes.some((scheme) => scheme.atom === atom);
const wordsFor = (atom) => `${isScheme(atom) ? "a credential of " : ""}${atoms[atom].name}`;

function drawTicks() {
  const boxes = schemes.map((scheme) => fieldset(atoms[scheme.atom].name, scheme.kind, [
    tick(scheme.atom, 0, scheme.scopes.length > 0 ? "any credential of it" : "a credential of it"),
    ...scheme.scopes.map(([atom, depth]) => tick(atom, depth)),
  ]));
  if (policy.guards.length > 0) {
    boxes.push(fieldset("Conditions", "beside credentials", policy.guards.map((atom) => tick(atom, 0))));
  }
  byId("ticks").replaceChildren(...boxes);
}

function fieldset(name, kind, ticks) {
  const legend = make("legend", {}, make("bdi", {}, name), " ", make("small", {}, kind));
  return make("fieldset", {}, legend, make("ul", {}, ...ticks));
}

/** Of a list of names so many are shown. */
const MANY = 8;

function tick(atom, depth, words) {
  const { name, about, implies } = atoms[atom];
  const label = words ?? name;
  const opens = openedBy(atom).size;
  const box = make("input", { type: "checkbox", "data-tick": atom, "aria-label": `bring ${words ? `${words}: ${name}` : name}` });
  const button = make("button", { type: "button", "data-press": atom, "aria-pressed": "false", title: about },
    make("bdi", { class: words ? "words" : "name" }, label), " ",
    make("span", { class: "count" }, words && opens === 0 ? "opens nothing by itself" : `opens ${several.format(opens)}`));
  const weaker = implies.filter((other) => scopesOf.has(other)).map((other) => atoms[other].name);
  const rest = weaker.length > MANY ? ` and ${counted(weaker.length - MANY, "other")}` : "";
  return make("li", { class: `depth-${Math.min(depth, 6)}`, "data-words": `${label} ${about ?? ""}`.toLowerCase() },
    box, button, make("span", { class: "brought", hidden: "" }, "implied"),
    weaker.length > 0 ? make("small", { class: "implies" }, `implies ${weaker.slice(0, MANY).join(", ")}${rest}`) : "");
}

function drawTickStates() {
  for (const box of document.querySelectorAll("[data-tick]")) {
    const atom = Number(box.dataset.tick);
    box.checked = ticked.has(atom);
    box.parentElement.querySelector(".brought").hidden = ticked.has(atom) || !world.has(atom);
  }
  for (const button of document.querySelectorAll("[data-press]")) {
    button.setAttribute("aria-pressed", String(Number(button.dataset.press) === pressed));
  }
}

function drawStatus() {
  const shown = matching.filter(Boolean).length;
  const may = allowed.filter(Boolean).length;
  const names = [...ticked].slice(0, MANY).map(wordsFor).join(", ");
  const rest = ticked.size > MANY ? ` and ${counted(ticked.size - MANY, "other")}` : "";
  const what = ticked.size === 0 ? "A request that brings nothing" : `A request with ${names}${rest}`;
  byId("status").replaceChildren(
    make("bdi", {}, what), ` may do ${several.format(may)} of ${counted(operations.length, "operation")}. Shown: ${several.format(shown)}.`);
  const chosen = byId("chosen");
  chosen.hidden = pressed === null;
  if (pressed !== null) {
    const alone = [...openedBy(pressed)].filter((number) => opensAlone(pressed, operations[number])).length;
    const together = openedBy(pressed).size - alone;
    const about = atoms[pressed].about;
    chosen.replaceChildren(nameOf(pressed), ` opens ${counted(alone, "operation")} by itself`,
      together > 0 ? `, and ${several.format(together)} together with other credentials` : "", ".", about ? ` ${about} ` : " ",
      make("button", { type: "button", id: "all-again" }, "Show all operations again"));
  }
}

/** Above so many operations groups begin closed. */
const FEW = 60;
/** So many rows are drawn at once. */
const ROWS = 200;

function drawTree() {
  const few = matching.filter(Boolean).length <= FEW;
  const focus = document.activeElement?.closest?.("#tree [data-operation] > button, #tree summary");
  const again = focus && (focus.dataset.group ? `summary[data-group="${focus.dataset.group}"]` : `[data-operation="${focus.parentElement.dataset.operation}"] > button`);
  const tree = byId("tree");
  tree.replaceChildren(...contents(policy.paths, few));
  if (!tree.hasChildNodes()) tree.append(make("p", { class: "notice" }, "No operation is left."));
  if (again) tree.querySelector(again)?.focus();
}

function contents(group, few) {
  const rows = group.operations.filter((number) => matching[number]);
  const groups = group.groups.filter((smaller) => size(smaller).shown > 0);
  const children = groups.map((smaller) => details(smaller, few));
  return rows.length > 0 ? [list(rows), ...children] : children;
}

/** How many operations of a group are shown, and how many of them are allowed. */
function size(group) {
  const sum = { shown: 0, allowed: 0 };
  for (const number of group.operations) {
    if (matching[number]) sum.shown += 1;
    if (matching[number] && allowed[number]) sum.allowed += 1;
  }
  for (const smaller of group.groups) {
    const part = size(smaller);
    sum.shown += part.shown;
    sum.allowed += part.allowed;
  }
  return sum;
}

function details(group, few) {
  group.number ??= numberOfGroups++;
  const { shown, allowed: may } = size(group);
  const summary = make("summary", { "data-group": group.number }, make("bdi", { class: "path" }, group.prefix), " ",
    make("span", { class: "count" }, `${several.format(may)} of ${counted(shown, "operation")} allowed`));
  const element = make("details", {}, summary);
  const fill = () => {
    if (element.open && element.childElementCount === 1) element.append(...contents(group, few));
  };
  element.open = opened.get(group.number) ?? few;
  fill();
  summary.addEventListener("click", () => opened.set(group.number, !element.open));
  element.addEventListener("toggle", fill);
  return element;
}

function list(numbers) {
  const element = make("ul", { class: "operations" });
  const more = (from) => {
    element.append(...numbers.slice(from, from + ROWS).map(row));
    if (from + ROWS < numbers.length) {
      const button = make("button", { type: "button" }, `Show more: ${several.format(numbers.length - from - ROWS)} left`);
      button.addEventListener("click", () => {
        button.parentElement.remove();
        more(from + ROWS);
        element.children[from + ROWS]?.querySelector("button").focus();
      });
      element.append(make("li", { class: "more" }, button));
    }
  };
  more(0);
  return element;
}

function row(number) {
  const operation = operations[number];
  const may = allowed[number];
  const isOpen = unfolded.has(number);
  const marks = [];
  if (operation.optional) marks.push("optional");
  if (operation.overrides) marks.push("overrides");
  if (pressed !== null) marks.push(opensAlone(pressed, operation) ? "by itself" : "with others");
  const button = make("button", { type: "button", "aria-expanded": String(isOpen) },
    make("span", { class: "method" }, operation.method), " ",
    make("bdi", { class: "path" }, operation.path), " ",
    marks.length > 0 ? make("span", { class: "mark" }, marks.join(", ")) : "", " ",
    make("span", { class: `decision ${may ? "allow" : "deny"}` }, may ? "✓ allowed" : "✗ denied"), " ",
    make("bdi", { class: "why" }, may ? saysWhy(operation) : saysMissing(operation)));
  const item = make("li", { "data-operation": number }, button);
  if (isOpen) item.append(fold(operation));
  return item;
}

const SOME = 3;

function saysMissing(operation) {
  if (operation.access === "deny") return "denied to everybody";
  const ways = missing(operation, world);
  const words = ways.slice(0, SOME).map((way) => way.map(wordsFor).join(" and "));
  const rest = ways.length > SOME ? ` or ${counted(ways.length - SOME, "other way")}` : "";
  return `lacks ${words.join(words.some((word) => word.includes(" and ")) ? ", or " : " or ")}${rest}`;
}

function saysWhy(operation) {
  if (operation.access === "public") return "public";
  const way = operation.needs.find((list) => list.every((atom) => world.has(atom)));
  if (way?.length === 1 && way[0] === AUTHENTICATED) return "authenticated";
  return way ? `by ${way.map(wordsFor).join(" and ")}` : "without a credential";
}

/** The details of an operation: its ways in, and its guards. */
function fold(operation) {
  const parts = [];
  if (operation.name) parts.push(make("p", {}, "Its name is ", make("code", {}, operation.name), "."));
  if (operation.optional) parts.push(make("p", {}, "Authentication is optional: without a credential it is allowed as anonymous."));
  if (operation.overrides) parts.push(make("p", {}, `It overrides ${operation.overrides.join(", ")}.`));
  parts.push(make("p", {}, { public: "Everybody may do it.", deny: "Nobody may do it." }[operation.access]
    ?? (operation.needs.length === 1 ? "It needs:" : `It needs one of these ${operation.needs.length} ways:`)));
  if (operation.access !== "public" && operation.access !== "deny") {
    parts.push(make("ol", { class: "ways" }, ...operation.needs.map((way) => make("li", {}, ...way.flatMap(part)))));
  }
  if (operation.tree) {
    const steps = operation.tree.map(([depth, guard, sees]) => make("li", { class: `depth-${Math.min(depth, 6)}` },
      make("bdi", {}, guard), sees.length > 0 ? make("small", {}, ` sees ${sees.join(" ")}`) : ""));
    if (operation.cut) steps.push(make("li", {}, "and more"));
    parts.push(make("p", {}, "Its guards, each below what depends on it:"), make("ul", { class: "guards" }, ...steps));
  }
  return make("div", { class: "fold" }, ...parts);
}

function part(atom, index) {
  const has = world.has(atom);
  const scheme = schemes.length > 1 && scopesOf.has(atom) ? [make("small", {}, ` of ${atoms[scopesOf.get(atom)].name}`)] : [];
  const chip = make("span", { class: has ? "chip has" : "chip lacks" }, has ? "✓ " : "✗ ", isScheme(atom) ? "a credential of " : "", nameOf(atom), ...scheme,
    make("span", { class: "spoken" }, has ? " is there" : " is missing"));
  return index > 0 ? [" and ", chip] : [chip];
}
