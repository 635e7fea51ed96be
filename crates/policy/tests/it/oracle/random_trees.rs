//! Random trees and requests.

use std::collections::BTreeMap;

use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use proptest::strategy::Union;

use crate::oracle::Formula;
use crate::oracle::words::{self, Scheme, Words};
use crate::random_words;
use crate::tree::{Checking, Credential, Guarding, Operation, Own, Passes, Policy, Request};

const CHECKS: [&str; 3] = ["owner", "quota", "signature"];

/// Up to seven guards that share what they depend on, and one to three operations behind them.
pub(crate) fn policy() -> impl Strategy<Value = Policy> {
    (
        random_words::words(5),
        prop::collection::vec(prop::bool::weighted(0.8), 3),
    )
        .prop_flat_map(|(mut words, has_subject)| {
            for (scheme, has_subject) in words.schemes.iter_mut().zip(has_subject) {
                scheme.has_subject = has_subject;
            }
            words.guards = words::every_guard();
            let guarding = guarding(&words);
            behind(words, guarding)
        })
}

fn behind(words: Words, guarding: impl Strategy<Value = Guarding>) -> impl Strategy<Value = Policy> {
    let guards = prop::collection::vec(guarding, 1..=7);
    (Just(words), guards, prop::collection::vec(operation(), 1..=3))
        .prop_map(|(words, guards, operations)| within_bounds(words, guards, operations))
}

/// A policy of scopes, `acr` and ages alone, and a request of one active user with a credential of
/// each scheme: nothing else can be missing.
pub(crate) fn challengeable() -> impl Strategy<Value = (Policy, Request)> {
    random_words::words(5).prop_flat_map(|mut words| {
        words.guards = words::every_guard();
        let mut facts = scope_facts(&words);
        facts.extend(["acr:gold", "age<=60", "age<=300"].map(str::to_owned));
        let own = alternatives_of(facts).prop_map(Own::Formula);
        let on = prop::collection::vec(0..7_usize, 0..=3);
        let guarding = (own, on).prop_map(|(own, on)| Guarding {
            own,
            schemes: Vec::new(),
            checks: Vec::new(),
            on,
        });
        let credentials: Vec<_> = (0..words.schemes.len())
            .map(|scheme| credential(&words, scheme))
            .collect();
        (behind(words, guarding), credentials).prop_map(|(policy, mut credentials)| {
            for credential in &mut credentials {
                credential.subject = Some("alice".to_owned());
            }
            (
                policy,
                Request {
                    credentials,
                    users: BTreeMap::from([("alice".to_owned(), true)]),
                    told: Vec::new(),
                },
            )
        })
    })
}

/// Lets each guard depend on later ones only, and each operation have guards that there are.
fn within_bounds(words: Words, mut guards: Vec<Guarding>, mut operations: Vec<Operation>) -> Policy {
    let count = guards.len();
    for (place, guard) in guards.iter_mut().enumerate() {
        let later = count - place - 1;
        guard.on.truncate(if later == 0 { 0 } else { 3 });
        guard
            .on
            .iter_mut()
            .for_each(|next| *next = place + 1 + *next % later.max(1));
    }
    for operation in &mut operations {
        operation.guards.iter_mut().for_each(|guard| *guard %= count);
    }
    Policy {
        words,
        guards,
        operations,
    }
}

fn operation() -> impl Strategy<Value = Operation> {
    (prop::collection::vec(0..7_usize, 1..=2), prop::bool::weighted(0.2))
        .prop_map(|(guards, is_optional)| Operation { guards, is_optional })
}

fn guarding(words: &Words) -> impl Strategy<Value = Guarding> + use<> {
    let own = prop_oneof![
        6 => alternatives_of(scope_facts(words)).prop_map(Own::Formula),
        2 => random_words::formula(words.facts()).prop_map(Own::Formula),
        1 => Just(Own::Nothing),
        1 => Just(Own::Public),
    ];
    let schemes = prop_oneof![
        8 => Just(Vec::new()),
        2 => prop::collection::vec(0..words.schemes.len(), 1..=2),
    ];
    let checks = prop::collection::vec(checking(words), 0..=1);
    let on = prop::collection::vec(0..7_usize, 0..=3);
    (own, schemes, checks, on).prop_map(|(own, schemes, checks, on)| Guarding {
        own,
        schemes,
        checks,
        on,
    })
}

