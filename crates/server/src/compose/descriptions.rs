//! The descriptions of APIs for the pages: titles, scopes and operations with their summaries.

use scopegate_domain::Resource;
use scopegate_openapi::import::Imported;
use scopegate_portal::ApiDescription;
use serde_json::Value;

use super::own_api::OwnApi;

/// The name of the demo's API for people.
const DEMO_TITLE: &str = "Demo";

/// Describes the API of a document.
pub(super) fn of_document(resource: &Resource, document: &Imported) -> ApiDescription {
    let (table, facts) = (document.table(), document.facts());
    let description = ApiDescription::new(resource.title(), table.clone()).audience(resource.audience().clone());
    let operations = table.operations().iter().enumerate();
    operations.fold(description, |description, (number, operation)| {
        match facts.summary_of(number) {
            Some(text) => description.summary(operation.method(), operation.template(), text),
            None => description,
        }
    })
}

/// Describes the one API of a server without resources. `None` if it has no operation.
pub(super) fn of_own(own: &OwnApi) -> anyhow::Result<Option<ApiDescription>> {
    if !own.has_operations() {
        return Ok(None);
    }
    let gate = own.enforced(own.catalog.clone())?;
    let description = ApiDescription::new(DEMO_TITLE, gate.operations().clone());
    let summary = |method: &str, template: &str| {
        let operation = gate.openapi().get("paths")?.get(template)?;
        operation
            .get(method.to_ascii_lowercase())?
            .get("summary")
            .and_then(Value::as_str)
    };
    let operations = gate.operations().operations().iter();
    Ok(Some(operations.fold(
        description,
        |description, operation| match summary(operation.method().as_str(), operation.template()) {
            Some(text) => description.summary(operation.method(), operation.template(), text),
            None => description,
        },
    )))
}
