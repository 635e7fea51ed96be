//! The laws of requirements: the engine against an oracle that shares no code with it.
//!
//! A random fact table, a random formula and random facts are given to both. `PROPTEST_CASES` sets
//! how often.
//!
//! Which test checks which law, here and elsewhere. The oracles are in `oracle/`: texts, recursion
//! and truth tables, neither numbers nor a normal form.
//!
//! | law | of requirements | at the entry point, with trees and requests |
//! |---|---|---|
//! | 1 decide = oracle | `decides_as_the_oracle_does`; `exhaustive.rs` | `trees.rs`: `authorizes_as_the_oracle_does`, `decides_as_the_oracle_does_and_has_a_witness` |
//! | 2 monotone | `more_facts_never_deny` | `trees.rs`: `request_with_more_facts_is_never_allowed_less` |
//! | 3 lattice | `all_and_any_form_a_distributive_lattice`, `the_ends_are_what_they_are_called`; `exhaustive.rs` | |
//! | 4 normal form | `normalising_again_changes_nothing`, `same_truth_table_means_same_normal_form`, `alternatives_are_closed_and_none_contains_another`; `exhaustive.rs` | |
//! | 5 closure, edges | `closure_is_extensive_monotone_and_idempotent`, `a_new_edge_never_denies` | `trees.rs`: `a_new_edge_never_denies_a_request` |
//! | 6 residual | `residual_is_all_that_would_have_to_be_added`; `exhaustive.rs`, under each order, too | `trees/denials.rs`: `a_denial_is_that_of_the_oracle` |
//! | 7 `implies`, diff | `implies_is_inclusion_of_truth_tables`; `exhaustive.rs`, under each order, too | diff: `analysis/tests/it/random_pairs.rs`: `changes_are_those_of_the_truth_tables` and the fuzz target `diff` |
//! | 8 witness in W | | `trees.rs`: `a_permit_has_a_witness`, `decides_as_the_oracle_does_and_has_a_witness` |
//! | 9 tree = conjunction | | `trees.rs`: `a_requirement_is_the_conjunction_over_all_contexts`, `sharing_and_order_change_no_requirement`, `scopes_have_the_order_of_first_occurrence`, `checks_see_what_is_visible_on_each_path` |
//! | 10 bits = strings | `sets_of_bits_are_sets_of_strings`; `machines.rs`: `requirements_are_their_truth_tables` and the fuzz target `requirement` | |
//! | 12 challenge, one round | | `trees.rs`: `one_round_suffices` and `one_round_of_scopes_and_step_up_suffices`; class and scope of each denial in `trees/denials.rs`; the grammar in `crates/http/tests/it/challenge.rs` and the fuzz target `challenge` |
//! | 13 limits | `laws/too_large.rs` | `limits.rs` |
//! | 15 renaming | `renaming_changes_no_meaning` | `trees/denials.rs`: `renaming_scopes_changes_no_decision` |

mod too_large;

use std::collections::BTreeSet;

use proptest::prelude::*;
use scopegate_policy::{FactSet, Limit, Requirement};

use crate::oracle::words::{Scheme, Words};
use crate::oracle::{Facts, Formula};
use crate::requirements::{Bridge, few_words, some_of};

/// Words, formulas of them, and what two requests provide.
#[derive(Clone, Debug)]
struct Case {
    words: Words,
    formulas: Vec<Formula>,
    facts: Facts,
    more: Facts,
}

fn case_of(words: impl Strategy<Value = Words>) -> impl Strategy<Value = Case> {
    words.prop_flat_map(|words| {
        let facts = words.facts();
        let formulas = prop::collection::vec(crate::random_words::formula(facts.clone()), 3);
        (Just(words), formulas, some_of(facts.clone()), some_of(facts)).prop_map(|(words, formulas, facts, more)| {
            Case {
                words,
                formulas,
                facts,
                more,
            }
        })
    })
}

/// Up to three schemes, up to some 150 words.
fn large_case() -> impl Strategy<Value = Case> {
    case_of(prop_oneof![
        crate::random_words::words(6),
        crate::random_words::words(45)
    ])
}

/// So few words that a truth table is short.
fn small_case() -> impl Strategy<Value = Case> {
    case_of(few_words())
}

/// The three formulas in normal form; a case that passes a limit is thrown away, for an error is
/// not a wrong answer.
fn requirements(bridge: &Bridge, case: &Case) -> Result<[Requirement; 3], TestCaseError> {
    let normal = |formula| {
        bridge
            .requirement(formula)
            .map_err(|limit| TestCaseError::reject(limit.to_string()))
    };
    let [a, b, c] = [&case.formulas[0], &case.formulas[1], &case.formulas[2]];
    Ok([normal(a)?, normal(b)?, normal(c)?])
}

