//! Replaces inlined schemas in the document by references to components.

use std::collections::HashSet;

use serde_json::{Map, Value, json};

use crate::build_error::BuildError;
use crate::utoipa_schema::{self, VALUES};

/// Marks a schema with the name of its type, until all components of the document are known.
const NAME: &str = "$component";

/// The types that write out the schema of their inner type.
const WRAPPERS: [&str; 7] = [
    "alloc::vec::Vec",
    "core::option::Option",
    "alloc::boxed::Box",
    "alloc::collections::linked_list::LinkedList",
    "alloc::collections::vec_deque::VecDeque",
    "alloc::collections::btree::set::BTreeSet",
    "std::collections::hash::set::HashSet",
];

/// Whether a schema is worth a name.
pub(crate) fn has_shape(schema: &Value) -> bool {
    ["properties", "oneOf", "allOf", "anyOf", "enum"]
        .iter()
        .any(|key| schema.get(key).is_some())
}

/// Marks the schema of the type inside `Vec`, `Option` and similar types.
pub(crate) fn marked(type_name: &str, mut schema: Value) -> Value {
    mark(type_name, &mut schema);
    schema
}

fn mark(type_name: &str, schema: &mut Value) {
    let wrapped = type_name
        .split_once('<')
        .filter(|(wrapper, _)| WRAPPERS.contains(wrapper));
    if let Some(inner) = wrapped.and_then(|(_, rest)| rest.strip_suffix('>')) {
        if schema.get("items").is_some() {
            if let Some(items) = schema.get_mut("items") {
                mark(inner, items);
            }
        } else if let Some(alternatives) = schema.get_mut("oneOf").and_then(Value::as_array_mut) {
            let is_null = |schema: &Value| schema.get("type").is_some_and(|of| of == "null");
            if let [first, second] = alternatives.as_mut_slice()
                && is_null(first) != is_null(second)
            {
                mark(inner, if is_null(first) { second } else { first });
            }
        } else {
            mark(inner, schema);
        }
        return;
    }
    let is_generic = type_name.contains(['<', '(', '[', '&']);
    if !is_generic
        && has_shape(schema)
        && let Some(name) = type_name.rsplit("::").next()
        && let Some(members) = schema.as_object_mut()
    {
        members.insert(NAME.to_owned(), name.into());
    }
}

/// Replaces each marked schema by a reference to the component with the same schema. If there is
/// none, adds one under the name of the type. If another schema has that name, the schema is
/// written inline.
pub(crate) fn resolve(value: &mut Value, components: &mut Map<String, Value>, style: &impl Fn(&str, &Value) -> Value) {
    match value {
        Value::Object(members) => {
            let Some(Value::String(name)) = members.remove(NAME) else {
                members.values_mut().for_each(|value| resolve(value, components, style));
                return;
            };
            let plain = Value::Object(members.clone());
            let is_same = |name: &str, known: &Value| *known == style(name, &plain);
            let known = components
                .iter()
                .find(|(known, schema)| is_same(known, schema))
                .map(|(known, _)| known.clone());
            let reference = match known {
                Some(known) => known,
                None if components.contains_key(&name) => return,
                None => {
                    components.insert(name.clone(), style(&name, &plain));
                    name
                }
            };
            *value = json!({ "$ref": format!("#/components/schemas/{reference}") });
        }
        Value::Array(values) => values.iter_mut().for_each(|value| resolve(value, components, style)),
        _ => {}
    }
}

/// Checks each reference to a schema. A reference to a primitive type is replaced by the schema of
/// that type.
///
/// utoipa writes the parameter of a generic type as a reference by its name alone.
///
/// # Errors
///
/// [`BuildError::SchemaMissing`].
pub(crate) fn check_references(document: &mut Value) -> Result<(), BuildError> {
    let schemas = document.pointer("/components/schemas").and_then(Value::as_object);
    let names: HashSet<String> = schemas.into_iter().flat_map(Map::keys).cloned().collect();
    let is_known = |name: &str| names.contains(name);
    let missing = |place: String| move |name: String| BuildError::SchemaMissing { place, name };
    for (template, item) in members(document.get_mut("paths")) {
        for (method, operation) in members(Some(item)) {
            let place = format!("`{} {template}`", method.to_uppercase());
            inline_primitives(operation, &is_known).map_err(missing(place))?;
        }
    }
    for (name, schema) in members(document.pointer_mut("/components/schemas")) {
        inline_primitives(schema, &is_known).map_err(missing(format!("schema `{name}`")))?;
    }
    Ok(())
}

fn members(value: Option<&mut Value>) -> impl Iterator<Item = (&String, &mut Value)> {
    value.and_then(Value::as_object_mut).into_iter().flatten()
}

/// Writes out each primitive type to which a schema refers.
///
/// # Errors
///
/// Returns the name of a schema that is neither known nor primitive.
pub(crate) fn inline_primitives(value: &mut Value, is_known: &impl Fn(&str) -> bool) -> Result<(), String> {
    match value {
        Value::Object(members) => {
            let reference = members.get("$ref").and_then(Value::as_str);
            let name = reference.and_then(|reference| reference.strip_prefix("#/components/schemas/"));
            if let Some(name) = name.filter(|name| !is_known(name)) {
                *value = utoipa_schema::primitive(name).ok_or_else(|| name.to_owned())?;
                return Ok(());
            }
            let mut schemas = members.iter_mut().filter(|(name, _)| !VALUES.contains(&name.as_str()));
            schemas.try_for_each(|(_, value)| inline_primitives(value, is_known))
        }
        Value::Array(values) => values
            .iter_mut()
            .try_for_each(|value| inline_primitives(value, is_known)),
        _ => Ok(()),
    }
}
