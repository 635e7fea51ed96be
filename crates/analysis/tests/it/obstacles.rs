//! Causes of denials: against closures of names, and against what could be granted at most.

use std::collections::BTreeSet;

use proptest::prelude::*;
use scopegate_policy::{AssumedCredentials, Ceiling, CeilingKind, DenialCause, MissingFact, explain_grant};

use crate::oracle::Facts;
use crate::policy::{Policy, policy_of, tokens};
use crate::random_words;

type Names = BTreeSet<String>;

/// A policy of one operation, what is held, and up to three ceilings.
fn case() -> impl Strategy<Value = (Policy, Names, Vec<Names>)> {
    policy_of(random_words::words(5), 1).prop_flat_map(|policy| {
        let all: Vec<String> = policy.scope_names().into_iter().collect();
        let count = all.len();
        let some =
            move || prop::sample::subsequence(all.clone(), 0..=count).prop_map(|names| names.into_iter().collect());
        (Just(policy), some(), prop::collection::vec(some(), 0..=3))
    })
}

/// What scopes provide by their names, and nothing else.
fn provided(policy: &Policy, names: &Names) -> Facts {
    let clear = names.iter().filter_map(|name| match policy.servers_of(name)[..] {
        [server] => Some((name, server)),
        _ => None,
    });
    let facts = clear.flat_map(|(name, server)| {
        let schemes = policy
            .words
            .schemes
            .iter()
            .filter(move |scheme| scheme.server == server);
        let declaring = schemes.filter(move |scheme| scheme.scopes.contains(name));
        declaring.map(move |scheme| scheme.scope_fact(name))
    });
    policy.words.implications().close(&facts.collect())
}

/// The kinds of causes of a missing scope.
fn expected(fact: &str, each: &[Facts], together: Option<&Facts>) -> Vec<String> {
    let short = (0..).zip(each).filter(|(_, reached)| !reached.contains(fact));
    let short: Vec<String> = short.map(|(place, _)| format!("{place}")).collect();
    match together {
        _ if !short.is_empty() => short,
        Some(together) if !together.contains(fact) => vec!["disjoint".to_owned()],
        _ => vec!["request".to_owned()],
    }
}

fn told(lacking: &MissingFact<'_>) -> Vec<String> {
    let name = |obstacle: &DenialCause<'_>| match obstacle {
        DenialCause::Ceiling(ceiling) => ceiling.name().to_owned(),
        other => other.as_str().to_owned(),
    };
    lacking.denial_causes().iter().map(name).collect()
}

proptest! {
    #[test]
    fn every_cause_of_denial_is_named_and_no_other((policy, held, names) in case()) {
        let table = policy.table_or_reject()?;
        let explanation = explain_grant(&table.operations()[0], &AssumedCredentials::of_scopes(&table, tokens(&held)));
        let ceiling = |(place, names): (usize, &Names)| {
            Ceiling::new(CeilingKind::Client, place.to_string(), tokens(names).into_iter().collect())
        };
        let ceilings: Vec<Ceiling> = names.iter().enumerate().map(ceiling).collect();
        let lacking = explanation.explain_missing(&ceilings);
        if explanation.is_allowed() {
            prop_assert!(lacking.is_empty());
            return Ok(());
        }
        let everything: Facts = policy.words.facts().into_iter().collect();
        prop_assert_eq!(lacking.is_empty(), !policy.allows(0, &everything), "nobody may");
        if lacking.is_empty() {
            return Ok(());
        }

        let missing: Vec<_> = lacking.iter().map(|lacking| lacking.fact().clone()).collect();
        let with_it: Facts = policy.granted(&held).into_iter().chain(policy.facts_of(&missing)).collect();
        prop_assert!(policy.allows(0, &with_it), "{:?} is not enough", missing);

        let each: Vec<Facts> = names.iter().map(|names| provided(&policy, names)).collect();
        let common = names.iter().cloned().reduce(|one, other| &one & &other);
        let together = common.map(|common| provided(&policy, &common));
        let is_scope = |lacking: &&MissingFact<'_>| lacking.fact().scope_token().is_some();
        for lacking in lacking.iter().filter(is_scope) {
            let fact = policy.facts_of(&[lacking.fact().clone()]).into_iter().next().expect("one fact");
            prop_assert_eq!(told(lacking), expected(&fact, &each, together.as_ref()), "{}", lacking.fact());
        }

        // The remedy is one whose only cause is the request, if there is one.
        let schemes = policy.words.schemes.iter();
        let scopes = schemes.flat_map(|scheme| scheme.scopes.iter().map(|scope| scheme.scope_fact(scope)));
        let scopes: Facts = scopes.collect();
        let scopes = scopes.into_iter().filter(|fact| policy.words.schemes.iter().any(|scheme| {
            scheme.scopes.iter().any(|scope| scheme.scope_fact(scope) == *fact)
        }));
        let out_of_reach: Facts = scopes.filter(|fact| together.as_ref().is_some_and(|all| !all.contains(fact))).collect();
        let most: Facts = &(&everything - &out_of_reach) | &policy.granted(&held);
        let is_free = lacking.iter().filter(is_scope).all(|lacking| lacking.denial_causes() == [DenialCause::Request]);
        prop_assert_eq!(is_free, policy.allows(0, &most));
    }
}
