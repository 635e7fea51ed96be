//! `POST /token`: [RFC 6749, section 3.2](https://www.rfc-editor.org/rfc/rfc6749#section-3.2).

mod docs;

use std::fmt::Display;
use std::net::IpAddr;

use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, PRAGMA, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderMap, HeaderValue, Response, StatusCode};
use scopegate_domain::{ErrorCode, Scope};
use scopegate_gate::{BodyError, RETRY_SECONDS, SiteDocument, SiteEndpoint, SiteRequest, SiteRoute};
use scopegate_grant::{
    AuthorizationServer, ClientCredentials, FieldFault, GrantError, GrantProfile, PageError, TokenSet,
};
use serde::Serialize;
use serde_json::{Value, json};

use scopegate_store::BoxFuture;

use crate::form::{self, FormError};
use crate::{Challenge, Profile, TrustedProxies, basic};

/// The token endpoint of an authorization server.
pub(crate) struct TokenEndpoint {
    server: AuthorizationServer,
    proxies: TrustedProxies,
    routes: [SiteRoute; 1],
}

impl TokenEndpoint {
    pub(crate) fn new(path: String, server: AuthorizationServer, proxies: TrustedProxies) -> Self {
        let profile = profile(&server);
        let grant_types: Vec<_> = server.grant_types().collect();
        let route = SiteRoute::post(path).open_to_other_origins().always_traced();
        // Without a grant type the endpoint refuses every request, so the document does not offer
        // it.
        let route = if grant_types.is_empty() {
            route
        } else {
            route.document(SiteDocument::new(
                docs::operation(profile),
                docs::schemas(profile, &grant_types),
            ))
        };
        Self {
            server,
            proxies,
            routes: [route],
        }
    }
}

impl SiteEndpoint for TokenEndpoint {
    fn routes(&self) -> &[SiteRoute] {
        &self.routes
    }

    fn answer<'a>(&'a self, request: SiteRequest<'a>) -> BoxFuture<'a, Response<Bytes>> {
        Box::pin(async move {
            let headers = request.head.headers();
            let from = request.head.peer().map(|peer| self.proxies.client(peer, headers));
            token(&self.server, headers, &request.body, from).await
        })
    }

    fn body_error(&self, _: usize, error: BodyError) -> Option<Response<Bytes>> {
        Some(incomplete(&self.server, error))
    }
}

/// Answers a request to the token endpoint from this address; `body` is whole and within its limit.
async fn token(
    server: &AuthorizationServer,
    headers: &HeaderMap,
    body: &Bytes,
    from: Option<IpAddr>,
) -> Response<Bytes> {
    let profile = profile(server);
    let params = match form::read(headers, body, profile).await {
        Ok(params) => params,
        Err(fault) => return no_form(fault, profile),
    };
    let credentials = basic::read(headers);
    match server.token_from(&params, &credentials, from).await {
        Ok(tokens) => success(&tokens),
        Err(error) => refusal(&error, &credentials),
    }
}

/// Answers a request whose body is not complete.
fn incomplete(server: &AuthorizationServer, error: BodyError) -> Response<Bytes> {
    let (status, sentence) = (error.status(), error.sentence());
    match profile(server) {
        Profile::Rfc => by_the_rfc(status, ErrorCode::InvalidRequest, &sentence),
        Profile::Tutorial => detail(status, status.canonical_reason().unwrap_or_default()),
    }
}

/// Returns the profile of a server.
fn profile(server: &AuthorizationServer) -> Profile {
    match server.profile() {
        GrantProfile::Rfc => Profile::Rfc,
        GrantProfile::Tutorial { .. } => Profile::Tutorial,
    }
}

/// [RFC 6749, section 5.1](https://www.rfc-editor.org/rfc/rfc6749#section-5.1), in the order in
/// which the page writes it.
#[derive(Serialize)]
struct Success<'a> {
    access_token: &'a str,
    token_type: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_in: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    scope: Option<&'a Scope>,
}

fn success(tokens: &TokenSet) -> Response<Bytes> {
    let body = Success {
        access_token: tokens.access_token().expose(),
        token_type: tokens.token_type(),
        expires_in: tokens.expires_in().map(scopegate_domain::Lifetime::as_seconds),
        scope: tokens.scope(),
    };
    reply(StatusCode::OK, &body)
}

