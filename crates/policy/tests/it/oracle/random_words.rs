//! Random words, and formulas of them.

use proptest::prelude::*;
use proptest::sample::{select, subsequence};

use crate::oracle::Formula;
use crate::oracle::words::{Scheme, Words, every_guard};

/// One to three schemes, each with up to this number of scopes, and some guards.
pub(crate) fn words(most_scopes: usize) -> impl Strategy<Value = Words> {
    let names = ["oauth", "partner", "internal"];
    let schemes = prop::collection::vec((scheme(most_scopes), 0..2_usize), 1..=3);
    (schemes, guards()).prop_map(move |(schemes, guards)| {
        let with_server = |(scheme, server)| Scheme { server, ..scheme };
        let mut schemes: Vec<Scheme> = schemes.into_iter().map(with_server).collect();
        for (scheme, name) in schemes.iter_mut().zip(names) {
            name.clone_into(&mut scheme.name);
        }
        Words { schemes, guards }
    })
}

fn guards() -> impl Strategy<Value = Vec<String>> {
    // The engine knows `user` and `active` in each policy.
    let always = |name: &str| ["user", "active"].contains(&name);
    let others: Vec<String> = every_guard().into_iter().filter(|name| !always(name)).collect();
    let count = others.len();
    subsequence(others, 0..=count).prop_map(|mut guards| {
        guards.extend(["user".to_owned(), "active".to_owned()]);
        guards
    })
}

/// A scheme with scopes `s0`, `s1`, .. and edges that run in no circle, up and down the order of
/// declaration.
pub(crate) fn scheme(most_scopes: usize) -> impl Strategy<Value = Scheme> {
    let ranks = prop::collection::vec(0..1_000_u32, 1..=most_scopes);
    let edges = prop::collection::vec((0..most_scopes, 0..most_scopes), 0..=2 * most_scopes);
    (ranks, edges).prop_map(|(ranks, edges)| {
        let rank = |place: usize| (ranks[place], place);
        let inside = edges
            .into_iter()
            .map(|(a, b)| (a % ranks.len(), b % ranks.len()))
            .filter(|(a, b)| a != b);
        Scheme {
            name: "oauth".to_owned(),
            scopes: (0..ranks.len()).map(|place| format!("s{place}")).collect(),
            edges: inside
                .map(|(a, b)| if rank(a) > rank(b) { (a, b) } else { (b, a) })
                .collect(),
            server: 0,
            has_subject: true,
        }
    })
}

/// A formula of these facts.
pub(crate) fn formula(facts: Vec<String>) -> impl Strategy<Value = Formula> {
    let leaf = select(facts).prop_map(Formula::Fact);
    leaf.prop_recursive(3, 20, 4, |inner| {
        let list = prop::collection::vec(inner, 0..=4);
        prop_oneof![list.clone().prop_map(Formula::All), list.prop_map(Formula::Any)]
    })
}