/// One or two facts, or a choice of such, as policies have it.
fn alternatives_of(facts: Vec<String>) -> impl Strategy<Value = Formula> {
    let list = prop::collection::vec(select(facts).prop_map(Formula::Fact), 0..=2).prop_map(Formula::All);
    prop_oneof![list.clone(), prop::collection::vec(list, 1..=3).prop_map(Formula::Any)]
}

fn scope_facts(words: &Words) -> Vec<String> {
    let of_scheme = |scheme: &Scheme| {
        scheme
            .scopes
            .iter()
            .map(|scope| scheme.scope_fact(scope))
            .collect::<Vec<_>>()
    };
    words.schemes.iter().flat_map(of_scheme).collect()
}

fn checking(words: &Words) -> impl Strategy<Value = Checking> + use<> {
    let scopes = || select(scope_names(words));
    let passes = prop_oneof![
        4 => Just(Passes::Always),
        1 => Just(Passes::Never),
        1 => scopes().prop_map(Passes::Sees),
        1 => scopes().prop_map(Passes::SeesNot),
        1 => scopes().prop_map(Passes::Granted),
        1 => select(&CHECKS[..]).prop_map(|name| Passes::Told(name.to_owned())),
    ];
    let code = (select(&CHECKS[..]), passes).prop_map(|(name, passes)| Checking::Code {
        name: name.to_owned(),
        passes,
    });
    prop_oneof![1 => Just(Checking::Active), 2 => code]
}

fn scope_names(words: &Words) -> Vec<String> {
    words
        .schemes
        .iter()
        .flat_map(|scheme| scheme.scopes.iter().cloned())
        .collect()
}

/// Up to three credentials, mostly of one known and active user, with declared scopes and others.
pub(crate) fn request(words: &Words) -> impl Strategy<Value = Request> + use<> {
    let every: Vec<_> = (0..words.schemes.len())
        .map(|scheme| credential(words, scheme).boxed())
        .collect();
    let credentials = prop::collection::vec(Union::new(every), 0..=3);
    let user = || prop::option::weighted(0.9, prop::bool::weighted(0.8));
    let told = subsequence(CHECKS.to_vec(), 0..=3);
    (credentials, user(), user(), told).prop_map(|(credentials, alice, bob, told)| {
        let users = [("alice", alice), ("bob", bob)].into_iter();
        Request {
            credentials,
            users: users
                .filter_map(|(name, user)| Some((name.to_owned(), user?)))
                .collect(),
            told: told.into_iter().map(str::to_owned).collect(),
        }
    })
}

fn credential(words: &Words, scheme: usize) -> impl Strategy<Value = Credential> + use<> {
    let mut scopes = scope_names(words);
    scopes.push("undeclared".to_owned());
    scopes.sort();
    scopes.dedup();
    let count = scopes.len();
    let subject = prop_oneof![8 => Just(Some("alice")), 1 => Just(Some("bob")), 1 => Just(None)];
    let age = prop::option::weighted(0.8, select(vec![-1, 0, 59, 60, 61, 300, 301]));
    let flags = (prop::bool::weighted(0.2), any::<bool>(), any::<bool>());
    let binding = select(vec![None, Some("dpop"), Some("mtls")]);
    (subsequence(scopes, 0..=count), subject, flags, age, binding).prop_map(
        move |(scopes, subject, (is_service, is_gold, is_for_api), age, binding)| Credential {
            scheme,
            scopes,
            subject: subject.map(str::to_owned),
            is_service,
            is_gold,
            is_for_api,
            age,
            binding,
        },
    )
}
