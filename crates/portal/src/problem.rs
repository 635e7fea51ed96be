//! The refusals of the token endpoint: the client reads a code and a fixed sentence, the operator
//! reads the cause in the log.

use std::fmt::Display;

use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, PRAGMA, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderMap, HeaderValue, Response, StatusCode};
use scopegate_domain::ErrorCode;
use scopegate_gate::{BodyError, Challenge, RETRY_SECONDS};
use scopegate_grant::{ClientCredentials, GrantError};
use serde::Serialize;
use serde_json::json;

use crate::form::FormError;

/// Answers a request whose body is not complete.
pub(crate) fn incomplete(error: BodyError) -> Response<Bytes> {
    write(error.status(), ErrorCode::InvalidRequest, &error.sentence())
}

/// Returns the response to each error. `credentials` are those of the `Authorization` header.
pub(crate) fn refusal(error: &GrantError, credentials: &ClientCredentials) -> Response<Bytes> {
    let mut response = match error {
        GrantError::InvalidClient(_) if tried_the_header(credentials) => {
            write(StatusCode::UNAUTHORIZED, error.code(), error)
        }
        GrantError::InvalidClient(_)
        | GrantError::InvalidRequest(_)
        | GrantError::InvalidGrant
        | GrantError::InvalidCode
        | GrantError::InvalidRefreshToken
        | GrantError::UnauthorizedClient
        | GrantError::GrantTypeDisabled(_)
        | GrantError::UnsupportedGrantType
        | GrantError::InvalidScope(_)
        | GrantError::InvalidTarget(_) => write(StatusCode::BAD_REQUEST, error.code(), error),
        GrantError::Throttled { .. } => write(StatusCode::TOO_MANY_REQUESTS, error.code(), error),
        GrantError::Busy { .. } => write(StatusCode::SERVICE_UNAVAILABLE, error.code(), error),
        GrantError::Unavailable(cause) => {
            let cause: &dyn std::error::Error = cause;
            tracing::error!(cause, "token endpoint is unavailable");
            write(StatusCode::SERVICE_UNAVAILABLE, error.code(), error)
        }
        GrantError::Corrupt(cause) => {
            let cause: &dyn std::error::Error = cause;
            tracing::error!(cause, "store returned invalid data to the token endpoint");
            write(StatusCode::INTERNAL_SERVER_ERROR, error.code(), error)
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
/// ([RFC 6749, section 5.2](https://www.rfc-editor.org/rfc/rfc6749#section-5.2)). An empty pair
/// is not an attempt.
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
pub(crate) fn no_form(error: FormError) -> Response<Bytes> {
    let status = match error {
        FormError::Charset | FormError::Encoded | FormError::MediaType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
        FormError::Escape | FormError::NotText | FormError::Query | FormError::TooManyFields => StatusCode::BAD_REQUEST,
    };
    write(status, ErrorCode::InvalidRequest, &error)
}

/// [RFC 6749, section 5.2](https://www.rfc-editor.org/rfc/rfc6749#section-5.2).
fn write(status: StatusCode, code: ErrorCode, description: &dyn Display) -> Response<Bytes> {
    reply(
        status,
        &json!({ "error": code.as_str(), "error_description": description.to_string() }),
    )
}

/// Returns a response that must not be cached.
pub(crate) fn reply<T: Serialize>(status: StatusCode, body: &T) -> Response<Bytes> {
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
