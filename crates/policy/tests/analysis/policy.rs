//! Random policies, as tables and as formulas.

use std::collections::BTreeSet;

use proptest::prelude::*;
use scopegate_domain::ScopeToken;
use scopegate_policy::{Atom, Guard, Method, Operation, OperationTable, Rule, TableError};

use crate::oracle::bridge::{catalog, fact_atom, token};
use crate::oracle::words::Words;
use crate::oracle::{Facts, Formula};
use crate::random_words;

/// Some operations, each a formula, and whether authentication is optional.
#[derive(Clone, Debug)]
pub(crate) struct Policy {
    pub(crate) words: Words,
    pub(crate) operations: Vec<(Formula, bool)>,
}

/// So many operations over these words.
pub(crate) fn policy_of(words: impl Strategy<Value = Words>, most: usize) -> impl Strategy<Value = Policy> {
    words.prop_flat_map(move |words| {
        let operation = (random_words::formula(words.facts()), prop::bool::weighted(0.15));
        let operations = prop::collection::vec(operation, 1..=most);
        (Just(words), operations).prop_map(|(words, operations)| Policy { words, operations })
    })
}

impl Policy {
    /// As a table: operation by operation `GET /0`, `GET /1`, ..
    pub(crate) fn table(&self) -> Result<OperationTable, TableError> {
        let builder = OperationTable::builder(catalog(&self.words));
        let operations = self
            .operations
            .iter()
            .enumerate()
            .map(|(place, (formula, is_optional))| {
                let operation =
                    Operation::new(Method::Get, format!("/{place}")).guard(Guard::rule(rule(&self.words, formula)));
                if *is_optional { operation.optional() } else { operation }
            });
        operations
            .fold(builder, scopegate_policy::OperationTableBuilder::operation)
            .build()
    }

    /// The table, or a case that says nothing: an error is no wrong answer.
    pub(crate) fn table_or_reject(&self) -> Result<OperationTable, TestCaseError> {
        self.table().map_err(|fault| TestCaseError::reject(fault.to_string()))
    }

    /// Whether a request that brings these facts may do an operation.
    pub(crate) fn allows(&self, operation: usize, facts: &Facts) -> bool {
        let implications = self.words.implications();
        let closed = implications.close(facts);
        let (formula, is_optional) = &self.operations[operation];
        let formula = spoken(formula);
        if *is_optional && !closed.contains("authenticated") {
            let of_credentials = self.words.facts().into_iter().filter(|fact| {
                let alone = implications.close(&Facts::from([fact.clone()]));
                alone.contains("authenticated")
            });
            return formula.holds(&implications.close(&closed.into_iter().chain(of_credentials).collect()));
        }
        formula.holds(&closed)
    }

    /// Whether who brings these facts can do an operation, with the credential or without it.
    pub(crate) fn is_open_to(&self, operation: usize, facts: &Facts) -> bool {
        let implications = self.words.implications();
        let needs_none = |fact: &&String| {
            let alone = implications.close(&Facts::from([(*fact).clone()]));
            !alone.contains("authenticated")
        };
        let without = facts.iter().filter(needs_none).cloned().collect();
        self.allows(operation, facts) || self.allows(operation, &without)
    }

    /// What scopes bring by their names, in every scheme that declares them; everything that is neither scope nor scheme holds.
    pub(crate) fn granted(&self, names: &BTreeSet<String>) -> Facts {
        let mut facts = Facts::new();
        for scheme in &self.words.schemes {
            let scopes = scheme.scopes.iter().filter(|scope| names.contains(*scope));
            facts.extend(scopes.map(|scope| scheme.scope_fact(scope)));
            if names.is_empty() {
                facts.insert(scheme.fact());
            }
        }
        if facts.is_empty() {
            facts.extend(
                self.words
                    .guards
                    .iter()
                    .filter(|guard| *guard == "check:signature")
                    .cloned(),
            );
        } else {
            facts.extend(self.words.guards.iter().cloned());
        }
        self.words.implications().close(&facts)
    }

    /// All names of scopes.
    pub(crate) fn scope_names(&self) -> BTreeSet<String> {
        let schemes = self.words.schemes.iter();
        schemes.flat_map(|scheme| scheme.scopes.iter().cloned()).collect()
    }

    /// The facts that atoms are.
    pub(crate) fn facts_of(&self, atoms: &[Atom]) -> Facts {
        let facts = self.words.facts();
        let fact = |atom: &Atom| facts.iter().find(|fact| fact_atom(&self.words, fact) == *atom).cloned();
        atoms
            .iter()
            .map(|atom| fact(atom).expect("an atom of these words"))
            .collect()
    }
}

/// The formula as a rule means it: all of nothing asks for authentication.
fn spoken(formula: &Formula) -> Formula {
    let list = |formulas: &[Formula]| formulas.iter().map(spoken).collect();
    match formula {
        Formula::All(formulas) if formulas.is_empty() => Formula::Fact("authenticated".to_owned()),
        Formula::All(formulas) => Formula::All(list(formulas)),
        Formula::Any(formulas) => Formula::Any(list(formulas)),
        Formula::Fact(fact) => Formula::Fact(fact.clone()),
    }
}

fn rule(words: &Words, formula: &Formula) -> Rule {
    let list = |formulas: &[Formula]| formulas.iter().map(|formula| rule(words, formula)).collect();
    match formula {
        Formula::All(formulas) => Rule::All(list(formulas)),
        Formula::Any(formulas) => Rule::Any(list(formulas)),
        Formula::Fact(fact) => Rule::Atom(fact_atom(words, fact)),
    }
}

/// All sets of these.
pub(crate) fn subsets<T: Ord + Clone>(items: &[T]) -> Vec<BTreeSet<T>> {
    items.iter().fold(vec![BTreeSet::new()], |sets, item| {
        let with = sets.iter().map(|set| set.iter().chain([item]).cloned().collect());
        let with: Vec<BTreeSet<T>> = with.collect();
        sets.into_iter().chain(with).collect()
    })
}

/// Names as scopes.
pub(crate) fn tokens(names: &BTreeSet<String>) -> Vec<ScopeToken> {
    names.iter().map(|name| token(name)).collect()
}
