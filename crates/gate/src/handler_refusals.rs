//! Refusals that handlers cause, written as those of the gate.

use bytes::Bytes;
use http::{Response, StatusCode};

use crate::observe::LOG_TARGET;
use crate::observe::request_id::RequestLabel;
use crate::refusal_context::RefusalContext;
use crate::refusal_kind::RefusalKind;
use crate::refusal_responses::{OUR_FAULT, RefusalResponses};

impl RefusalResponses {
    /// Returns the response to a request that a handler refuses. A status outside of 400 to 599
    /// becomes 500.
    #[must_use]
    pub fn handler_error(
        &self,
        status: StatusCode,
        code: &'static str,
        sentence: &str,
        request: &RequestLabel<'_>,
    ) -> Response<Bytes> {
        let is_error = status.is_client_error() || status.is_server_error();
        let status = if is_error {
            status
        } else {
            StatusCode::INTERNAL_SERVER_ERROR
        };
        tracing::debug!(target: LOG_TARGET,
            request_id = request.id_text(),
            peer = request.peer(),
            cause = code,
            "a handler refused a request"
        );
        let kind = RefusalKind::Handler { code, status };
        self.writer.write(&RefusalContext {
            kind,
            status: self.status_of(kind),
            sentence,
            code: None,
            inputs: &[],
            request_id: request.id_text(),
            operation: request.operation(),
            unmet: None,
        })
    }

    /// Returns the response to a request whose handler failed, and logs the cause.
    #[must_use]
    pub fn handler_fault(&self, cause: &dyn std::error::Error, request: &RequestLabel<'_>) -> Response<Bytes> {
        let source = cause.source().map(ToString::to_string).unwrap_or_default();
        tracing::error!(target: LOG_TARGET,
            request_id = request.id_text(),
            peer = request.peer(),
            %cause,
            source,
            "a handler failed"
        );
        self.write(&OUR_FAULT, request)
    }
}
