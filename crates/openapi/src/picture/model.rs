//! What is drawn: the table in numbers and in texts that are fit to be shown.

mod facts;
mod operations;

use std::collections::BTreeSet;

use scopegate_policy::{Access, Atom, AtomId, OperationTable, Universe};

use super::Labels;
use super::paths::Group;
use super::text::prose;

/// All that pictures show of a table. Atoms and operations are named by their numbers.
pub(super) struct Model {
    pub(super) title: String,
    pub(super) note: Option<String>,
    pub(super) atoms: Vec<Fact>,
    pub(super) schemes: Vec<Scheme>,
    /// The atoms that are scopes.
    pub(super) scopes: BTreeSet<usize>,
    /// Atoms beside schemes and scopes that some operation asks for.
    pub(super) guards: Vec<usize>,
    pub(super) operations: Vec<Operation>,
    pub(super) paths: Group,
}

/// An atom.
pub(super) struct Fact {
    pub(super) name: String,
    pub(super) about: String,
    /// What it implies by one step.
    pub(super) implies: Vec<usize>,
    /// The operations that have a way in that names it, or names a scope that it implies.
    pub(super) opens: BTreeSet<usize>,
}

/// A scheme with its scopes, those that imply others before them.
pub(super) struct Scheme {
    pub(super) atom: usize,
    pub(super) kind: &'static str,
    pub(super) scopes: Vec<Listed>,
}

/// A scope in its place in the hierarchy.
pub(super) struct Listed {
    pub(super) atom: usize,
    pub(super) depth: usize,
}

/// An operation.
pub(super) struct Operation {
    pub(super) method: &'static str,
    pub(super) path: String,
    pub(super) name: Option<String>,
    pub(super) access: Access,
    pub(super) is_optional: bool,
    pub(super) overridden: Vec<String>,
    /// For each way in, the atoms that say it in the fewest words.
    pub(super) needs: Vec<Vec<usize>>,
    /// Its guards, where they say more than that: how deep each stands, its name, what it sees.
    pub(super) tree: Vec<(usize, String, Vec<String>)>,
    pub(super) is_tree_cut: bool,
}

impl Model {
    pub(super) fn new(table: &OperationTable, labels: &Labels) -> Self {
        let universe = table.universe();
        let operations: Vec<Operation> = table.operations().iter().map(operations::operation).collect();
        let paths: Vec<String> = operations.iter().map(|operation| operation.path.clone()).collect();
        let atoms = facts::facts(table);
        let schemes = table.catalog().schemes().iter();
        let mut model = Self {
            title: prose(&labels.title),
            note: labels.note.as_deref().map(prose),
            schemes: schemes
                .filter_map(|declared| facts::scheme(universe, &atoms, declared))
                .collect(),
            atoms,
            scopes: BTreeSet::new(),
            guards: Vec::new(),
            operations,
            paths: Group::all(&paths),
        };
        model.scopes = model.listed().map(|scope| scope.atom).collect();
        model.guards = model.guards_asked_for(universe);
        model.count_what_opens(universe);
        model
    }

    pub(super) fn name(&self, atom: usize) -> &str {
        self.atoms.get(atom).map_or("", |fact| &fact.name)
    }

    /// The scopes of all schemes, in the order in which they are shown.
    pub(super) fn listed(&self) -> impl Iterator<Item = &Listed> {
        self.schemes.iter().flat_map(|scheme| &scheme.scopes)
    }

    /// Whether some operation names this atom.
    pub(super) fn is_asked_for(&self, atom: usize) -> bool {
        self.operations
            .iter()
            .flat_map(|operation| &operation.needs)
            .flatten()
            .any(|asked| *asked == atom)
    }

    /// How many operations have this access.
    pub(super) fn count(&self, access: Access) -> usize {
        self.operations
            .iter()
            .filter(|operation| operation.access == access)
            .count()
    }

