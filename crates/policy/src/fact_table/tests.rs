use scopegate_domain::{Catalog, ScopeToken, SecurityScheme};

use super::*;
use crate::Needs;

const A: ScopeToken = ScopeToken::from_static("a");
const B: ScopeToken = ScopeToken::from_static("b");
const C: ScopeToken = ScopeToken::from_static("c");

/// `a` implies `b` implies `c`.
fn fact_table() -> FactTable {
    let catalog = Catalog::builder()
        .scheme("oauth", SecurityScheme::oauth2_password("token"))
        .scope(A, "")
        .scope(B, "")
        .scope(C, "")
        .implies(A, B)
        .implies(B, C)
        .build()
        .unwrap();
    let age = |seconds| Fact::AgeAtMost(Lifetime::from_seconds(seconds));
    FactTable::builder(&catalog)
        .fact(age(300))
        .fact(age(60))
        .fact(age(900))
        .build()
        .unwrap()
}

fn words(fact_table: &FactTable, set: &FactSet) -> Vec<String> {
    fact_table.facts_of(set).map(ToString::to_string).collect()
}

#[test]
fn the_first_numbers_are_what_they_are_called() {
    let fact_table = fact_table();
    assert_eq!(fact_table.fact(FactId::AUTHENTICATED), Some(&Fact::Authenticated));
    assert_eq!(fact_table.fact(FactId::USER), Some(&Fact::User));
    assert_eq!(fact_table.fact(FactId::ACTIVE), Some(&Fact::Active));
}

#[test]
fn a_scope_implies_along_the_edges_its_scheme_and_authentication() {
    let fact_table = fact_table();
    let scheme = fact_table.scheme_id(&SchemeName::parse("oauth").unwrap()).unwrap();
    let closed = fact_table.scope_closure(scheme, "a").unwrap();
    assert_eq!(
        words(&fact_table, closed),
        ["authenticated", "scheme:oauth", "a", "b", "c"]
    );
    assert_eq!(words(&fact_table, &fact_table.generators(closed)), ["a"]);
}

#[test]
fn a_shorter_age_implies_the_longer_ones() {
    let fact_table = fact_table();
    let closed = fact_table.closure(fact_table.find(&Fact::AgeAtMost(Lifetime::from_seconds(60))).unwrap());
    assert_eq!(
        words(&fact_table, closed),
        ["authenticated", "age<=300", "age<=60", "age<=900"]
    );
}

#[test]
fn a_check_implies_what_it_needs() {
    let catalog = Catalog::builder().build().unwrap();
    let check = |name: &str, needs| Fact::Check {
        name: name.into(),
        needs,
    };
    let facts = [
        check("a", Needs::Nothing),
        check("b", Needs::Authentication),
        check("c", Needs::User),
    ];
    let builder = facts
        .iter()
        .cloned()
        .fold(FactTable::builder(&catalog), FactTableBuilder::fact);
    let fact_table = builder.build().unwrap();
    let implied = facts.map(|fact| fact_table.closure(fact_table.find(&fact).unwrap()).len());
    assert_eq!(implied, [1, 2, 3]);
    assert_eq!(words(&fact_table, fact_table.anonymous()), ["check:a"]);
}
