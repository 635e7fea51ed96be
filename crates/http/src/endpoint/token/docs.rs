//! What the document says about the token endpoint: by the page, word for word what FastAPI writes.

use scopegate_domain::GrantType;
use scopegate_openapi::OperationDocs;
use scopegate_policy::Method;
use serde_json::{Map, Value, json};

use crate::Profile;

/// The name that FastAPI gives to the page's form.
const PAGE_FORM: &str = "Body_login_for_access_token_token_post";

/// The `operationId` of the token endpoint.
pub(crate) const fn operation_id(profile: Profile) -> &'static str {
    match profile {
        Profile::Tutorial => "login_for_access_token_token_post",
        Profile::Rfc => "token",
    }
}

/// The entry of the token endpoint at this path.
pub(crate) fn operation_docs(path: &str, profile: Profile) -> OperationDocs {
    let docs = OperationDocs::new(Method::Post, path);
    match profile {
        Profile::Tutorial => docs
            .summary("Login For Access Token")
            .operation_id(operation_id(profile))
            .request_body(form(PAGE_FORM))
            .response("200", response("Successful Response", "Token"))
            .response("422", response("Validation Error", "HTTPValidationError")),
        Profile::Rfc => docs
            .summary("Ask for a token")
            .operation_id(operation_id(profile))
            .request_body(form("TokenRequest"))
            .response("200", response("The token", "TokenResponse"))
            .response("400", response("The request was refused", "TokenError"))
            .response(
                "401",
                response(
                    "The client failed to authenticate by the `Authorization` header",
                    "TokenError",
                ),
            )
            .response("429", response("Too many failed attempts", "TokenError"))
            .response("503", response("Too many logins at once", "TokenError")),
    }
}

/// The schemas that the entry names, for a server with these grant types.
pub(crate) fn schemas(profile: Profile, grant_types: &[GrantType]) -> Map<String, Value> {
    let schemas = match profile {
        Profile::Tutorial => vec![
            (PAGE_FORM, page_form()),
            ("HTTPValidationError", validation_errors()),
            ("Token", page_token()),
            ("ValidationError", validation_error()),
        ],
        Profile::Rfc => {
            vec![
                ("TokenError", rfc_error()),
                ("TokenRequest", rfc_form(grant_types)),
                ("TokenResponse", rfc_token()),
            ]
        }
    };
    schemas
        .into_iter()
        .map(|(name, schema)| (name.to_owned(), schema))
        .collect()
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

fn validation_errors() -> Value {
    json!({
        "properties": { "detail": { "items": reference("ValidationError"), "type": "array", "title": "Detail" } },
        "type": "object",
        "title": "HTTPValidationError",
    })
}

fn validation_error() -> Value {
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
