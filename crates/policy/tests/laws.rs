//! The laws of requirements: the engine against an oracle that shares no code with it.
//!
//! A random universe, a random formula and random facts are told to both. `PROPTEST_CASES` sets how often.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that cannot go on fails"
)]

mod oracle;
#[path = "oracle/random_words.rs"]
mod random_words;
#[path = "oracle/requirements.rs"]
mod requirements;

use std::collections::BTreeSet;

use proptest::prelude::*;
use scopegate_policy::{AtomSet, Limit, MAX_ATOMS, MAX_FORMED, MAX_KEPT, Requirement, Universe};

use oracle::bridge::catalog;
use oracle::words::{Scheme, Words};
use oracle::{Facts, Formula};
use requirements::{Bridge, few_words, some_of};

/// Words, formulas of them, and what two requests bring.
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
        let formulas = prop::collection::vec(random_words::formula(facts.clone()), 3);
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
    case_of(prop_oneof![random_words::words(6), random_words::words(45)])
}

/// So few words that a truth table is short.
fn small_case() -> impl Strategy<Value = Case> {
    case_of(few_words())
}

/// The three formulas in normal form; a case that passes a limit is thrown away, for an error is no wrong answer.
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

    /// Law 2: monotone in W. Who brings more is never allowed less.
    #[test]
    fn more_facts_never_deny(case in large_case()) {
        let bridge = Bridge::new(&case.words);
        let (less, more) = (bridge.world(&case.facts), bridge.world(&(&case.facts | &case.more)));
        for requirement in requirements(&bridge, &case)? {
            prop_assert!(!requirement.allows(&less) || requirement.allows(&more));
        }
    }

    /// Law 3: `all` and `any` are commutative, associative, idempotent, absorptive and distributive; they have units and
    /// zeros.
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
            let again = Requirement::any(alternatives.map(|set| Requirement::atoms(&bridge.universe, set)));
            prop_assert_eq!(&again, &Ok(requirement.clone()));
            let shown = requirement.alternatives().iter().map(|set| bridge.universe.generators(set));
            let from_shown = Requirement::any(shown.map(|set| Requirement::atoms(&bridge.universe, &set)));
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
        prop_assert_eq!(bridge.universe.close(&closed), closed);
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

    /// Law 6: each closed V that contains W is allowed iff it contains W and the closure of one of the residual's sets;
    /// no generator is redundant.
    #[test]
    fn residual_is_all_that_would_have_to_be_added(case in small_case()) {
        let bridge = Bridge::new(&case.words);
        let implications = case.words.implications();
        let world = implications.close(&case.facts);
        let [requirement, _, _] = requirements(&bridge, &case)?;
        let residual = requirement.residual(&bridge.world(&case.facts));
        let shown: Vec<Facts> =
            residual.iter().map(|set| bridge.names.facts(&bridge.universe.generators(set))).collect();
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
        prop_assert!([63, 64, 65, 127, 128, 129, 192, 193].contains(&bridge.universe.atoms().len()));
        let requirement = Requirement::any(
            alternatives.iter().map(|set| Requirement::atoms(&bridge.universe, &bridge.names.set(set))),
        );
        let closed = implications.close(&facts);
        let expected = alternatives.iter().any(|set| implications.close(set).is_subset(&closed));
        prop_assert_eq!(requirement.map(|requirement| requirement.allows(&bridge.world(&facts))), Ok(expected));
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
        // Longer names that sort the other way round.
        let other = |name: &str| format!("{}.{name}", 1_000 - name.bytes().map(u32::from).sum::<u32>());
        let words = case.words.renamed(&other);
        let plain = case.words.facts();
        let fact = |name: &str| plain.iter().position(|fact| fact == name).map_or_else(String::new, |at| words.facts()[at].clone());
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

/// A universe with exactly so many atoms, alternatives out of all its facts, and what a request brings.
fn at_the_seams() -> impl Strategy<Value = (Words, Vec<Facts>, Facts)> {
    // `authenticated`, `user`, `active` and the scheme are atoms, too.
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

/// Scopes `s0`, `s1`, .. of one scheme.
fn flat(scopes: usize) -> Words {
    let scopes = (0..scopes).map(|place| format!("s{place}")).collect();
    Words {
        schemes: vec![Scheme {
            name: "oauth".to_owned(),
            scopes,
            edges: vec![],
            has_subject: true,
        }],
        guards: vec![],
    }
}

fn scope(bridge: &Bridge, place: usize) -> Requirement {
    bridge
        .requirement(&Formula::Fact(format!("scope:oauth:s{place}")))
        .expect("a scope")
}

/// Of each of the first pairs of scopes one: 2^pairs alternatives.
fn one_of_each_pair(bridge: &Bridge, pairs: usize) -> Result<Requirement, Limit> {
    let pair = |first| Requirement::any([scope(bridge, first), scope(bridge, first + 1)]);
    Requirement::all((0..pairs).map(|pair_number| pair(2 * pair_number).expect("two alternatives")))
}

/// Law 13: over a limit, an error. 4,096 alternatives may stand side by side, no more.
#[test]
fn too_many_alternatives_side_by_side_are_an_error() {
    let bridge = Bridge::new(&flat(26));
    let most = one_of_each_pair(&bridge, 12).expect("at the limit");
    assert_eq!(most.alternatives().len(), MAX_KEPT);
    assert_eq!(one_of_each_pair(&bridge, 13), Err(Limit::Kept));
    assert_eq!(
        Requirement::any([most.clone(), scope(&bridge, 0)]).map(|any| any.alternatives().len()),
        Ok(2_049)
    );
    assert_eq!(Requirement::any([most, scope(&bridge, 25)]), Err(Limit::Kept));
}

/// Law 13: nor may more than 65,536 be formed on the way, however few are left. Each `wide` scope implies one of each
/// pair but a single one, so that of its 4,096 products two are left.
#[test]
fn too_many_alternatives_formed_are_an_error() {
    let (pairs, wide) = (12, 17);
    let mut words = flat(2 * pairs + wide);
    let implied = |place: usize| {
        (0..pairs)
            .filter(move |pair| *pair != place % pairs)
            .map(|pair| 2 * pair)
    };
    words.schemes[0].edges = (0..wide)
        .flat_map(|place| implied(place).map(move |weak| (2 * pairs + place, weak)))
        .collect();
    let bridge = Bridge::new(&words);
    let each_pair = one_of_each_pair(&bridge, pairs).expect("4,096 alternatives");
    let any_wide = |count: usize| Requirement::any((0..count).map(|place| scope(&bridge, 2 * pairs + place)));
    let product = |count: usize| Requirement::all([any_wide(count)?, each_pair.clone()]);
    assert_eq!(each_pair.alternatives().len() * 16, MAX_FORMED);
    assert_eq!(product(16).map(|all| all.alternatives().len()), Ok(32));
    assert_eq!(product(17), Err(Limit::Formed));
}

/// Law 13: 4,096 atoms are a universe, 4,097 are not.
#[test]
fn too_many_atoms_are_an_error() {
    let build = |scopes: usize| Universe::builder(&catalog(&flat(scopes))).build();
    assert_eq!(
        build(MAX_ATOMS - 4)
            .map(|universe| universe.atoms().len())
            .expect("at the limit"),
        MAX_ATOMS
    );
    let fault = build(MAX_ATOMS - 3).expect_err("one too many");
    assert_eq!(fault.to_string(), "more than 4096 atoms");
}

/// The ends of the lattice are what they are called.
#[test]
fn the_ends_are_what_they_are_called() {
    let bridge = Bridge::new(&flat(1));
    let everything: Facts = flat(1).facts().into_iter().collect();
    assert_eq!(Requirement::all([]), Ok(Requirement::public()));
    assert_eq!(Requirement::any([]), Ok(Requirement::deny()));
    assert!(Requirement::public().is_public() && Requirement::public().allows(&AtomSet::EMPTY));
    assert!(Requirement::deny().is_deny() && !Requirement::deny().allows(&bridge.world(&everything)));
}
