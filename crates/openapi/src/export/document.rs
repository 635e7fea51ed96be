//! The OpenAPI document: operations in the order of declaration, with their requirements.

use scopegate_domain::{DeclaredScheme, SecurityScheme};
use scopegate_policy::{Access, Method, OperationTable, ResolvedOperation};
use serde_json::{Map, Value, json};

use super::info::DocumentInfo;
use super::{security, words};

/// The documentation of one operation, without its security, which comes from the table alone.
///
/// Parameters, bodies and responses are objects of OpenAPI 3.1, taken as they are.
///
/// ```
/// use scopegate_openapi::OperationDocs;
/// use scopegate_policy::Method;
/// use serde_json::json;
///
/// let docs = OperationDocs::new(Method::Get, "/users/me/")
///     .operation_id("read_users_me")
///     .summary("Read Users Me")
///     .response("200", json!({ "description": "Successful Response" }));
/// assert_eq!(docs.template(), "/users/me/");
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct OperationDocs {
    method: Method,
    template: String,
    fields: Map<String, Value>,
    is_hidden: bool,
}

impl OperationDocs {
    /// Documents the operation of this method and path template.
    #[must_use]
    pub fn new(method: Method, template: impl Into<String>) -> Self {
        Self {
            method,
            template: template.into(),
            fields: Map::new(),
            is_hidden: false,
        }
    }

    /// Documents an operation by a whole Operation Object.
    #[must_use]
    pub fn of_object(method: Method, template: impl Into<String>, operation: Map<String, Value>) -> Self {
        Self {
            method,
            template: template.into(),
            fields: operation,
            is_hidden: false,
        }
    }

    /// The method of the operation.
    #[must_use]
    pub const fn method(&self) -> Method {
        self.method
    }

    /// The path template of the operation.
    #[must_use]
    pub fn template(&self) -> &str {
        &self.template
    }

    /// Adds a tag. Tools group operations by tags.
    #[must_use]
    pub fn tag(self, tag: impl Into<String>) -> Self {
        self.pushed("tags", tag.into())
    }

    /// Sets a short text for a list of operations. Default: none.
    #[must_use]
    pub fn summary(self, text: impl Into<String>) -> Self {
        self.with("summary", text.into())
    }

    /// Sets the description of the operation, as `CommonMark`. Default: none.
    #[must_use]
    pub fn description(self, text: impl Into<String>) -> Self {
        self.with("description", text.into())
    }

    /// Sets the name of the operation in generated clients. It must be unique in the document.
    /// Default: the name of the operation in the table.
    #[must_use]
    pub fn operation_id(self, id: impl Into<String>) -> Self {
        self.with("operationId", id.into())
    }

    /// States that clients should no longer use the operation. Default: they may.
    #[must_use]
    pub fn deprecated(self) -> Self {
        self.with("deprecated", true)
    }

    /// Sets the address of more documentation. Default: none.
    #[must_use]
    pub fn external_docs(self, url: impl Into<String>, description: impl Into<String>) -> Self {
        let docs = json!({ "url": url.into(), "description": description.into() });
        self.with("externalDocs", docs)
    }

    /// Leaves the operation out of the document. Default: the document contains it.
    #[must_use]
    pub fn hidden(mut self) -> Self {
        self.is_hidden = true;
        self
    }

    /// Adds a parameter object.
    #[must_use]
    pub fn parameter(self, parameter: impl Into<Value>) -> Self {
        self.pushed("parameters", parameter)
    }

    /// Sets the request body object. Default: none.
    #[must_use]
    pub fn request_body(self, body: impl Into<Value>) -> Self {
        self.with("requestBody", body)
    }

    /// Adds a response object under a status code, a range such as `4XX`, or `default`.
    #[must_use]
    pub fn response(mut self, status: impl Into<String>, response: impl Into<Value>) -> Self {
        let responses = self
            .fields
            .entry("responses")
            .or_insert_with(|| Value::Object(Map::new()));
        if let Value::Object(responses) = responses {
            responses.insert(status.into(), response.into());
        }
        self
    }

    fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.fields.insert(name.to_owned(), value.into());
        self
    }

    fn pushed(mut self, name: &str, value: impl Into<Value>) -> Self {
        let list = self.fields.entry(name).or_insert_with(|| Value::Array(Vec::new()));
        if let Value::Array(list) = list {
            list.push(value.into());
        }
        self
    }
}

