//! What the OpenAPI document says about the token endpoint.

use scopegate_domain::GrantType;
use scopegate_gate::SiteDocument;
use scopegate_grant::MAX_RESOURCES;
use serde_json::{Map, Value, json};

use crate::describe::{
    self, ClientOperation, client_operation, error_schema, no_store, password, reference, text, without_credentials,
};

/// A scope, as RFC 6749, section 3.3 writes it, or nothing.
const SCOPE: &str = r"^([!#-\[\]-~]+( [!#-\[\]-~]+)*)?$";

/// Returns the Operation Object of the token endpoint.
pub(super) fn operation() -> Map<String, Value> {
    let operation = json!({
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
            "408": response("The body did not arrive in time", "TokenError"),
            "413": response("The body is larger than the limit", "TokenError"),
            "415": response("The body is not a form", "TokenError"),
            "429": response("Too many failed attempts", "TokenError"),
            "503": response("Too many logins at once", "TokenError"),
        },
    });
    match operation {
        Value::Object(members) => members,
        _ => Map::new(),
    }
}

/// Returns the entry of the token endpoint in the document of the server, for a server with these
/// grant types and scopes.
pub(super) fn description(grant_types: &[GrantType], scopes: &[&str]) -> SiteDocument {
    let mut example = json!({ "grant_type": "client_credentials" });
    if let (Value::Object(example), Some(scope)) = (&mut example, scopes.first()) {
        example.insert("scope".to_owned(), json!(scope));
    }
    let operation = client_operation(&ClientOperation {
        id: "token",
        summary: "Request a token",
        request: "TokenRequest",
        example,
        success: json!({
            "description": "The token",
            "headers": no_store(),
            "content": { "application/json": {
                "schema": reference("TokenResponse"),
                "example": { "access_token": "eyJ..", "token_type": "Bearer", "expires_in": 600, "scope": "me" },
            } },
        }),
    });
    let mut schemas = error_schema();
    let mut request = token_request(grant_types);
    if let Some(Value::Object(properties)) = request.get_mut("properties") {
        without_credentials(properties);
        properties.insert("scope".to_owned(), json!({ "type": "string", "pattern": SCOPE }));
    }
    schemas.insert("TokenRequest".to_owned(), request);
    schemas.insert("TokenResponse".to_owned(), token_response(grant_types));
    SiteDocument::new(operation, schemas)
}

/// Returns the schemas that the entry names, for a server with these grant types.
pub(super) fn schemas(grant_types: &[GrantType]) -> Map<String, Value> {
    let schemas = [
        ("TokenError", token_error()),
        ("TokenRequest", token_request(grant_types)),
        ("TokenResponse", token_response(grant_types)),
    ];
    schemas
        .map(|(name, schema)| (name.to_owned(), schema))
        .into_iter()
        .collect()
}

fn form(name: &str) -> Value {
    json!({ "content": { "application/x-www-form-urlencoded": { "schema": reference(name) } }, "required": true })
}

fn response(description: &str, name: &str) -> Value {
    json!({ "description": description, "content": { "application/json": { "schema": reference(name) } } })
}

fn token_request(grant_types: &[GrantType]) -> Value {
    let names: Vec<&str> = grant_types.iter().map(|grant_type| grant_type.as_str()).collect();
    let mut properties = json!({
        "grant_type": { "type": "string", "enum": names },
        "scope": text(),
        // An empty value counts as absent.
        "resource": {
            "type": "array",
            "maxItems": MAX_RESOURCES,
            "items": { "type": "string", "anyOf": [{ "format": "uri" }, { "maxLength": 0 }] },
            "description": "An API of the client; another one is refused as `invalid_target`",
        },
        "client_id": text(),
        "client_secret": password(),
    });
    if let (Value::Object(properties), true) = (&mut properties, grant_types.contains(&GrantType::Password)) {
        properties.insert("username".to_owned(), text());
        properties.insert("password".to_owned(), password());
    }
    if let (Value::Object(properties), true) = (&mut properties, grant_types.contains(&GrantType::AuthorizationCode)) {
        for name in ["code", "redirect_uri", "code_verifier", "refresh_token"] {
            properties.insert(name.to_owned(), text());
        }
    }
    describe::form(&properties, &["grant_type"])
}

fn token_response(grant_types: &[GrantType]) -> Value {
    let mut schema = json!({
        "type": "object",
        "properties": {
            "access_token": { "type": "string" },
            "token_type": { "type": "string" },
            "expires_in": { "type": "integer" },
            "scope": { "type": "string" },
        },
        "required": ["access_token", "token_type", "expires_in", "scope"],
    });
    if let (Some(Value::Object(properties)), true) = (
        schema.get_mut("properties"),
        grant_types.contains(&GrantType::RefreshToken),
    ) {
        properties.insert("refresh_token".to_owned(), json!({ "type": "string" }));
    }
    schema
}

fn token_error() -> Value {
    json!({
        "type": "object",
        "properties": { "error": { "type": "string" }, "error_description": { "type": "string" } },
        "required": ["error"],
    })
}
