//! The entry point of the fuzz target `guard_trees`: bytes to a policy and requests, decided by the
//! engine and by the oracle.

#![expect(dead_code, reason = "the oracle answers more questions than are asked here")]
#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a property that does not hold fails"
)]

#[path = "from_bytes.rs"]
mod from_bytes;
#[path = "minimal.rs"]
mod minimal;
#[path = "mod.rs"]
mod oracle;
#[path = "tree.rs"]
mod tree;
#[path = "tree_bridge.rs"]
mod tree_bridge;

use std::collections::BTreeSet;

use scopegate_policy::{
    Decision, Limit, MAX_ALTERNATIVES, MAX_CONTEXTS, MAX_DEPTH, OperationTable, PresentedCredentials, RequestFacts,
    ResolvedOperation, TableError, authorize, explain,
};

use from_bytes::Bytes;
use minimal::minimal;
use oracle::bridge::Names;
use oracle::{Facts, Formula};
use tree::{Own, Policy, Request};
use tree_bridge::{Notes, presented, token_worlds};

/// Past this number of paths the oracle is not used: it walks each.
const WALKED: usize = 100;
/// Past this number of unions it gives up the search of the minimal sets.
const FORMED: usize = 1_000;
const REQUESTS: usize = 4;

/// The engine never panics, decides as the oracle does, has the same minimal sets, and passes a
/// limit by saying so.
///
/// # Panics
///
/// If one of these does not hold.
pub(crate) fn guard_trees(input: &[u8]) {
    let mut bytes = Bytes::new(input);
    let policy = bytes.policy();
    let table = match tree_bridge::table(&policy, &Notes::default()) {
        Ok(table) => table,
        Err(fault) => return explain_fault(&policy, &fault),
    };
    for (number, operation) in table.operations().iter().enumerate() {
        assert!(depth(&policy, number) <= MAX_DEPTH, "deeper than may be");
        assert!(operation.requirement().alternatives().len() <= MAX_ALTERNATIVES);
        let explanation = explain(
            operation,
            &PresentedCredentials::new(scopegate_domain::Timestamp::from_unix(0)),
        );
        assert!(explanation.steps().len() <= MAX_CONTEXTS);
        if paths(&policy, number) <= WALKED {
            assert!(policy.says_something(number), "{operation} says nothing");
            same_minimal_sets(&policy, number, operation, &table);
        }
    }
    for _ in 0..REQUESTS {
        let request = bytes.request(&policy.words);
        same_decisions(&policy, &table, &request);
        if bytes.is_empty() {
            return;
        }
    }
}

/// A table is refused for a reason that the oracle sees, too.
fn explain_fault(policy: &Policy, fault: &TableError) {
    let number = |operation: &str| -> usize {
        let number = operation.strip_prefix("GET /").and_then(|number| number.parse().ok());
        number.expect("an operation of this policy")
    };
    match fault {
        TableError::NoRequirement { operation } => {
            let number = number(operation);
            assert!(
                paths(policy, number) > WALKED || !policy.says_something(number),
                "{fault}"
            );
        }
        TableError::TooLarge { operation, limit } => {
            let number = number(operation);
            assert!(is_passed(policy, number, *limit), "{fault}");
        }
        other => panic!("{other}"),
    }
}

fn is_passed(policy: &Policy, operation: usize, limit: Limit) -> bool {
    let sets = || {
        let walked = paths(policy, operation) <= WALKED;
        walked
            .then(|| minimal_sets(policy, operation))
            .flatten()
            .map(|sets| sets.len())
    };
    match limit {
        Limit::Alternatives => sets().is_none_or(|sets| sets > MAX_ALTERNATIVES),
        Limit::Contexts => paths(policy, operation) > MAX_CONTEXTS,
        Limit::Depth => depth(policy, operation) > MAX_DEPTH,
        Limit::Formed | Limit::Kept => sets().is_none(),
        _ => false,
    }
}

fn same_decisions(policy: &Policy, table: &OperationTable, request: &Request) {
    let worlds = token_worlds(policy, table, request);
    let names = Names::new(&policy.words, table.fact_table());
    for (number, operation) in table.operations().iter().enumerate() {
        let presented = presented(policy, request, &worlds);
        let is_allowed = authorize(operation, &presented).is_ok();
        assert_eq!(explain(operation, &presented).is_allowed(), is_allowed, "{operation}");
        if paths(policy, number) > WALKED {
            continue;
        }
        assert_eq!(
            is_allowed,
            policy.allows(number, request),
            "{operation}: {policy:?} {request:?}"
        );
        let formula = policy.requirement(number);
        for party in policy.subjects(request) {
            let facts = policy.facts(number, request, &party);
            let decision = operation.decide(&RequestFacts::of_facts(&names.set(&facts)));
            assert_eq!(
                decision != Decision::Deny,
                formula.holds(&facts),
                "{operation}: {facts:?}"
            );
        }
    }
}

fn same_minimal_sets(policy: &Policy, number: usize, operation: &ResolvedOperation, table: &OperationTable) {
    let Some(expected) = minimal_sets(policy, number) else {
        return;
    };
    let (names, implications) = (
        Names::new(&policy.words, table.fact_table()),
        policy.words.implications(),
    );
    // The engine knows only the words that some guard names.
    let alternatives = names.alternatives(operation.requirement());
    let alternatives: BTreeSet<Facts> = alternatives.iter().map(|facts| implications.close(facts)).collect();
    assert_eq!(alternatives, expected, "{operation}: {policy:?}");
}

fn minimal_sets(policy: &Policy, operation: usize) -> Option<BTreeSet<Facts>> {
    let mut room = FORMED;
    minimal(&policy.requirement(operation), &policy.words.implications(), &mut room)
}

/// How many paths lead through an operation's guards, up to a number that is too many for any
/// caller.
fn paths(policy: &Policy, operation: usize) -> usize {
    let mut below = vec![0_usize; policy.guards.len()];
    for place in (0..policy.guards.len()).rev() {
        let on = policy.guards[place].on.iter().map(|next| below[*next]);
        below[place] = on.fold(1, usize::saturating_add);
    }
    let roots = policy.operations[operation].guards.iter().map(|root| below[*root]);
    roots.fold(0, usize::saturating_add)
}

/// The longest path, or the most levels of a rule on any, where those are more.
fn depth(policy: &Policy, operation: usize) -> usize {
    let mut below = vec![(0, 0); policy.guards.len()];
    for place in (0..policy.guards.len()).rev() {
        let guard = &policy.guards[place];
        let on = || guard.on.iter().map(|next| below[*next]);
        let own = match &guard.own {
            Own::Formula(formula) => levels(formula),
            Own::Nothing | Own::Public => 0,
        };
        let length = 1 + on().map(|(length, _)| length).max().unwrap_or(0);
        below[place] = (length, on().map(|(_, levels)| levels).fold(own, usize::max));
    }
    let roots = policy.operations[operation].guards.iter().map(|root| below[*root]);
    roots.fold(0, |deepest, (length, levels)| deepest.max(length).max(levels))
}

fn levels(formula: &Formula) -> usize {
    match formula {
        Formula::All(formulas) | Formula::Any(formulas) => 1 + formulas.iter().map(levels).max().unwrap_or(0),
        Formula::Fact(_) => 0,
    }
}
