//! Schemes that requirements name and that the document does not declare.

use std::collections::BTreeMap;
use std::sync::Arc;

use scopegate_domain::SchemeName;
use scopegate_policy::{DocumentFacts, Method, OperationTable, nearest_name};

/// Adds the undefined schemes, each with the operations that name it.
pub(super) fn with_undefined(
    facts: DocumentFacts,
    table: &OperationTable,
    undefined: &[Arc<[String]>],
    schemes: &[SchemeName],
) -> DocumentFacts {
    let mut operations: BTreeMap<&str, Vec<(Method, String)>> = BTreeMap::new();
    for (operation, names) in table.operations().iter().zip(undefined) {
        for name in &**names {
            let place = (operation.method(), operation.template().to_owned());
            operations.entry(name).or_default().push(place);
        }
    }
    operations.into_iter().fold(facts, |facts, (name, operations)| {
        let suggestion = nearest_name(name, schemes.iter().map(SchemeName::as_str));
        facts.undefined_scheme(name, suggestion, operations)
    })
}
