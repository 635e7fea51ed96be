//! Alternatives as text, so that equal requirements have equal texts.

use std::collections::{BTreeMap, HashMap};

use scopegate_domain::{DeclaredScheme, ScopeToken};
use scopegate_policy::{Alternative, Fact, FactId, FactSet, Needs, OperationTable, ResolvedOperation};

use crate::import::{guard_word, needs_word, scope_word};

/// Writes atoms of one table.
#[derive(Debug)]
pub(super) struct Words<'t> {
    table: &'t OperationTable,
    schemes_with: HashMap<&'t ScopeToken, usize>,
}

impl<'t> Words<'t> {
    pub(super) fn of(table: &'t OperationTable) -> Self {
        let mut schemes_with = HashMap::new();
        for scope in table.catalog().schemes().iter().flat_map(DeclaredScheme::scopes) {
            *schemes_with.entry(scope.token()).or_insert(0) += 1;
        }
        Self { table, schemes_with }
    }

    /// Returns a scope, without its scheme if only one scheme declares it.
    fn word(&self, atom: &Fact, is_whole: bool) -> String {
        match atom {
            Fact::Scope { scheme, token } => {
                let is_clear = self.schemes_with.get(token).is_none_or(|count| *count == 1);
                let word = scope_word(token.as_str());
                if is_clear && !is_whole {
                    word
                } else {
                    format!("{word} of {}", guard_word(scheme.as_str()))
                }
            }
            other => guard_word(&other.to_string()),
        }
    }

    /// Returns the maximal atoms of each alternative. Atoms and alternatives are sorted; scopes
    /// have their schemes.
    pub(super) fn canonical(&self, operation: &ResolvedOperation) -> Vec<Vec<String>> {
        let mut ways = self.generators(operation);
        for way in &mut ways {
            way.sort();
        }
        ways.sort();
        ways
    }

    /// Returns the same as [`checks`], for the alternatives that [`Words::canonical`] returns.
    /// Other alternatives can be redundant, because the scheme that authenticates the caller
    /// suffices.
    pub(super) fn canonical_checks(&self) -> BTreeMap<String, &'static str> {
        let universe = self.table.fact_table();
        let sets = self
            .table
            .operations()
            .iter()
            .flat_map(|operation| self.by_scheme(operation));
        let needs =
            |set: FactSet| -> Vec<_> { universe.facts_of(&universe.generators(&set)).filter_map(need).collect() };
        sets.flat_map(needs).collect()
    }

    fn generators(&self, operation: &ResolvedOperation) -> Vec<Vec<String>> {
        let universe = self.table.fact_table();
        let words = |set: &FactSet| {
            let maximal = universe.generators(set);
            universe.facts_of(&maximal).map(|atom| self.word(atom, true)).collect()
        };
        self.by_scheme(operation).iter().map(words).collect()
    }

    /// Returns the alternatives. An alternative that any scheme satisfies becomes one for each
    /// scheme, because one of them authenticates the caller.
    fn by_scheme(&self, operation: &ResolvedOperation) -> Vec<FactSet> {
        let universe = self.table.fact_table();
        let schemes = self.table.catalog().schemes().iter();
        let schemes: Vec<FactId> = schemes
            .filter_map(|declared| universe.find(&Fact::Scheme(declared.name().clone())))
            .collect();
        let mut sets: Vec<FactSet> = Vec::new();
        for set in operation.requirement().alternatives() {
            if set.contains(FactId::AUTHENTICATED) && !schemes.iter().any(|scheme| set.contains(*scheme)) {
                let with = |scheme: &FactId| set.union(universe.closure(*scheme));
                sets.extend(schemes.iter().map(with));
            } else {
                sets.push(set.clone());
            }
        }
        let all = sets.clone();
        sets.retain(|set| !all.iter().any(|other| other != set && other.is_subset_of(set)));
        sets
    }

    /// Writes the requirement as an expression.
    ///
    /// Alternatives are sorted. In each, scopes are grouped by scheme, in the order in which a
    /// challenge names them. Scopes of an earlier alternative keep the order of that alternative,
    /// because the reader keeps the first order. Guards come last.
    pub(super) fn expression(&self, operation: &ResolvedOperation) -> String {
        let requirement = operation.requirement().alternatives().iter();
        let mut ways: Vec<(Vec<String>, Vec<Placed>)> = requirement
            .zip(operation.alternatives())
            .map(|(set, alternative)| self.placed(set, alternative))
            .collect();
        ways.sort();
        if ways.is_empty() {
            return "deny".to_owned();
        }
        let mut named: Vec<String> = Vec::new();
        let several = ways.len() > 1;
        let written = ways.into_iter().map(|(_, mut way)| {
            way.sort_by_cached_key(|placed| {
                let known = named.iter().position(|known| *known == placed.word);
                (placed.scheme, known.unwrap_or(usize::MAX), placed.clone())
            });
            let words: Vec<String> = way.into_iter().map(|placed| placed.word).collect();
            let joined = words.join(" and ");
            let is_list = several && words.len() > 1;
            let new: Vec<String> = words.into_iter().filter(|word| !named.contains(word)).collect();
            named.extend(new);
            if is_list { format!("({joined})") } else { joined }
        });
        written.collect::<Vec<_>>().join(" or ")
    }

    /// Returns the maximal atoms of an alternative with their positions, and the key by which
    /// alternatives are sorted.
    fn placed(&self, set: &FactSet, alternative: &Alternative) -> (Vec<String>, Vec<Placed>) {
        let universe = self.table.fact_table();
        let maximal = universe.generators(set);
        let mut key: Vec<String> = universe.facts_of(&maximal).map(|atom| self.word(atom, true)).collect();
        key.sort();
        let placed = |atom: &Fact| {
            let (scheme, position) = self.place(atom, alternative).unwrap_or((usize::MAX, 0));
            let word = self.word(atom, false);
            Placed { scheme, position, word }
        };
        (key, universe.facts_of(&maximal).map(placed).collect())
    }

    /// Returns the scheme of a scope, and the position of the scope in its scheme.
    fn place(&self, atom: &Fact, alternative: &Alternative) -> Option<(usize, usize)> {
        let Fact::Scope { scheme, token } = atom else {
            return None;
        };
        let mut declared = self.table.catalog().schemes().iter();
        let mut asked = alternative.schemes().iter();
        let (_, scopes) = asked.find(|(name, _)| name == scheme)?;
        Some((
            declared.position(|declared| declared.name() == scheme)?,
            scopes.iter().position(|scope| scope == token)?,
        ))
    }
}

/// A word with its position in an alternative.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Placed {
    scheme: usize,
    position: usize,
    word: String,
}

/// Whether a request without a credential has a weaker requirement than one with a credential. If
/// nothing needs a credential, *optional* has no effect.
pub(super) fn is_optional(operation: &ResolvedOperation) -> bool {
    let mut sets = operation.requirement().alternatives().iter();
    operation.is_optional() && sets.any(|set| set.contains(FactId::AUTHENTICATED))
}

/// The checks that operations require and that need something other than authentication.
pub(super) fn checks(table: &OperationTable) -> BTreeMap<String, &'static str> {
    let alternatives = table.operations().iter().flat_map(ResolvedOperation::alternatives);
    alternatives.flat_map(Alternative::guards).filter_map(need).collect()
}

/// Returns what a check needs, if that is not authentication.
fn need(atom: &Fact) -> Option<(String, &'static str)> {
    match atom {
        Fact::Check { name, needs } if *needs != Needs::Authentication => Some((name.to_string(), needs_word(*needs))),
        _ => None,
    }
}
