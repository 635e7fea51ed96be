/* ---- An operation. ---- */

function row(number) {
  const operation = operations[number];
  const isOpen = unfolded.has(number);
  const marks = [];
  if (operation.optional) marks.push("optional");
  if (operation.overrides) marks.push("overrides");
  const use = used.get(pressed);
  if (use?.alone.has(number)) marks.push("alone");
  if (use?.others.has(number)) marks.push("with others");
  const button = make("button", { type: "button", "aria-expanded": String(isOpen) },
    make("span", { class: "method" }, operation.method), " ",
    make("bdi", { class: "path" }, operation.path), " ",
    marks.length > 0 ? make("span", { class: "mark" }, marks.join(", ")) : "", " ",
    ...decision(number), make("bdi", { class: "why", title: titleFor(operation.needs) }, why(number)));
  const item = make("li", { "data-operation": number }, button);
  if (isOpen) item.append(fold(operation));
  return item;
}

/** The answer for the request, where there is one. */
function decision(number) {
  if (!isAsked()) return [];
  const may = allowed[number];
  return [make("span", { class: `decision ${may ? "allow" : "deny"}` }, may ? "✓ allowed" : "✗ denied"), " "];
}

function why(number) {
  const operation = operations[number];
  if (operation.access === "deny") return "denied to everybody";
  if (operation.access === "public") return "public";
  if (!isAsked()) return `needs ${wordsForWays(operation.needs)}`;
  if (!allowed[number]) return `lacks ${wordsForWays(missing(operation, world))}`;
  const way = operation.needs.find((list) => list.every((atom) => world.has(atom)));
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
    parts.push(make("ol", { class: "ways" }, ...operation.needs.map((way) => make("li", {}, ...way.flatMap(chip)))));
  }
  if (operation.tree) {
    const steps = operation.tree.map(([depth, guard, sees]) => make("li", { class: `depth-${Math.min(depth, 6)}` },
      make("bdi", {}, guard), sees.length > 0 ? make("small", {}, ` sees ${sees.join(" ")}`) : ""));
    if (operation.cut) steps.push(make("li", {}, "and more"));
    parts.push(make("p", {}, "Its guards, each below what depends on it:"), make("ul", { class: "guards" }, ...steps));
  }
  return make("div", { class: "fold" }, ...parts);
}

function chip(atom, index) {
  const before = isScheme(atom) ? "a credential of " : "";
  const scheme = schemes.length > 1 && schemeOf.has(atom) ? [make("small", {}, ` of ${labelOf(schemeOf.get(atom))}`)] : [];
  const name = atom === AUTHENTICATED ? "any credential" : nameOf(atom);
  const has = world.has(atom);
  const shown = !isAsked() ? make("span", { class: "chip" }, before, name, ...scheme)
    : make("span", { class: has ? "chip has" : "chip lacks" }, has ? "✓ " : "✗ ", before, name, ...scheme,
      make("span", { class: "spoken" }, has ? " is there" : " is missing"));
  return index > 0 ? [" and ", shown] : [shown];
}
