//! Random policies and requests.

use std::collections::{BTreeMap, BTreeSet};

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};

use crate::read_back::policy::{self, Formula, GUARDS, Guarding, Operation, Own, Policy, Scheme};
use crate::read_back::reader::Supplied;

const SCHEMES: [&str; 8] = [
    "oauth", "partner", "oidc", "bearer", "basic", "header", "query", "cookie",
];
const SCOPES: [&str; 5] = ["s0", "s1", "s2", "s3", "s4"];
const CHECKS: [&str; 3] = ["owner", "quota", "signature"];
const MOST_GUARDS: usize = 6;

/// Returns policies with hierarchies, checks and all other guards.
pub(crate) fn policy() -> impl Strategy<Value = Policy> {
    schemes(true).prop_flat_map(|schemes| of(schemes, true))
}

/// Returns policies whose scopes imply nothing, without guards.
pub(crate) fn flat_policy() -> impl Strategy<Value = Policy> {
    schemes(false).prop_flat_map(|schemes| of(schemes, false))
}

fn schemes(edges: bool) -> impl Strategy<Value = Vec<Scheme>> {
    subsequence(SCHEMES.to_vec(), 1..=4)
        .prop_flat_map(move |names| names.into_iter().map(|name| scheme(name, edges)).collect::<Vec<_>>())
}

fn scheme(name: &'static str, edges: bool) -> impl Strategy<Value = Scheme> {
    let most = SCOPES.len();
    (
        subsequence(SCOPES.to_vec(), 0..=most),
        vec((0..5_usize, 0..5_usize), 0..6),
    )
        .prop_map(move |(scopes, pairs)| {
            let inside = |(from, to): &(usize, usize)| edges && from < to && *to < scopes.len();
            Scheme {
                name,
                edges: pairs.into_iter().filter(inside).collect(),
                scopes,
            }
        })
}

fn of(schemes: Vec<Scheme>, guards: bool) -> impl Strategy<Value = Policy> {
    let mut facts = policy::facts(&schemes);
    if guards {
        facts.extend(GUARDS.iter().map(|(guard, _)| (*guard).to_owned()));
    }
    let guarding = vec(guarding(facts, schemes.len(), guards), 1..=MOST_GUARDS);
    let application = vec(0..MOST_GUARDS, 0..=1);
    let parts = (Just(schemes), guarding, application, vec(operation(), 1..=3));
    parts.prop_map(|(schemes, guards, application, operations)| {
        within_bounds(Policy {
            schemes,
            guards,
            application,
            operations,
        })
    })
}

/// Lets guards depend on later ones only. An optional operation overrides the guards above it, if
/// there are any.
fn within_bounds(mut policy: Policy) -> Policy {
    let count = policy.guards.len();
    for (place, guarding) in policy.guards.iter_mut().enumerate() {
        guarding.on.retain(|_| place + 1 < count);
        guarding
            .on
            .iter_mut()
            .for_each(|next| *next = place + 1 + *next % (count - place - 1));
    }
    let Policy {
        application,
        operations,
        ..
    } = &mut policy;
    for guard in &mut *application {
        *guard %= count;
    }
    for operation in operations {
        for guard in [&mut operation.group, &mut operation.behind, &mut operation.guards]
            .into_iter()
            .flatten()
        {
            *guard %= count;
        }
        let is_below = !(application.is_empty() && operation.group.is_empty());
        operation.is_override = is_below && (operation.is_override || operation.is_optional);
    }
    policy
}

fn operation() -> impl Strategy<Value = Operation> {
    let some = || vec(0..MOST_GUARDS, 0..=1);
    let flags = (prop::bool::weighted(0.3), prop::bool::weighted(0.1));
    (some(), some(), vec(0..MOST_GUARDS, 1..=2), flags).prop_map(
        |(group, behind, guards, (is_optional, is_override))| Operation {
            group,
            behind,
            guards,
            is_optional,
            is_override,
        },
    )
}

fn guarding(facts: Vec<String>, schemes: usize, guards: bool) -> impl Strategy<Value = Guarding> {
    let own = prop_oneof![
        8 => formula(facts).prop_map(Own::Formula),
        1 => Just(Own::Nothing),
        1 => Just(Own::Public),
    ];
    let check = prop::option::weighted(0.2, select(&CHECKS[..])).prop_map(move |check| check.filter(|_| guards));
    let scheme = prop::option::weighted(0.2, 0..schemes);
    (own, scheme, check, vec(0..MOST_GUARDS, 0..=2)).prop_map(|(own, scheme, check, on)| Guarding {
        own,
        scheme,
        check,
        on,
    })
}

fn formula(facts: Vec<String>) -> impl Strategy<Value = Formula> {
    let leaf = prop_oneof![
        20 => select(facts).prop_map(Formula::Fact),
        1 => Just(Formula::All(Vec::new())),
        1 => Just(Formula::Any(Vec::new())),
    ];
    leaf.prop_recursive(3, 12, 3, |inner| {
        let list = vec(inner, 1..=3);
        prop_oneof![list.clone().prop_map(Formula::All), list.prop_map(Formula::Any)]
    })
}

/// Returns requests with few credentials and with many. A fact that needs a credential is absent
/// without one, and an implied fact is present.
pub(crate) fn supplied(policy: &Policy) -> impl Strategy<Value = Supplied> + use<> {
    let schemes = policy.schemes.clone();
    let count = schemes.len();
    let scopes = vec(vec(prop::bool::weighted(0.6), SCOPES.len()), count);
    let guards = subsequence(GUARDS.to_vec(), 0..=GUARDS.len());
    (subsequence(schemes, 0..=count), scopes, guards).prop_map(|(schemes, scopes, guards)| {
        let granted = |(scheme, is_granted): (Scheme, Vec<bool>)| {
            let granted = scheme
                .scopes
                .iter()
                .zip(is_granted)
                .filter(|(_, is_granted)| *is_granted);
            let granted: BTreeSet<String> = granted.map(|(scope, _)| (*scope).to_owned()).collect();
            (scheme.name.to_owned(), granted)
        };
        let schemes: BTreeMap<String, BTreeSet<String>> = schemes.into_iter().zip(scopes).map(granted).collect();
        let may_hold = |weaker: &[&str]| !schemes.is_empty() || !weaker.contains(&"authenticated");
        let guards = guards.iter().filter(|(_, weaker)| may_hold(weaker));
        let with_weaker = |(guard, weaker): &(&'static str, &'static [&'static str])| [&[*guard], *weaker].concat();
        let guards = guards.flat_map(with_weaker).map(str::to_owned).collect();
        Supplied { schemes, guards }
    })
}

/// Returns the request with all facts that its guards imply. Without a credential it loses the
/// guards that need one.
pub(crate) fn possible(mut supplied: Supplied) -> Supplied {
    let weaker = |guard: &String| {
        GUARDS
            .iter()
            .find(|(name, _)| name == guard)
            .map_or(&[][..], |(_, weaker)| weaker)
    };
    let needs_credential = |guard: &String| guard == "authenticated" || weaker(guard).contains(&"authenticated");
    let implied: BTreeSet<String> = supplied
        .guards
        .iter()
        .flat_map(weaker)
        .map(ToString::to_string)
        .collect();
    supplied.guards.extend(implied);
    let is_anonymous = supplied.schemes.is_empty();
    supplied
        .guards
        .retain(|guard| !is_anonymous || !needs_credential(guard));
    supplied
}