proptest! {
    /// Law 1: decide = oracle.
    #[test]
    fn decides_as_the_oracle_does(case in large_case()) {
        let bridge = Bridge::new(&case.words);
        let closed = case.words.implications().close(&case.facts);
        for (formula, requirement) in case.formulas.iter().zip(requirements(&bridge, &case)?) {
            prop_assert_eq!(requirement.allows(&bridge.world(&case.facts)), formula.holds(&closed));
        }
    }

    /// Law 2: monotone in W. A request that provides more is never allowed less.
    #[test]
    fn more_facts_never_deny(case in large_case()) {
        let bridge = Bridge::new(&case.words);
        let (less, more) = (bridge.world(&case.facts), bridge.world(&(&case.facts | &case.more)));
        for requirement in requirements(&bridge, &case)? {
            prop_assert!(!requirement.allows(&less) || requirement.allows(&more));
        }
    }

    /// Law 3: `all` and `any` are commutative, associative, idempotent, absorptive and
    /// distributive; they have units and zeros.
    #[test]
    fn all_and_any_form_a_distributive_lattice(case in large_case()) {
        let bridge = Bridge::new(&case.words);
        let [a, b, c] = requirements(&bridge, &case)?;
        let all = |left: &Requirement, right: &Requirement| Requirement::all([left.clone(), right.clone()]);
        let any = |left: &Requirement, right: &Requirement| Requirement::any([left.clone(), right.clone()]);
        lattice(&a, &b, &c, &all, &any).map_err(TestCaseError::fail)?;
        lattice(&a, &b, &c, &any, &all).map_err(TestCaseError::fail)?;
        let (public, deny) = (Requirement::public(), Requirement::deny());
        prop_assert_eq!(all(&a, &public), Ok(a.clone()));
        prop_assert_eq!(any(&a, &deny), Ok(a.clone()));
        prop_assert_eq!(all(&a, &deny), Ok(deny));
        prop_assert_eq!(any(&a, &public), Ok(public));
    }

    /// Law 4, first half: normalising twice = normalising once.
    #[test]
    fn normalising_again_changes_nothing(case in large_case()) {
        let bridge = Bridge::new(&case.words);
        for requirement in requirements(&bridge, &case)? {
            let alternatives = requirement.alternatives().iter();
            let again = Requirement::any(alternatives.map(|set| Requirement::facts(&bridge.fact_table, set)));
            prop_assert_eq!(&again, &Ok(requirement.clone()));
            let shown = requirement.alternatives().iter().map(|set| bridge.fact_table.generators(set));
            let from_shown = Requirement::any(shown.map(|set| Requirement::facts(&bridge.fact_table, &set)));
            prop_assert_eq!(from_shown, Ok(requirement));
        }
    }

    /// The normal form itself: an antichain of closed sets.
    #[test]
    fn alternatives_are_closed_and_none_contains_another(case in large_case()) {
        let bridge = Bridge::new(&case.words);
        let implications = case.words.implications();
        for requirement in requirements(&bridge, &case)? {
            let sets: Vec<Facts> = requirement.alternatives().iter().map(|set| bridge.names.facts(set)).collect();
            for (place, set) in sets.iter().enumerate() {
                prop_assert_eq!(&implications.close(set), set);
                prop_assert!(sets.iter().enumerate().all(|(other, inner)| other == place || !inner.is_subset(set)));
            }
        }
    }

    /// Law 4, second half: the same truth table if and only if `==`.
    #[test]
    fn same_truth_table_means_same_normal_form(case in small_case()) {
        let bridge = Bridge::new(&case.words);
        let lines = case.words.closed_sets();
        let [a, b, _] = requirements(&bridge, &case)?;
        let (table_a, table_b) = (case.formulas[0].table(&lines), case.formulas[1].table(&lines));
        prop_assert_eq!(a == b, table_a == table_b);
        prop_assert_eq!(bridge.requirement(&Formula::from_table(&table_a)), Ok(a));
    }

    /// Law 7 without diff: `implies` = inclusion of truth tables.
    #[test]
    fn implies_is_inclusion_of_truth_tables(case in small_case()) {
        let bridge = Bridge::new(&case.words);
        let lines = case.words.closed_sets();
        let [a, b, _] = requirements(&bridge, &case)?;
        let included = case.formulas[0].table(&lines).iter().all(|line| case.formulas[1].holds(line));
        prop_assert_eq!(a.implies(&b), included);
    }

    /// Law 5: closure is that of the oracle, and so extensive, monotone and idempotent.
    #[test]
    fn closure_is_extensive_monotone_and_idempotent(case in large_case()) {
        let bridge = Bridge::new(&case.words);
        let closed = bridge.world(&case.facts);
        prop_assert_eq!(bridge.names.facts(&closed), case.words.implications().close(&case.facts));
        prop_assert!(bridge.names.set(&case.facts).is_subset_of(&closed));
        prop_assert!(closed.is_subset_of(&bridge.world(&(&case.facts | &case.more))));
        prop_assert_eq!(bridge.fact_table.close(&closed), closed);
    }

    /// Law 5: a new edge never denies.
    #[test]
    fn a_new_edge_never_denies(case in large_case(), scheme in 0..3_usize, from in 0..64_usize, to in 0..64_usize) {
        let words = case.words.with_edge(scheme, from, to);
        let (before, after) = (Bridge::new(&case.words), Bridge::new(&words));
        let sooner = requirements(&before, &case)?;
        for (sooner, later) in sooner.iter().zip(requirements(&after, &case)?) {
            prop_assert!(!sooner.allows(&before.world(&case.facts)) || later.allows(&after.world(&case.facts)));
        }
    }

    /// Law 6: each closed V that contains W is allowed iff it contains W and the closure of one of
    /// the residual's sets; no generator is redundant.
    #[test]
    fn residual_is_all_that_would_have_to_be_added(case in small_case()) {
        let bridge = Bridge::new(&case.words);
        let implications = case.words.implications();
        let world = implications.close(&case.facts);
        let [requirement, _, _] = requirements(&bridge, &case)?;
        let residual = requirement.missing_sets(&bridge.world(&case.facts));
        let shown: Vec<Facts> =
            residual.iter().map(|set| bridge.names.facts(&bridge.fact_table.generators(set))).collect();
        for larger in case.words.closed_sets().iter().filter(|larger| world.is_subset(larger)) {
            let reached = shown.iter().any(|set| implications.close(set).is_subset(larger));
            prop_assert_eq!(case.formulas[0].holds(larger), reached);
        }
        for set in &shown {
            for fact in set {
                let fewer: Facts = set.iter().filter(|other| *other != fact).chain(&world).cloned().collect();
                prop_assert!(!case.formulas[0].holds(&implications.close(&fewer)), "{} is redundant", fact);
            }
        }
    }

    /// Law 10: bit set = string set, where the last word is nearly full, full, or has just begun.
    #[test]
    fn sets_of_bits_are_sets_of_strings((words, alternatives, facts) in at_the_seams()) {
        let bridge = Bridge::new(&words);
        let implications = words.implications();
        prop_assert!([63, 64, 65, 127, 128, 129, 192, 193].contains(&bridge.fact_table.facts().len()));
        let requirement = Requirement::any(
            alternatives.iter().map(|set| Requirement::facts(&bridge.fact_table, &bridge.names.set(set))),
        );
        let closed = implications.close(&facts);
        let expected = alternatives.iter().any(|set| implications.close(set).is_subset(&closed));
        let requirement = requirement.expect("few alternatives");
        prop_assert_eq!(requirement.allows(&bridge.world(&facts)), expected);
        let missing = alternatives.iter().map(|set| &implications.close(set) - &closed).collect();
        let residual = requirement.missing_sets(&bridge.world(&facts));
        prop_assert_eq!(residual.iter().map(|set| bridge.names.facts(set)).collect::<BTreeSet<_>>(), smallest(&missing));
        let everything = alternatives.iter().flatten().cloned().collect();
        let all = Requirement::all(alternatives.iter().map(|set| Requirement::facts(&bridge.fact_table, &bridge.names.set(set))));
        prop_assert_eq!(all.map(|all| bridge.names.alternatives(&all)), Ok(BTreeSet::from([implications.close(&everything)])));
        for set in &alternatives {
            let (left, right) = (bridge.names.set(set), bridge.names.set(&facts));
            prop_assert_eq!(bridge.names.facts(&left.union(&right)), set | &facts);
            prop_assert_eq!(bridge.names.facts(&left.intersection(&right)), set & &facts);
            prop_assert_eq!(bridge.names.facts(&left.difference(&right)), set - &facts);
            prop_assert_eq!(left.is_subset_of(&right), set.is_subset(&facts));
            prop_assert_eq!(left == right, *set == facts);
            prop_assert_eq!((left.len(), left.is_empty()), (set.len(), set.is_empty()));
        }
    }

    /// Law 15: renaming scopes commutes with everything but order.
    #[test]
    fn renaming_changes_no_meaning(case in large_case()) {
        let words = case.words.renamed(&crate::renaming::backwards);
        let fact = |name: &str| case.words.fact_in(&words, name);
        let (bridge, renamed) = (Bridge::new(&case.words), Bridge::new(&words));
        for (formula, requirement) in case.formulas.iter().zip(requirements(&bridge, &case)?) {
            let translated = renamed.requirement(&formula.renamed(&fact)).expect("the same limits");
            let expected = bridge.names.alternatives(&requirement);
            let expected: BTreeSet<Facts> = expected.iter().map(|set| set.iter().map(|name| fact(name)).collect()).collect();
            prop_assert_eq!(renamed.names.alternatives(&translated), expected);
        }
    }
}

