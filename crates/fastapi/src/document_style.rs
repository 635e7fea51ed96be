//! The OpenAPI document as FastAPI writes it.

use scopegate_gate::{DocumentDialect, title};
use serde_json::{Map, Value, json};

/// The name of the schema of a refusal.
pub(crate) const VALIDATION_ERROR: &str = "HTTPValidationError";

/// The style of the document.
pub(crate) const DOCUMENT: DocumentDialect = DocumentDialect {
    component,
    has_extensions: false,
};

/// Returns FastAPI's schemas for an invalid request.
pub(crate) fn refusal_schemas() -> Vec<(&'static str, Value)> {
    vec![
        (VALIDATION_ERROR, validation_errors()),
        ("ValidationError", one_validation_error()),
    ]
}

pub(crate) fn validation_errors() -> Value {
    json!({
        "properties": { "detail": { "items": { "$ref": "#/components/schemas/ValidationError" }, "type": "array", "title": "Detail" } },
        "type": "object",
        "title": "HTTPValidationError",
    })
}

pub(crate) fn one_validation_error() -> Value {
    json!({
        "properties": {
            "loc": {
                "items": { "anyOf": [{ "type": "string" }, { "type": "integer" }] },
                "type": "array",
                "title": "Location",
            },
            "msg": { "type": "string", "title": "Message" },
            "type": { "type": "string", "title": "Error Type" },
            "input": { "title": "Input" },
            "ctx": { "type": "object", "title": "Context" },
        },
        "type": "object",
        "required": ["loc", "msg", "type"],
        "title": "ValidationError",
    })
}

/// Writes the schema of a component as FastAPI does: with titles, and `anyOf` instead of a list of
/// types.
fn component(name: &str, schema: &Value) -> Value {
    let mut schema = restyled(schema);
    if let Some(object) = schema.as_object_mut() {
        object.insert("title".to_owned(), name.into());
    }
    schema
}

fn restyled(schema: &Value) -> Value {
    let Some(object) = schema.as_object() else {
        return schema.clone();
    };
    let mut styled: Map<String, Value> = object
        .iter()
        .map(|(key, value)| match (key.as_str(), value) {
            ("properties", Value::Object(properties)) => (key.clone(), titled(properties)),
            ("items" | "additionalProperties", value) => (key.clone(), restyled(value)),
            ("oneOf" | "anyOf" | "allOf", Value::Array(list)) => (key.clone(), list.iter().map(restyled).collect()),
            _ => (key.clone(), value.clone()),
        })
        .collect();
    if let Some(Value::Array(types)) = styled.get("type").cloned() {
        return split(styled, &types);
    }
    if let Some(list) = styled.remove("oneOf") {
        styled.insert("anyOf".to_owned(), list);
    }
    Value::Object(styled)
}

/// Writes `{"type": ["string", "null"], "format": f}` as `{"anyOf": [{"type": "string", "format":
/// f}, {"type": "null"}]}`.
fn split(mut schema: Map<String, Value>, types: &[Value]) -> Value {
    schema.remove("type");
    let alternatives: Vec<_> = types
        .iter()
        .map(|of| {
            let mut alternative = if of == "null" { Map::new() } else { schema.clone() };
            alternative.insert("type".to_owned(), of.clone());
            Value::Object(alternative)
        })
        .collect();
    json!({ "anyOf": alternatives })
}

fn titled(properties: &Map<String, Value>) -> Value {
    let styled = properties.iter().map(|(name, schema)| {
        let mut schema = restyled(schema);
        if let Some(object) = schema.as_object_mut().filter(|object| !object.contains_key("$ref")) {
            object.insert("title".to_owned(), title(name).into());
        }
        (name.clone(), schema)
    });
    Value::Object(styled.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_option_is_any_of_its_type_and_null() {
        let schema = json!({ "type": "object", "properties": { "full_name": { "type": ["string", "null"] } } });
        assert_eq!(
            component("User", &schema),
            json!({
                "type": "object",
                "title": "User",
                "properties": {
                    "full_name": { "anyOf": [{ "type": "string" }, { "type": "null" }], "title": "Full Name" },
                },
            })
        );
    }
}
