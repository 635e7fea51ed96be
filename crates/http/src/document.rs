//! Builds the OpenAPI document of a gate from its declarations.

use std::collections::HashMap;
use std::sync::Arc;

use http::StatusCode;
use scopegate_gate::{DocumentDialect, RefusalKind, RefusalResponses, SiteEndpoint, title};
use scopegate_openapi::{DocumentInfo, OperationDocs};
use scopegate_policy::{Access, OperationTable, ResolvedOperation};
use serde_json::{Map, Value, json};

use crate::build_error::BuildError;
use crate::input::BodyUse;
use crate::merge::merge_responses;
use crate::route::OperationHandler;
use crate::{component, schema};

/// The media range of a body in any form.
const ANY: &str = "*/*";

/// The sources of a document other than the table.
#[derive(Clone, Copy)]
pub(crate) struct Source<'a> {
    pub(crate) dialect: DocumentDialect,
    pub(crate) refusals: &'a RefusalResponses,
    pub(crate) info: &'a DocumentInfo,
    pub(crate) mounted: &'a [OperationHandler],
    pub(crate) sites: &'a [Arc<dyn SiteEndpoint>],
}

/// Writes the document.
///
/// # Errors
///
/// [`BuildError`] if two types or two operations have the same name (OpenAPI 3.1, section 4.8.10),
/// or if a reference leads to no component.
pub(crate) fn write(source: &Source<'_>, table: &OperationTable) -> Result<Value, BuildError> {
    let mut schemas = Schemas {
        dialect: source.dialect,
        refusals: source.refusals,
        named: Map::new(),
    };
    let mut docs = Vec::new();
    let mut ids: HashMap<String, String> = HashMap::new();
    for route in source.sites.iter().flat_map(SiteEndpoint::routes) {
        let Some(entry) = route.documented() else { continue };
        let label = format!("{} {}", route.method(), route.template());
        if let Some(id) = entry.operation.get("operationId").and_then(Value::as_str)
            && let Some(first) = ids.insert(id.to_owned(), label.clone())
        {
            return Err(BuildError::OperationIdTwice {
                id: id.to_owned(),
                first,
                second: label,
            });
        }
        docs.push(OperationDocs::of_object(
            route.method(),
            route.template(),
            entry.operation.clone(),
        ));
        schemas.extend(entry.schemas.clone())?;
    }
    let operations = || source.mounted.iter().zip(table.operations());
    for (mounted, _) in operations().filter(|(mounted, _)| !mounted.notes.is_hidden) {
        for (name, schema) in mounted.description.schemas() {
            schemas.add_described(name, schema)?;
        }
    }
    for (mounted, operation) in operations() {
        if mounted.notes.is_hidden {
            docs.push(OperationDocs::new(operation.method(), operation.template()).hidden());
            continue;
        }
        let id = operation_id(mounted, operation);
        if let Some(first) = ids.insert(id.clone(), operation.to_string()) {
            let second = operation.to_string();
            return Err(BuildError::OperationIdTwice { id, first, second });
        }
        docs.push(operation_docs(mounted, operation, id, &mut schemas)?);
    }
    let info = source.info.clone();
    let info = if source.dialect.has_extensions {
        info
    } else {
        info.without_extensions()
    };
    let mut document = scopegate_openapi::document(&info, table, &docs, &schemas.named);
    component::check_references(&mut document)?;
    Ok(document)
}

struct Schemas<'a> {
    dialect: DocumentDialect,
    refusals: &'a RefusalResponses,
    named: Map<String, Value>,
}

impl Schemas<'_> {
    /// Replaces the marked schemas in a value by references to components.
    fn resolve(&mut self, value: &mut Value) {
        component::resolve(value, &mut self.named, &self.dialect.component);
    }

    /// Returns the schema of a refusal: a reference, or the schema itself if the application has
    /// another one of that name. The schemas that it refers to must be free.
    fn refusal(&mut self) -> Result<Value, BuildError> {
        let refusal = self.refusals.schema();
        self.extend(refusal.components().iter().cloned())?;
        let (name, schema) = (refusal.name(), refusal.schema());
        if self.named.get(name).is_some_and(|known| known != schema) {
            return Ok(schema.clone());
        }
        self.named.insert(name.to_owned(), schema.clone());
        Ok(json!({ "$ref": format!("#/components/schemas/{name}") }))
    }

    fn add_described(&mut self, name: &str, schema: &Value) -> Result<(), BuildError> {
        self.add(name.to_owned(), (self.dialect.component)(name, schema))
    }

    fn extend(&mut self, schemas: impl IntoIterator<Item = (String, Value)>) -> Result<(), BuildError> {
        schemas
            .into_iter()
            .try_for_each(|(name, schema)| self.add(name, schema))
    }

    fn add(&mut self, name: String, schema: Value) -> Result<(), BuildError> {
        match self.named.get(&name) {
            Some(known) if *known != schema => Err(BuildError::SchemaTwice { name }),
            Some(_) => Ok(()),
            None => {
                self.named.insert(name, schema);
                Ok(())
            }
        }
    }
}