type Operation<'a> = &'a dyn Fn(&Requirement, &Requirement) -> Result<Requirement, Limit>;

/// The laws of a lattice for `times` over `plus`. A side that passes a limit says nothing.
fn lattice(
    a: &Requirement,
    b: &Requirement,
    c: &Requirement,
    times: Operation<'_>,
    plus: Operation<'_>,
) -> Result<(), String> {
    let same = |law: &str, left: Result<Requirement, Limit>, right: Result<Requirement, Limit>| match (left, right) {
        (Ok(left), Ok(right)) if left != right => Err(format!("not {law}: {left:?} and {right:?}")),
        _ => Ok(()),
    };
    same("commutative", times(a, b), times(b, a))?;
    same(
        "associative",
        times(a, b).and_then(|ab| times(&ab, c)),
        times(b, c).and_then(|bc| times(a, &bc)),
    )?;
    same("idempotent", times(a, a), Ok(a.clone()))?;
    same("absorptive", plus(a, b).and_then(|sum| times(a, &sum)), Ok(a.clone()))?;
    let both = times(a, b).and_then(|ab| times(a, c).and_then(|ac| plus(&ab, &ac)));
    same("distributive", plus(b, c).and_then(|sum| times(a, &sum)), both)
}

/// The sets that contain no other.
fn smallest(sets: &BTreeSet<Facts>) -> BTreeSet<Facts> {
    let contains_none = |set: &&Facts| !sets.iter().any(|other| other != *set && other.is_subset(set));
    sets.iter().filter(contains_none).cloned().collect()
}

