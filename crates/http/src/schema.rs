//! Rewrites schemas as FastAPI writes them, for documents that are compared with FastAPI's.

use serde_json::{Map, Value, json};

/// Writes the schema of a component as FastAPI does: with titles, and `anyOf` instead of a list of
/// types.
pub(crate) fn as_fastapi(name: &str, schema: &Value) -> Value {
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

/// A name in words: `read_users_me` is `Read Users Me`.
pub(crate) fn title(name: &str) -> String {
    let words = name.split('_').map(|word| {
        let mut letters = word.chars();
        let first = letters
            .next()
            .map(|letter| letter.to_uppercase().collect::<String>())
            .unwrap_or_default();
        first + &letters.as_str().to_lowercase()
    });
    words.collect::<Vec<_>>().join(" ")
}

/// Returns FastAPI's name for an operation: that of the function, the path and the method, with `_`
/// for other characters.
pub(crate) fn operation_id(name: &str, template: &str, method: &str) -> String {
    let word = |character: char| if character.is_alphanumeric() { character } else { '_' };
    let name: String = name.chars().chain(template.chars()).map(word).collect();
    format!("{name}_{}", method.to_lowercase())
}

/// The body of a refusal by [RFC 9457, section
/// 3](https://www.rfc-editor.org/rfc/rfc9457#section-3).
pub(crate) fn problem() -> Value {
    let place = json!({ "anyOf": [{ "type": "string" }, { "type": "integer" }] });
    let fault = json!({
        "type": "object",
        "required": ["type", "loc", "msg"],
        "properties": {
            "type": { "type": "string" },
            "loc": { "type": "array", "items": place },
            "msg": { "type": "string" },
            "input": { "type": ["string", "null"] },
        },
    });
    json!({
        "type": "object",
        "required": ["title", "status", "detail"],
        "properties": {
            "title": { "type": "string" },
            "status": { "type": "integer" },
            "detail": { "type": "string" },
            "error": { "type": "string", "description": "The error code of RFC 6750, section 3.1, if there is one" },
            "errors": { "type": "array", "items": fault, "description": "The values that differ from their declaration" },
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_made_as_fastapi_makes_them() {
        assert_eq!(
            operation_id("read_users_me", "/users/me/", "GET"),
            "read_users_me_users_me__get"
        );
        assert_eq!(
            operation_id("list", "/users/{id}/x-y", "POST"),
            "list_users__id__x_y_post"
        );
        assert_eq!(title("login_for_access_token"), "Login For Access Token");
    }

    #[test]
    fn an_option_is_any_of_its_type_and_null() {
        let schema = json!({ "type": "object", "properties": { "full_name": { "type": ["string", "null"] } } });
        assert_eq!(
            as_fastapi("User", &schema),
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
