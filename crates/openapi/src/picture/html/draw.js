/* ---- What follows from the choice, and its words. ---- */

let world = new Set();
let used = new Map(); // for each box, its operations
let usedWithout = null; // the conditions that did not hold then
let matching = []; // for each operation, whether it is shown
let allowed = [];

const several = new Intl.NumberFormat("en");
const counted = (count, word) => `${several.format(count)} ${word}${count === 1 ? "" : "s"}`;
const wordsIn = (id) => byId(id).value.toLowerCase().split(/\s+/).filter(Boolean);

function decide() {
  const without = [...lacking].sort().join(" ");
  if (usedWithout !== without) [used, usedWithout] = [uses(lacking), without];
  world = isAsked() ? request(ticked, lacking) : new Set();
  allowed = isAsked() ? operations.map((operation) => allows(operation, world)) : [];
  const words = wordsIn("find-operation");
  const show = isAsked() ? byId("show").value : "all";
  const inPart = part === null ? null : new Set(policy.sections[part][1]);
  const inRow = pressed === null ? null : usedBy(pressed);
  matching = operations.map((operation, number) => {
    if ((inRow && !inRow.has(number)) || (inPart && !inPart.has(number))) return false;
    if (show !== "all" && (show === "allowed") !== allowed[number]) return false;
    return words.length === 0 || words.every((word) => textOf(operation).includes(word));
  });
}

