//! The parameters of a path as an input reads them, with the schemas that their types declare.

use std::any::TypeId;

use scopegate_gate::path;
use serde_json::{Map, Value, json};

use crate::field_shape::{FieldShape, Parameter, described};
use crate::path_shape::PathShape;
use crate::sample::component;

/// The words of a schema that refers to other schemas.
const COMPOSED: [&str; 4] = ["$ref", "allOf", "anyOf", "oneOf"];

/// An input that reads parameters of the path.
#[derive(Clone, Debug)]
pub(crate) struct PathInput {
    input: TypeId,
    /// The parameters as serde reads them, with the schemas of the document.
    shape: PathShape,
    /// The declared parameters. In order, they have no names until the template is known.
    fields: FieldShape,
}

/// Returns the parameters that the schema of a whole path declares.
///
/// # Errors
///
/// A sentence if the schema does not describe what serde reads.
pub(crate) fn fields(shape: &PathShape, schema: &Value, components: &Map<String, Value>) -> Result<FieldShape, String> {
    let schema = resolved(schema, components);
    let list = |schemas: Vec<&Value>| {
        let parameters = schemas.into_iter().enumerate();
        let parameter =
            |(index, schema): (usize, &Value)| Parameter::new(&(index + 1).to_string(), schema.clone(), components);
        FieldShape {
            parameters: parameters.map(parameter).collect(),
            ..FieldShape::default()
        }
    };
    match shape {
        PathShape::InOrder(found) if found.is_empty() => Ok(FieldShape::default()),
        PathShape::InOrder(found) if found.len() == 1 => Ok(list(vec![schema])),
        PathShape::InOrder(found) => {
            let elements = schema.get("prefixItems").and_then(Value::as_array);
            let elements = elements.filter(|elements| elements.len() == found.len());
            let elements = elements
                .ok_or("the document does not describe each element of its type; give them names, or use a tuple")?;
            Ok(list(elements.iter().collect()))
        }
        PathShape::All if schema.get("items").is_some() => {
            let each = json!({ "type": "object", "additionalProperties": schema.get("items") });
            Ok(FieldShape::of(&each, components).unwrap_or_default())
        }
        PathShape::All | PathShape::Named(_) => FieldShape::of(schema, components)
            .ok_or_else(|| "the document does not describe its type as a structure".to_owned()),
    }
}

impl PathInput {
    /// Creates the description of an input, from what serde reads and what the document declares.
    pub(crate) fn new<I: 'static>(mut shape: PathShape, fields: FieldShape, components: &Map<String, Value>) -> Self {
        match &mut shape {
            PathShape::All => {}
            PathShape::InOrder(found) => {
                for (found, declared) in found.iter_mut().zip(&fields.parameters) {
                    declare(found, &declared.schema, components);
                }
            }
            PathShape::Named(found) => {
                for (name, found) in found {
                    if let Some(declared) = fields.parameter(name) {
                        declare(found, &declared.schema, components);
                    }
                }
            }
        }
        Self {
            input: TypeId::of::<I>(),
            shape,
            fields,
        }
    }

    pub(crate) const fn shape(&self) -> &PathShape {
        &self.shape
    }

    /// Returns the parameter objects of the document.
    pub(crate) fn parameter_objects(&self, template: &[&str]) -> Vec<Value> {
        let text = json!({ "type": "string" });
        let rest = self.fields.rest.as_ref().map_or(&text, |(schema, _)| schema);
        let all = template.iter().map(|name| {
            let declared = self.fields.parameter(name);
            (*name, declared.map_or(rest, |parameter| &parameter.schema))
        });
        let object = |(name, schema): (&str, &Value)| {
            let mut object = described(true, schema.clone());
            object.insert("name".to_owned(), name.into());
            object.insert("in".to_owned(), "path".into());
            Value::Object(object)
        };
        match &self.shape {
            PathShape::All => all.map(object).collect(),
            PathShape::InOrder(schemas) => template.iter().copied().zip(schemas).map(object).collect(),
            PathShape::Named(fields) => fields.iter().map(|(name, schema)| object((name, schema))).collect(),
        }
    }

    /// Returns the fields by name for reading; `None` without constraints.
    pub(crate) fn into_shape(mut self, template: &str) -> Option<(TypeId, FieldShape)> {
        if !self.fields.has_constraints() {
            return None;
        }
        if matches!(self.shape, PathShape::InOrder(_)) {
            for (parameter, name) in self.fields.parameters.iter_mut().zip(path::parameter_names(template)) {
                name.clone_into(&mut parameter.name);
            }
        }
        Some((self.input, self.fields))
    }
}

/// Adds the declared schema to the one of the type in Rust, which has the bounds of the type: a
/// path can contain any number of digits.
fn declare(found: &mut Value, declared: &Value, components: &Map<String, Value>) {
    let plain = resolved(declared, components);
    let is_plain = COMPOSED.iter().all(|word| plain.get(word).is_none());
    match (found.as_object_mut(), plain.as_object()) {
        (_, Some(none)) if none.is_empty() => {}
        (Some(members), Some(others)) if is_plain && members.get("type") == others.get("type") => {
            members.extend(others.clone());
        }
        _ => *found = declared.clone(),
    }
}

/// Follows the references of a schema that has nothing else.
fn resolved<'s>(schema: &'s Value, components: &'s Map<String, Value>) -> &'s Value {
    let mut schema = schema;
    // A schema that refers to itself ends, too.
    for _ in 0..=components.len() {
        let has_more = schema.as_object().is_some_and(|members| members.len() > 1);
        match component(schema, components).filter(|_| !has_more) {
            Some(inner) => schema = inner,
            None => break,
        }
    }
    schema
}