/// Returns the response to each error, by the RFC or as FastAPI writes it. `credentials` are those
/// of the `Authorization` header.
fn refusal(error: &GrantError, credentials: &ClientCredentials) -> Response<Bytes> {
    let mut response = match error {
        GrantError::Page(PageError::IncorrectLogin) => detail(StatusCode::BAD_REQUEST, error.to_string()),
        GrantError::Page(PageError::Validation(faults)) => detail(
            StatusCode::UNPROCESSABLE_ENTITY,
            faults.iter().map(entry).collect::<Vec<_>>(),
        ),
        GrantError::InvalidClient(_) if tried_the_header(credentials) => {
            by_the_rfc(StatusCode::UNAUTHORIZED, error.code(), error)
        }
        GrantError::InvalidClient(_)
        | GrantError::InvalidRequest(_)
        | GrantError::InvalidGrant
        | GrantError::UnauthorizedClient
        | GrantError::GrantTypeDisabled(_)
        | GrantError::UnsupportedGrantType
        | GrantError::InvalidScope(_) => by_the_rfc(StatusCode::BAD_REQUEST, error.code(), error),
        GrantError::Throttled { .. } => by_the_rfc(StatusCode::TOO_MANY_REQUESTS, error.code(), error),
        GrantError::Busy { .. } => by_the_rfc(StatusCode::SERVICE_UNAVAILABLE, error.code(), error),
        GrantError::Unavailable(cause) => {
            let cause: &dyn std::error::Error = cause;
            tracing::error!(cause, "token endpoint is unavailable");
            by_the_rfc(StatusCode::SERVICE_UNAVAILABLE, error.code(), error)
        }
        GrantError::Corrupt(cause) => {
            let cause: &dyn std::error::Error = cause;
            tracing::error!(cause, "store returned invalid data to the token endpoint");
            by_the_rfc(StatusCode::INTERNAL_SERVER_ERROR, error.code(), error)
        }
    };
    add_headers(error, response.headers_mut());
    // A 401 has a challenge and nothing else has one: at a challenge a browser opens a dialog of
    // its own (RFC 9110, section 15.5.2).
    if response.status() == StatusCode::UNAUTHORIZED {
        let challenge = Challenge::new("Basic").with("realm", "token").with("charset", "UTF-8");
        response.headers_mut().insert(WWW_AUTHENTICATE, challenge.to_header());
    }
    response
}

/// Whether the client authenticated by the `Authorization` header
/// ([RFC 6749, section 5.2](https://www.rfc-editor.org/rfc/rfc6749#section-5.2)). An empty pair is
/// no attempt.
const fn tried_the_header(credentials: &ClientCredentials) -> bool {
    !matches!(credentials, ClientCredentials::Absent)
}

fn add_headers(error: &GrantError, headers: &mut HeaderMap) {
    let wait = match error {
        GrantError::Busy { retry_after } | GrantError::Throttled { retry_after } => retry_after.as_seconds(),
        GrantError::Unavailable(_) => RETRY_SECONDS,
        _ => return,
    };
    headers.insert(RETRY_AFTER, wait.into());
}

/// Answers a body that is not a form.
fn no_form(fault: FormError, profile: Profile) -> Response<Bytes> {
    match profile {
        Profile::Rfc => by_the_rfc(StatusCode::BAD_REQUEST, ErrorCode::InvalidRequest, &fault),
        Profile::Tutorial => detail(StatusCode::BAD_REQUEST, fault.to_string()),
    }
}

/// [RFC 6749, section 5.2](https://www.rfc-editor.org/rfc/rfc6749#section-5.2).
fn by_the_rfc(status: StatusCode, code: ErrorCode, description: &dyn Display) -> Response<Bytes> {
    reply(
        status,
        &json!({ "error": code.as_str(), "error_description": description.to_string() }),
    )
}

/// A refusal as FastAPI writes it.
fn detail(status: StatusCode, detail: impl Into<Value>) -> Response<Bytes> {
    reply(status, &json!({ "detail": detail.into() }))
}

/// One entry of FastAPI's list of validation errors.
fn entry(fault: &FieldFault) -> Value {
    match fault {
        FieldFault::Missing { field } => {
            json!({ "type": "missing", "loc": ["body", field], "msg": "Field required", "input": null })
        }
        FieldFault::Pattern { field, pattern, input } => json!({
            "type": "string_pattern_mismatch",
            "loc": ["body", field],
            "msg": format!("String should match pattern '{pattern}'"),
            "input": input,
            "ctx": { "pattern": pattern },
        }),
    }
}

/// Returns a response that must not be cached.
fn reply<T: Serialize>(status: StatusCode, body: &T) -> Response<Bytes> {
    let Ok(body) = serde_json::to_vec(body) else {
        return Response::builder()
            .status(StatusCode::INTERNAL_SERVER_ERROR)
            .body(Bytes::new())
            .unwrap_or_default();
    };
    let mut response = Response::new(body.into());
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(PRAGMA, HeaderValue::from_static("no-cache"));
    response
}

#[cfg(test)]
mod tests;
