//! The declarations of a table, taken into another one.

use proptest::prelude::*;
use scopegate_policy::{DenialPrecedence, Guard, OperationTable, ResolvedOperation, explain};

use super::{Case, policy_and_request};
use crate::tree_bridge::{presented, token_worlds};

/// What a table shows of an operation, without its prefix.
fn shown(operation: &ResolvedOperation) -> impl PartialEq + std::fmt::Debug {
    let overridden: Vec<String> = operation.overridden().iter().map(Guard::to_string).collect();
    let template = operation.template().trim_start_matches("/v1").to_owned();
    let named = (operation.method(), template, operation.name().map(str::to_owned));
    let security = format!("{:?}", operation.security());
    (named, operation.access(), operation.is_optional(), overridden, security)
}

proptest! {
    #[test]
    fn declarations_of_a_table_decide_alike_in_another(
        (policy, request) in policy_and_request(),
        prefix in prop_oneof![Just(""), Just("/v1")],
    ) {
        let case = Case::new(policy, request)?;
        let builder = OperationTable::builder(case.table.catalog().clone()).order(DenialPrecedence::Rfc);
        let copy = builder.group(case.table.to_group(prefix)).build().unwrap();
        prop_assert_eq!(copy.operations().len(), case.table.operations().len());
        let worlds = token_worlds(&case.policy, &copy, &case.request);
        for ((_, operation), copied) in case.operations().zip(copy.operations()) {
            prop_assert!(copied.template().starts_with(prefix));
            prop_assert_eq!(shown(operation), shown(copied));
            let before = explain(operation, &presented(&case.policy, &case.request, &case.worlds));
            let after = explain(copied, &presented(&case.policy, &case.request, &worlds));
            prop_assert_eq!(before.is_allowed(), after.is_allowed(), "{}", operation);
            prop_assert_eq!(case.denial(operation).map(|denial| denial.to_string()), {
                let presented = presented(&case.policy, &case.request, &worlds);
                scopegate_policy::authorize(copied, &presented).err().map(|denial| denial.to_string())
            });
        }
    }
}