/** The operations that a box, a condition or an access takes part in. */
function usedBy(row) {
  if (typeof row === "string") return new Set(operations.flatMap(({ access }, number) => (access === row ? [number] : [])));
  return used.get(row)?.all ?? asking[row];
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

/** Short forms of names differ where the names do. */
const labelOf = (atom) => atoms[atom].label ?? atoms[atom].name;
const isScheme = (atom) => byAtom.has(atom);
const serverOfScope = (atom) => serverOf.get(schemeOf.get(atom));
const isOfSeveral = (atom) => boxesByServer.filter((names) => names.has(atoms[atom].name)).length > 1;

function wordsFor(atom) {
  if (atom === AUTHENTICATED) return "any credential";
  if (isScheme(atom)) return `a credential of ${labelOf(atom)}`;
  return schemeOf.has(atom) && isOfSeveral(atom) ? `${labelOf(atom)} of ${nameOfServer(serverOfScope(atom))}` : labelOf(atom);
}

/** Ways in as words, each once; `SOME` of them. */
const SOME = 3;
function wordsForWays(ways) {
  const all = [...new Set(ways.map((way) => way.map(wordsFor).join(" and ")))];
  const comma = all.some((words) => words.includes(" and ")) ? "," : "";
  const rest = all.length > SOME ? `${comma} or ${counted(all.length - SOME, "other way")}` : "";
  return all.slice(0, SOME).join(`${comma} or `) + rest;
}

/** The whole names, if some of them are shortened. */
function titleFor(ways) {
  const short = ways.flat().filter((atom) => labelOf(atom) !== atoms[atom].name);
  return short.length > 0 ? [...new Set(short.map((atom) => atoms[atom].name))].slice(0, 20).join(" ") : null;
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

const nameOf = (atom) => make("code", { title: labelOf(atom) === atoms[atom].name ? null : atoms[atom].name }, labelOf(atom));

/** Of a list of names so many are shown. */
const MANY = 8;
const someOf = (names) => names.slice(0, MANY).join(", ") + (names.length > MANY ? ` and ${counted(names.length - MANY, "other")}` : "");

function drawTicks() {
  const nobody = make("label", { class: "nobody" }, make("input", { type: "checkbox", id: "nobody" }), "no credential at all");
  const groups = servers.map((server, place) => {
    const own = [...boxes].filter(([, box]) => box.server === place);
    const names = server.schemes.map((atom) => labelOf(atom)).join(", ");
    const kinds = [...new Set(server.schemes.map((atom) => byAtom.get(atom).kind))].join(", ");
    const hasScopes = own.length > 1;
    const word = `${hasScopes ? "any" : "a"} ${server.word} of it`;
    return fieldset(names, kinds, beginnings(own), own.map(([atom, box]) => tick(atom, box.depth, box.isScope ? null : word)));
  });
  if (policy.guards.length > 0) {
    groups.push(fieldset("Conditions", "hold unless you untick them", "", policy.guards.map((atom) => tick(atom, 0))));
  }
  byId("ticks").replaceChildren(nobody, ...groups);
  const tokens = servers.length > 1 ? " Each group of boxes is one token or key; those with a tick are sent together." : "";
  byId("hint").textContent = `Tick what a request presents to see what it may do.${tokens} Press a name to see where it is needed.`;
}

/** What the names of a group begin with, where their short forms leave it out. */
function beginnings(own) {
  const cut = own.map(([atom]) => [atoms[atom].name, labelOf(atom)]).filter(([name, label]) => name !== label && name.endsWith(label));
  const all = [...new Set(cut.map(([name, label]) => name.slice(0, -label.length)))];
  return all.length > 0 && all.length <= 3 ? `Left out: ${all.join(" ")}` : "";
}

function fieldset(name, kind, about, ticks) {
  const legend = make("legend", {}, make("bdi", {}, name), " ", make("small", {}, kind));
  const hint = about ? [make("p", { class: "hint left-out" }, make("bdi", {}, about))] : [];
  return make("fieldset", {}, legend, ...hint, make("ul", {}, ...ticks));
}

function tick(atom, depth, words) {
  const { name, about, implies } = atoms[atom];
  const label = words ?? labelOf(atom);
  const what = boxes.has(atom) ? "present" : "holds:";
  const input = make("input", { type: "checkbox", "data-tick": atom, "aria-label": `${what} ${words ? `${words}: ${name}` : name}` });
  const title = [words || label === name ? "" : name, about ?? ""].filter(Boolean).join(": ");
  const button = make("button", { type: "button", "data-press": atom, "aria-pressed": "false", title: title || null },
    make("bdi", { class: words ? "words" : "name" }, label), " ", make("span", { class: "count" }));
  const weaker = implies.filter((other) => schemeOf.has(other)).map(labelOf);
  return make("li", { class: `depth-${Math.min(depth, 6)}`, "data-words": `${label} ${name} ${about ?? ""}`.toLowerCase() },
    input, button, make("span", { class: "brought", hidden: "" }, "implied"),
    weaker.length > 0 ? make("small", { class: "implies" }, `implies ${someOf(weaker)}`) : "");
}

function drawTickStates() {
  byId("nobody").checked = isNobody;
  for (const input of document.querySelectorAll("[data-tick]")) {
    const atom = Number(input.dataset.tick);
    const box = boxes.get(atom);
    input.checked = box ? ticked.has(atom) : holdsWithout(atom, lacking);
    input.parentElement.querySelector(".brought").hidden = !box || ticked.has(atom) || !box.brings.every((other) => world.has(other));
    const use = used.get(atom);
    input.parentElement.querySelector(".count").textContent = use
      ? `alone ${several.format(use.alone.size)}, with others ${several.format(use.others.size)}`
      : `needed by ${several.format(asking[atom].size)}`;
  }
  for (const button of document.querySelectorAll("[data-press]")) {
    button.setAttribute("aria-pressed", String(Number(button.dataset.press) === pressed));
  }
  for (const option of byId("show").options) option.disabled = !isAsked() && option.value !== "all";
  const sought = wordsIn("find-scope");
  for (const item of byId("ticks").querySelectorAll("li")) item.hidden = !sought.every((word) => item.dataset.words.includes(word));
}

const wordFor = (atom) => (boxes.get(atom).isScope ? wordsFor(atom) : `a ${servers[boxes.get(atom).server].word} of ${labelOf(atom)}`);

function drawStatus() {
  const shown = several.format(matching.filter(Boolean).length);
  const all = counted(operations.length, "operation");
  const status = byId("status");
  if (isAsked()) {
    const what = isNobody ? "A request without a credential" : `A request with ${someOf([...ticked].map(wordFor))}`;
    const without = lacking.size > 0 ? `, without ${someOf([...lacking].map(labelOf))},` : "";
    const may = several.format(allowed.filter(Boolean).length);
    status.replaceChildren(make("bdi", {}, what), without, ` may do ${may} of ${all}. Shown: ${shown}.`);
  } else {
    status.textContent = `Nothing is ticked yet, so nothing is decided: each operation shows what it needs. Shown: ${shown} of ${all}.`;
  }
  const remark = byId("remark");
  remark.hidden = remarks.length === 0;
  remark.replaceChildren("Ignored, since this policy does not have what the address names: ", make("bdi", {}, `${someOf(remarks)}.`));
  drawChosen();
  const beginning = byId("beginning");
  beginning.hidden = policy.paths.groups.length === 0 || policy.paths.prefix === "" || policy.paths.prefix === "/";
  beginning.replaceChildren("All paths begin with ", make("code", {}, policy.paths.prefix), ".");
}

const ACCESS_WORDS = { public: "public operations", authenticated: "operations that need any credential", deny: "operations that are denied to everybody" };

function drawChosen() {
  const chosen = byId("chosen");
  chosen.hidden = pressed === null && part === null;
  if (chosen.hidden) return;
  const where = part === null ? [] : [make("bdi", { class: "path" }, policy.sections[part][0])];
  const parts = [];
  if (pressed === null) parts.push("Only operations of ", ...where, ".");
  else if (typeof pressed === "string") parts.push(`Only ${ACCESS_WORDS[pressed]}`, ...(part === null ? ["."] : [" of ", ...where, "."]));
  else {
    const use = used.get(pressed);
    const name = boxes.has(pressed) && !boxes.get(pressed).isScope ? wordFor(pressed) : nameOf(pressed);
    if (use) {
      parts.push(name, ` opens ${counted(use.alone.size, "operation")} alone, and takes part in ${several.format(use.others.size)} with others.`);
    } else {
      parts.push(name, ` is needed by ${counted(asking[pressed].size, "operation")}.`);
    }
    if (part !== null) parts.push(" Only those of ", ...where, " are shown.");
    if (atoms[pressed].about) parts.push(` ${atoms[pressed].about}`);
  }
  chosen.replaceChildren(...parts, " ", make("button", { type: "button", id: "all-again" }, "Show all operations again"));
}

/* ---- Operations by path. ---- */

/** With more operations, groups begin closed; with more than the second number, if the user chose these operations. */
const FEW = 60;
const FEW_CHOSEN = 400;
/** So many rows are drawn at once. */
const ROWS = 200;
/** More rows than this outside all groups are a group of their own. */
const MANY_ROWS = 12;

function drawTree() {
  const few = matching.filter(Boolean).length <= (pressed === null && part === null ? FEW : FEW_CHOSEN);
  const focus = document.activeElement?.closest?.("#tree [data-operation] > button, #tree summary");
  const { group } = focus?.dataset ?? {};
  const number = focus?.parentElement.dataset.operation;
  const tree = byId("tree");
  tree.replaceChildren(...contents(policy.paths, few));
  if (!tree.hasChildNodes()) tree.append(make("p", { class: "notice" }, "No operation is left."));
  if (group !== undefined) [...tree.querySelectorAll("summary")].find((summary) => summary.dataset.group === group)?.focus();
  else if (number !== undefined) tree.querySelector(`[data-operation="${number}"] > button`)?.focus();
}

function contents(group, few) {
  const rows = group.operations.filter((number) => matching[number]);
  const groups = group.groups.filter((smaller) => size(smaller).shown > 0);
  const isOnly = groups.length === 1 && rows.length === 0;
  const children = groups.map((smaller) => details(smaller, few, isOnly));
  if (rows.length > MANY_ROWS && group === policy.paths && children.length > 0) {
    return [...children, details({ prefix: "", label: "other paths", operations: rows, groups: [] }, few, false)];
  }
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
    const inner = size(smaller);
    sum.shown += inner.shown;
    sum.allowed += inner.allowed;
  }
  return sum;
}

function details(group, few, isOnly) {
  const { shown, allowed: may } = size(group);
  const count = isAsked() ? `${several.format(may)} of ${counted(shown, "operation")} allowed` : counted(shown, "operation");
  const summary = make("summary", { "data-group": group.prefix, title: group.prefix === group.label ? null : group.prefix },
    make("bdi", { class: "path" }, group.label), " ", make("span", { class: "count" }, count));
  const element = make("details", {}, summary);
  const fill = () => {
    if (element.open && element.childElementCount === 1) element.append(...contents(group, few));
  };
  element.open = opened.get(group.prefix) ?? opensAll ?? (few || isOnly);
  fill();
  summary.addEventListener("click", () => {
    opened.set(group.prefix, !element.open);
    remember();
  });
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
