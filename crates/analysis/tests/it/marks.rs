//! Marks of least privilege, against bits: what a set of scopes opens is tried for every operation.

use proptest::prelude::*;
use scopegate_analysis::check_annotations;
use scopegate_domain::{Catalog, ScopeToken, SecurityScheme};
use scopegate_policy::{Guard, LeastPrivilegeAnnotation, Method, Operation, OperationTable};

const SCOPES: usize = 5;

/// Bits are scopes.
type Set = u8;

#[derive(Clone, Debug)]
struct Case {
    /// What each operation requires: one of these.
    operations: Vec<Vec<Set>>,
    /// The operation, the scope, and those of which one is needed next to it.
    marks: Vec<(usize, usize, Vec<usize>)>,
}

fn case() -> impl Strategy<Value = Case> {
    let operations = prop::collection::vec(prop::collection::vec(1..1_u8 << SCOPES, 1..=4), 1..=6);
    let marks = prop::collection::vec((0..7_usize, 0..SCOPES, prop::collection::vec(0..SCOPES, 0..=2)), 0..=8);
    (operations, marks).prop_map(|(operations, marks)| Case { operations, marks })
}

fn scope(place: usize) -> ScopeToken {
    ScopeToken::parse(&format!("s{place}")).expect("a scope")
}

fn scopes(set: Set) -> impl Iterator<Item = ScopeToken> {
    (0..SCOPES).filter(move |place| set >> place & 1 == 1).map(scope)
}

impl Case {
    fn table(&self) -> OperationTable {
        let oauth = Catalog::builder().scheme("oauth", SecurityScheme::oauth2_password("token"));
        let catalog = (0..SCOPES).fold(oauth, |builder, place| builder.scope(scope(place), ""));
        let builder = OperationTable::builder(catalog.build().expect("a catalog"));
        let operation = |place: usize, sets: &Vec<Set>| {
            Operation::get(format!("/{place}")).guard(Guard::any_of(sets.iter().map(|set| scopes(*set))))
        };
        let operations = self.operations.iter().enumerate();
        let builder = operations.fold(builder, |builder, (place, sets)| {
            builder.operation(operation(place, sets))
        });
        builder.build().expect("a table")
    }

    fn marks(&self) -> Vec<LeastPrivilegeAnnotation> {
        let scheme = || "oauth".parse().expect("a name");
        let mark = |(operation, token, beside): &(usize, usize, Vec<usize>)| {
            let mark = LeastPrivilegeAnnotation::new(scheme(), Method::Get, format!("/{operation}"), scope(*token));
            mark.with_others(beside.iter().map(|place| scope(*place)).collect::<Vec<_>>())
        };
        self.marks.iter().map(mark).collect()
    }

    fn opens(&self, set: Set) -> Vec<bool> {
        let is_open = |needed: &Vec<Set>| needed.iter().any(|needed| needed & !set == 0);
        self.operations.iter().map(is_open).collect()
    }

    fn is_less(&self, one: Set, other: Set) -> bool {
        let (opened, others) = (self.opens(one), self.opens(other));
        let is_within = opened.iter().zip(&others).all(|(one, other)| !one || *other);
        is_within && (opened != others || one != other && one & !other == 0)
    }

    /// The sets of a mark that open its operation.
    fn sets(&self, (operation, token, beside): &(usize, usize, Vec<usize>)) -> Vec<Set> {
        let alone = 1 << token;
        let sets: Vec<Set> = if beside.is_empty() {
            vec![alone]
        } else {
            beside.iter().map(|place| alone | 1 << place).collect()
        };
        let is_open = |set: &Set| self.opens(*set).get(*operation) == Some(&true);
        sets.into_iter().filter(is_open).collect()
    }
}

proptest! {
    #[test]
    fn marks_are_judged_as_by_trying(case in case()) {
        let (table, marks) = (case.table(), case.marks());
        let judged = check_annotations(&table, &marks);
        let (mut least, mut nothing, mut dominated) = (0, Vec::new(), Vec::new());
        for (mark, built) in case.marks.iter().zip(&marks) {
            let sets = case.sets(mark);
            let is_beaten = |set: &Set| case.operations[mark.0].iter().any(|way| case.is_less(*way, *set));
            if sets.is_empty() {
                nothing.push(built);
            } else if sets.iter().all(is_beaten) {
                dominated.push((mark, sets[0], built));
            } else {
                least += 1;
            }
        }
        prop_assert_eq!(judged.least(), least);
        prop_assert_eq!(judged.opening_nothing(), &nothing[..]);
        prop_assert_eq!(judged.dominated().len(), dominated.len());
        for (told, (mark, set, built)) in judged.dominated().iter().zip(dominated) {
            prop_assert!(std::ptr::eq(told.mark(), built));
            let ways = &case.operations[mark.0];
            let by = (1..1_u8 << SCOPES).find(|set| scopes(*set).eq(told.by().iter().cloned()));
            let by = by.expect("a set of scopes in order");
            prop_assert!(ways.contains(&by) && case.is_less(by, set));
            prop_assert!(!ways.iter().any(|way| case.is_less(*way, by)), "{:?} is not the least", told.by());
        }
        let unmarked: Vec<String> = judged.unannotated().iter().map(|(_, operation)| operation.to_string()).collect();
        let expected = (0..case.operations.len()).filter(|place| case.marks.iter().all(|mark| mark.0 != *place));
        prop_assert_eq!(unmarked, expected.map(|place| format!("GET /{place}")).collect::<Vec<_>>());
        prop_assert_eq!(judged.pairs(), case.operations.len());
    }
}
