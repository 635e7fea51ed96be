//! What the document says about the token endpoint: by the page, word for word what FastAPI writes.

use scopegate_domain::GrantType;
use scopegate_gate::{Profile, validation_error};
use serde_json::{Map, Value, json};

/// The name that FastAPI gives to the page's form.
const PAGE_FORM: &str = "Body_login_for_access_token_token_post";

/// Returns the Operation Object of the token endpoint.
pub(super) fn operation(profile: Profile) -> Map<String, Value> {
    let operation = match profile {
        Profile::Tutorial => json!({
            "summary": "Login For Access Token",
            "operationId": "login_for_access_token_token_post",
            "requestBody": form(PAGE_FORM),
            "responses": {
                "200": response("Successful Response", "Token"),
                "422": response("Validation Error", "HTTPValidationError"),
            },
        }),
        Profile::Rfc => json!({
            "summary": "Request a token",
            "operationId": "token",
            "requestBody": form("TokenRequest"),
            "responses": {
                "200": response("The token", "TokenResponse"),
                "400": response("The request was refused", "TokenError"),
                "401": response(
                    "The client failed to authenticate by the `Authorization` header",
                    "TokenError",
                ),
                "429": response("Too many failed attempts", "TokenError"),
                "503": response("Too many logins at once", "TokenError"),
            },
        }),
    };
    match operation {
        Value::Object(members) => members,
        _ => Map::new(),
    }
}

/// The schemas that the entry names, for a server with these grant types.
pub(super) fn schemas(profile: Profile, grant_types: &[GrantType]) -> Map<String, Value> {
    let schemas = match profile {
        Profile::Tutorial => vec![(PAGE_FORM, page_form()), ("Token", page_token())],
        Profile::Rfc => {
            vec![
                ("TokenError", rfc_error()),
                ("TokenRequest", rfc_form(grant_types)),
                ("TokenResponse", rfc_token()),
            ]
        }
    };
    let named = schemas.into_iter().map(|(name, schema)| (name.to_owned(), schema));
    match profile {
        Profile::Tutorial => named.chain(validation_error::schemas()).collect(),
        Profile::Rfc => named.collect(),
    }
}

fn reference(name: &str) -> Value {
    json!({ "$ref": format!("#/components/schemas/{name}") })
}

fn form(name: &str) -> Value {
    json!({ "content": { "application/x-www-form-urlencoded": { "schema": reference(name) } }, "required": true })
}

fn response(description: &str, name: &str) -> Value {
    json!({ "description": description, "content": { "application/json": { "schema": reference(name) } } })
}

fn page_form() -> Value {
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
        "title": PAGE_FORM,
    })
}

fn page_token() -> Value {
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

fn rfc_form(grant_types: &[GrantType]) -> Value {
    let names: Vec<&str> = grant_types.iter().map(|grant_type| grant_type.as_str()).collect();
    json!({
        "type": "object",
        "properties": {
            "grant_type": { "type": "string", "enum": names },
            "username": { "type": "string" },
            "password": { "type": "string", "format": "password" },
            "scope": { "type": "string" },
            "client_id": { "type": "string" },
            "client_secret": { "type": "string", "format": "password" },
        },
        "required": ["grant_type"],
    })
}

fn rfc_token() -> Value {
    json!({
        "type": "object",
        "properties": {
            "access_token": { "type": "string" },
            "token_type": { "type": "string" },
            "expires_in": { "type": "integer" },
            "scope": { "type": "string" },
        },
        "required": ["access_token", "token_type", "expires_in", "scope"],
    })
}

fn rfc_error() -> Value {
    json!({
        "type": "object",
        "properties": { "error": { "type": "string" }, "error_description": { "type": "string" } },
        "required": ["error"],
    })
}
