//! Alternatives as text, so that equal requirements have equal texts.

use std::collections::{BTreeMap, HashMap};

use scopegate_domain::{DeclaredScheme, ScopeToken};
use scopegate_policy::{Alternative, Fact, FactId, FactSet, Needs, OperationTable, ResolvedOperation};

use crate::guard_words::{guard_word, needs_word, scope_word};

/// Writes facts of one table.
#[derive(Debug)]
pub(super) struct Words<'t> {
    pub(super) table: &'t OperationTable,
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
    pub(super) fn word(&self, fact: &Fact, is_whole: bool) -> String {
        match fact {
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

    /// Returns the maximal facts of each alternative. Atoms and alternatives are sorted; scopes
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
        let fact_table = self.table.fact_table();
        let sets = self
            .table
            .operations()
            .iter()
            .flat_map(|operation| self.by_scheme(operation));
        let needs = |set: FactSet| -> Vec<_> {
            fact_table
                .facts_of(&fact_table.generators(&set))
                .filter_map(need)
                .collect()
        };
        sets.flat_map(needs).collect()
    }

    fn generators(&self, operation: &ResolvedOperation) -> Vec<Vec<String>> {
        let fact_table = self.table.fact_table();
        let words = |set: &FactSet| {
            let maximal = fact_table.generators(set);
            fact_table
                .facts_of(&maximal)
                .map(|fact| self.word(fact, true))
                .collect()
        };
        self.by_scheme(operation).iter().map(words).collect()
    }

    /// Returns the alternatives. An alternative that any scheme satisfies becomes one for each
    /// scheme, because one of them authenticates the caller.
    fn by_scheme(&self, operation: &ResolvedOperation) -> Vec<FactSet> {
        let fact_table = self.table.fact_table();
        let schemes = self.table.catalog().schemes().iter();
        let schemes: Vec<FactId> = schemes
            .filter_map(|declared| fact_table.find(&Fact::Scheme(declared.name().clone())))
            .collect();
        let mut sets: Vec<FactSet> = Vec::new();
        for set in operation.requirement().alternatives() {
            if set.contains(FactId::AUTHENTICATED) && !schemes.iter().any(|scheme| set.contains(*scheme)) {
                let with = |scheme: &FactId| set.union(fact_table.closure(*scheme));
                sets.extend(schemes.iter().map(with));
            } else {
                sets.push(set.clone());
            }
        }
        let all = sets.clone();
        sets.retain(|set| !all.iter().any(|other| other != set && other.is_subset_of(set)));
        sets
    }
}

/// Whether a request without a credential has a weaker requirement than one with a credential. If
/// nothing needs a credential, *optional* has no effect.
pub(super) fn is_optional(operation: &ResolvedOperation) -> bool {
    let mut sets = operation.requirement().alternatives().iter();
    operation.is_optional() && sets.any(|set| set.contains(FactId::AUTHENTICATED))
}

/// Returns the checks that operations require and that need more than authentication.
pub(super) fn checks(table: &OperationTable) -> BTreeMap<String, &'static str> {
    let alternatives = table.operations().iter().flat_map(ResolvedOperation::alternatives);
    alternatives.flat_map(Alternative::guards).filter_map(need).collect()
}

/// Returns the needs of a check, if they are more than authentication.
fn need(fact: &Fact) -> Option<(String, &'static str)> {
    match fact {
        Fact::Check { name, needs } if *needs != Needs::Authentication => Some((name.to_string(), needs_word(*needs))),
        _ => None,
    }
}
