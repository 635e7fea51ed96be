//! Finds the alternatives of a schema that a value can be of.

use serde_json::Value;

use super::compile::{Compiled, Node};

/// Whether the value and its members have the types and the fixed values of the schema. Deeper
/// values are not compared, so that alternatives in alternatives cost the same.
pub(super) fn has_shape(compiled: &Compiled, number: usize, value: &Value) -> bool {
    matches(compiled, number, value, true)
}

fn matches(compiled: &Compiled, number: usize, value: &Value, with_members: bool) -> bool {
    let Some(node) = compiled.nodes.get(number) else {
        return true;
    };
    let is = |number: &usize| matches(compiled, *number, value, with_members);
    is_of_type(node, value)
        && (!with_members || has_members(compiled, node, value))
        && node.all_of.iter().all(is)
        && node.any_of.iter().all(|alternatives| alternatives.iter().any(is))
}

/// Whether the value has the type and a fixed value of the schema itself.
pub(super) fn is_of_type(node: &Node, value: &Value) -> bool {
    let is_of_type = node.types.is_empty() || node.types.iter().any(|name| is_of(name, value));
    is_of_type && node.values.as_ref().is_none_or(|values| values.contains(value))
}

fn has_members(compiled: &Compiled, node: &Node, value: &Value) -> bool {
    let Some(members) = value.as_object() else {
        return true;
    };
    let is_of_schema = |(name, value): (&String, &Value)| {
        let schema = node.member(name);
        schema.is_none_or(|schema| matches(compiled, schema, value, false))
    };
    node.required.iter().all(|name| members.contains_key(name)) && members.iter().all(is_of_schema)
}

fn is_of(name: &str, value: &Value) -> bool {
    match name {
        "array" => value.is_array(),
        "boolean" => value.is_boolean(),
        // An integer of more than 64 bits is read as a number.
        "integer" => value.is_i64() || value.is_u64() || value.as_f64().is_some_and(|number| number.fract() == 0.0),
        "null" => value.is_null(),
        "number" => value.is_number(),
        "object" => value.is_object(),
        "string" => value.is_string(),
        _ => true,
    }
}
