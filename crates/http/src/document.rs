//! The OpenAPI document of a gate, out of its declarations.

use scopegate_grant::AuthorizationServer;
use scopegate_openapi::{DocumentInfo, OperationDocs};
use scopegate_policy::{Access, OperationTable, ResolvedOperation};
use serde_json::{Map, Value, json};

use crate::route::Mounted;
use crate::{Profile, endpoint, schema};

/// What a document is made of, beside the table.
#[derive(Clone, Copy)]
pub(crate) struct Source<'a> {
    pub(crate) profile: Profile,
    pub(crate) title: &'a str,
    pub(crate) version: &'a str,
    pub(crate) mounted: &'a [Mounted],
    pub(crate) token_endpoint: Option<(&'a str, &'a AuthorizationServer)>,
}

/// Two schemas want the same name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SchemaClash(pub(crate) String);

/// Writes the document.
///
/// # Errors
///
/// [`SchemaClash`]: one name for two types would describe one of them wrongly.
pub(crate) fn write(source: &Source<'_>, table: &OperationTable) -> Result<Value, SchemaClash> {
    let mut schemas = Schemas {
        profile: source.profile,
        named: Map::new(),
    };
    let mut docs = Vec::new();
    if let Some((path, server)) = source.token_endpoint {
        let grant_types: Vec<_> = server.grant_types().collect();
        // Without a grant type the endpoint refuses every request, so it is not offered.
        if !grant_types.is_empty() {
            docs.push(endpoint::token::operation_docs(path, source.profile));
            schemas.extend(endpoint::token::schemas(source.profile, &grant_types))?;
        }
    }
    for (mounted, operation) in source.mounted.iter().zip(table.operations()) {
        docs.push(operation_docs(mounted, operation, source.profile));
        for (name, schema) in mounted.description.schemas() {
            schemas.add_described(name, schema)?;
        }
        if mounted.description.has_inputs() && source.profile == Profile::Tutorial {
            schemas.extend(schema::validation_error())?;
        }
    }
    let info = DocumentInfo::new(source.title, source.version);
    let info = match source.profile {
        Profile::Rfc => info,
        Profile::Tutorial => info.without_extensions(),
    };
    Ok(scopegate_openapi::document(&info, table, &docs, &schemas.named))
}

struct Schemas {
    profile: Profile,
    named: Map<String, Value>,
}

impl Schemas {
    fn add_described(&mut self, name: &str, schema: &Value) -> Result<(), SchemaClash> {
        match self.profile {
            Profile::Rfc => self.add(name.to_owned(), schema.clone()),
            Profile::Tutorial => self.add(name.to_owned(), schema::as_fastapi(name, schema)),
        }
    }

    fn extend(&mut self, schemas: impl IntoIterator<Item = (String, Value)>) -> Result<(), SchemaClash> {
        schemas
            .into_iter()
            .try_for_each(|(name, schema)| self.add(name, schema))
    }

    fn add(&mut self, name: String, schema: Value) -> Result<(), SchemaClash> {
        match self.named.get(&name) {
            Some(known) if *known != schema => Err(SchemaClash(name)),
            Some(_) => Ok(()),
            None => {
                self.named.insert(name, schema);
                Ok(())
            }
        }
    }
}

/// What the document says about one operation. Without a name, method and path stand in its place.
fn operation_docs(mounted: &Mounted, operation: &ResolvedOperation, profile: Profile) -> OperationDocs {
    let (notes, description) = (&mounted.notes, &mounted.description);
    let (method, template) = (operation.method(), operation.template());
    let name = notes.name.as_deref().unwrap_or_default();
    let summary = notes.summary.clone().unwrap_or_else(|| match name {
        "" => format!("{method} {template}"),
        name => schema::title(name),
    });
    let mut docs = OperationDocs::new(method, template)
        .operation_id(schema::operation_id(name, template, method.as_str()))
        .summary(summary);
    if let Some(text) = &notes.description {
        docs = docs.description(text.as_str());
    }
    docs = notes.tags.iter().fold(docs, |docs, tag| docs.tag(tag.as_str()));
    docs = description
        .parameters(template)
        .into_iter()
        .fold(docs, OperationDocs::parameter);
    if let Some(body) = description.request_body() {
        docs = docs.request_body(body.clone());
    }
    docs = description.responses().iter().fold(docs, |docs, (status, response)| {
        docs.response(status.as_str(), response.clone())
    });
    refusals(mounted, operation, profile)
        .into_iter()
        .fold(docs, |docs, (status, response)| docs.response(status, response))
}

/// The refusals that the document tells of: in the tutorial's profile those that FastAPI tells of.
fn refusals(mounted: &Mounted, operation: &ResolvedOperation, profile: Profile) -> Vec<(&'static str, Value)> {
    let has_inputs = mounted.description.has_inputs();
    match profile {
        Profile::Tutorial if has_inputs => {
            let schema = json!({ "$ref": "#/components/schemas/HTTPValidationError" });
            vec![(
                "422",
                json!({ "description": "Validation Error", "content": { "application/json": { "schema": schema } } }),
            )]
        }
        Profile::Tutorial => Vec::new(),
        Profile::Rfc => {
            let is_guarded = operation.access() != Access::Public;
            let told = [
                ("400", "The request is not as declared", has_inputs),
                (
                    "401",
                    "A credential is needed, or the one presented is not good",
                    is_guarded,
                ),
                ("403", "The credential does not allow this", is_guarded),
            ];
            let told = told.into_iter().filter(|(.., applies)| *applies);
            told.map(|(status, description, _)| (status, json!({ "description": description })))
                .collect()
        }
    }
}
