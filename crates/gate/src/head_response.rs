//! The response to `HEAD`.

use bytes::Bytes;
use http::header::CONTENT_LENGTH;
use http::{HeaderValue, Method, Response};

use crate::request_head::RequestHead;

/// Removes the body of the response to `HEAD`, and keeps its length.
pub(crate) fn strip_body(head: &RequestHead<'_>, response: &mut Response<Bytes>) {
    if head.method() != Method::HEAD {
        return;
    }
    let length = HeaderValue::from(response.body().len());
    *response.body_mut() = Bytes::new();
    response.headers_mut().insert(CONTENT_LENGTH, length);
}
