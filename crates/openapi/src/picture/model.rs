//! The model of a picture: the table in numbers, and in texts that are safe to show.

mod counting;
mod counts;
mod fact;
mod facts;
mod operation;
mod operations;
pub(super) mod sections;
mod servers;

use std::collections::{BTreeSet, HashMap};

use scopegate_policy::{Access, Fact, FactTable, OperationTable};

use super::labels::Labels;
use super::paths::PathGroup;
use super::text::{cells, prose};
pub(super) use counts::Counts;
pub(super) use fact::{FactRow, Listed, Scheme};
pub(super) use operation::Operation;
pub(super) use servers::Server;

/// The data of all pictures of a table. Atoms and operations are identified by their numbers.
pub(super) struct Model {
    pub(super) title: String,
    pub(super) note: Option<String>,
    pub(super) atoms: Vec<FactRow>,
    pub(super) schemes: Vec<Scheme>,
    pub(super) servers: Vec<Server>,
    words_of_atoms: Vec<String>,
    /// The facts that are scopes.
    pub(super) scopes: BTreeSet<usize>,
    /// Conditions that some operation requires: facts other than schemes and scopes.
    pub(super) guards: Vec<usize>,
    pub(super) operations: Vec<Operation>,
    pub(super) paths: PathGroup,
}

impl Model {
    pub(super) fn new(table: &OperationTable, labels: &Labels) -> Self {
        let fact_table = table.fact_table();
        let operations: Vec<Operation> = table.operations().iter().map(operations::operation).collect();
        let paths: Vec<String> = operations.iter().map(|operation| operation.path.clone()).collect();
        let atoms = facts::facts(table);
        let schemes = table.catalog().schemes().iter();
        let mut model = Self {
            title: prose(&labels.title),
            note: labels.note.as_deref().map(prose),
            schemes: schemes
                .filter_map(|declared| facts::scheme(fact_table, &atoms, declared))
                .collect(),
            atoms,
            servers: servers::servers(table),
            words_of_atoms: Vec::new(),
            scopes: BTreeSet::new(),
            guards: Vec::new(),
            operations,
            paths: PathGroup::all(&paths),
        };
        model.scopes = model.listed().map(|scope| scope.atom).collect();
        model.guards = model.required_guards(fact_table);
        model.words_of_atoms = model.words_of_atoms();
        counting::count(&mut model.atoms, &model.operations, table);
        model
    }

    pub(super) fn name(&self, atom: usize) -> &str {
        self.atoms.get(atom).map_or("", |fact| &fact.name)
    }

    pub(super) fn label(&self, atom: usize) -> &str {
        self.atoms.get(atom).map_or("", |fact| &fact.label)
    }

    /// For each atom its label, with the scheme if scopes of several servers have its name.
    fn words_of_atoms(&self) -> Vec<String> {
        let server_of = |scheme: &Scheme| {
            self.servers
                .iter()
                .position(|server| server.schemes.contains(&scheme.atom))
        };
        let mut servers: HashMap<&str, BTreeSet<Option<usize>>> = HashMap::new();
        for scheme in &self.schemes {
            for scope in &scheme.scopes {
                servers
                    .entry(self.name(scope.atom))
                    .or_default()
                    .insert(server_of(scheme));
            }
        }
        let mut words: Vec<String> = self.atoms.iter().map(|fact| fact.label.clone()).collect();
        for scheme in &self.schemes {
            for scope in &scheme.scopes {
                let is_of_several = servers
                    .get(self.name(scope.atom))
                    .is_some_and(|servers| servers.len() > 1);
                if let Some(word) = words.get_mut(scope.atom).filter(|_| is_of_several) {
                    *word = format!("{word} of {}", self.label(scheme.atom));
                }
            }
        }
        words
    }

    /// The scopes of all schemes, in the order in which they are shown.
    pub(super) fn listed(&self) -> impl Iterator<Item = &Listed> {
        self.schemes.iter().flat_map(|scheme| &scheme.scopes)
    }

    /// Whether some operation names this atom.
    pub(super) fn is_required(&self, atom: usize) -> bool {
        self.operations
            .iter()
            .flat_map(|operation| &operation.needs)
            .flatten()
            .any(|asked| *asked == atom)
    }

    /// Returns the number of operations with this access.
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

    /// Returns the requirement of an operation in words: `items and me, or admin`.
    pub(super) fn words(&self, operation: &Operation) -> String {
        self.words_within(operation, usize::MAX)
    }

    /// Returns the same words within a number of cells, if at least one alternative fits. The
    /// others are counted.
    pub(super) fn words_within(&self, operation: &Operation, most: usize) -> String {
        let optional = if operation.is_optional { " (optional)" } else { "" };
        let overrides = if operation.overridden.is_empty() {
            ""
        } else {
            " (overrides)"
        };
        let end = format!("{optional}{overrides}");
        let words = match operation.access {
            Access::Public => "public".to_owned(),
            Access::Deny => "denied to all".to_owned(),
            Access::Authenticated | Access::Scoped => {
                let mut ways: Vec<String> = Vec::new();
                for way in operation.needs.iter().map(|need| self.way(need)) {
                    if !ways.contains(&way) {
                        ways.push(way);
                    }
                }
                some_of(&ways, most.saturating_sub(cells(&end)))
            }
        };
        format!("{words}{end}")
    }

    fn way(&self, need: &[usize]) -> String {
        let is_scheme = |atom: usize| self.schemes.iter().any(|scheme| scheme.atom == atom);
        let word = |atom: &usize| {
            let before = if is_scheme(*atom) { "a credential of " } else { "" };
            format!("{before}{}", self.words_of_atoms.get(*atom).map_or("", String::as_str))
        };
        need.iter().map(word).collect::<Vec<_>>().join(" and ")
    }

    fn required_guards(&self, fact_table: &FactTable) -> Vec<usize> {
        let asked: BTreeSet<usize> = self
            .operations
            .iter()
            .flat_map(|operation| &operation.needs)
            .flatten()
            .copied()
            .collect();
        // Authentication follows from a credential and is not a separate condition.
        let is_guard = |atom: &usize| {
            !matches!(
                fact_table.facts().get(*atom),
                Some(Fact::Authenticated | Fact::Scheme(_) | Fact::Scope { .. }) | None
            )
        };
        asked.into_iter().filter(is_guard).collect()
    }
}

/// The alternatives that fit, at least the first, and the number of the others.
fn some_of(ways: &[String], most: usize) -> String {
    let comma = if ways.iter().any(|way| way.contains(" and ")) {
        ","
    } else {
        ""
    };
    let shown = |count: usize| {
        let words = ways.iter().take(count).map(String::as_str).collect::<Vec<_>>();
        let words = words.join(&format!("{comma} or "));
        match ways.len() - count {
            0 => words,
            rest => format!("{words}{comma} or {}", counted(rest, "other way")),
        }
    };
    let fitting = (1..=ways.len()).rev().map(shown).find(|words| cells(words) <= most);
    fitting.unwrap_or_else(|| shown(1.min(ways.len())))
}

/// `1 scope`, `2 scopes`.
pub(super) fn counted(count: usize, word: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {word}{plural}")
}

/// Returns the word for an access, for machine-readable output.
pub(super) const fn access_word(access: Access) -> &'static str {
    match access {
        Access::Authenticated => "authenticated",
        Access::Deny => "deny",
        Access::Public => "public",
        Access::Scoped => "scoped",
    }
}
