//! Law 15: renaming scopes and schemes commutes with every question, but for order.

use std::collections::BTreeSet;

use proptest::prelude::*;
use scopegate_analysis::{Change, diff, infer_implications, lint, minimal_scopes, operations_for};
use scopegate_policy::{AssumedCredentials, ResolvedOperation, ServerScope};

use crate::policy::{Policy, policy_of, tokens};
use crate::random_words;
use crate::renamed_words::backwards;

fn renamed(policy: &Policy) -> Policy {
    let words = policy.words.renamed(&backwards);
    let fact = |name: &str| policy.words.fact_in(&words, name);
    let operations = policy
        .operations
        .iter()
        .map(|(formula, is_optional)| (formula.renamed(&fact), *is_optional));
    Policy {
        operations: operations.collect(),
        words,
    }
}

proptest! {
    #[test]
    fn renaming_changes_no_answer(
        (old, new) in random_words::words(4).prop_flat_map(|words| (policy_of(Just(words.clone()), 3), policy_of(Just(words), 3)))
    ) {
        let (old_renamed, new_renamed) = (renamed(&old), renamed(&new));
        let (before, after) = (old.table_or_reject()?, new.table_or_reject()?);
        let (before_renamed, after_renamed) = (old_renamed.table_or_reject()?, new_renamed.table_or_reject()?);
        let kinds = |changes: Vec<Change>| -> Vec<_> {
            changes.iter().map(|change| (change.template().to_owned(), change.kind())).collect()
        };
        prop_assert_eq!(
            kinds(diff(&before, &after).expect("few scopes")),
            kinds(diff(&before_renamed, &after_renamed).expect("few scopes"))
        );
        for names in old.scope_names().iter().map(|name| BTreeSet::from([name.clone()])) {
            let renamed_names = names.iter().map(|name| backwards(name)).collect();
            let grant = AssumedCredentials::of_scopes(&before, tokens(&names));
            let grant_renamed = AssumedCredentials::of_scopes(&before_renamed, tokens(&renamed_names));
            let opened: Vec<&str> = operations_for(&before, &grant).iter().map(|operation| operation.template()).collect();
            let opened_renamed = operations_for(&before_renamed, &grant_renamed);
            let opened_renamed: Vec<&str> = opened_renamed.iter().map(|operation| operation.template()).collect();
            prop_assert_eq!(opened, opened_renamed);
        }
        let operations: Vec<&ResolvedOperation> = before.operations().iter().collect();
        let operations_renamed: Vec<&ResolvedOperation> = before_renamed.operations().iter().collect();
        let sets: BTreeSet<BTreeSet<String>> = minimal_scopes(&operations, 1_000_000).sets().iter()
            .map(|set| {
                let renamed = |scope: &ServerScope| {
                    format!("{} of {}", backwards(scope.token().as_str()), backwards(scope.scheme().as_str()))
                };
                set.iter().map(renamed).collect()
            })
            .collect();
        let sets_renamed: BTreeSet<BTreeSet<String>> = minimal_scopes(&operations_renamed, 1_000_000).sets().iter()
            .map(|set| set.iter().map(ToString::to_string).collect())
            .collect();
        prop_assert_eq!(sets, sets_renamed);
        let edges: BTreeSet<(String, String)> = infer_implications(&before).iter()
            .map(|edge| (backwards(edge.strong().as_str()), backwards(edge.weak().as_str())))
            .collect();
        let edges_renamed: BTreeSet<(String, String)> = infer_implications(&before_renamed).iter()
            .map(|edge| (edge.strong().to_string(), edge.weak().to_string()))
            .collect();
        prop_assert_eq!(edges, edges_renamed);
        let rules = |table| -> Vec<_> {
            let findings = lint(table, &[]);
            findings.iter().map(|finding| (finding.rule(), finding.template().map(str::to_owned))).collect()
        };
        let (mut found, mut found_renamed) = (rules(&before), rules(&before_renamed));
        found.sort();
        found_renamed.sort();
        prop_assert_eq!(found, found_renamed);
    }
}
