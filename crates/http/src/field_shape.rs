//! The fields of an input as the document has them: collected from the schema of a type.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use crate::body_schema::BodySchema;
use crate::constraints::{Constraints, IntegerBounds};
use crate::field_place::FieldPlace;
use crate::invalid_value::InvalidValue;
use crate::sample::component;

/// The maximum depth of schemas that is followed, so that a recursive schema ends.
const DEPTH: usize = 32;

/// The possible types of a parameter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ValueType {
    Boolean,
    Integer,
    Number,
    Text,
    /// The content of a file.
    File,
    List(Vec<ValueType>),
    Object,
}

/// A field of an input.
#[derive(Clone, Debug)]
pub(crate) struct Parameter {
    pub(crate) name: String,
    pub(crate) schema: Value,
    pub(crate) required: bool,
    pub(crate) types: Vec<ValueType>,
    /// A text that the type accepts, if one is known.
    pub(crate) sample: Option<String>,
    pub(crate) constraints: Option<Constraints>,
    /// What enforces the bounds of an integer.
    pub(crate) bounds: IntegerBounds,
}

impl Parameter {
    /// Creates a required parameter of this schema.
    pub(crate) fn new(name: &str, schema: Value, components: &Map<String, Value>) -> Self {
        Self {
            name: name.to_owned(),
            types: types(&schema, components, DEPTH),
            schema,
            required: true,
            sample: None,
            constraints: None,
            bounds: IntegerBounds::Declared,
        }
    }

    /// Returns the object of the document for a header of an answer. That of a parameter has a name
    /// and a place, too.
    pub(crate) fn header_object(&self) -> Map<String, Value> {
        described(self.required, without_null(&self.schema))
    }

    /// Whether the values of the name are a list.
    pub(crate) fn is_list(&self) -> bool {
        self.types.iter().any(|of| matches!(of, ValueType::List(_)))
    }
}

/// The fields of an input, in the order of their declaration.
#[derive(Clone, Debug, Default)]
pub(crate) struct FieldShape {
    pub(crate) parameters: Vec<Parameter>,
    /// The schema and the types of parameters with any other name, if a map takes them.
    pub(crate) rest: Option<(Value, Vec<ValueType>)>,
    /// The constraints of parameters with any other name.
    pub(crate) rest_constraints: Option<Constraints>,
    /// The constraints of all values together: of alternatives, and of a body of JSON.
    pub(crate) whole_constraints: Option<Constraints>,
    /// The schema of a body of JSON.
    pub(crate) body: Option<Arc<BodySchema>>,
    /// Whether the required parameters depend on others, as in an enum.
    pub(crate) has_alternatives: bool,
    /// Whether the schema consists of several schemas, as by `flatten`.
    pub(crate) has_parts: bool,
}

impl FieldShape {
    /// Collects the parameters of a schema; `None` if it is not the schema of a structure.
    pub(crate) fn of(schema: &Value, components: &Map<String, Value>) -> Option<Self> {
        let mut shape = collect(schema, components, DEPTH)?;
        for parameter in &mut shape.parameters {
            parameter.types = types(&parameter.schema, components, DEPTH);
        }
        if let Some((schema, rest)) = &mut shape.rest {
            *rest = types(schema, components, DEPTH);
        }
        Some(shape)
    }

    /// Whether a value of the shape can break a constraint.
    pub(crate) fn has_constraints(&self) -> bool {
        let mut of_parameters = self.parameters.iter().map(|parameter| &parameter.constraints);
        of_parameters.any(Option::is_some) || self.rest_constraints.is_some() || self.whole_constraints.is_some()
    }

    /// Whether a constraint concerns the values of this name.
    pub(crate) fn is_constrained(&self, name: &str) -> bool {
        let of_whole = self.whole_constraints.is_some() && (self.rest.is_some() || self.parameter(name).is_some());
        of_whole || self.constraints(name).is_some()
    }

    /// Returns the errors of a body of JSON that the document does not allow, and that the type in
    /// Rust may accept. With `types`, the type has accepted it.
    pub(crate) fn body_faults(&self, value: &Value, types: bool) -> Vec<InvalidValue> {
        let schema = self.body.as_ref().filter(|schema| schema.is_loose());
        let mut faults = schema.map(|schema| schema.other_types(value)).unwrap_or_default();
        let constraints = self.whole_constraints.as_ref();
        let broken = constraints.map(|constraints| constraints.check(value, types));
        let is_told = |fault: &InvalidValue| faults.iter().any(|other| other.is_at_place_of(fault));
        let broken: Vec<_> = broken.into_iter().flatten().filter(|fault| !is_told(fault)).collect();
        faults.extend(broken);
        faults
    }

