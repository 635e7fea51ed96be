//! Random policies, as tables and as formulas.

use std::collections::BTreeSet;

use proptest::prelude::*;
use scopegate_domain::ScopeToken;
use scopegate_policy::{Fact, Guard, Method, Operation, OperationTable, Rule, ServerScope, TableError};

use crate::oracle::bridge::{catalog, fact_named, scheme_name, token};
use crate::oracle::words::Words;
use crate::oracle::{Facts, Formula};
use crate::random_words;

/// Some operations, each a formula, and whether authentication is optional.
#[derive(Clone, Debug)]
pub(crate) struct Policy {
    pub(crate) words: Words,
    pub(crate) operations: Vec<(Formula, bool)>,
}

/// This number of operations over these words.
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

    /// The table, or a case that says nothing: an error is not a wrong answer.
    pub(crate) fn table_or_reject(&self) -> Result<OperationTable, TestCaseError> {
        self.table().map_err(|fault| TestCaseError::reject(fault.to_string()))
    }

    /// Whether a request that provides these facts may do an operation.
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

    /// What scopes provide by their names; everything that is neither scope nor scheme holds. A
    /// name is `scope` or `scope of scheme`, and belongs to a token of the authorization server
    /// that declares it; one that is of several servers provides nothing. A token is accepted for
    /// each scheme of its server.
    pub(crate) fn granted(&self, names: &BTreeSet<String>) -> Facts {
        let mut facts = Facts::new();
        for name in names {
            let servers = self.servers_of(name);
            let token_of = match servers[..] {
                [server] => Some(server),
                _ => self.only_server_of(name),
            };
            if let Some(server) = token_of {
                let scope = name.split(" of ").next().unwrap_or_default();
                for scheme in self.words.schemes.iter().filter(|scheme| scheme.server == server) {
                    facts.insert(scheme.fact());
                    let own = scheme.scopes.iter().filter(|own| *own == scope);
                    facts.extend(own.map(|scope| scheme.scope_fact(scope)));
                }
            }
        }
        if names.is_empty() {
            facts.extend(self.words.schemes.iter().map(crate::oracle::words::Scheme::fact));
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

    /// The server of a token that carries a scope which is not declared, or of several servers.
    fn only_server_of(&self, name: &str) -> Option<usize> {
        let of_scheme = name.split_once(" of ").map(|(_, scheme)| scheme);
        let schemes = self.words.schemes.iter();
        let named = schemes.filter(|scheme| of_scheme.is_none_or(|name| name == scheme.name));
        let servers: BTreeSet<usize> = named.map(|scheme| scheme.server).collect();
        servers.first().copied().filter(|_| servers.len() == 1)
    }

    /// The authorization servers that a name of a scope can mean.
    pub(crate) fn servers_of(&self, name: &str) -> Vec<usize> {
        let (scope, of_scheme) = name
            .split_once(" of ")
            .map_or((name, None), |(scope, scheme)| (scope, Some(scheme)));
        let schemes = self.words.schemes.iter();
        let named = schemes.filter(|scheme| of_scheme.is_none_or(|name| name == scheme.name));
        let declaring = named.filter(|scheme| scheme.scopes.iter().any(|own| own == scope));
        let servers: BTreeSet<usize> = declaring.map(|scheme| scheme.server).collect();
        servers.into_iter().collect()
    }

    /// The scopes of all tokens, each by the first scheme of its server that declares it.
    pub(crate) fn server_scopes(&self) -> BTreeSet<String> {
        let mut seen = BTreeSet::new();
        let mut all = BTreeSet::new();
        for scheme in &self.words.schemes {
            for scope in &scheme.scopes {
                if seen.insert((scheme.server, scope)) {
                    all.insert(format!("{scope} of {}", scheme.name));
                }
            }
        }
        all
    }

    /// All names of scopes.
    pub(crate) fn scope_names(&self) -> BTreeSet<String> {
        let schemes = self.words.schemes.iter();
        schemes.flat_map(|scheme| scheme.scopes.iter().cloned()).collect()
    }

    /// Returns the facts of the oracle for facts of the policy.
    pub(crate) fn facts_of(&self, atoms: &[Fact]) -> Facts {
        let facts = self.words.facts();
        let fact = |atom: &Fact| {
            facts
                .iter()
                .find(|fact| fact_named(&self.words, fact) == *atom)
                .cloned()
        };
        atoms
            .iter()
            .map(|atom| fact(atom).expect("a fact of these words"))
            .collect()
    }
}

/// The formula as a rule means it: all of nothing requires authentication.
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
        Formula::Fact(fact) => Rule::Fact(fact_named(words, fact)),
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

/// Names as scopes of tokens.
pub(crate) fn server_scopes(names: &BTreeSet<String>) -> Vec<ServerScope> {
    let scope = |name: &String| {
        let (scope, scheme) = name.split_once(" of ").expect("a scope of a scheme");
        ServerScope::new(scheme_name(scheme), token(scope))
    };
    names.iter().map(scope).collect()
}
