//! The headers that every response has.

use http::header::X_CONTENT_TYPE_OPTIONS;
use http::{HeaderMap, HeaderValue};

use crate::observe::request_id::HEADER;

/// Sets the id of the request, and forbids browsers to guess another media type.
pub(crate) fn set(headers: &mut HeaderMap, id: HeaderValue) {
    headers.insert(HEADER, id);
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
}
