//! The schemas of the refusal of an invalid request, as FastAPI writes them.

use serde_json::{Value, json};

/// Returns FastAPI's schemas for an invalid request: `HTTPValidationError` and `ValidationError`.
#[must_use]
pub fn schemas() -> [(String, Value); 2] {
    [
        ("HTTPValidationError".to_owned(), validation_errors()),
        ("ValidationError".to_owned(), one_validation_error()),
    ]
}

fn validation_errors() -> Value {
    json!({
        "properties": { "detail": { "items": { "$ref": "#/components/schemas/ValidationError" }, "type": "array", "title": "Detail" } },
        "type": "object",
        "title": "HTTPValidationError",
    })
}

fn one_validation_error() -> Value {
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
