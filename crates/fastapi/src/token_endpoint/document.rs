//! What the OpenAPI document says about the token endpoint, word for word what FastAPI writes.

use serde_json::{Map, Value, json};

use crate::document_style::{VALIDATION_ERROR, refusal_schemas};

/// The name that FastAPI gives to the form.
const FORM: &str = "Body_login_for_access_token_token_post";

/// Returns the Operation Object of the token endpoint.
pub(super) fn operation() -> Map<String, Value> {
    let body =
        json!({ "content": { "application/x-www-form-urlencoded": { "schema": reference(FORM) } }, "required": true });
    let operation = json!({
        "summary": "Login For Access Token",
        "operationId": "login_for_access_token_token_post",
        "requestBody": body,
        "responses": {
            "200": response("Successful Response", "Token"),
            "422": response("Validation Error", VALIDATION_ERROR),
        },
    });
    match operation {
        Value::Object(members) => members,
        _ => Map::new(),
    }
}

/// Returns the schemas that the entry names.
pub(super) fn schemas() -> Map<String, Value> {
    let own = [(FORM, form()), ("Token", token())];
    let all = own.into_iter().chain(refusal_schemas());
    all.map(|(name, schema)| (name.to_owned(), schema)).collect()
}

fn reference(name: &str) -> Value {
    json!({ "$ref": format!("#/components/schemas/{name}") })
}

fn response(description: &str, name: &str) -> Value {
    json!({ "description": description, "content": { "application/json": { "schema": reference(name) } } })
}

fn form() -> Value {
    json!({
        "properties": {
            "grant_type": {
                "anyOf": [{ "type": "string", "pattern": "^password$" }, { "type": "null" }],
                "title": "Grant Type",
            },
            "username": { "type": "string", "title": "Username" },
            "password": { "type": "string", "format": "password", "title": "Password" },
            "scope": { "type": "string", "title": "Scope", "default": "" },
            "client_id": { "anyOf": [{ "type": "string" }, { "type": "null" }], "title": "Client Id" },
            "client_secret": {
                "anyOf": [{ "type": "string" }, { "type": "null" }],
                "format": "password",
                "title": "Client Secret",
            },
        },
        "type": "object",
        "required": ["username", "password"],
        "title": FORM,
    })
}

fn token() -> Value {
    json!({
        "properties": {
            "access_token": { "type": "string", "title": "Access Token" },
            "token_type": { "type": "string", "title": "Token Type" },
        },
        "type": "object",
        "required": ["access_token", "token_type"],
        "title": "Token",
    })
}
