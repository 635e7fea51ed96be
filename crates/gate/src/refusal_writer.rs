//! Calls the format of refusals, and sets the headers that every refusal has.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use http::{HeaderValue, Response, StatusCode};

use crate::observe::LOG_TARGET;
use crate::refusal_context::RefusalContext;
use crate::refusal_format::{RefusalFormat, RefusalSchema};
use crate::refusal_kind::RefusalKind;

/// The format of a gate, with its constant results.
#[derive(Clone, Debug)]
pub(crate) struct RefusalWriter {
    format: Arc<dyn RefusalFormat>,
    schema: RefusalSchema,
    media_type: HeaderValue,
}

impl RefusalWriter {
    pub(crate) fn new(format: Arc<dyn RefusalFormat>) -> Self {
        let schema = format.schema();
        // `RefusalSchema::check` refuses a media type that is not a header value.
        let media_type = HeaderValue::from_str(schema.media_type());
        Self {
            format,
            schema,
            media_type: media_type.unwrap_or(HeaderValue::from_static("application/json")),
        }
    }

    pub(crate) const fn schema(&self) -> &RefusalSchema {
        &self.schema
    }

    pub(crate) fn description(&self, kind: RefusalKind) -> Option<&str> {
        self.format.description(kind)
    }

    /// Returns the status of a refusal. It stays an error with every format.
    // SECURITY: tested by `refusals::a_format_cannot_answer_a_success`.
    pub(crate) fn status_of(&self, kind: RefusalKind) -> StatusCode {
        let status = kind.status();
        // The gate shares no mutable state with a format, so a panic leaves none inconsistent.
        let other = catch_unwind(AssertUnwindSafe(|| self.format.status(kind, status)));
        match other {
            Ok(other) if other.is_client_error() || other.is_server_error() => other,
            Ok(_) | Err(_) => status,
        }
    }

    /// Writes the response. A format with a panic gives an empty body, because the request must
    /// stay refused.
    pub(crate) fn write(&self, context: &RefusalContext<'_>) -> Response<Bytes> {
        let body = catch_unwind(AssertUnwindSafe(|| self.format.body(context)));
        let body = body.unwrap_or_else(|_| {
            let (request_id, kind) = (context.request_id, context.kind.as_str());
            tracing::error!(target: LOG_TARGET, request_id, kind, "refusal format panicked; the response has no body");
            Vec::new()
        });
        let has_body = !body.is_empty();
        let mut response = Response::new(Bytes::from(body));
        *response.status_mut() = context.status;
        let headers = response.headers_mut();
        if has_body {
            headers.insert(CONTENT_TYPE, self.media_type.clone());
        }
        // Another credential gets another response.
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        response
    }
}
