//! Law 14, suggested edges, and usage, each by trying everything.

use std::collections::BTreeSet;

use proptest::prelude::*;
use proptest::sample::subsequence;
use scopegate_analysis::{infer_implications, minimal_scopes, usage};
use scopegate_policy::{Method, ResolvedOperation, ServerScope};

use crate::oracle::Facts;
use crate::policy::{Policy, policy_of, server_scopes, subsets};
use crate::random_words;

const PLENTY: usize = 1_000_000;

/// Whether tokens with these scopes allow an operation together with some credentials without
/// scopes, and the scopes matter.
fn opens_with_credentials(policy: &Policy, operation: usize, names: &BTreeSet<String>) -> bool {
    let granted = policy.granted(names);
    let schemes: Vec<String> = policy
        .words
        .schemes
        .iter()
        .map(crate::oracle::words::Scheme::fact)
        .collect();
    subsets(&schemes).into_iter().any(|credentials| {
        let presented: Facts = granted.iter().cloned().chain(credentials).collect();
        let is_scope = |fact: &&String| fact.starts_with("scope:");
        let without_scopes = presented.iter().filter(|fact| !is_scope(fact)).cloned().collect();
        policy.allows(operation, &presented) && !policy.allows(operation, &without_scopes)
    })
}

/// Whether tokens with these scopes allow these operations. For those that all of `held` do not
/// allow, credentials without scopes are presumed.
fn opens(policy: &Policy, operations: &[usize], names: &BTreeSet<String>, held: &BTreeSet<String>) -> bool {
    let (facts, most) = (policy.granted(names), policy.granted(held));
    operations.iter().all(|place| {
        policy.allows(*place, &facts) || !policy.allows(*place, &most) && opens_with_credentials(policy, *place, names)
    })
}

/// The same, if no scope may mean no credential.
fn suffices(policy: &Policy, operations: &[usize], names: &BTreeSet<String>, held: &BTreeSet<String>) -> bool {
    let nothing = Facts::from(["check:signature".to_owned()]);
    let known: Facts = policy.words.facts().into_iter().collect();
    let nothing = &nothing & &known;
    let is_open_without = || operations.iter().all(|place| policy.allows(*place, &nothing));
    opens(policy, operations, names, held) || (names.is_empty() && is_open_without())
}

/// What scopes provide, without what is assumed.
fn power(policy: &Policy, names: &BTreeSet<String>) -> Facts {
    let facts = policy.granted(names);
    facts
        .into_iter()
        .filter(|fact| fact.starts_with("scope:") || fact.starts_with("scheme:"))
        .collect()
}

/// All sufficient sets of the smallest size, but those that provide strictly more than another one.
fn smallest(
    policy: &Policy,
    operations: &[usize],
    held: &BTreeSet<String>,
    is_enough: fn(&Policy, &[usize], &BTreeSet<String>, &BTreeSet<String>) -> bool,
) -> BTreeSet<BTreeSet<String>> {
    let held: BTreeSet<String> = held.intersection(&policy.server_scopes()).cloned().collect();
    let sufficient = subsets(&held.iter().cloned().collect::<Vec<_>>())
        .into_iter()
        .filter(|names| is_enough(policy, operations, names, &held));
    let sufficient: Vec<BTreeSet<String>> = sufficient.collect();
    let size = sufficient.iter().map(BTreeSet::len).min();
    let smallest = sufficient.iter().filter(|names| Some(names.len()) == size);
    let smallest: Vec<(&BTreeSet<String>, Facts)> = smallest.map(|names| (names, power(policy, names))).collect();
    let is_least = |power: &Facts| {
        !smallest
            .iter()
            .any(|(_, other)| other.is_subset(power) && other != power)
    };
    smallest
        .iter()
        .filter(|(_, power)| is_least(power))
        .map(|(names, _)| (*names).clone())
        .collect()
}

fn names(tokens: &[ServerScope]) -> BTreeSet<String> {
    tokens.iter().map(ToString::to_string).collect()
}

