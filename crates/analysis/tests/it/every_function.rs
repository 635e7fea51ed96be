//! Law 7 on small fact tables, whole: every monotone function of four scopes against every other.

use scopegate_analysis::{Change, ChangeKind, diff};
use scopegate_domain::{Catalog, ScopeToken, SecurityScheme};
use scopegate_policy::{Guard, Operation, OperationTable, Rule};

const NAMES: [&str; 4] = ["a", "b", "c", "d"];

/// A function is its truth table: bit `grant` says whether it holds for that grant, whose bits are
/// scopes.
fn functions(scopes: usize) -> Vec<u32> {
    let Some(fewer) = scopes.checked_sub(1) else {
        return vec![0, 1];
    };
    let smaller = functions(fewer);
    let pairs = smaller
        .iter()
        .flat_map(|low| smaller.iter().map(move |high| (*low, *high)));
    let monotone = pairs.filter(|(low, high)| low & !high == 0);
    monotone.map(|(low, high)| low | high << (1 << fewer)).collect()
}

fn close(edges: &[(usize, usize)], mut grant: usize) -> usize {
    for _ in NAMES {
        for (strong, weak) in edges {
            grant |= (grant >> strong & 1) << weak;
        }
    }
    grant
}

fn rule(function: u32) -> Rule {
    let scope = |place: usize| Rule::Scope(ScopeToken::parse(NAMES[place]).expect("a scope"));
    let grant = |grant: usize| Rule::All((0..4).filter(|place| grant >> place & 1 == 1).map(scope).collect());
    Rule::Any((0..16).filter(|line| function >> line & 1 == 1).map(grant).collect())
}

fn table(edges: &[(usize, usize)], functions: impl Iterator<Item = u32>) -> OperationTable {
    let token = |place: usize| ScopeToken::parse(NAMES[place]).expect("a scope");
    let catalog = Catalog::builder().scheme("oauth", SecurityScheme::oauth2_password("token"));
    let catalog = (0..4).fold(catalog, |catalog, place| catalog.scope(token(place), ""));
    let catalog = edges.iter().fold(catalog, |catalog, (strong, weak)| {
        catalog.implies(token(*strong), token(*weak))
    });
    let builder = OperationTable::builder(catalog.build().expect("no circle"));
    let operations = functions
        .enumerate()
        .map(|(place, function)| Operation::get(format!("/{place}")).guard(Guard::rule(rule(function))));
    operations
        .fold(builder, scopegate_policy::OperationTableBuilder::operation)
        .build()
        .expect("few alternatives")
}

fn compare_all(old_edges: &[(usize, usize)], new_edges: &[(usize, usize)]) {
    let functions = functions(4);
    assert_eq!(functions.len(), 168);
    let new = table(new_edges, functions.iter().copied());
    for old_function in &functions {
        let old = table(old_edges, functions.iter().map(|_| *old_function));
        let changes = diff(&old, &new).expect("few scopes");
        let mut changes = changes.iter().peekable();
        for (place, new_function) in functions.iter().enumerate() {
            let before = |grant: usize| old_function >> close(old_edges, grant) & 1 == 1;
            let after = |grant: usize| new_function >> close(new_edges, grant) & 1 == 1;
            let opens = (0..16).any(|grant| after(grant) && !before(grant));
            let closes = (0..16).any(|grant| before(grant) && !after(grant));
            let change = changes.next_if(|change| change.template() == format!("/{place}"));
            let expected = match (opens, closes) {
                (false, false) => None,
                (true, false) => Some(ChangeKind::Weaker),
                (false, true) => Some(ChangeKind::Stronger),
                (true, true) => Some(ChangeKind::Incomparable),
            };
            assert_eq!(
                change.map(Change::kind),
                expected,
                "{old_function:016b} to {new_function:016b}"
            );
            for (witness, is_gained) in change
                .into_iter()
                .flat_map(|change| [(change.allowed_now(), true), (change.refused_now(), false)])
            {
                let Some(witness) = witness else { continue };
                let places = witness
                    .iter()
                    .filter_map(|fact| NAMES.iter().position(|name| *name == fact.to_string()));
                let grant = places.map(|place| 1 << place).sum();
                assert_eq!((before(grant), after(grant)), (!is_gained, is_gained), "{witness:?}");
            }
        }
        assert_eq!(changes.next(), None);
    }
}

#[test]
fn each_function_against_each_other() {
    compare_all(&[], &[]);
}

#[test]
fn each_function_against_each_other_where_an_edge_was_added() {
    compare_all(&[], &[(0, 1), (1, 2)]);
}

#[test]
fn each_function_against_each_other_where_edges_were_turned() {
    compare_all(&[(0, 1), (3, 2)], &[(1, 0), (0, 2)]);
}
