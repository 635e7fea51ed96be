//! The reasons to refuse a payload.

use crate::json::JsonError;

/// The rule that a payload breaks. The error never contains a part of the payload.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ClaimsError {
    /// A name occurs twice in one object, in any encoding.
    #[error("payload has a name twice in one object")]
    DuplicateName,
    /// The kept claims are longer than [`ClaimNames::MAX_VALUES`](super::ClaimNames::MAX_VALUES).
    #[error("kept claims are longer than {} bytes", super::limits::MAX_KEPT)]
    KeptTooLong,
    /// The payload is not an object.
    #[error("payload is not a JSON object")]
    NotAnObject,
    /// The payload is not JSON, or it contains more: `NaN`, or text after the object.
    #[error("payload is not JSON")]
    NotJson,
    /// The payload is not UTF-8.
    #[error("payload is not UTF-8")]
    NotUtf8,
    /// A time that is out of range.
    #[error("claim `{claim}` is out of range")]
    OutOfRange {
        /// The name of the claim.
        claim: &'static str,
    },
    /// Both `scope` and `scopes` are present, with different values.
    #[error("claims `scope` and `scopes` differ")]
    ScopesDiffer,
    /// The nesting is deeper than [`crate::json::MAX_DEPTH`].
    #[error("payload is nested too deeply")]
    TooDeep,
    /// The payload is longer than [`Claims::MAX_LEN`](super::Claims::MAX_LEN).
    #[error("payload is longer than {} bytes", super::limits::MAX_LEN)]
    TooLong,
    /// A supported claim has another type; `null` is another type, too.
    #[error("claim `{claim}` is not of its type")]
    WrongType {
        /// The name of the claim.
        claim: &'static str,
    },
}

impl ClaimsError {
    /// A short name of the rule, for logs and metrics.
    #[must_use]
    pub const fn label(&self) -> &'static str {
        match self {
            Self::DuplicateName => "duplicate_claim",
            Self::KeptTooLong => "kept_claims_length",
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
