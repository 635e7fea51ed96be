//! The bodies of refusals as FastAPI writes them.

use http::StatusCode;
use scopegate_gate::{InvalidInput, RefusalContext, RefusalFormat, RefusalKind, RefusalSchema};
use serde_json::{Value, json};

use crate::document_style::{VALIDATION_ERROR, one_validation_error, validation_errors};

/// `{"detail": ..}`, with the sentences and the statuses of the tutorial.
pub(crate) struct TutorialRefusals;

impl RefusalFormat for TutorialRefusals {
    fn body(&self, refusal: &RefusalContext<'_>) -> Vec<u8> {
        let detail: Value = match refusal.kind {
            RefusalKind::Unauthenticated | RefusalKind::MalformedBasic => "Not authenticated".into(),
            RefusalKind::InvalidToken | RefusalKind::InvalidCredential => "Could not validate credentials".into(),
            RefusalKind::InvalidBasic => "Incorrect username or password".into(),
            RefusalKind::StepUp => "Not authenticated strongly enough".into(),
            RefusalKind::InsufficientScope => "Not enough permissions".into(),
            RefusalKind::InactiveUser => "Inactive user".into(),
            RefusalKind::Handler { .. } => refusal.sentence.into(),
            RefusalKind::InvalidInput => refusal.inputs.iter().map(InvalidInput::to_json).collect(),
            _ => refusal.status.canonical_reason().unwrap_or_default().into(),
        };
        json!({ "detail": detail }).to_string().into_bytes()
    }

    /// FastAPI documents the errors of an input only.
    fn schema(&self) -> RefusalSchema {
        RefusalSchema::new(VALIDATION_ERROR, "application/json", validation_errors())
            .component("ValidationError", one_validation_error())
    }

    fn status(&self, kind: RefusalKind, status: StatusCode) -> StatusCode {
        match kind {
            RefusalKind::InsufficientScope => StatusCode::UNAUTHORIZED,
            RefusalKind::InactiveUser => StatusCode::BAD_REQUEST,
            RefusalKind::InvalidInput => StatusCode::UNPROCESSABLE_ENTITY,
            _ => status,
        }
    }

    fn description(&self, kind: RefusalKind) -> Option<&str> {
        (kind == RefusalKind::InvalidInput).then_some("Validation Error")
    }
}
