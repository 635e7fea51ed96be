//! Entries of endpoints in the document of the server: an OpenAPI 3.1 document.

use scopegate_gate::SiteDocument;
use serde_json::{Map, Value, json};

/// The name of the security scheme of clients.
pub(crate) const CLIENT_SCHEME: &str = "client";

/// An endpoint that a client calls with a form.
pub(crate) struct ClientOperation {
    pub(crate) id: &'static str,
    pub(crate) summary: &'static str,
    /// The name of the schema of the form.
    pub(crate) request: &'static str,
    /// A form.
    pub(crate) example: Value,
    /// The Response Object of status 200.
    pub(crate) success: Value,
}

/// Returns the Operation Object with each status that the endpoint answers.
pub(crate) fn client_operation(operation: &ClientOperation) -> Map<String, Value> {
    let retry = json!({ "Retry-After": { "description": "Seconds to wait", "schema": { "type": "integer" } } });
    let challenge = json!({
        "WWW-Authenticate": { "description": "The challenge `Basic`", "required": true, "schema": { "type": "string" } },
    });
    let responses = json!({
        "200": operation.success,
        "400": refusal("The request was refused", &json!({}), "invalid_request"),
        "401": refusal(
            "The client failed to authenticate by the `Authorization` header",
            &challenge,
            "invalid_client",
        ),
        "408": refusal("The body did not arrive in time", &json!({}), "invalid_request"),
        "413": refusal("The body is larger than the limit", &json!({}), "invalid_request"),
        "415": refusal("The body is not a form", &json!({}), "invalid_request"),
        "429": refusal("Too many failed attempts", &retry, "temporarily_unavailable"),
        "500": refusal("The server found invalid data", &json!({}), "server_error"),
        "503": refusal("The server is busy or unavailable", &retry, "temporarily_unavailable"),
    });
    members(json!({
        "summary": operation.summary,
        "operationId": operation.id,
        "security": [{ CLIENT_SCHEME: [] }, {}],
        "requestBody": {
            "required": true,
            "content": { "application/x-www-form-urlencoded": {
                "schema": reference(operation.request),
                "example": operation.example,
            } },
        },
        "responses": responses,
    }))
}

/// Returns the entry of a document that anonymous clients read.
pub(crate) fn public_document(
    id: &str,
    summary: &str,
    media_type: &str,
    schema: &Value,
    example: &Value,
) -> SiteDocument {
    let tag = json!({ "ETag": { "description": "The tag of this version", "schema": { "type": "string" } } });
    let operation = json!({
        "summary": summary,
        "operationId": id,
        "security": [],
        "responses": {
            "200": {
                "description": "The document",
                "headers": tag,
                "content": { media_type: { "schema": schema, "example": example } },
            },
            "304": { "description": "The client has this version", "headers": tag },
        },
    });
    SiteDocument::new(members(operation), Map::new())
}

/// Returns the schema that all refusals name.
pub(crate) fn error_schema() -> Map<String, Value> {
    let schema = json!({
        "type": "object",
        "properties": { "error": { "type": "string" }, "error_description": { "type": "string" } },
        "required": ["error", "error_description"],
    });
    members(json!({ "OAuthError": schema }))
}

/// Returns the headers of a response that no cache keeps.
pub(crate) fn no_store() -> Value {
    json!({ "Cache-Control": { "description": "`no-store`", "schema": { "type": "string" } } })
}

pub(crate) fn reference(name: &str) -> Value {
    json!({ "$ref": format!("#/components/schemas/{name}") })
}

/// Removes the credentials of the client from the properties of a form.
///
/// A schema cannot state that a client authenticates in one way only, so the description of the
/// security scheme does.
pub(crate) fn without_credentials(properties: &mut Map<String, Value>) {
    for name in ["client_id", "client_secret"] {
        properties.remove(name);
    }
}

/// A value of a form without the NUL character, which is refused.
const NO_NUL: &str = r"^[^\u0000]*$";

/// Returns the schema of a form. Another parameter is ignored if it is given once. Twice it would
/// be a list, and is refused.
pub(crate) fn form(properties: &Value, required: &[&str]) -> Value {
    json!({
        "type": "object",
        "properties": properties,
        "required": required,
        "propertyNames": { "pattern": NO_NUL },
        "additionalProperties": text(),
    })
}

/// Returns the schema of a value of a form.
pub(crate) fn text() -> Value {
    json!({ "type": "string", "pattern": NO_NUL })
}

/// Returns the schema of a password, which programs do not show.
pub(crate) fn password() -> Value {
    json!({ "type": "string", "format": "password", "pattern": NO_NUL })
}

/// Returns the schema of a form with a token.
pub(crate) fn token_form() -> Value {
    let properties = json!({
        "token": { "type": "string", "minLength": 1, "pattern": NO_NUL },
        "token_type_hint": {
            "type": "string",
            "pattern": NO_NUL,
            "description": "Ignored: the form of a token shows its kind",
        },
    });
    form(&properties, &["token"])
}

/// Returns the members of an object.
pub(crate) fn members(object: Value) -> Map<String, Value> {
    match object {
        Value::Object(members) => members,
        _ => Map::new(),
    }
}

fn refusal(description: &str, headers: &Value, code: &str) -> Value {
    json!({
        "description": description,
        "headers": headers,
        "content": { "application/json": {
            "schema": reference("OAuthError"),
            "example": { "error": code, "error_description": description },
        } },
    })
}