/// Returns the OpenAPI document of a table. Its version is 3.1, unless
/// [`DocumentInfo::openapi_3_0`] was called.
///
/// A table that [`needs_openapi_3_2`] makes a document of version 3.2.
///
/// First come the documented operations, in the order of `docs`, then the others, in the order of
/// the table. An operation that is always denied is left out, because an empty `security` would say
/// the opposite. An entry of `docs` that the table does not contain, such as a token endpoint, has
/// no `security`, because no guard protects it.
///
/// `schemas` becomes `components.schemas`. The same arguments give the same bytes.
#[must_use]
pub fn document(
    info: &DocumentInfo,
    table: &OperationTable,
    docs: &[OperationDocs],
    schemas: &Map<String, Value>,
) -> Value {
    let mut paths = Map::new();
    for docs in docs.iter().filter(|docs| !docs.is_hidden) {
        add(&mut paths, info, table, docs, table.find(docs.method, &docs.template));
    }
    for operation in table.operations() {
        if !docs.iter().any(|docs| is_about(docs, operation)) {
            add(
                &mut paths,
                info,
                table,
                &OperationDocs::new(operation.method(), operation.template()),
                Some(operation),
            );
        }
    }
    let mut components = Map::new();
    if !schemas.is_empty() {
        components.insert("schemas".to_owned(), schemas.clone().into());
    }
    let declared = security::schemes(table.catalog(), info.has_extensions());
    if !declared.is_empty() {
        components.insert("securitySchemes".to_owned(), declared.into());
    }
    let version = match (needs_openapi_3_2(table), info.is_3_0()) {
        (true, _) => "3.2.0",
        (false, true) => "3.0.3",
        (false, false) => "3.1.0",
    };
    let mut document = json!({ "openapi": version, "info": info.object(), "paths": paths, "components": components });
    if let Value::Object(members) = &mut document {
        members.extend(info.members().clone());
    }
    let checks: Map<String, Value> = words::checks(table)
        .into_iter()
        .map(|(name, needs)| (name, needs.into()))
        .collect();
    if info.has_extensions()
        && !checks.is_empty()
        && let Value::Object(members) = &mut document
    {
        members.insert("x-scopegate-checks".to_owned(), checks.into());
    }
    document
}

fn is_about(docs: &OperationDocs, operation: &ResolvedOperation) -> bool {
    docs.method == operation.method() && docs.template == operation.template()
}

fn add(
    paths: &mut Map<String, Value>,
    info: &DocumentInfo,
    table: &OperationTable,
    docs: &OperationDocs,
    operation: Option<&ResolvedOperation>,
) {
    let mut object = docs.fields.clone();
    if let Some(operation) = operation {
        if operation.access() == Access::Deny {
            return;
        }
        if let Some(name) = operation.name() {
            object.entry("operationId").or_insert_with(|| name.into());
        }
        object.append(&mut security::fields(operation, table.catalog(), info.style()));
    }
    // OpenAPI cannot express a parameter that takes the rest of a path. Its name loses the
    // asterisk.
    let path = paths
        .entry(docs.template.replace("{*", "{"))
        .or_insert_with(|| Value::Object(Map::new()));
    let Value::Object(path) = path else { return };
    if docs.method.is_field_of_path_item() {
        path.insert(docs.method.as_str().to_ascii_lowercase(), object.into());
        return;
    }
    let more = path
        .entry("additionalOperations")
        .or_insert_with(|| Value::Object(Map::new()));
    if let Value::Object(more) = more {
        more.insert(docs.method.as_str().to_owned(), object.into());
    }
}

/// Whether a table needs OpenAPI 3.2: for its methods, the device flow or an address of metadata.
#[must_use]
pub fn needs_openapi_3_2(table: &OperationTable) -> bool {
    let has_flow = |scheme: &DeclaredScheme| match scheme.scheme() {
        SecurityScheme::OAuth2(flows) => flows.device_authorization.is_some() || flows.metadata_url.is_some(),
        _ => false,
    };
    table.catalog().schemes().iter().any(has_flow)
        || table
            .operations()
            .iter()
            .any(|operation| !operation.method().is_in_openapi_3_1())
}