/// A fact table with exactly this number of facts, alternatives out of all its facts, and what a
/// request provides.
fn at_the_seams() -> impl Strategy<Value = (Words, Vec<Facts>, Facts)> {
    // `authenticated`, `user`, `active` and the scheme are facts, too.
    let count = prop::sample::select(vec![63_usize, 64, 65, 127, 128, 129, 192, 193]).prop_map(|atoms| atoms - 4);
    let edges = prop::collection::vec((0..200_usize, 0..200_usize), 0..60);
    (count, edges).prop_flat_map(|(count, edges)| {
        let inside = edges
            .into_iter()
            .map(|(a, b)| (a % count, b % count))
            .filter(|(a, b)| a < b);
        let scopes = (0..count).map(|place| format!("s{place}")).collect();
        let scheme = Scheme {
            name: "oauth".to_owned(),
            scopes,
            edges: inside.collect(),
            server: 0,
            has_subject: true,
        };
        let words = Words {
            schemes: vec![scheme],
            guards: vec!["user".to_owned(), "active".to_owned()],
        };
        let facts = words.facts();
        let few = prop::sample::subsequence(facts.clone(), 0..=4).prop_map(|facts| facts.into_iter().collect());
        (Just(words), prop::collection::vec(few, 0..4), some_of(facts))
    })
}

/// The ends of the lattice are what they are called.
#[test]
fn the_ends_are_what_they_are_called() {
    let words = Words {
        schemes: vec![],
        guards: vec!["user".to_owned(), "active".to_owned()],
    };
    let bridge = Bridge::new(&words);
    let everything: Facts = words.facts().into_iter().collect();
    assert_eq!(Requirement::all([]), Ok(Requirement::public()));
    assert_eq!(Requirement::any([]), Ok(Requirement::deny()));
    assert!(Requirement::public().is_public() && Requirement::public().allows(&FactSet::EMPTY));
    assert!(Requirement::deny().is_deny() && !Requirement::deny().allows(&bridge.world(&everything)));
}
