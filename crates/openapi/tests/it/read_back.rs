//! The decision of the tree equals that of the normal form, and that of the emitted document read
//! back.
//!
//! The test evaluates the tree guard by guard. A separate reader evaluates the document by
//! `security` and the two extension fields. Both know strings alone and share no code with the
//! engine and the export.

#![expect(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test may fail"
)]

pub(crate) mod policy;
pub(crate) mod random;
pub(crate) mod reader;
pub(crate) mod table;

use proptest::collection::vec;
use proptest::prelude::*;
use scopegate_openapi::{DocumentInfo, document};
use serde_json::Map;

use self::policy::Policy;
use self::reader::Supplied;

fn with_requests(policy: impl Strategy<Value = Policy>) -> impl Strategy<Value = (Policy, Vec<Supplied>)> {
    policy.prop_flat_map(|policy| {
        let supplied = vec(random::supplied(&policy), 1..24);
        (Just(policy), supplied)
    })
}

/// Asserts that three methods decide every request to every operation alike.
fn all_say_the_same(policy: &Policy, requests: &[Supplied], info: &DocumentInfo) -> Result<(), TestCaseError> {
    let table = table::built(policy)?;
    let document = document(info, &table, &[], &Map::new());
    for (number, operation) in table.operations().iter().enumerate() {
        let border = table::at_the_border(operation).into_iter().map(random::possible);
        for supplied in border.chain(requests.iter().cloned()) {
            let by_tree = policy.allows(number, &supplied);
            let by_normal_form = table::allows(operation, policy, &supplied);
            let by_document = reader::allows(&document, operation.template(), &supplied);
            prop_assert_eq!(by_normal_form, by_tree, "{}: {:?}", operation, supplied);
            prop_assert_eq!(by_document, by_tree, "{}: {:?}\n{:#}", operation, supplied, document);
        }
    }
    Ok(())
}

proptest! {
    /// Law 16: several schemes of every kind, hierarchies, checks, optional, public and denied
    /// operations, overrides.
    #[test]
    fn a_document_means_what_its_tree_does((policy, requests) in with_requests(random::policy())) {
        all_say_the_same(&policy, &requests, &DocumentInfo::new("t", "1"))?;
    }

    /// Law 16 without implications and without guards other than scopes: then OpenAPI itself
    /// expresses everything.
    #[test]
    fn without_hierarchy_and_guards_security_alone_says_it((policy, requests) in with_requests(random::flat_policy())) {
        all_say_the_same(&policy, &requests, &DocumentInfo::new("t", "1").without_extensions())?;
    }
}
