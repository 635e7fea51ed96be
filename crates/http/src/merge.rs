//! Merges the descriptions of one parameter, status, media type or header from two sources.

use serde_json::Value;

use crate::field_shape::combine;

/// Merges the descriptions of one parameter from two queries: each query must be able to read it.
pub(crate) fn merge_parameters(known: &mut Value, other: &Value) {
    if other.get("required") == Some(&Value::Bool(true))
        && let Some(required) = known.get_mut("required")
    {
        *required = true.into();
    }
    if let (Some(schema), Some(other)) = (known.get_mut("schema"), other.get("schema")) {
        combine(schema, other.clone(), "allOf");
    }
}

/// Adds the response of another source with the same status. Each description is a paragraph.
pub(crate) fn merge_responses(known: &mut Value, other: Value) {
    let (Some(known), Value::Object(other)) = (known.as_object_mut(), other) else {
        return;
    };
    for (member, value) in other {
        let Some(existing) = known.get_mut(&member) else {
            known.insert(member, value);
            continue;
        };
        if let (Value::String(existing), Value::String(other)) = (&mut *existing, &value) {
            add_paragraph(existing, other);
        }
        let (Some(existing), Value::Object(value)) = (existing.as_object_mut(), value) else {
            continue;
        };
        for (name, value) in value {
            match existing.get_mut(&name) {
                Some(known) => merge_schemas(known, &value),
                None => {
                    existing.insert(name, value);
                }
            }
        }
    }
}

/// Adds a paragraph, unless the text has it.
fn add_paragraph(text: &mut String, paragraph: &str) {
    if !text.split("\n\n").any(|known| known == paragraph) {
        text.push_str("\n\n");
        text.push_str(paragraph);
    }
}

/// Merges two schemas of one media type or header: a value is valid for one of them.
fn merge_schemas(known: &mut Value, other: &Value) {
    if let (Some(schema), Some(other)) = (known.get_mut("schema"), other.get("schema")) {
        combine(schema, other.clone(), "anyOf");
    }
}