proptest! {
    #[test]
    fn least_is_the_smallest_that_suffices(policy in policy_of(random_words::words(5), 4)) {
        let table = policy.table_or_reject()?;
        let operations: Vec<&ResolvedOperation> = table.operations().iter().collect();
        let places: Vec<usize> = (0..operations.len()).collect();
        let expected = smallest(&policy, &places, &policy.server_scopes(), suffices);
        let answer = minimal_scopes(&operations, PLENTY);
        prop_assert!(answer.is_optimal());
        let sets: Vec<BTreeSet<String>> = answer.sets().iter().map(|set| names(set)).collect();
        prop_assert_eq!(sets.iter().cloned().collect::<BTreeSet<_>>(), expected);
        prop_assert!(answer.sets().is_sorted());
        prop_assert_eq!(answer.sets().is_empty(), !answer.unreachable().is_empty());
    }

    #[test]
    fn without_budget_it_suffices_and_nothing_can_be_left_out(policy in policy_of(random_words::words(8), 6)) {
        let table = policy.table_or_reject()?;
        let operations: Vec<&ResolvedOperation> = table.operations().iter().collect();
        let places: Vec<usize> = (0..operations.len()).collect();
        let answer = minimal_scopes(&operations, 1);
        prop_assert!(answer.is_optimal() || answer.sets().len() == 1);
        let exact = minimal_scopes(&operations, PLENTY);
        prop_assert_eq!(answer.sets().is_empty(), exact.sets().is_empty());
        for set in answer.sets() {
            let set = names(set);
            prop_assert!(suffices(&policy, &places, &set, &policy.server_scopes()));
            for name in &set {
                let fewer = set.iter().filter(|other| *other != name).cloned().collect();
                prop_assert!(!suffices(&policy, &places, &fewer, &policy.server_scopes()), "`{}` can be left out of {:?}", name, set);
            }
        }
    }

    #[test]
    fn suggested_edges_are_those_that_trying_finds(policy in policy_of(random_words::words(5), 5)) {
        let table = policy.table_or_reject()?;
        let mut expected = BTreeSet::new();
        for scheme in &policy.words.schemes {
            let opened = |fact: String| -> BTreeSet<usize> {
                let facts = policy.words.guards.iter().cloned().chain([fact]).collect();
                let closed = policy.words.implications().close(&facts);
                (0..policy.operations.len()).filter(|place| policy.allows(*place, &closed)).collect()
            };
            let free = opened(scheme.fact());
            let opens = |name: &String| -> BTreeSet<usize> { &opened(scheme.scope_fact(name)) - &free };
            let is_above = |strong: &String, weak: &String| {
                let (strong, weak) = (opens(strong), opens(weak));
                !weak.is_empty() && weak.is_subset(&strong) && weak != strong
            };
            for strong in &scheme.scopes {
                for weak in scheme.scopes.iter().filter(|weak| is_above(strong, weak)) {
                    let is_between = |name: &&String| is_above(strong, name) && is_above(name, weak);
                    let closed = policy.words.implications().close(&Facts::from([scheme.scope_fact(strong)]));
                    if !scheme.scopes.iter().any(|name| is_between(&name)) && !closed.contains(&scheme.scope_fact(weak)) {
                        expected.insert((scheme.name.clone(), strong.clone(), weak.clone(), opens(strong).len(), opens(weak).len()));
                    }
                }
            }
        }
        let edges: BTreeSet<_> = infer_implications(&table).iter().map(|edge| (
            edge.scheme().to_string(), edge.strong().to_string(), edge.weak().to_string(), edge.strong_opens(), edge.weak_opens(),
        )).collect();
        prop_assert_eq!(edges, expected);
    }

    #[test]
    fn what_is_not_needed_can_be_taken_away_at_once(
        (policy, held, calls) in policy_of(random_words::words(4), 4).prop_flat_map(|policy| {
            let all: Vec<String> = policy.server_scopes().into_iter().chain(["unheard-of of oauth".to_owned()]).collect();
            let count = all.len();
            let held = subsequence(all, 0..=count).prop_map(|names| names.into_iter().collect::<BTreeSet<String>>());
            (Just(policy), held, prop::collection::vec(0..6_usize, 0..6))
        })
    ) {
        let table = policy.table_or_reject()?;
        let paths = calls.iter().map(|place| (Method::Get, format!("/{place}")));
        let answer = usage(&table, &server_scopes(&held), paths, PLENTY);
        let (known, unknown): (Vec<usize>, Vec<usize>) = calls.iter().partition(|place| **place < policy.operations.len());
        let (allowed, refused): (Vec<usize>, Vec<usize>) = known.into_iter().partition(|place| opens(&policy, &[*place], &held, &held));
        let path = |places: &[usize]| -> Vec<(Method, String)> {
            places.iter().map(|place| (Method::Get, format!("/{place}"))).collect()
        };
        prop_assert_eq!(answer.unknown_calls(), path(&unknown));
        prop_assert_eq!(answer.refused_calls(), path(&refused));
        let (needed, unneeded) = (names(answer.needed()), names(answer.unneeded()));
        prop_assert_eq!(&(&needed | &unneeded), &held);
        prop_assert!(needed.is_disjoint(&unneeded));
        prop_assert!(opens(&policy, &allowed, &needed, &held), "{:?} of {:?}", needed, held);
        prop_assert!(answer.is_optimal());
        // Where a token of unknown scopes is needed, sets of known scopes do not suffice.
        if held.is_subset(&policy.server_scopes()) {
            prop_assert!(smallest(&policy, &allowed, &held, opens).contains(&needed));
        }
    }
}
