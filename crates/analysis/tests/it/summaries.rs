//! Summaries of a scope against the operations that it opens.

use std::collections::BTreeSet;

use proptest::prelude::*;
use proptest::sample::subsequence;
use scopegate_analysis::{OperationGroups, ScopeSummary, operations_for, summarize_difference, summarize_scope};
use scopegate_domain::Scope;
use scopegate_policy::{AssumedCredentials, FactSet, OperationTable};

use crate::policy::{Policy, policy_of, tokens};
use crate::random_words;

type Names = BTreeSet<String>;

fn policy_and_scopes() -> impl Strategy<Value = (Policy, Scope, Scope)> {
    policy_of(random_words::words(6), 6).prop_flat_map(|policy| {
        let names: Vec<String> = policy.scope_names().into_iter().collect();
        let some = || {
            let some = subsequence(names.clone(), 0..=names.len());
            some.prop_map(|names| tokens(&names.into_iter().collect()).into_iter().collect::<Scope>())
        };
        (some(), some()).prop_map(move |(one, other)| (policy.clone(), one, other))
    })
}

fn names(groups: &OperationGroups<'_>) -> Names {
    let all = [groups.reads(), groups.changes(), groups.deletes()].concat();
    all.iter().map(ToString::to_string).collect()
}

fn opened(table: &OperationTable, scope: &Scope) -> Names {
    let grant = AssumedCredentials::of_scopes(table, scope.iter().cloned());
    operations_for(table, &grant).iter().map(ToString::to_string).collect()
}

fn all_of(summary: &ScopeSummary<'_>) -> Names {
    let of_scopes = summary.scopes().iter().map(|(_, groups)| groups);
    let groups = of_scopes.chain([summary.any_token(), summary.together()]);
    groups.flat_map(names).collect()
}

proptest! {
    #[test]
    fn summary_has_what_the_scope_opens((policy, scope, _) in policy_and_scopes()) {
        let table = policy.table_or_reject()?;
        let anonymous = table.operations().iter().filter(|operation| operation.is_open_to(&FactSet::EMPTY));
        let anonymous: Names = anonymous.map(ToString::to_string).collect();
        let summary = summarize_scope(&table, &scope);
        let expected: Names = opened(&table, &scope).difference(&anonymous).cloned().collect();
        prop_assert_eq!(all_of(&summary), expected);
        prop_assert!(names(summary.any_token()).is_subset(&opened(&table, &Scope::EMPTY)));
        prop_assert_eq!(summary.scopes().len(), scope.len());
        for (token, groups) in summary.scopes() {
            let alone = opened(&table, &Scope::from_iter([token.clone()]));
            prop_assert!(names(groups).is_subset(&alone));
            prop_assert!(names(summary.together()).is_disjoint(&alone));
        }
    }

    #[test]
    fn difference_has_what_is_added((policy, wider, narrower) in policy_and_scopes()) {
        let table = policy.table_or_reject()?;
        let summary = summarize_difference(&table, &wider, &narrower);
        let expected: Names = opened(&table, &wider).difference(&opened(&table, &narrower)).cloned().collect();
        prop_assert_eq!(all_of(&summary), expected);
        let added: Scope = summary.scopes().iter().map(|(token, _)| token.clone()).collect();
        let expected: Scope = wider.iter().filter(|token| !narrower.contains(token)).cloned().collect();
        prop_assert_eq!(added, expected);
    }
}
