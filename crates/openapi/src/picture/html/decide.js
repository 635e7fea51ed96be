"use strict";

const policy = JSON.parse(document.getElementById("policy").textContent);
const { atoms, schemes, servers, operations } = policy;

/* ---- The decision. A world is the set of all atoms that hold; an operation has its ways in, each a list of atoms. ---- */

const AUTHENTICATED = 0;
const closures = [];

/** All that an atom brings, itself included. */
function closure(atom) {
  if (!closures[atom]) {
    const reached = new Set();
    const open = [atom];
    while (open.length > 0) {
      const next = open.pop();
      if (!reached.has(next)) {
        reached.add(next);
        open.push(...atoms[next].implies);
      }
    }
    closures[atom] = reached;
  }
  return closures[atom];
}

function close(list) {
  const all = new Set();
  for (const atom of list) for (const brought of closure(atom)) all.add(brought);
  return all;
}

/** Whether the operation is allowed where these atoms hold. */
function allows(operation, world) {
  const anonymous = operation.optional && !world.has(AUTHENTICATED);
  const holds = (atom) => world.has(atom) || (anonymous && closure(atom).has(AUTHENTICATED));
  return operation.needs.some((way) => way.every(holds));
}

/** All the smallest lists of what would have to be added. */
function missing(operation, world) {
  const lacks = operation.needs.map((way) => [...close(way)].filter((atom) => !world.has(atom)));
  lacks.sort((a, b) => a.length - b.length);
  const kept = [];
  for (const lack of lacks) {
    const set = new Set(lack);
    if (!kept.some((smaller) => smaller.every((atom) => set.has(atom)))) kept.push(lack);
  }
  return kept.map(fewestWords);
}

/** The atoms of a list that no other of them brings. */
function fewestWords(list) {
  return list.filter((atom) => !list.some((other) => other !== atom && closure(other).has(atom)));
}

/* ---- Requests. There is one token of each authorization server, so a scope has one box for all schemes of its server. ---- */

const schemeOf = new Map(); // for each scope, its scheme
for (const { scopes, atom } of schemes) for (const [scope] of scopes) schemeOf.set(scope, atom);
const byAtom = new Map(schemes.map((scheme) => [scheme.atom, scheme]));
const serverOf = new Map(servers.flatMap((server, place) => server.schemes.map((atom) => [atom, place])));

/** For each box, by its atom: the server, the atoms that it brings, the depth in the tree of scopes. */
const boxes = new Map();
servers.forEach((server, place) => {
  boxes.set(server.schemes[0], { server: place, brings: server.schemes, depth: 0, isScope: false });
  const byName = new Map();
  for (const [scope, depth] of server.schemes.flatMap((atom) => byAtom.get(atom)?.scopes ?? [])) {
    const known = byName.get(atoms[scope].name);
    if (known) {
      known.brings.push(scope);
      continue;
    }
    const box = { server: place, brings: [...server.schemes, scope], depth, isScope: true };
    byName.set(atoms[scope].name, box);
    boxes.set(scope, box);
  }
});

/** Atoms other than scopes, schemes and authentication: they hold unless the user unticks them. */
const conditions = atoms.map((_, atom) => atom).filter((atom) => atom !== AUTHENTICATED && !byAtom.has(atom) && !schemeOf.has(atom));
/** Whether a condition holds while these do not. */
const holdsWithout = (guard, lacking) => ![...closure(guard)].some((atom) => lacking.has(atom));

/** What holds for a request that presents what these boxes stand for. Without a credential, no condition holds that needs one. */
function request(ticks, lacking) {
  const world = close([...ticks].flatMap((atom) => boxes.get(atom).brings));
  const isAuthenticated = world.has(AUTHENTICATED);
  for (const guard of conditions) {
    const brought = closure(guard);
    if ((isAuthenticated || !brought.has(AUTHENTICATED)) && holdsWithout(guard, lacking)) brought.forEach((atom) => world.add(atom));
  }
  return world;
}

const openTo = (world) => new Set(operations.flatMap((operation, number) => (allows(operation, world) ? [number] : [])));

/* ---- The operations of a box. ---- */

const asking = atoms.map(() => new Set());
operations.forEach((operation, number) => operation.needs.flat().forEach((atom) => asking[atom].add(number)));

/** For each box: the operations that it opens alone, and those that need more than it. */
function uses(lacking) {
  const nobody = openTo(request([], lacking));
  const tokens = new Map([...boxes].filter(([, box]) => !box.isScope).map(([atom]) => [atom, openTo(request([atom], lacking))]));
  const bare = new Set();
  for (const [atom, open] of tokens) if (servers[boxes.get(atom).server].default) open.forEach((number) => bare.add(number));
  const found = new Map();
  for (const [atom, box] of boxes) {
    const world = request([atom], lacking);
    const before = box.isScope ? bare : nobody;
    const named = close(box.brings);
    const isOwn = (other) => box.isScope ? schemeOf.has(other) : box.brings.includes(other);
    const asked = new Set([...named].filter(isOwn).flatMap((other) => [...asking[other]]));
    if (!box.isScope) tokens.get(atom).forEach((number) => before.has(number) || asked.add(number));
    const use = { alone: new Set(), others: new Set(), all: asked };
    for (const number of asked) {
      if (!allows(operations[number], world)) use.others.add(number);
      else if (!before.has(number)) use.alone.add(number);
    }
    found.set(atom, use);
  }
  return found;
}
