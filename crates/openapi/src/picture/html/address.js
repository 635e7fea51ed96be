/* ---- What is chosen, and the address that says so. ---- */

const ticked = new Set(); // boxes
const lacking = new Set(); // conditions that do not hold
let isNobody = false; // whether a request without a credential is asked about
let pressed = null; // a box, a condition, or an access: only operations that it takes part in are shown
let part = null; // a column of the matrix: only its operations are shown
const opened = new Map(); // groups that the user opened or closed, by the beginning of their paths
let opensAll = null; // whether all other groups are open; null: the page decides
const unfolded = new Set(); // operations with their details
let remarks = []; // names in the address that the policy does not have

const byId = (id) => document.getElementById(id);
/** Whether there is a request to decide about. */
const isAsked = () => isNobody || ticked.size > 0;

const ACCESSES = ["public", "authenticated", "deny"];
/** An address contains at most this number of groups, and of operations. */
const MOST_NAMED = 100;
const LONGEST_ADDRESS = 200000;

const guardsByName = new Map(policy.guards.map((atom) => [atoms[atom].name, atom]));
const sectionsByLabel = new Map(policy.sections.map(([label], place) => [label, place]));
const operationsByName = new Map(operations.map(({ method, path }, number) => [`${method} ${path}`, number]));
const prefixes = new Set([""]); // of groups; the empty one is of the paths that are in none
(function collect(group) {
  for (const smaller of group.groups) {
    prefixes.add(smaller.prefix);
    collect(smaller);
  }
})(policy.paths);
const schemesByName = new Map(schemes.map(({ atom }) => [atoms[atom].name, atom]));
const boxesByServer = servers.map(() => new Map());
for (const [atom, box] of boxes) if (box.isScope) boxesByServer[box.server].set(atoms[atom].name, atom);
const tokenOf = (server) => servers[server].schemes[0];
const nameOfServer = (server) => atoms[tokenOf(server)].name;

/** A foreign text in a notice: short, and with its invisible characters as escapes. */
function plain(text) {
  const characters = [...text.replace(/[\p{C}\p{Zl}\p{Zp}]/gu, (hidden) => `\\u{${hidden.codePointAt(0).toString(16)}}`)];
  return characters.length > 80 ? `${characters.slice(0, 30).join("")}…${characters.slice(-49).join("")}` : characters.join("");
}

function reset() {
  [ticked, lacking, opened, unfolded].forEach((chosen) => chosen.clear());
  [isNobody, pressed, part, opensAll, remarks] = [false, null, null, null, []];
  for (const id of ["find-scope", "find-operation"]) byId(id).value = "";
  byId("show").value = "all";
}

/** Ticks the token that the address describes: `words` are its scopes, `scheme` names its server if it is not clear. */
function readToken(words, scheme) {
  let server = null;
  if (scheme !== null) {
    if (!schemesByName.has(scheme)) return remarks.push(`scheme \`${plain(scheme)}\``);
    server = serverOf.get(schemesByName.get(scheme));
  }
  const among = server === null ? servers.map((_, place) => place) : [server];
  const known = words.filter((word) => {
    const isKnown = among.some((place) => boxesByServer[place].has(word));
    if (!isKnown) remarks.push(`scope \`${plain(word)}\``);
    return isKnown;
  });
  if (words.length > 0 && known.length === 0) return;
  const all = servers.length === 1 ? [0] : among.filter((place) => server !== null || words.length > 0 || servers[place].default);
  const fitting = all.filter((place) => known.every((word) => boxesByServer[place].has(word)));
  if (fitting.length !== 1) {
    remarks.push(`one authorization server for the scopes \`${plain(words.join(" "))}\``);
    return;
  }
  const [place] = fitting;
  if ([...ticked].some((atom) => boxes.get(atom).server === place)) {
    remarks.push(`a second token of \`${plain(nameOfServer(place))}\``);
    return;
  }
  if (known.length === 0) ticked.add(tokenOf(place));
  for (const word of known) ticked.add(boxesByServer[place].get(word));
}

