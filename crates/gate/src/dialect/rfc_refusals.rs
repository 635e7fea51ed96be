//! Refusals as problem details.

use scopegate_domain::ErrorCode;
use serde_json::{Map, Value, json};

use crate::input_error::InvalidInput;
use crate::refusal_context::RefusalContext;
use crate::refusal_format::{RefusalFormat, RefusalSchema};
use crate::refusal_kind::RefusalKind;

/// Writes refusals as [RFC 9457](https://www.rfc-editor.org/rfc/rfc9457#section-3) says. Without a
/// `type` it is `about:blank`.
///
/// ```
/// use scopegate_gate::{RefusalFormat, RfcRefusals};
///
/// assert_eq!(RfcRefusals.schema().media_type(), "application/problem+json");
/// ```
#[derive(Clone, Copy, Debug)]
#[expect(
    clippy::exhaustive_structs,
    reason = "an application wraps it, so that it changes a part"
)]
pub struct RfcRefusals;

impl RefusalFormat for RfcRefusals {
    fn body(&self, refusal: &RefusalContext<'_>) -> Vec<u8> {
        let mut members = Map::new();
        let title = refusal.status.canonical_reason().unwrap_or_default();
        members.insert("title".to_owned(), title.into());
        members.insert("status".to_owned(), refusal.status.as_u16().into());
        members.insert("detail".to_owned(), refusal.sentence.into());
        let code = match refusal.kind {
            RefusalKind::Handler { code, .. } => Some(code),
            _ => refusal.code.map(ErrorCode::as_str),
        };
        if let Some(code) = code {
            members.insert("error".to_owned(), code.into());
        }
        if !refusal.inputs.is_empty() {
            let errors = refusal.inputs.iter().map(InvalidInput::to_json);
            members.insert("errors".to_owned(), errors.collect());
        }
        Value::Object(members).to_string().into_bytes()
    }

    fn schema(&self) -> RefusalSchema {
        RefusalSchema::new("ProblemDetails", "application/problem+json", problem())
    }

    /// Bodies have limits and a media type in every operation, so the document does not repeat it.
    fn description(&self, kind: RefusalKind) -> Option<&str> {
        match kind {
            RefusalKind::BodyTooLarge | RefusalKind::UnsupportedMediaType => None,
            _ => kind.description(),
        }
    }
}

fn problem() -> Value {
    let place = json!({ "anyOf": [{ "type": "string" }, { "type": "integer" }] });
    let error = json!({
        "type": "object",
        "required": ["type", "loc", "msg"],
        "properties": {
            "type": { "type": "string" },
            "loc": { "type": "array", "items": place },
            "msg": { "type": "string" },
            "input": { "type": ["string", "null"] },
        },
    });
    json!({
        "type": "object",
        "required": ["title", "status", "detail"],
        "properties": {
            "title": { "type": "string" },
            "status": { "type": "integer" },
            "detail": { "type": "string" },
            "error": { "type": "string", "description": "The error code of RFC 6750, section 3.1, or of the application, if there is one" },
            "errors": { "type": "array", "items": error, "description": "The values that differ from their declaration" },
        },
    })
}
