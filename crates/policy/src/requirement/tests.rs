use super::*;

/// Creates a requirement of any one of these facts, each a closed set by itself.
fn any_of(ids: impl IntoIterator<Item = u16>) -> Requirement {
    Requirement::from_closed(ids.into_iter().map(|id| FactSet::from_iter([FactId(id)])).collect()).unwrap()
}

#[test]
fn the_ends_are_units_and_zeros() {
    let some = any_of([3, 4]);
    assert_eq!(
        Requirement::all([some.clone(), Requirement::public()]),
        Ok(some.clone())
    );
    assert_eq!(
        Requirement::all([some.clone(), Requirement::deny()]),
        Ok(Requirement::deny())
    );
    assert_eq!(Requirement::any([some.clone(), Requirement::deny()]), Ok(some.clone()));
    assert_eq!(
        Requirement::any([some, Requirement::public()]),
        Ok(Requirement::public())
    );
    assert_eq!(Requirement::all([]), Ok(Requirement::public()));
    assert_eq!(Requirement::any([]), Ok(Requirement::deny()));
}

/// Fifty clauses of four would have 4^50 products; that one of them is stronger than the rest
/// makes them free.
#[test]
fn what_is_implied_is_not_multiplied() {
    let clauses = (0..50).map(|clause| any_of([3, 10 * clause + 4, 10 * clause + 5, 10 * clause + 6]));
    let strong = any_of([3]);
    assert_eq!(Requirement::all(clauses.chain([strong.clone()])), Ok(strong));
}

/// The product of the first two clauses alone would have 10,000 alternatives side by side.
#[test]
fn stronger_clause_replaces_weaker_at_any_position() {
    let (wide, other) = (any_of(0..100), any_of(200..300));
    let clauses = [wide.clone(), other, any_of([5]), any_of([205, 1])];
    let product = Requirement::all(clauses).unwrap();
    assert!(product.alternatives().len() <= 101, "{}", product.alternatives().len());
    assert!(product.implies(&wide));
}

#[test]
fn eight_clauses_of_four_are_refused_soon() {
    let clauses = (0..8).map(|clause| any_of(4 * clause..4 * clause + 4));
    assert_eq!(Requirement::all(clauses), Err(Limit::Kept));
}

/// Without this test an error here would stay unnoticed, because the limits are for tables that
/// are much larger than those of other tests.
#[test]
fn what_is_compared_is_counted_word_by_word() {
    const ENOUGH: usize = 1_000_000;
    let counted = |facts: [u16; 4]| {
        let mut budget = ResolutionBudget::within(ENOUGH);
        let [a, b, c, d] = facts;
        Requirement::all_within(vec![any_of([a, b]), any_of([c, d])], &mut budget).unwrap();
        ENOUGH - budget.compared()
    };
    // Twelve times two to sort them, four to see whether one implies the other. Four and eight
    // before each is multiplied. While the four products are made, each with those before it.
    let sets = 12 * 2 + 4 + 4 + 8 + (1 + 2 + 3);
    let words = |fact: u16| FactSet::from_iter([FactId(fact)]).weight();
    assert_eq!(counted([3, 4, 5, 6]), words(3) * sets);
    let wide = [3, 4, 5, 6].map(|fact| fact + 1_000);
    assert_eq!(counted(wide), words(1_003) * sets);
    assert!(words(3) > 1 && words(1_003) > words(3));
}

#[test]
fn the_residual_is_everything_missing_at_once() {
    let requirement = Requirement::all([any_of([3]), any_of([4, 5])]).unwrap();
    let held = FactSet::from_iter([FactId(5)]);
    assert_eq!(requirement.missing_sets(&held), [FactSet::from_iter([FactId(3)])]);
    assert_eq!(Requirement::public().missing_sets(&held), [FactSet::EMPTY]);
    assert_eq!(Requirement::deny().missing_sets(&held), []);
}