function readPressed(name, scheme) {
  const server = scheme === null ? null : serverOf.get(schemesByName.get(scheme));
  if (name === "" && server !== null && server !== undefined) return tokenOf(server);
  const among = server === null ? servers.map((_, place) => place) : [server].filter((place) => place !== undefined);
  const places = among.filter((place) => boxesByServer[place].has(name));
  if (places.length === 1) return boxesByServer[places[0]].get(name);
  if (scheme === null && guardsByName.has(name)) return guardsByName.get(name);
  remarks.push(`scope \`${plain(name)}\``);
  return null;
}

/** Reads the choice from the address. Names that the policy does not have change nothing and are listed. */
function readAddress() {
  const text = location.hash.slice(1);
  reset();
  if (text.length > LONGEST_ADDRESS) {
    remarks.push(`an address of ${text.length} characters`);
    return;
  }
  const named = new URLSearchParams(text);
  const known = (what, map, name, found) => (map.has(name) ? found(map.get(name)) : remarks.push(`${what} \`${plain(name)}\``));
  for (const [key, value] of named) {
    if (key === "scope") readToken(value.split(/\s+/).filter(Boolean), null);
    else if (key.startsWith("scope of ")) readToken(value.split(/\s+/).filter(Boolean), key.slice("scope of ".length));
    else if (key === "lacking") known("condition", guardsByName, value, (atom) => lacking.add(atom));
    else if (key === "paths") known("group", sectionsByLabel, value, (place) => { part = place; });
    else if (key === "operation") known("operation", operationsByName, value, (number) => unfolded.add(number));
    else if ((key === "open" || key === "close") && prefixes.has(value)) opened.set(value, key === "open");
  }
  isNobody = ticked.size === 0 && named.get("credential") === "none";
  if (named.has("see")) pressed = readPressed(named.get("see"), named.get("of"));
  else if (ACCESSES.includes(named.get("access"))) pressed = named.get("access");
  if (named.get("groups") === "open") opensAll = true;
  if (named.get("groups") === "closed") opensAll = false;
  byId("find-scope").value = named.get("find-scope") ?? "";
  byId("find-operation").value = named.get("find") ?? "";
  byId("show").value = ["allowed", "denied"].includes(named.get("show")) ? named.get("show") : "all";
}

/** The choice as an address, in the order in which it is read. */
function address() {
  const named = new URLSearchParams();
  servers.forEach((server, place) => {
    const own = [...ticked].filter((atom) => boxes.get(atom).server === place);
    if (own.length === 0) return;
    const scopes = own.filter((atom) => boxes.get(atom).isScope).map((atom) => atoms[atom].name);
    named.append(servers.length === 1 ? "scope" : `scope of ${nameOfServer(place)}`, scopes.join(" "));
  });
  if (isNobody) named.append("credential", "none");
  for (const atom of lacking) named.append("lacking", atoms[atom].name);
  if (typeof pressed === "string") named.append("access", pressed);
  else if (pressed !== null) {
    const box = boxes.get(pressed);
    named.append("see", box && !box.isScope ? "" : atoms[pressed].name);
    if (box && (servers.length > 1 || !box.isScope)) named.append("of", nameOfServer(box.server));
  }
  if (part !== null) named.append("paths", policy.sections[part][0]);
  if (byId("show").value !== "all") named.append("show", byId("show").value);
  if (byId("find-operation").value) named.append("find", byId("find-operation").value);
  if (byId("find-scope").value) named.append("find-scope", byId("find-scope").value);
  if (opensAll !== null) named.append("groups", opensAll ? "open" : "closed");
  for (const [prefix, isOpen] of [...opened].slice(0, MOST_NAMED)) named.append(isOpen ? "open" : "close", prefix);
  for (const number of [...unfolded].slice(0, MOST_NAMED)) {
    named.append("operation", `${operations[number].method} ${operations[number].path}`);
  }
  return named.toString();
}

let isWaiting = null;

/** Writes the address without a new entry in the history: soon, since a browser refuses many changes at once. */
function remember() {
  isWaiting ??= setTimeout(writeAddress, 120);
}

function writeAddress() {
  clearTimeout(isWaiting);
  isWaiting = null;
  const text = address();
  if (location.hash.slice(1) !== text) history.replaceState(null, "", text ? `#${text}` : location.href.split("#")[0]);
}
