//! Which callers reach which operations, by trial.

use std::collections::BTreeSet;

use proptest::prelude::*;
use proptest::sample::subsequence;
use scopegate_analysis::{callers_of, operations_for, who_can};
use scopegate_policy::{AssumedCredentials, Ceiling, CeilingKind, Fact, FactId};

use crate::oracle::Facts;
use crate::policy::{Policy, policy_of, subsets, tokens};
use crate::random_words;
use crate::requirements::few_words;

fn policy_and_names() -> impl Strategy<Value = (Policy, BTreeSet<String>)> {
    policy_of(random_words::words(6), 5).prop_flat_map(|policy| {
        let mut names: Vec<String> = policy.scope_names().into_iter().collect();
        names.push("unheard-of".to_owned());
        let count = names.len();
        let some = subsequence(names, 0..=count).prop_map(|names| names.into_iter().collect());
        (Just(policy), some)
    })
}

proptest! {
    #[test]
    fn a_grant_opens_what_the_oracle_says((policy, names) in policy_and_names()) {
        let table = policy.table_or_reject()?;
        let grant = AssumedCredentials::of_scopes(&table, tokens(&names));
        let facts = policy.granted(&names);
        let expected: Vec<String> = (0..policy.operations.len())
            .filter(|place| policy.allows(*place, &facts))
            .map(|place| format!("/{place}"))
            .collect();
        let opened: Vec<&str> = operations_for(&table, &grant).iter().map(|operation| operation.template()).collect();
        prop_assert_eq!(&opened, &expected);
        let unknown: Vec<String> = grant.unknown_scopes().iter().map(ToString::to_string).collect();
        let expected_unknown: Vec<String> = names.difference(&policy.scope_names()).cloned().collect();
        prop_assert_eq!(unknown, expected_unknown);
        let ambiguous: BTreeSet<String> = grant.ambiguous_scopes().iter().map(ToString::to_string).collect();
        let expected = names.iter().filter(|name| policy.servers_of(name).len() > 1).cloned().collect();
        prop_assert_eq!(ambiguous, expected);
        let ceiling = [Ceiling::new(CeilingKind::Client, "c", tokens(&names).into_iter().collect())];
        for operation in table.operations() {
            let is_within = !callers_of(operation, &ceiling).is_empty();
            prop_assert_eq!(is_within, opened.contains(&operation.template()));
        }
    }

    /// A removed fact is removed with everything that implies it.
    #[test]
    fn analysis_without_guards_assumes_nothing((policy, names) in policy_and_names()) {
        let table = policy.table_or_reject()?;
        let bare = AssumedCredentials::builder().scopes(tokens(&names)).without_guards().build(&table);
        let by_one = AssumedCredentials::builder().scopes(tokens(&names)).without(Fact::User).build(&table);
        let whole = AssumedCredentials::of_scopes(&table, tokens(&names));
        prop_assert!(bare.facts().is_subset_of(whole.facts()));
        let is_credential = |fact: &Fact| {
            matches!(fact, Fact::Authenticated | Fact::Scheme(_) | Fact::Scope { .. })
        };
        prop_assert!(table.fact_table().facts_of(bare.facts()).all(is_credential));
        let expected: Vec<_> = whole.facts().iter()
            .filter(|id| !table.fact_table().closure(*id).contains(FactId::USER))
            .collect();
        prop_assert_eq!(by_one.facts().iter().collect::<Vec<_>>(), expected);
    }

    #[test]
    fn who_can_names_the_minimal_sets(policy in policy_of(few_words(), 2)) {
        let table = policy.table_or_reject()?;
        let implications = policy.words.implications();
        for (place, operation) in table.operations().iter().enumerate() {
            let sets: Vec<Facts> = who_can(operation).iter().map(|set| policy.facts_of(set)).collect();
            let closed: Vec<Facts> = sets.iter().map(|set| implications.close(set)).collect();
            for line in subsets(&policy.words.facts()) {
                let line = implications.close(&line);
                // A set without a credential is of a request without one, where authentication is
                // optional.
                let is_whole = |set: &&Facts| {
                    !policy.operations[place].1 || line.contains("authenticated") == set.contains("authenticated")
                };
                let by_check = policy.operations[place].1
                    && operation.requirement().alternatives().iter().any(|set| {
                        let set = policy.facts_of(&operation.fact_table().facts_of(set).cloned().collect::<Vec<_>>());
                        !set.contains("authenticated") && set.is_subset(&line)
                    });
                let contains_one = closed.iter().filter(is_whole).any(|set| set.is_subset(&line));
                prop_assert_eq!(policy.allows(place, &line), contains_one || by_check, "{:?}", line);
            }
            for (set, closed) in sets.iter().zip(&closed) {
                for fact in set {
                    let fewer = set.iter().filter(|other| *other != fact).cloned().collect();
                    prop_assert!(implications.close(&fewer) != *closed, "`{}` says nothing", fact);
                }
            }
        }
    }
}
