//! What the document says about one operation beside its security.

use http::StatusCode;
use serde_json::{Map, Value, json};
use utoipa::ToSchema;
use utoipa::openapi::{RefOr, Schema};

/// Collects what an operation's types say of themselves for the document.
///
/// Made by the gate; an application meets it where it implements [`Answer`](crate::Answer).
#[derive(Clone, Debug, Default)]
pub struct Description {
    path_parameters: Vec<Value>,
    query_parameters: Vec<Value>,
    request_body: Option<Value>,
    responses: Map<String, Value>,
    schemas: Map<String, Value>,
    status: Option<&'static str>,
}

impl Description {
    /// A response without a body that could be described.
    pub fn response(&mut self, status: StatusCode, description: &str) {
        self.add(status, json!({ "description": description }));
    }

    /// A response with a JSON body of this type.
    pub fn json_response<T: ToSchema>(&mut self, status: StatusCode, description: &str) {
        let schema = self.reference::<T>();
        self.add(status, with_content(description, "application/json", &schema));
    }

    /// A response with a JSON body of which nothing is known.
    pub fn any_json_response(&mut self, status: StatusCode, description: &str) {
        self.add(status, with_content(description, "application/json", &json!({})));
    }

    /// A response in plain text.
    pub fn text_response(&mut self, status: StatusCode, description: &str) {
        self.add(
            status,
            with_content(description, "text/plain", &json!({ "type": "string" })),
        );
    }

    /// What `describe` adds, under this status (or `default`) in place of its own.
    pub(crate) fn under(&mut self, status: &'static str, describe: impl FnOnce(&mut Self)) {
        let outer = self.status;
        self.status = outer.or(Some(status));
        describe(self);
        self.status = outer;
    }

    pub(crate) fn path_parameter(&mut self, schema: Value) {
        self.path_parameters.push(schema);
    }

    /// Each field of the structure as one parameter.
    pub(crate) fn query<T: ToSchema>(&mut self) {
        self.add_referenced::<T>();
        let object = to_json(&T::schema());
        let required = object.get("required").and_then(Value::as_array);
        let Some(properties) = object.get("properties").and_then(Value::as_object) else {
            return;
        };
        for (name, schema) in properties {
            let required = required.is_some_and(|names| names.iter().any(|required| required == name));
            self.query_parameters
                .push(json!({ "name": name, "in": "query", "required": required, "schema": schema }));
        }
    }

    pub(crate) fn json_body<T: ToSchema>(&mut self) {
        let schema = self.reference::<T>();
        self.request_body = Some(json!({ "content": { "application/json": { "schema": schema } }, "required": true }));
    }

    /// The schemas that the operation's types name, to be merged into the document's.
    pub(crate) const fn schemas(&self) -> &Map<String, Value> {
        &self.schemas
    }

    /// The responses, by status.
    pub(crate) const fn responses(&self) -> &Map<String, Value> {
        &self.responses
    }

    /// The body, where one is read.
    pub(crate) const fn request_body(&self) -> Option<&Value> {
        self.request_body.as_ref()
    }

    /// Whether anything but the caller is read, so that a request may be refused for it.
    pub(crate) fn has_inputs(&self) -> bool {
        self.request_body.is_some() || !self.path_parameters.is_empty() || !self.query_parameters.is_empty()
    }

    /// The parameters: those of the path under the template's names, then those of the query.
    pub(crate) fn parameters(&self, template: &str) -> Vec<Value> {
        let named = crate::path::parameter_names(template).zip(&self.path_parameters);
        named
            .map(|(name, schema)| json!({ "name": name, "in": "path", "required": true, "schema": schema }))
            .chain(self.query_parameters.iter().cloned())
            .collect()
    }

    fn add(&mut self, status: StatusCode, response: Value) {
        let status = self.status.map_or_else(|| status.as_str().to_owned(), str::to_owned);
        self.responses.insert(status, response);
    }

    /// The schema of a type: a reference where the type has a shape and a name of its own, else the schema itself.
    fn reference<T: ToSchema>(&mut self) -> Value {
        self.add_referenced::<T>();
        let schema = to_json(&T::schema());
        let has_shape = ["properties", "oneOf", "allOf", "anyOf", "enum"]
            .iter()
            .any(|key| schema.get(key).is_some());
        // `Page<A>` and `Page<B>` would share the name `Page`, as `Vec` and `Option` do theirs.
        let is_generic = std::any::type_name::<T>().contains(['<', '(', '[', '&']);
        if !has_shape || is_generic {
            return schema;
        }
        let name = T::name().into_owned();
        let reference = json!({ "$ref": format!("#/components/schemas/{name}") });
        self.schemas.insert(name, schema);
        reference
    }

    fn add_referenced<T: ToSchema>(&mut self) {
        let mut referenced = Vec::new();
        T::schemas(&mut referenced);
        self.schemas
            .extend(referenced.iter().map(|(name, schema)| (name.clone(), to_json(schema))));
    }
}

fn with_content(description: &str, media_type: &str, schema: &Value) -> Value {
    json!({ "description": description, "content": { media_type: { "schema": schema } } })
}

fn to_json(schema: &RefOr<Schema>) -> Value {
    // A schema that cannot be written says nothing, which is what an empty schema means.
    serde_json::to_value(schema).unwrap_or_else(|_| json!({}))
}
