//! Describes one operation in the document, except for its security.

mod answers;
mod inputs;
mod type_fault;

use std::any::{TypeId, type_name};
use std::borrow::Cow;

use http::{Extensions, StatusCode};
use scopegate_domain::ApplicationUser;
use scopegate_policy::ResolvedOperation;
use serde_json::{Map, Value, json};
use utoipa::ToSchema;
use utoipa::openapi::{RefOr, Schema};

pub(crate) use self::inputs::PathElement;
use self::type_fault::TypeFault;
use crate::build_error::BuildError;
use crate::closed_check;
use crate::component::{self, has_shape};
use crate::field_check;
use crate::field_place::FieldPlace;
use crate::field_shape::FieldShape;
use crate::fields::FieldReader;
use crate::merge::{merge_parameters, merge_responses};
use crate::path_check;
use crate::path_input::PathInput;
use crate::resource_type::ResourceType;
use crate::user_type::UserType;
use crate::utoipa_schema::to_json;

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
    paths: Vec<PathInput>,
    /// The inputs with fields, by the type of the input.
    inputs: Vec<FieldInput>,
    /// The parameters of the application's own inputs.
    parameters: Vec<Value>,
    request_body: Option<Value>,
    /// Whether the input that is described may be absent.
    is_optional: bool,
    /// The values of the application that inputs read.
    states: Vec<StateType>,
    /// The resource that the handler takes.
    resource: Option<ResourceType>,
    /// The types of the users that arguments take.
    users: Vec<UserType>,
    caller: CallerNeed,
    responses: Map<String, Value>,
    /// The responses in the form of refusals, each with its description.
    refusals: Vec<(StatusCode, String)>,
    schemas: Map<String, Value>,
    may_be_missing: bool,
    may_fail: bool,
    status: Option<&'static str>,
    /// The first error of the types, such as a query that cannot be read as documented.
    fault: Option<TypeFault>,
}

/// An input with fields.
#[derive(Clone, Debug)]
struct FieldInput {
    input: TypeId,
    place: FieldPlace,
    shape: FieldShape,
    /// The reader of its type. None for JSON.
    reader: Option<FieldReader>,
}

/// The type of a value of the application, and its name.
#[derive(Clone, Copy, Debug)]
pub(crate) struct StateType {
    pub(crate) name: &'static str,
    pub(crate) is_in: fn(&Extensions) -> bool,
}

/// The place of a parameter that an application's own input describes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "OpenAPI has these places")]
pub enum ParameterPlace {
    /// A cookie.
    Cookie,
    /// A header.
    Header,
    /// A parameter of the template.
    Path,
    /// A parameter of the query.
    Query,
}

impl ParameterPlace {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Cookie => "cookie",
            Self::Header => "header",
            Self::Path => "path",
            Self::Query => "query",
        }
    }
}

/// Whether an input of the application fails without a caller.
#[derive(Clone, Copy, Debug, Default)]
enum CallerNeed {
    #[default]
    None,
    Needed,
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

    /// Adds a response in the form of the refusals, such as that of a
    /// [`HandlerError`](crate::answer::HandlerError) or of
    /// [`InputError::refused`](crate::input::InputError::refused). The document refers to their
    /// schema.
    ///
    /// ```
    /// use scopegate_http::answer::{Answer, HandlerError, OperationDescription, Response, StatusCode};
    ///
    /// enum BookingError {
    ///     Taken,
    /// }
    ///
    /// impl Answer for BookingError {
    ///     fn into_response(self) -> Response {
    ///         match self {
    ///             Self::Taken => HandlerError::new(StatusCode::CONFLICT, "taken", "the room is taken").into_response(),
    ///         }
    ///     }
    ///
    ///     fn describe(description: &mut OperationDescription) {
    ///         description.refusal(StatusCode::CONFLICT, "The room is taken");
    ///     }
    /// }
    /// # let _ = BookingError::Taken;
    /// ```
    pub fn refusal(&mut self, status: StatusCode, description: &str) {
        self.refusals.push((status, description.to_owned()));
    }

    /// Returns the responses in the form of refusals, each with its description.
    pub(crate) fn refusals(&self) -> &[(StatusCode, String)] {
        &self.refusals
    }

