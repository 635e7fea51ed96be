//! Law 13 for requirements: each limit can be reached, and past it there is an error.
//! Sets that are removed on the way do not count. Neither does the order of input.

use scopegate_policy::{FactTable, Limit, MAX_FACTS, MAX_FORMED, MAX_KEPT, Requirement};

use crate::oracle::Formula;
use crate::oracle::bridge::catalog;
use crate::oracle::words::{Scheme, Words};
use crate::requirements::Bridge;

/// Scopes `s0`, `s1`, .. of one scheme.
fn flat(scopes: usize) -> Words {
    let scopes = (0..scopes).map(|place| format!("s{place}")).collect();
    Words {
        schemes: vec![Scheme {
            name: "oauth".to_owned(),
            scopes,
            edges: vec![],
            server: 0,
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

/// Any one of these sets of scopes.
fn any_of<const N: usize>(bridge: &Bridge, sets: impl IntoIterator<Item = [usize; N]>) -> Requirement {
    let set = |places: [usize; N]| all(places.map(|place| scope(bridge, place))).expect("one alternative");
    Requirement::any(sets.into_iter().map(set)).expect("few alternatives")
}

fn all(requirements: impl IntoIterator<Item = Requirement>) -> Result<Requirement, Limit> {
    Requirement::all(requirements)
}

/// Of each of the first pairs of scopes one: 2^pairs alternatives.
fn one_of_each_pair(bridge: &Bridge, pairs: usize) -> Result<Requirement, Limit> {
    let pair = |first| Requirement::any([scope(bridge, first), scope(bridge, first + 1)]);
    Requirement::all((0..pairs).map(|pair_number| pair(2 * pair_number).expect("two alternatives")))
}

/// 4,096 alternatives may exist at once, and not one more.
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

/// What one requirement says again, or what a later one makes superfluous, is not an alternative of
/// its own.
#[test]
fn alternatives_that_fall_away_do_not_count() {
    let bridge = Bridge::new(&flat(26));
    let most = one_of_each_pair(&bridge, 12).expect("at the limit");
    let same = Requirement::any([most.clone(), most.clone()]);
    assert_eq!(same, Ok(most.clone()));
    // As many as may be, each with one scope more; then one more than may be; then those that make
    // all of them superfluous.
    let longer = all([most.clone(), scope(&bridge, 24)]).expect("as many");
    let even = all((0..12).map(|pair| scope(&bridge, 2 * pair)).chain([scope(&bridge, 25)])).expect("one");
    assert_eq!((longer.alternatives().len(), even.alternatives().len()), (MAX_KEPT, 1));
    assert_eq!(Requirement::any([longer, even, most.clone()]), Ok(most));
}

/// Nor may more than 65,536 be formed on the way, however few are left. Each `wide` scope implies
/// one of each pair but a single one, so that of its 4,096 products two are left.
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

/// 60 scopes `x`, 69 scopes `y`, and as many others.
struct Clauses {
    bridge: Bridge,
}

impl Clauses {
    const X: usize = 60;
    const Y: usize = 69;

    fn new(others: usize) -> Self {
        Self {
            bridge: Bridge::new(&flat(Self::X + Self::Y + others)),
        }
    }

    /// Any `x`, and any `y`: side by side 4,140 alternatives.
    fn xs(&self) -> Requirement {
        any_of(&self.bridge, (0..Self::X).map(|x| [x]))
    }

    fn ys(&self) -> Requirement {
        any_of(&self.bridge, (0..Self::Y).map(|y| [Self::X + y]))
    }

    /// Any `y` or another scope.
    fn ys_or(&self, other: usize) -> Requirement {
        let others = [[Self::X + Self::Y + other]];
        any_of(&self.bridge, (0..Self::Y).map(|y| [Self::X + y]).chain(others))
    }

    /// An `x` with a `y`, 70 times: more alternatives than each of the others, and stronger than
    /// all of them.
    fn strong(&self) -> Requirement {
        let pair = |number: usize| [number.saturating_sub(10), Self::X + number.min(Self::Y - 1)];
        any_of(&self.bridge, (0..70).map(pair))
    }
}

/// What another conjunct implies is not multiplied, though it has fewer alternatives and would come
/// first.
#[test]
fn what_is_implied_is_not_multiplied_though_it_is_shorter() {
    let clauses = Clauses::new(0);
    let strong = clauses.strong();
    assert_eq!(strong.alternatives().len(), 70);
    assert_eq!(all([clauses.xs(), clauses.ys()]), Err(Limit::Kept));
    for conjuncts in [
        [clauses.xs(), clauses.ys(), strong.clone()],
        [strong.clone(), clauses.ys(), clauses.xs()],
    ] {
        assert_eq!(all(conjuncts), Ok(strong.clone()));
    }
}

/// The same among as many conjuncts as are checked in pairs.
#[test]
fn what_is_implied_is_not_multiplied_among_256() {
    let clauses = Clauses::new(253);
    let weaker = (0..253).map(|other| clauses.ys_or(other));
    let strong = clauses.strong();
    let conjuncts: Vec<_> = weaker.chain([clauses.xs(), clauses.ys(), strong.clone()]).collect();
    assert_eq!(conjuncts.len(), 256);
    assert_eq!(all(conjuncts), Ok(strong));
}

/// Three conjuncts of one length that are small in one order and too large in another: what comes
/// out does not depend on their order.
#[test]
fn the_order_of_conjuncts_decides_nothing() {
    let half = 65;
    let (with_x, with_y) = (2 * half, 2 * half + 1);
    let mut words = flat(2 * half + 2);
    words.schemes[0].edges = vec![(with_x, 0), (with_y, half)];
    let bridge = Bridge::new(&words);
    let xs = any_of(&bridge, (0..half).map(|x| [x]));
    let ys = any_of(&bridge, (0..half).map(|y| [half + y]));
    let pairs = (0..half - 2).map(|number| [number, half + number]);
    let pairs = any_of(&bridge, pairs.chain([[with_x; 2], [with_y; 2]]));
    assert_eq!(all([xs.clone(), ys.clone()]), Err(Limit::Kept));
    let [a, b, c] = [xs, ys, pairs];
    assert!([&a, &b, &c].iter().all(|clause| clause.alternatives().len() == half));
    let product = all([a.clone(), c.clone(), b.clone()]);
    assert!(product.is_ok());
    for order in [[&a, &b, &c], [&b, &a, &c], [&b, &c, &a], [&c, &a, &b], [&c, &b, &a]] {
        assert_eq!(all(order.map(Clone::clone)), product);
    }
}

/// 4,096 facts are a fact table, 4,097 are not.
#[test]
fn too_many_facts_are_an_error() {
    let build = |scopes: usize| FactTable::builder(&catalog(&flat(scopes))).build();
    assert_eq!(
        build(MAX_FACTS - 4)
            .map(|fact_table| fact_table.facts().len())
            .expect("at the limit"),
        MAX_FACTS
    );
    let fault = build(MAX_FACTS - 3).expect_err("one too many");
    assert_eq!(fault.to_string(), "more than 4096 facts");
}