    /// Whether a body of JSON is compared with the document after its type has accepted it.
    pub(crate) fn compares_body(&self) -> bool {
        self.whole_constraints.is_some() || self.body.as_ref().is_some_and(|schema| schema.is_loose())
    }

    pub(crate) fn parameter(&self, name: &str) -> Option<&Parameter> {
        self.parameters.iter().find(|parameter| parameter.name == name)
    }

    /// Returns the types of the texts of this name; none if the document does not declare it.
    pub(crate) fn types(&self, name: &str) -> &[ValueType] {
        let rest = || self.rest.as_ref().map_or(&[][..], |(_, types)| types);
        self.parameter(name).map_or_else(rest, |parameter| &parameter.types)
    }

    /// Returns the constraints of the values of this name.
    pub(crate) fn constraints(&self, name: &str) -> Option<&Constraints> {
        let rest = || self.rest_constraints.as_ref();
        self.parameter(name)
            .map_or_else(rest, |parameter| parameter.constraints.as_ref())
    }

    /// The parameter objects of the document, for a place other than a form.
    pub(crate) fn parameter_objects(&self, place: FieldPlace) -> impl Iterator<Item = Value> + '_ {
        let named = self.parameters.iter().map(move |parameter| {
            let mut object = parameter.header_object();
            object.insert("name".to_owned(), place.name_of(&parameter.name).into());
            object.insert("in".to_owned(), place.as_str().into());
            Value::Object(object)
        });
        // OpenAPI 3.1, section 4.8.12: each member of an exploded object is one parameter. The
        // object's name is not sent.
        let rest = self.rest.iter().map(move |(schema, _)| {
            json!({
                "name": "parameters", "in": place.as_str(), "required": false, "style": "form", "explode": true,
                "schema": { "type": "object", "additionalProperties": schema },
            })
        });
        named.chain(rest)
    }

    /// Adds the parameters of a schema of an `allOf` with this one.
    fn and(&mut self, other: Self) {
        for parameter in other.parameters {
            match self.parameters.iter_mut().find(|known| known.name == parameter.name) {
                Some(known) => {
                    known.required |= parameter.required;
                    combine(&mut known.schema, parameter.schema, "allOf");
                }
                None => self.parameters.push(parameter),
            }
        }
        self.rest = self.rest.take().or(other.rest);
        self.has_alternatives |= other.has_alternatives;
        self.has_parts |= other.has_parts;
    }

    /// Adds the parameters of an alternative to this schema.
    fn or(&mut self, other: Self) {
        for known in &mut self.parameters {
            known.required &= other.parameter(&known.name).is_some_and(|parameter| parameter.required);
        }
        for mut parameter in other.parameters {
            let known = self.parameters.iter_mut().find(|known| known.name == parameter.name);
            if let Some(known) = known {
                combine(&mut known.schema, parameter.schema, "anyOf");
            } else {
                parameter.required = false;
                self.parameters.push(parameter);
            }
        }
        self.rest = self.rest.take().or(other.rest);
        self.has_alternatives = true;
    }
}

/// Merges two schemas of the same parameter.
pub(crate) fn combine(known: &mut Value, other: Value, word: &str) {
    if *known == other {
        return;
    }
    match known.get_mut(word).and_then(Value::as_array_mut) {
        Some(list) if list.contains(&other) => {}
        Some(list) => list.push(other),
        None => *known = json!({ word: [known.take(), other] }),
    }
}

