//! Describes one operation in the document, except for its security.

use http::StatusCode;
use scopegate_policy::ResolvedOperation;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};
use utoipa::ToSchema;

use crate::build_error::BuildError;
use crate::component::{self, has_shape};
use crate::merge::{merge_parameters, merge_responses};
use crate::query_shape::QueryShape;
use crate::utoipa_schema::to_json;
use crate::{body_check, query_check};

/// The description of an operation for the document, from the types of its inputs and responses.
///
/// The gate creates it. An application receives it in its implementation of
/// [`Answer`](crate::answer::Answer) or [`Input`](crate::input::Input):
///
/// ```
/// use scopegate_http::answer::{Answer, OperationDescription, Response, StatusCode};
///
/// struct Accepted;
///
/// impl Answer for Accepted {
///     fn into_response(self) -> Response {
///         StatusCode::ACCEPTED.into_response()
///     }
///
///     fn describe(description: &mut OperationDescription) {
///         description.response(StatusCode::ACCEPTED, "The report is being made");
///     }
/// }
/// ```
#[derive(Clone, Debug, Default)]
pub struct OperationDescription {
    path_parameters: Vec<Value>,
    queries: Vec<QueryInput>,
    request_body: Option<Value>,
    responses: Map<String, Value>,
    schemas: Map<String, Value>,
    may_be_missing: bool,
    status: Option<&'static str>,
    /// The first error of the types, such as a query that cannot be read as documented.
    fault: Option<TypeFault>,
}

/// A query: its parameters, and whether its type refuses an unknown name.
#[derive(Clone, Debug)]
struct QueryInput {
    shape: QueryShape,
    refuses: fn(&QueryShape, &str) -> bool,
}

#[derive(Clone, Debug)]
enum TypeFault {
    Body(String),
    Query(String),
    Schema(String),
}

impl OperationDescription {
    /// Adds a response without a described body.
    pub fn response(&mut self, status: StatusCode, description: &str) {
        self.add(status, json!({ "description": description }));
    }

    /// Adds a response with a JSON body of this type.
    pub fn json_response<T: ToSchema>(&mut self, status: StatusCode, description: &str) {
        let schema = self.reference::<T>();
        self.add(status, with_content(description, "application/json", &schema));
    }

    /// Adds a response with a JSON body of any schema.
    pub fn any_json_response(&mut self, status: StatusCode, description: &str) {
        self.add(status, with_content(description, "application/json", &json!({})));
    }

    /// Adds a response in plain text.
    pub fn text_response(&mut self, status: StatusCode, description: &str) {
        self.content_response(status, description, "text/plain", &json!({ "type": "string" }));
    }

    /// Adds a response with a body of this media type. The schema is an object of JSON Schema; `{}`
    /// for any body.
    pub fn content_response(&mut self, status: StatusCode, description: &str, media_type: &str, schema: &Value) {
        self.add(status, with_content(description, media_type, schema));
    }

    /// Adds a header with a text to the response with this status, which must be described before.
    pub fn response_header(&mut self, status: StatusCode, name: &str, description: &str) {
        let header = json!({ "description": description, "schema": { "type": "string" } });
        self.add(status, json!({ "headers": { name: header } }));
    }

    /// States that the operation may answer 404, in the form of a refusal.
    pub(crate) const fn may_be_missing(&mut self) {
        self.may_be_missing = true;
    }

    /// Whether the operation may answer 404, in the form of a refusal.
    pub(crate) const fn is_maybe_missing(&self) -> bool {
        self.may_be_missing
    }

    /// The description that `describe` adds under this status (or `default`), instead of the one of
    /// the response type.
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
    pub(crate) fn query<T: ToSchema + DeserializeOwned>(&mut self) {
        self.add_referenced::<T>();
        let mut schema = to_json(&T::schema());
        if let Err(name) = component::inline_primitives(&mut schema, &|name| self.schemas.contains_key(name)) {
            self.note(TypeFault::Query(format!(
                "it refers to schema `{name}`, which no type declares"
            )));
        }
        let shape = QueryShape::of(&schema, &self.schemas);
        let mut shape = shape.unwrap_or_else(|| {
            self.note(TypeFault::Query("its type is not a structure".to_owned()));
            QueryShape::default()
        });
        if let Err(reason) = query_check::check::<T>(&mut shape) {
            self.note(TypeFault::Query(reason));
        }
        self.queries.push(QueryInput {
            shape,
            refuses: query_check::refuses::<T>,
        });
    }

