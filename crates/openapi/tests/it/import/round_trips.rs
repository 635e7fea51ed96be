//! Written text reads back to the same meaning, and writing it again gives the same bytes.

use proptest::collection::vec;
use proptest::prelude::*;
use scopegate_openapi::{DocumentInfo, document, export, import};
use scopegate_policy::OperationTable;
use serde_json::{Map, Value};

use crate::read_back::policy::Policy;
use crate::read_back::reader::Supplied;
use crate::read_back::{random, table};

fn openapi(table: &OperationTable) -> String {
    document(&DocumentInfo::new("t", "1"), table, &[], &Map::new()).to_string()
}

/// Returns the canonical text without operations that are always denied, because documents leave
/// those out.
fn without_denied(canonical: &str) -> Value {
    let mut value: Value = serde_json::from_str(canonical).unwrap();
    let operations = value["operations"].as_array_mut().unwrap();
    operations.retain(|operation| operation.get("access") != Some(&"deny".into()));
    value
}

fn with_requests(policy: impl Strategy<Value = Policy>) -> impl Strategy<Value = (Policy, Vec<Supplied>)> {
    policy.prop_flat_map(|policy| {
        let supplied = vec(random::supplied(&policy), 1..16);
        (Just(policy), supplied)
    })
}

/// Asserts that every operation of the text decides as the tree does.
fn decides_the_same(policy: &Policy, requests: &[Supplied], read: &OperationTable) -> Result<(), TestCaseError> {
    for operation in read.operations() {
        let number: usize = operation.template().trim_start_matches('/').parse().unwrap();
        let border = table::at_the_border(operation).into_iter().map(random::possible);
        for supplied in border.chain(requests.iter().cloned()) {
            let by_tree = policy.allows(number, &supplied);
            let read = table::allows(operation, policy, &supplied);
            prop_assert_eq!(read, by_tree, "{}: {:?}", operation, supplied);
        }
    }
    Ok(())
}

proptest! {
    /// Law 11 for TOML, and law 16: a table that is read back decides like the tree that was
    /// written.
    #[test]
    fn toml_keeps_the_meaning((policy, requests) in with_requests(random::policy())) {
        let table = table::built(&policy)?;
        let text = export::toml(&table).unwrap();
        let read = import::read(text.as_bytes()).map_err(|fault| TestCaseError::fail(format!("{fault}\n{text}")))?;
        prop_assert!(read.notes().is_empty());
        prop_assert_eq!(export::canonical(read.table()), export::canonical(&table), "{}", text);
        prop_assert_eq!(export::toml(read.table()).unwrap(), text);
        decides_the_same(&policy, &requests, read.table())?;
        prop_assert_eq!(read.table().operations().len(), policy.operations.len());
    }

    /// Law 11 for OpenAPI, and law 16 for an imported document.
    #[test]
    fn openapi_keeps_the_meaning((policy, requests) in with_requests(random::policy())) {
        let table = table::built(&policy)?;
        let text = openapi(&table);
        let read = import::read(text.as_bytes()).map_err(|fault| TestCaseError::fail(format!("{fault}\n{text}")))?;
        prop_assert!(read.notes().is_empty(), "{:?}\n{}", read.notes(), text);
        let meaning = |table: &OperationTable| without_denied(&export::canonical(table));
        prop_assert_eq!(meaning(read.table()), meaning(&table), "{}", text);
        decides_the_same(&policy, &requests, read.table())?;
        prop_assert_eq!(openapi(&table::built(&policy)?), text, "the same table gives the same bytes");
    }

    /// Without hierarchy and guards the two extension fields are not needed.
    #[test]
    fn plain_openapi_keeps_the_meaning((policy, requests) in with_requests(random::flat_policy())) {
        let table = table::built(&policy)?;
        let info = DocumentInfo::new("t", "1").without_extensions();
        let text = document(&info, &table, &[], &Map::new()).to_string();
        let read = import::read(text.as_bytes()).map_err(|fault| TestCaseError::fail(format!("{fault}\n{text}")))?;
        decides_the_same(&policy, &requests, read.table())?;
    }

    /// Canonical JSON is JSON with sorted names, the same for the same table.
    #[test]
    fn canonical_is_stable(policy in random::policy()) {
        let table = table::built(&policy)?;
        let text = export::canonical(&table);
        let again = export::canonical(&table::built(&policy)?);
        prop_assert_eq!(&text, &again);
        let value: Value = serde_json::from_str(&text).unwrap();
        prop_assert_eq!(value.to_string() + "\n", text);
    }
}

#[test]
fn real_documents_survive_toml() {
    for name in [
        "slack.json",
        "spotify.json",
        "xero-accounting.json",
        "google/drive.v3.json",
        "msgraph-permissions.json",
    ] {
        let Some(bytes) = crate::import::real::document(name) else {
            return;
        };
        let imported = import::read(&bytes).unwrap();
        let text = export::toml(imported.table()).unwrap();
        let read = import::read(text.as_bytes()).unwrap_or_else(|fault| panic!("{name}: {fault}"));
        assert!(
            export::canonical(read.table()) == export::canonical(imported.table()),
            "{name}"
        );
        assert!(export::toml(read.table()).unwrap() == text, "{name}");
    }
}
