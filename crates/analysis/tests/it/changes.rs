//! Law 7: diff = truth tables; every witness separates; diff is antisymmetric.

use proptest::prelude::*;
use scopegate_analysis::{Change, ChangeKind, diff};
use scopegate_domain::{Catalog, CatalogBuilder, Lifetime, ScopeToken, SecurityScheme};
use scopegate_policy::{Fact, Group, Guard, Operation, OperationTable, Rule};

use crate::oracle::Facts;
use crate::oracle::words::Words;
use crate::policy::{Policy, policy_of, subsets};
use crate::random_words;
use crate::requirements::few_words;

/// Two policies over one list of scopes with other edges; one of them may not know the last scope.
fn two_policies() -> impl Strategy<Value = (Words, Policy, Policy)> {
    let edges = prop::collection::vec((0..4_usize, 0..4_usize), 0..=4);
    (few_words(), edges, any::<bool>()).prop_flat_map(|(words, edges, is_shorter)| {
        let mut other = words.clone();
        let count = words.schemes[0].scopes.len();
        other.schemes[0].edges.clear();
        for (first, second) in edges {
            other = other.with_edge(0, first, second);
        }
        if is_shorter && count > 1 {
            other.schemes[0].scopes.pop();
            other.schemes[0].edges.retain(|(a, b)| a.max(b) < &(count - 1));
        }
        let old = policy_of(Just(words.clone()), 1);
        (Just(words), old, policy_of(Just(other), 1))
    })
}

/// What a policy with other words says to facts of these.
fn allows(words: &Words, policy: &Policy, facts: &Facts) -> bool {
    let mut bare = words.clone();
    bare.schemes.iter_mut().for_each(|scheme| scheme.edges.clear());
    policy.allows(0, &bare.implications().close(facts))
}

fn kind(opens: bool, closes: bool) -> Option<ChangeKind> {
    match (opens, closes) {
        (false, false) => None,
        (true, false) => Some(ChangeKind::Weaker),
        (false, true) => Some(ChangeKind::Stronger),
        (true, true) => Some(ChangeKind::Incomparable),
    }
}

proptest! {
    #[test]
    fn a_comparison_is_that_of_truth_tables((words, old, new) in two_policies()) {
        let (before, after) = (old.table_or_reject()?, new.table_or_reject()?);
        let lines = subsets(&words.facts());
        let opens = lines.iter().any(|line| allows(&words, &new, line) && !allows(&words, &old, line));
        let closes = lines.iter().any(|line| allows(&words, &old, line) && !allows(&words, &new, line));
        let changes = diff(&before, &after).expect("few scopes");
        prop_assert_eq!(changes.first().map(Change::kind), kind(opens, closes));
        let back = diff(&after, &before).expect("few scopes");
        prop_assert_eq!(back.first().map(Change::kind), kind(closes, opens));
        for change in &changes {
            let everything = Policy { words: words.clone(), operations: Vec::new() };
            if let Some(witness) = change.allowed_now() {
                let facts = everything.facts_of(witness);
                prop_assert!(allows(&words, &new, &facts) && !allows(&words, &old, &facts), "{:?}", witness);
            }
            if let Some(witness) = change.refused_now() {
                let facts = everything.facts_of(witness);
                prop_assert!(allows(&words, &old, &facts) && !allows(&words, &new, &facts), "{:?}", witness);
            }
            prop_assert_eq!(change.allowed_now().is_some(), opens);
            prop_assert_eq!(change.refused_now().is_some(), closes);
        }
    }

    #[test]
    fn nothing_changed_from_a_policy_to_itself(policy in policy_of(random_words::words(6), 5)) {
        let table = policy.table_or_reject()?;
        prop_assert_eq!(diff(&table, &policy.table_or_reject()?), Ok(Vec::new()));
        let without = OperationTable::builder(table.catalog().clone()).build().expect("a table");
        let added = diff(&without, &table).expect("nothing to compare");
        prop_assert!(added.iter().all(|change| change.kind() == ChangeKind::Added && !change.opens()));
        prop_assert_eq!(added.len(), table.operations().len());
        let removed = diff(&table, &without).expect("nothing to compare");
        prop_assert!(removed.iter().all(|change| change.kind() == ChangeKind::Removed));
        for (added, removed) in added.iter().zip(&removed) {
            prop_assert_eq!(added.allowed_now(), removed.refused_now());
        }
    }
}

const A: ScopeToken = ScopeToken::from_static("a");
const B: ScopeToken = ScopeToken::from_static("b");
const C: ScopeToken = ScopeToken::from_static("c");

fn scopes() -> CatalogBuilder {
    let oauth = Catalog::builder().scheme("oauth", SecurityScheme::oauth2_password("token"));
    oauth.scope(A, "").scope(B, "").scope(C, "")
}

fn one(catalog: CatalogBuilder, operation: Operation) -> OperationTable {
    let builder = OperationTable::builder(catalog.build().expect("a catalog"));
    builder.operation(operation).build().expect("a table")
}

fn told(old: &OperationTable, new: &OperationTable) -> Vec<String> {
    let words = |facts: Option<&[Fact]>| {
        let words = facts.map(|facts| facts.iter().map(ToString::to_string).collect::<Vec<_>>().join(" "));
        words.map_or_else(|| "-".to_owned(), |words| format!("[{words}]"))
    };
    let told = |change: &Change| {
        format!(
            "{change} {} {}",
            words(change.allowed_now()),
            words(change.refused_now())
        )
    };
    diff(old, new).expect("few scopes").iter().map(told).collect()
}