fn collect(schema: &Value, components: &Map<String, Value>, depth: usize) -> Option<FieldShape> {
    let depth = depth.checked_sub(1)?;
    if let Some(component) = component(schema, components) {
        return collect(component, components, depth);
    }
    let mut shape = FieldShape::default();
    let list = |word: &str| schema.get(word).and_then(Value::as_array).into_iter().flatten();
    let mut is_structure = schema.get("properties").is_some() || is_object_or_nothing(schema);
    let required: Vec<_> = list("required").filter_map(Value::as_str).collect();
    for (name, schema) in schema
        .get("properties")
        .and_then(Value::as_object)
        .into_iter()
        .flatten()
    {
        // A member that only answers have is not read.
        if schema.get("readOnly") != Some(&Value::Bool(true)) {
            shape.parameters.push(Parameter {
                name: name.clone(),
                schema: schema.clone(),
                required: required.contains(&name.as_str()),
                types: Vec::new(),
                sample: None,
                constraints: None,
                bounds: IntegerBounds::Declared,
            });
        }
    }
    match schema.get("additionalProperties") {
        Some(Value::Bool(false)) | None => {}
        Some(Value::Bool(true)) => shape.rest = Some((json!({}), Vec::new())),
        Some(schema) => shape.rest = Some((schema.clone(), Vec::new())),
    }
    for part in list("allOf") {
        shape.and(collect(part, components, depth)?);
        (is_structure, shape.has_parts) = (true, true);
    }
    for word in ["oneOf", "anyOf"] {
        let mut alternatives: Option<FieldShape> = None;
        for alternative in list(word) {
            let alternative = collect(alternative, components, depth)?;
            match &mut alternatives {
                Some(known) => known.or(alternative),
                None => alternatives = Some(alternative),
            }
        }
        if let Some(alternatives) = alternatives {
            shape.and(alternatives);
            is_structure = true;
        }
    }
    is_structure.then_some(shape)
}

/// Returns whether the schema is of an object, of `null` or of anything: no values read as each of
/// them.
fn is_object_or_nothing(schema: &Value) -> bool {
    let is_one = |kind: &Value| kind == "object" || kind == "null";
    match schema.get("type") {
        Some(Value::Array(kinds)) => kinds.iter().all(is_one),
        Some(kind) => is_one(kind),
        None => schema.get("enum").is_none(),
    }
}

/// Returns the object of a parameter or a header without its name. The description of the schema is
/// that of the object, too, because Swagger UI shows only the latter.
pub(crate) fn described(required: bool, schema: Value) -> Map<String, Value> {
    let description = schema.get("description").cloned();
    let description = description.map(|text| ("description".to_owned(), text));
    let members = [("required".to_owned(), required.into()), ("schema".to_owned(), schema)];
    members.into_iter().chain(description).collect()
}

/// Returns the schema without `null`, which has no text. An optional parameter is absent.
fn without_null(schema: &Value) -> Value {
    let mut schema = schema.clone();
    let Some(members) = schema.as_object_mut() else {
        return schema;
    };
    if let Some(types) = members.get_mut("type").and_then(Value::as_array_mut) {
        types.retain(|of| of != "null");
        if let [only] = types.as_slice() {
            let only = only.clone();
            members.insert("type".to_owned(), only);
        }
    }
    for word in ["oneOf", "anyOf"] {
        if let Some(alternatives) = members.get_mut(word).and_then(Value::as_array_mut) {
            alternatives.retain(|schema| schema.get("type").is_none_or(|of| of != "null"));
        }
    }
    schema
}

/// The types of the values of a schema.
fn types(schema: &Value, components: &Map<String, Value>, depth: usize) -> Vec<ValueType> {
    let Some(depth) = depth.checked_sub(1) else {
        return Vec::new();
    };
    if let Some(component) = component(schema, components) {
        return types(component, components, depth);
    }
    let mut found = Vec::new();
    let list = |word: &str| schema.get(word).and_then(Value::as_array).into_iter().flatten();
    let kinds: Vec<&Value> = match schema.get("type") {
        Some(Value::Array(kinds)) => kinds.iter().collect(),
        kind => kind.into_iter().collect(),
    };
    for kind in kinds.into_iter().filter_map(Value::as_str) {
        match kind {
            "boolean" => found.push(ValueType::Boolean),
            "integer" => found.push(ValueType::Integer),
            "number" => found.push(ValueType::Number),
            "string" if schema.get("format").is_some_and(|format| format == "binary") => found.push(ValueType::File),
            "string" => found.push(ValueType::Text),
            "object" => found.push(ValueType::Object),
            "array" => {
                let elements = schema.get("items").into_iter().chain(list("prefixItems"));
                let elements = elements.flat_map(|schema| types(schema, components, depth));
                found.push(ValueType::List(elements.collect()));
            }
            _ => {}
        }
    }
    for part in ["allOf", "oneOf", "anyOf"].into_iter().flat_map(list) {
        found.extend(types(part, components, depth));
    }
    found
}