    /// Checks that the types of the operation are compatible.
    ///
    /// # Errors
    ///
    /// [`BuildError`], which names the operation.
    pub(crate) fn check(&self, operation: &ResolvedOperation) -> Result<(), BuildError> {
        let query = |reason: String| BuildError::Query {
            operation: operation.to_string(),
            reason,
        };
        match &self.fault {
            Some(TypeFault::Body(reason)) => {
                let (operation, reason) = (operation.to_string(), reason.clone());
                return Err(BuildError::Body { operation, reason });
            }
            Some(TypeFault::Query(reason)) => return Err(query(reason.clone())),
            Some(TypeFault::Schema(name)) => return Err(BuildError::SchemaTwice { name: name.clone() }),
            None => {}
        }
        for (number, input) in self.queries.iter().enumerate() {
            let others = self.queries.iter().enumerate().filter(|(other, _)| *other != number);
            let mut names =
                others.flat_map(|(_, other)| other.shape.parameters.iter().map(|parameter| &parameter.name));
            if let Some(name) =
                names.find(|name| input.shape.parameter(name).is_none() && (input.refuses)(&input.shape, name))
            {
                return Err(query(format!(
                    "two types read it, and one of them refuses `{name}` of the other"
                )));
            }
        }
        Ok(())
    }

    /// The parameters of each query, for reading.
    pub(crate) fn into_queries(self) -> Vec<QueryShape> {
        self.queries.into_iter().map(|input| input.shape).collect()
    }

    fn note(&mut self, fault: TypeFault) {
        self.fault.get_or_insert(fault);
    }

    pub(crate) fn json_body<T: ToSchema + DeserializeOwned>(&mut self) {
        let schema = self.reference::<T>();
        if let Err(reason) = body_check::check::<T>(&to_json(&T::schema()), &self.schemas) {
            self.note(TypeFault::Body(reason));
        }
        self.request_body = Some(json!({ "content": { "application/json": { "schema": schema } }, "required": true }));
    }

    /// Returns the schemas of the operation's types, to be merged into the document's.
    pub(crate) const fn schemas(&self) -> &Map<String, Value> {
        &self.schemas
    }

    /// Returns the responses, by status.
    pub(crate) const fn responses(&self) -> &Map<String, Value> {
        &self.responses
    }

    /// Returns the body, if the operation reads one.
    pub(crate) const fn request_body(&self) -> Option<&Value> {
        self.request_body.as_ref()
    }

    /// Whether an input other than the caller is read, so that a request may be refused for it.
    pub(crate) fn has_inputs(&self) -> bool {
        self.request_body.is_some() || !self.path_parameters.is_empty() || !self.queries.is_empty()
    }

    /// Returns the parameters: those of the path with the template's names, then those of the
    /// query.
    pub(crate) fn parameters(&self, template: &str) -> Vec<Value> {
        let named = scopegate_gate::path::parameter_names(template).zip(&self.path_parameters);
        named
            .map(|(name, schema)| json!({ "name": name, "in": "path", "required": true, "schema": schema }))
            .chain(self.query_parameters())
            .collect()
    }

    /// Returns the parameters of all queries. A parameter of several queries occurs once.
    fn query_parameters(&self) -> Vec<Value> {
        let mut merged: Vec<Value> = Vec::new();
        for parameter in self.queries.iter().flat_map(|input| input.shape.parameter_objects()) {
            match merged
                .iter_mut()
                .find(|known| known.get("name") == parameter.get("name"))
            {
                Some(known) => merge_parameters(known, &parameter),
                None => merged.push(parameter),
            }
        }
        merged
    }

    fn add(&mut self, status: StatusCode, response: Value) {
        let status = self.status.map_or_else(|| status.as_str().to_owned(), str::to_owned);
        match self.responses.get_mut(&status) {
            Some(known) => merge_responses(known, response),
            None => {
                self.responses.insert(status, response);
            }
        }
    }

    /// Returns the schema of a type: a reference if the type has a shape and a name, else the
    /// schema itself.
    fn reference<T: ToSchema>(&mut self) -> Value {
        self.add_referenced::<T>();
        let schema = to_json(&T::schema());
        // `Page<A>` and `Page<B>` would share the name `Page`.
        let is_generic = std::any::type_name::<T>().contains(['<', '(', '[', '&']);
        if is_generic || !has_shape(&schema) {
            return component::marked(std::any::type_name::<T>(), schema);
        }
        let name = T::name().into_owned();
        let reference = json!({ "$ref": format!("#/components/schemas/{name}") });
        self.add_schema(name, schema);
        reference
    }

    fn add_referenced<T: ToSchema>(&mut self) {
        let mut referenced = Vec::new();
        T::schemas(&mut referenced);
        for (name, schema) in &referenced {
            self.add_schema(name.clone(), to_json(schema));
        }
    }

    fn add_schema(&mut self, name: String, schema: Value) {
        match self.schemas.get(&name) {
            Some(known) if *known != schema => self.note(TypeFault::Schema(name)),
            Some(_) => {}
            None => {
                self.schemas.insert(name, schema);
            }
        }
    }
}

fn with_content(description: &str, media_type: &str, schema: &Value) -> Value {
    json!({ "description": description, "content": { media_type: { "schema": schema } } })
}
