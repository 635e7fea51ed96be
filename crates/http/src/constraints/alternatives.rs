//! Finds the alternatives of a schema that a value can be of.

use serde_json::Value;

use super::compile::{Compiled, Node};

/// Whether the value and all values inside it have the types, the lengths and the fixed values of
/// the schema. Each comparison uses fuel; without it, nothing has the shape.
pub(super) fn has_shape(compiled: &Compiled, number: usize, value: &Value, fuel: &mut usize) -> bool {
    let Some(node) = compiled.nodes.get(number) else {
        return true;
    };
    *fuel = fuel.saturating_sub(1);
    *fuel > 0
        && is_of_type(node, value)
        && node.limits.has_shape(value)
        && has_inner(compiled, node, value, fuel)
        && node.all_of.iter().all(|part| has_shape(compiled, *part, value, fuel))
        && node.any_of.iter().all(|alternatives| {
            let mut alternatives = alternatives.iter();
            alternatives.any(|alternative| has_shape(compiled, *alternative, value, fuel))
        })
}

/// Whether the value has the type and a fixed value of the schema itself.
pub(super) fn is_of_type(node: &Node, value: &Value) -> bool {
    let is_of_type = node.types.is_empty() || node.types.iter().any(|name| is_of(name, value));
    is_of_type && node.values.as_ref().is_none_or(|values| values.contains(value))
}

fn has_inner(compiled: &Compiled, node: &Node, value: &Value, fuel: &mut usize) -> bool {
    match value {
        Value::Array(elements) => elements.iter().enumerate().all(|(index, value)| {
            let schema = node.element(index);
            schema.is_none_or(|schema| has_shape(compiled, schema, value, fuel))
        }),
        Value::Object(members) => {
            node.required.iter().all(|name| members.contains_key(name))
                && members.iter().all(|(name, value)| match node.member(name) {
                    Some(schema) => has_shape(compiled, schema, value, fuel),
                    None => !node.is_closed,
                })
        }
        _ => true,
    }
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