    /// Adds a header with a text to the response with this status, which must be described before.
    pub fn response_header(&mut self, status: StatusCode, name: &str, description: &str) {
        self.typed_response_header(status, name, description, &json!({ "type": "string" }));
    }

    /// States that the operation may answer 404, in the form of a refusal.
    pub(crate) const fn may_be_missing(&mut self) {
        self.may_be_missing = true;
    }

    /// Whether the operation may answer 404, in the form of a refusal.
    pub(crate) const fn is_maybe_missing(&self) -> bool {
        self.may_be_missing
    }

    /// States that the handler may answer any error, in the form of a refusal.
    pub(crate) const fn may_fail(&mut self) {
        self.may_fail = true;
    }

    /// Whether the handler may answer any error, in the form of a refusal.
    pub(crate) const fn is_fallible(&self) -> bool {
        self.may_fail
    }

    /// The description that `describe` adds under this status (or `default`), instead of the one of
    /// the response type.
    pub(crate) fn under(&mut self, status: &'static str, describe: impl FnOnce(&mut Self)) {
        let outer = self.status;
        self.status = outer.or(Some(status));
        describe(self);
        self.status = outer;
    }

    /// Adds a parameter that an application's own input reads. A parameter of the path must be in
    /// the template of the operation.
    pub fn parameter(&mut self, place: ParameterPlace, name: &str, is_required: bool, schema: &Value) {
        let is_required = place == ParameterPlace::Path || (is_required && !self.is_optional);
        self.parameters
            .push(json!({ "name": name, "in": place.as_str(), "required": is_required, "schema": schema }));
    }

    /// Adds the body that an application's own input reads, with the schema of one media type.
    pub fn request_body(&mut self, media_type: &str, schema: &Value) {
        let required = !self.is_optional;
        self.request_body = Some(json!({ "content": { media_type: { "schema": schema } }, "required": required }));
    }

    /// Describes an input that may be absent.
    pub(crate) fn optional(&mut self, describe: impl FnOnce(&mut Self)) {
        let outer = std::mem::replace(&mut self.is_optional, true);
        describe(self);
        self.is_optional = outer;
    }

    /// Adds a value of the application that an input reads.
    pub(crate) fn state(&mut self, state: StateType) {
        self.states.push(state);
    }

    /// Checks that the types of the operation are compatible.
    ///
    /// # Errors
    ///
    /// [`BuildError`], which names the operation.
    pub(crate) fn check(&self, operation: &ResolvedOperation) -> Result<(), BuildError> {
        if let Some(fault) = &self.fault {
            return Err(fault.to_error(operation));
        }
        if let Some(name) = self.closed_part() {
            let operation = operation.to_string();
            return Err(BuildError::ClosedPart { operation, name });
        }
        let paths: Vec<_> = self.paths.iter().map(PathInput::shape).collect();
        path_check::check(operation, &paths, self.own_path_parameters())?;
        let queries = || self.inputs.iter().filter(|input| input.place == FieldPlace::Query);
        for input in queries() {
            let others = queries().filter(|other| other.input != input.input);
            let mut names = others.flat_map(|other| other.shape.parameters.iter().map(|parameter| &parameter.name));
            if let Some(name) = names.find(|name| input.shape.parameter(name).is_none() && input.refuses(name)) {
                let reason = format!("two types read it, and one of them refuses `{name}` of the other");
                return Err(TypeFault::Fields(FieldPlace::Query, reason).to_error(operation));
            }
        }
        Ok(())
    }

    /// Returns the name of a type that refuses the members next to it in the document.
    fn closed_part(&self) -> Option<String> {
        let of_responses = self.schemas.values().chain(self.responses.values());
        let mut described = of_responses.chain(&self.request_body);
        described.find_map(|schema| closed_check::find(schema, &self.schemas))
    }

    /// Adds a user that an argument takes.
    pub(crate) fn user<U: ApplicationUser>(&mut self) {
        self.users.push(UserType {
            id: TypeId::of::<U>(),
            name: type_name::<U>(),
        });
    }

    /// Returns the types of the users that arguments take.
    pub(crate) fn users(&self) -> &[UserType] {
        &self.users
    }

    /// Adds a resource that the handler takes.
    pub(crate) const fn resource(&mut self, resource: ResourceType) {
        self.resource = Some(resource);
    }