/// Describes one operation in the document. An operation without a name is named by its method and
/// path.
fn operation_docs(
    mounted: &OperationHandler,
    operation: &ResolvedOperation,
    id: String,
    schemas: &mut Schemas<'_>,
) -> Result<OperationDocs, BuildError> {
    let (notes, description) = (&mounted.notes, &mounted.description);
    let (method, template) = (operation.method(), operation.template());
    let name = notes.name.as_deref().unwrap_or_default();
    let summary = notes.summary.clone().unwrap_or_else(|| match name {
        "" => format!("{method} {template}"),
        name => title(name),
    });
    let mut docs = OperationDocs::new(method, template).operation_id(id).summary(summary);
    if let Some(text) = &notes.description {
        docs = docs.description(text.as_str());
    }
    if notes.is_deprecated {
        docs = docs.deprecated();
    }
    if let Some((url, text)) = &notes.external_docs {
        docs = docs.external_docs(url.as_str(), text.as_str());
    }
    docs = notes.tags.iter().fold(docs, |docs, tag| docs.tag(tag.as_str()));
    docs = description
        .parameters(template)
        .into_iter()
        .fold(docs, OperationDocs::parameter);
    if let Some(body) = description.body() {
        let mut body = body.clone();
        schemas.resolve(&mut body);
        docs = docs.request_body(body);
    }
    let mut responses = description.responses().clone();
    responses.values_mut().for_each(|response| schemas.resolve(response));
    for (status, refusal) in refusals(mounted, operation, schemas)? {
        match responses.get_mut(status.as_str()) {
            Some(described) => merge_responses(described, refusal),
            None => {
                responses.insert(status.as_str().to_owned(), refusal);
            }
        }
    }
    if description.is_fallible() && !responses.contains_key("default") {
        responses.insert("default".to_owned(), refusal(schemas, "An error")?);
    }
    let docs = responses
        .into_iter()
        .fold(docs, |docs, (status, response)| docs.response(status, response));
    Ok(docs)
}

/// Returns the `operationId`: the chosen one, else the default.
fn operation_id(mounted: &OperationHandler, operation: &ResolvedOperation) -> String {
    let notes = &mounted.notes;
    let name = notes.name.as_deref().unwrap_or_default();
    let default = || schema::operation_id(name, operation.template(), operation.method().as_str());
    notes.operation_id.clone().unwrap_or_else(default)
}

/// Returns the refusals in the document, each with its status. The first one of a status describes
/// it: one of the application's types, else one of the gate.
fn refusals(
    mounted: &OperationHandler,
    operation: &ResolvedOperation,
    schemas: &mut Schemas<'_>,
) -> Result<Vec<(StatusCode, Value)>, BuildError> {
    let format = schemas.refusals;
    let mut documented: Vec<(StatusCode, Value)> = Vec::new();
    let mut add = |status: StatusCode, description: &str| -> Result<(), BuildError> {
        let response = refusal(schemas, description)?;
        match documented.iter_mut().find(|(known, _)| *known == status) {
            Some((_, known)) => merge_responses(known, response),
            None => documented.push((status, response)),
        }
        Ok(())
    };
    for (status, description) in mounted.description.refusals() {
        add(*status, description)?;
    }
    let of_gate =
        refusal_kinds(mounted, operation).filter_map(|kind| Some((format.status_of(kind), format.description(kind)?)));
    // The first kind of a status describes those of the gate.
    let mut described = Vec::new();
    for (status, description) in of_gate {
        if !described.contains(&status) {
            described.push(status);
            add(status, description)?;
        }
    }
    Ok(documented)
}

/// Returns the response with a refusal, for the document.
fn refusal(schemas: &mut Schemas<'_>, description: &str) -> Result<Value, BuildError> {
    let content = json!({ schemas.refusals.schema().media_type(): { "schema": schemas.refusal()? } });
    Ok(json!({ "description": description, "content": content }))
}

/// Returns the kinds of refusals that depend on the declaration of the operation.
fn refusal_kinds(mounted: &OperationHandler, operation: &ResolvedOperation) -> impl Iterator<Item = RefusalKind> {
    let description = &mounted.description;
    let access = operation.access();
    let is_guarded = access != Access::Public;
    let kinds = [
        (RefusalKind::InvalidInput, description.has_inputs()),
        (RefusalKind::Unauthenticated, is_guarded),
        (RefusalKind::InvalidToken, is_guarded),
        (RefusalKind::InvalidCredential, is_guarded),
        (RefusalKind::Forbidden, is_guarded),
        (RefusalKind::InsufficientScope, access == Access::Scoped),
        (RefusalKind::InactiveUser, operation.needs_user()),
        (RefusalKind::NotFound, description.is_maybe_missing()),
        (
            RefusalKind::BodyTooLarge,
            mounted.endpoint.body_use() != BodyUse::Unread,
        ),
        (
            RefusalKind::UnsupportedMediaType,
            description.body().is_some_and(has_media_type),
        ),
    ];
    kinds.into_iter().filter(|(_, applies)| *applies).map(|(kind, _)| kind)
}

/// Returns whether a body must have a certain media type.
fn has_media_type(body: &Value) -> bool {
    let content = body.get("content").and_then(Value::as_object);
    content.is_some_and(|content| !content.contains_key(ANY))
}
