//! The reasons to refuse a payload.

use crate::json::JsonError;

/// Which rule a payload breaks. Never holds anything of the payload.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ClaimsError {
    /// A name occurs twice in one object, in any encoding.
    #[error("payload has a name twice in one object")]
    DuplicateName,
    /// Not an object.
    #[error("payload is not a JSON object")]
    NotAnObject,
    /// Not JSON, or more than JSON: `NaN`, or anything behind the object.
    #[error("payload is not JSON")]
    NotJson,
    /// Not UTF-8.
    #[error("payload is not UTF-8")]
    NotUtf8,
    /// A time that is out of range.
    #[error("claim `{claim}` is out of range")]
    OutOfRange {
        /// Which claim.
        claim: &'static str,
    },
    /// `scope` and `scopes` are both there and say different things.
    #[error("claims `scope` and `scopes` differ")]
    ScopesDiffer,
    /// Nested deeper than [`crate::json::MAX_DEPTH`].
    #[error("payload is nested too deeply")]
    TooDeep,
    /// Longer than [`Claims::MAX_LEN`](super::Claims::MAX_LEN).
    #[error("payload is longer than {} bytes", super::limits::MAX_LEN)]
    TooLong,
    /// A known claim is of another type than its own; `null` is another type too.
    #[error("claim `{claim}` is not of its type")]
    WrongType {
        /// Which claim.
        claim: &'static str,
    },
}

impl ClaimsError {
    /// A short name of the rule, for logs and metrics.
    #[must_use]
    pub const fn label(&self) -> &'static str {
        match self {
            Self::DuplicateName => "duplicate_claim",
            Self::NotAnObject => "payload_object",
            Self::NotJson => "payload_json",
            Self::NotUtf8 => "payload_utf8",
            Self::OutOfRange { .. } => "claim_range",
            Self::ScopesDiffer => "scopes_differ",
            Self::TooDeep => "payload_depth",
            Self::TooLong => "payload_length",
            Self::WrongType { .. } => "claim_type",
        }
    }
}

impl From<JsonError> for ClaimsError {
    fn from(fault: JsonError) -> Self {
        match fault {
            JsonError::Depth => Self::TooDeep,
            JsonError::Duplicate => Self::DuplicateName,
            JsonError::Syntax => Self::NotJson,
        }
    }
}