    /// Returns the resource that the handler takes.
    pub(crate) const fn taken_resource(&self) -> Option<ResourceType> {
        self.resource
    }

    /// Returns the values of the application that the inputs read.
    pub(crate) fn states(&self) -> &[StateType] {
        &self.states
    }

    /// Returns the shape of each input with fields, and of each path with constraints, for reading.
    pub(crate) fn into_shapes(self, template: &str) -> Vec<(TypeId, FieldShape)> {
        let of_fields = self.inputs.into_iter().map(|input| (input.input, input.shape));
        let of_paths = self.paths.into_iter().filter_map(|path| path.into_shape(template));
        of_fields.chain(of_paths).collect()
    }

    fn own_path_parameters(&self) -> impl Iterator<Item = &str> {
        let of_path = |parameter: &&Value| parameter.get("in").is_some_and(|place| place == "path");
        let parameters = self.parameters.iter().filter(of_path);
        parameters.filter_map(|parameter| parameter.get("name")?.as_str())
    }

    fn note(&mut self, fault: TypeFault) {
        self.fault.get_or_insert(fault);
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
    pub(crate) const fn body(&self) -> Option<&Value> {
        self.request_body.as_ref()
    }

    /// Whether an input other than the caller is read, so that a request may be refused for it.
    pub(crate) const fn has_inputs(&self) -> bool {
        self.request_body.is_some() || !self.paths.is_empty() || !self.inputs.is_empty() || !self.parameters.is_empty()
    }

    /// Returns the parameters: those of the path with the template's names, then those of the
    /// query, of headers and of cookies. A parameter of several inputs occurs once.
    pub(crate) fn parameters(&self, template: &str) -> Vec<Value> {
        let names: Vec<&str> = scopegate_gate::path::parameter_names(template).collect();
        let of_path = self.paths.iter().flat_map(|path| path.parameter_objects(&names));
        let fields = [FieldPlace::Query, FieldPlace::Header, FieldPlace::Cookie];
        let fields = fields.into_iter().flat_map(|place| {
            let inputs = self.inputs.iter().filter(move |input| input.place == place);
            inputs.flat_map(move |input| input.shape.parameter_objects(place))
        });
        let mut merged: Vec<Value> = Vec::new();
        for parameter in of_path.chain(fields).chain(self.parameters.iter().cloned()) {
            let is_same = |known: &&mut Value| {
                known.get("name") == parameter.get("name") && known.get("in") == parameter.get("in")
            };
            match merged.iter_mut().find(is_same) {
                Some(known) => merge_parameters(known, &parameter),
                None => merged.push(parameter),
            }
        }
        merged
    }

    fn add(&mut self, status: StatusCode, response: Value) {
        let status = self.status.map_or_else(|| status.as_str().to_owned(), str::to_owned);
        self.add_under(status, response);
    }

    fn add_under(&mut self, status: String, response: Value) {
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
        self.referred(type_name::<T>(), to_json(&T::schema()), T::name)
    }

    fn referred(&mut self, type_name: &str, schema: Value, name: fn() -> Cow<'static, str>) -> Value {
        // `Page<A>` and `Page<B>` would share the name `Page`.
        let is_generic = type_name.contains(['<', '(', '[', '&']);
        if is_generic || !has_shape(&schema) {
            return component::marked(type_name, schema);
        }
        let name = name().into_owned();
        let reference = json!({ "$ref": format!("#/components/schemas/{name}") });
        self.add_schema(name, schema);
        reference
    }

    fn add_referenced<T: ToSchema>(&mut self) {
        let mut referenced = Vec::new();
        T::schemas(&mut referenced);
        self.add_schemas(referenced);
    }

    fn add_schemas(&mut self, referenced: Vec<(String, RefOr<Schema>)>) {
        for (name, schema) in referenced {
            self.add_schema(name, to_json(&schema));
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

impl FieldInput {
    /// Whether the type refuses a name that it does not know.
    fn refuses(&self, name: &str) -> bool {
        self.reader
            .is_some_and(|reader| field_check::refuses(&self.shape, name, reader))
    }
}

fn with_content(description: &str, media_type: &str, schema: &Value) -> Value {
    json!({ "description": description, "content": { media_type: { "schema": schema } } })
}