    /// The sizes of the table, in words.
    pub(super) fn summary(&self) -> String {
        let parts = [
            counted(self.operations.len(), "operation"),
            counted(self.scopes.len(), "scope"),
            counted(self.schemes.len(), "scheme"),
        ];
        let kinds = [
            (Access::Public, "public"),
            (Access::Authenticated, "authenticated"),
            (Access::Scoped, "with scopes"),
            (Access::Deny, "denied to all"),
        ];
        let kinds = kinds.into_iter().map(|(access, word)| (self.count(access), word));
        let kinds: Vec<String> = kinds
            .filter(|(count, _)| *count > 0)
            .map(|(count, word)| format!("{count} {word}"))
            .collect();
        format!("{} ({})", parts.join(" · "), kinds.join(", "))
    }

    /// What an operation asks for, in words: `items and me, or admin`.
    pub(super) fn words(&self, operation: &Operation) -> String {
        let words = match operation.access {
            Access::Public => "public".to_owned(),
            Access::Deny => "denied to all".to_owned(),
            Access::Authenticated | Access::Scoped => {
                let ways: Vec<String> = operation.needs.iter().map(|need| self.way(need)).collect();
                ways.join(if ways.iter().any(|way| way.contains(" and ")) {
                    ", or "
                } else {
                    " or "
                })
            }
        };
        let optional = if operation.is_optional { " (optional)" } else { "" };
        let overrides = if operation.overridden.is_empty() {
            ""
        } else {
            " (overrides)"
        };
        format!("{words}{optional}{overrides}")
    }

    fn way(&self, need: &[usize]) -> String {
        let is_scheme = |atom: usize| self.schemes.iter().any(|scheme| scheme.atom == atom);
        let word = |atom: &usize| {
            let before = if is_scheme(*atom) { "a credential of " } else { "" };
            format!("{before}{}", self.name(*atom))
        };
        need.iter().map(word).collect::<Vec<_>>().join(" and ")
    }

    fn guards_asked_for(&self, universe: &Universe) -> Vec<usize> {
        let asked: BTreeSet<usize> = self
            .operations
            .iter()
            .flat_map(|operation| &operation.needs)
            .flatten()
            .copied()
            .collect();
        let is_guard = |atom: &usize| {
            !matches!(
                universe.atoms().get(*atom),
                Some(Atom::Scheme(_) | Atom::Scope { .. }) | None
            )
        };
        asked.into_iter().filter(is_guard).collect()
    }

    fn count_what_opens(&mut self, universe: &Universe) {
        let mut asking: Vec<BTreeSet<usize>> = vec![BTreeSet::new(); self.atoms.len()];
        for (number, operation) in self.operations.iter().enumerate() {
            for atom in operation.needs.iter().flatten() {
                if let Some(asking) = asking.get_mut(*atom) {
                    asking.insert(number);
                }
            }
        }
        for (fact, atom) in self.atoms.iter_mut().zip(universe.atoms()) {
            let Some(id) = universe.find(atom) else { continue };
            if let Atom::Scope { scheme, .. } = atom {
                // A credential of the scheme by itself is nothing that a scope adds.
                let adds = |other: &AtomId| matches!(universe.atom(*other), Some(Atom::Scope { scheme: own, .. }) if own == scheme);
                let brought = universe.closure(id).iter().filter(adds);
                fact.opens = brought
                    .filter_map(|id| asking.get(id.index()))
                    .flatten()
                    .copied()
                    .collect();
            } else {
                fact.opens = asking.get(id.index()).cloned().unwrap_or_default();
            }
        }
    }
}

/// `1 scope`, `2 scopes`.
pub(super) fn counted(count: usize, word: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {word}{plural}")
}

/// The word for an access, in machine-readable places.
pub(super) const fn access_word(access: Access) -> &'static str {
    match access {
        Access::Authenticated => "authenticated",
        Access::Deny => "deny",
        Access::Public => "public",
        Access::Scoped => "scoped",
    }
}
