//! The rows of the table for inputs and claims that an operation cannot read.

use bytes::Bytes;
use http::header::{CONNECTION, SEC_WEBSOCKET_VERSION, UPGRADE};
use http::{HeaderValue, Response, StatusCode};
use scopegate_domain::ReadClaimError;

use super::{RefusalResponses, ServerFault, row};
use crate::input_error::{InputError, InvalidInput};
use crate::observe::LOG_TARGET;
use crate::observe::request_id::RequestLabel;
use crate::refusal_kind::RefusalKind;

impl RefusalResponses {
    /// Returns the response to an authorized request whose input is not as declared, and logs the
    /// cause.
    #[must_use]
    pub fn input_error(&self, error: &InputError, request: &RequestLabel<'_>) -> Response<Bytes> {
        match error {
            InputError::Invalid(fault) => self.invalid(std::slice::from_ref(fault), request),
            InputError::Several(faults) => self.invalid(faults, request),
            InputError::Unavailable => self.fault(ServerFault::Input, request),
            InputError::Claim(error) => self.unread_claim(error, request),
            InputError::Refused { status, code, message } => self.handler_error(*status, code, message, request),
            InputError::MediaType(sentence) => self.unreadable(RefusalKind::UnsupportedMediaType, sentence, request),
            InputError::ForeignOrigin => {
                let sentence = "a page of another origin may not do this";
                self.unreadable(RefusalKind::ForeignOrigin, sentence, request)
            }
            InputError::UpgradeRequired => {
                let sentence = "a handshake of WebSocket, version 13, is needed";
                let mut response = self.unreadable(RefusalKind::UpgradeRequired, sentence, request);
                let headers = response.headers_mut();
                headers.insert(CONNECTION, HeaderValue::from_static("upgrade"));
                headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
                headers.insert(SEC_WEBSOCKET_VERSION, HeaderValue::from_static("13"));
                response
            }
        }
    }

    /// Refuses a request whose credential has a claim of another type than the operation reads.
    fn unread_claim(&self, error: &ReadClaimError, request: &RequestLabel<'_>) -> Response<Bytes> {
        match error {
            ReadClaimError::WrongType { name } => {
                let sentence = format!("claim `{name}` of the credential has the wrong type");
                self.handler_error(StatusCode::FORBIDDEN, "invalid_claim", &sentence, request)
            }
            _ => self.handler_fault(error, request),
        }
    }

    /// Refuses a request that the operation cannot read, and logs the cause.
    fn unreadable(&self, kind: RefusalKind, sentence: &'static str, request: &RequestLabel<'_>) -> Response<Bytes> {
        tracing::debug!(target: LOG_TARGET,
            request_id = request.id_text(),
            peer = request.peer(),
            cause = sentence,
            "an input was refused"
        );
        self.write(&row(kind, sentence, None), request)
    }

    /// Logs the kinds and places of the faults alone, because a client chooses their messages and
    /// names.
    fn invalid(&self, faults: &[InvalidInput], request: &RequestLabel<'_>) -> Response<Bytes> {
        for (kind, place) in faults.iter().map(InvalidInput::cause) {
            tracing::debug!(target: LOG_TARGET,
                request_id = request.id_text(),
                peer = request.peer(),
                cause = kind,
                place,
                "an input was refused"
            );
        }
        let row = row(RefusalKind::InvalidInput, "the request is not as declared", None);
        self.write_with(&row, faults, None, request)
    }
}
