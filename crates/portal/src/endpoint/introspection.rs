//! The introspection endpoint: [RFC 7662, section
//! 2](https://www.rfc-editor.org/rfc/rfc7662#section-2).

use std::fmt;

use bytes::Bytes;
use http::{Response, StatusCode};
use scopegate_domain::{Timestamp, Username};
use scopegate_gate::{BodyError, SiteDocument, SiteEndpoint, SiteRequest, SiteRoute, TrustedProxies};
use scopegate_grant::{AccessTokens, IntrospectedToken};
use scopegate_store::BoxFuture;
use serde::Serialize;
use serde_json::json;

use crate::client_request::ClientRequest;
use crate::describe::{ClientOperation, client_operation, error_schema, no_store, reference, token_form};
use crate::problem::{self, reply};

/// The introspection endpoint of an authorization server: a resource server sends a token and
/// reads whether it is valid.
///
/// Only confidential clients with the right to introspect get an answer other than
/// `{"active":false}`. Scripts on pages of other origins cannot call it.
pub struct IntrospectionEndpoint {
    tokens: AccessTokens,
    proxies: TrustedProxies,
    routes: [SiteRoute; 1],
}

impl IntrospectionEndpoint {
    /// Creates the endpoint at this path (`POST`).
    #[must_use]
    pub fn new(path: impl Into<String>, tokens: AccessTokens) -> Self {
        Self {
            tokens,
            proxies: TrustedProxies::default(),
            routes: [SiteRoute::post(path).describe(description())],
        }
    }

    /// Sets the proxies whose `X-Forwarded-For` names the client of a request. Default: none.
    #[must_use]
    pub fn trusted_proxies(mut self, proxies: TrustedProxies) -> Self {
        self.proxies = proxies;
        self
    }

    async fn introspect(&self, request: SiteRequest<'_>) -> Response<Bytes> {
        let ClientRequest { params, header, origin } = match ClientRequest::read(&request, &self.proxies) {
            Ok(request) => request,
            Err(refusal) => return *refusal,
        };
        match self.tokens.introspect(&params, &header, origin).await {
            Ok(Some(found)) => reply(StatusCode::OK, &IntrospectionResponse::of(&found)),
            Ok(None) => reply(StatusCode::OK, &json!({ "active": false })),
            Err(error) => problem::refusal(&error, &header),
        }
    }
}

/// [RFC 7662, section 2.2](https://www.rfc-editor.org/rfc/rfc7662#section-2.2).
#[derive(Serialize)]
struct IntrospectionResponse<'a> {
    active: bool,
    scope: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    username: Option<&'a Username>,
    #[serde(skip_serializing_if = "Option::is_none")]
    token_type: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    exp: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    iat: Option<Timestamp>,
    sub: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    aud: Option<Audience<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    iss: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    jti: Option<&'a str>,
}

/// One value is a text, several are a list ([RFC 7519, section
/// 4.1.3](https://www.rfc-editor.org/rfc/rfc7519#section-4.1.3)).
#[derive(Serialize)]
#[serde(untagged)]
enum Audience<'a> {
    One(&'a str),
    Several(Vec<&'a str>),
}

impl<'a> IntrospectionResponse<'a> {
    fn of(found: &'a IntrospectedToken) -> Self {
        let token = found.token();
        let mut audience = token.audience();
        let first = audience.next();
        let aud = first.map(|first| match audience.len() {
            0 => Audience::One(first),
            _ => Audience::Several(token.audience().collect()),
        });
        Self {
            active: true,
            scope: token.scope(),
            client_id: token.client_id(),
            username: found.username(),
            token_type: (!found.is_refresh_token()).then_some("Bearer"),
            exp: token.expires_at(),
            iat: token.issued_at(),
            sub: token.subject(),
            aud,
            iss: token.issuer(),
            jti: token.token_id(),
        }
    }
}

/// Returns the entry in the document of the server.
fn description() -> SiteDocument {
    let text = || json!({ "type": "string" });
    let number = || json!({ "type": "integer" });
    let response = json!({
        "type": "object",
        "properties": {
            "active": { "type": "boolean" }, "scope": text(), "client_id": text(), "username": text(),
            "token_type": text(), "exp": number(), "iat": number(), "sub": text(),
            "aud": { "oneOf": [text(), { "type": "array", "items": text() }] }, "iss": text(), "jti": text(),
        },
        "required": ["active"],
    });
    let operation = client_operation(&ClientOperation {
        id: "introspect",
        summary: "Ask whether a token is valid",
        request: "IntrospectionRequest",
        example: json!({ "token": "eyJ.." }),
        success: json!({
            "description": "The token is valid, or it is not",
            "headers": no_store(),
            "content": { "application/json": {
                "schema": reference("IntrospectionResponse"),
                "examples": {
                    "valid": { "value": { "active": true, "scope": "me", "token_type": "Bearer", "sub": "billing" } },
                    "invalid": { "value": { "active": false } },
                },
            } },
        }),
    });
    let mut schemas = error_schema();
    schemas.insert("IntrospectionRequest".to_owned(), token_form());
    schemas.insert("IntrospectionResponse".to_owned(), response);
    SiteDocument::new(operation, schemas)
}

impl SiteEndpoint for IntrospectionEndpoint {
    fn routes(&self) -> &[SiteRoute] {
        &self.routes
    }

    fn answer<'a>(&'a self, request: SiteRequest<'a>) -> BoxFuture<'a, Response<Bytes>> {
        Box::pin(self.introspect(request))
    }

    fn body_error(&self, _: usize, error: BodyError) -> Option<Response<Bytes>> {
        Some(problem::incomplete(error))
    }
}

impl fmt::Debug for IntrospectionEndpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IntrospectionEndpoint")
            .field("routes", &self.routes)
            .finish_non_exhaustive()
    }
}
