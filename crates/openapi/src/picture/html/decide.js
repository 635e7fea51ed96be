"use strict";

const policy = JSON.parse(document.getElementById("policy").textContent);
const { atoms, schemes, operations } = policy;

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

/* ---- Who opens what. ---- */

const scopesOf = new Map();
for (const { scopes, atom } of schemes) for (const [scope] of scopes) scopesOf.set(scope, atom);

const asking = atoms.map(() => new Set());
operations.forEach((operation, number) => operation.needs.flat().forEach((atom) => asking[atom].add(number)));

/** The operations that have a way in with this atom, or with a scope that it brings. */
function openedBy(atom) {
  if (!scopesOf.has(atom)) return asking[atom];
  const opened = new Set();
  for (const brought of closure(atom)) {
    if (scopesOf.get(brought) === scopesOf.get(atom)) for (const number of asking[brought]) opened.add(number);
  }
  return opened;
}

/** Whether it needs no other scope and no other scheme for that. */
function opensAlone(atom, operation) {
  const brought = closure(atom);
  const isCredential = (other) => scopesOf.has(other) || schemes.some((scheme) => scheme.atom === other);
  const others = (way) => way.filter((other) => isCredential(other) && !brought.has(other));
  return operation.needs.some((way) => others(way).length === 0 && way.some((other) => brought.has(other)));
}