#[test]
fn an_edge_that_was_added_opens_what_reads_the_same() {
    let guarded = || Operation::get("/x").guard(Guard::requires([A]));
    let (without, with) = (one(scopes(), guarded()), one(scopes().implies(B, A), guarded()));
    assert_eq!(told(&without, &with), ["weaker GET /x [b] -"]);
    assert_eq!(told(&with, &without), ["stronger GET /x - [b]"]);
    // `b` alone opened it before, too: the edge opens nothing.
    let either = || Operation::get("/x").guard(Guard::any_of([[A], [B]]));
    assert_eq!(
        told(&one(scopes(), either()), &one(scopes().implies(B, A), either())),
        [""; 0]
    );
}

#[test]
fn parameters_may_be_renamed_and_operations_moved() {
    let builder = |first: &str, second: &str| {
        let table = OperationTable::builder(scopes().build().expect("a catalog"));
        let table = table.operation(Operation::get(first).guard(Guard::requires([A])));
        table
            .operation(Operation::get(second).guard(Guard::requires([B])))
            .build()
            .expect("a table")
    };
    let old = builder("/users/{id}", "/items");
    assert_eq!(told(&old, &builder("/users/{user}", "/items")), [""; 0]);
    let swapped = builder("/items", "/users/{user}");
    assert_eq!(
        told(&old, &swapped),
        [
            "incomparable GET /items [a] [b]",
            "incomparable GET /users/{user} [b] [a]"
        ]
    );
    assert_eq!(
        told(&old, &builder("/users/{user}", "/things")),
        ["added GET /things [b] -", "removed GET /items - [b]"]
    );
}

#[test]
fn optional_and_overriding_operations_take_part() {
    let guarded = || Operation::get("/x").guard(Guard::requires([A]));
    let (must, may) = (one(scopes(), guarded()), one(scopes(), guarded().optional()));
    assert_eq!(told(&must, &may), ["weaker GET /x [] -"]);
    let public = one(scopes(), Operation::get("/x").guard(Guard::public()));
    // A token without `a` was refused where authentication was optional.
    assert_eq!(told(&may, &public), ["weaker GET /x [authenticated] -"]);
    assert_eq!(told(&public, &must), ["stronger GET /x - []"]);
    let group = |operation: Operation| {
        let table = OperationTable::builder(scopes().build().expect("a catalog"));
        let group = Group::new("/g").guard(Guard::requires([B])).operation(operation);
        table.group(group).build().expect("a table")
    };
    assert_eq!(
        told(&group(guarded()), &group(guarded().override_guards())),
        ["weaker GET /g/x [a] -"]
    );
}

#[test]
fn fact_of_one_table_keeps_its_implications() {
    let few = || {
        Catalog::builder()
            .scheme("oauth", SecurityScheme::oauth2_password("token"))
            .scope(A, "")
    };
    let any_token = one(few(), Operation::get("/x").guard(Guard::authenticated()));
    let new_scope = one(scopes(), Operation::get("/x").guard(Guard::requires([B])));
    assert_eq!(told(&any_token, &new_scope), ["stronger GET /x - [authenticated]"]);
    // The holder of an API key had no subject before.
    let key = few().scheme("key", SecurityScheme::http_basic());
    let any_credential = one(key, Operation::get("/x").guard(Guard::authenticated()));
    assert_eq!(told(&any_token, &any_credential), ["weaker GET /x [scheme:key] -"]);
    let aged = |seconds| {
        let age = Rule::Fact(Fact::AgeAtMost(Lifetime::from_seconds(seconds)));
        one(few(), Operation::get("/x").guard(Guard::rule(age)))
    };
    assert_eq!(told(&aged(300), &aged(60)), ["stronger GET /x - [age<=300]"]);
}

/// The scopes of one side provide other scopes on the other side in too many ways, so that not all
/// can be tried.
#[test]
fn what_takes_too_long_is_an_error_that_names_the_operation() {
    const CLAUSES: usize = 18;
    let name = |letter: char, number: usize| ScopeToken::parse(&format!("{letter}{number}")).expect("a scope");
    let letters = ['n', 'p', 'q', 'x', 'y'];
    let declare = || {
        let oauth = Catalog::builder().scheme("oauth", SecurityScheme::oauth2_password("token"));
        let names = (0..CLAUSES).flat_map(|number| letters.map(|letter| name(letter, number)));
        names.fold(oauth, |catalog, token| catalog.scope(token, ""))
    };
    let all: Vec<ScopeToken> = (0..CLAUSES).map(|number| name('n', number)).collect();
    // New: either of two scopes provides each `n`. Old: they provide `x` and `y` instead, and one
    // pair of these is enough; only when all were chosen is it known whether there is one.
    let edges = (0..CLAUSES).fold(declare(), |catalog, number| {
        catalog
            .implies(name('p', number), name('n', number))
            .implies(name('q', number), name('n', number))
    });
    let before = (0..CLAUSES).fold(declare(), |catalog, number| {
        catalog
            .implies(name('p', number), name('x', number))
            .implies(name('q', number), name('y', number))
    });
    let last = CLAUSES - 1;
    let mut ways = vec![all.clone(), vec![name('x', last)], vec![name('y', last)]];
    ways.extend((0..CLAUSES).map(|number| vec![name('n', number)]));
    let old = one(before, Operation::get("/x").guard(Guard::any_of(ways)));
    let new = one(edges, Operation::get("/x").guard(Guard::requires(all)));
    let fault = diff(&old, &new).expect_err("too many ways");
    assert!(
        fault.to_string().starts_with("`GET /x` cannot be compared: more than"),
        "{fault}"
    );
}
