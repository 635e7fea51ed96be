//! The reasons to refuse a token.

use scopegate_domain::ClaimsError;

/// The rule that a token breaks. The error never contains a part of the token.
///
/// A client always receives the same code (`invalid_token`); this error is for the operator. The
/// enum is exhaustive, because code that sorts refusals must handle a new variant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[expect(
    clippy::exhaustive_enums,
    reason = "a new refusal must be handled where refusals are classified"
)]
pub enum VerifyError {
    /// `alg` is missing or unknown, or it is not the algorithm of the key or of the kind of token.
    #[error("algorithm is not that of the key")]
    Algorithm,
    /// The header has no `kid`, and the set has more than one key of the algorithm.
    #[error("header has no `kid`, and several keys have its algorithm")]
    AmbiguousKey,
    /// `aud` does not contain the audience, or contains one that the rules do not allow.
    #[error("token is for another audience")]
    Audience,
    /// `cnf` binds the token to its sender, and nothing here verifies the binding ([RFC 8705,
    /// section 3](https://www.rfc-editor.org/rfc/rfc8705#section-3), [RFC 9449, section
    /// 7.1](https://www.rfc-editor.org/rfc/rfc9449#section-7.1)).
    #[error("token is bound to its sender by `cnf`, and the binding is not verified here")]
    Bound,
    /// The payload breaks a rule of [`ClaimsError`].
    #[error(transparent)]
    Claims(#[from] ClaimsError),
    /// `crit` is in the header: no extension is supported.
    #[error("header marks an extension as critical")]
    Critical,
    /// A name occurs twice in one object of the header.
    #[error("header names a member twice")]
    DuplicateHeader,
    /// A segment is not canonical base64url without padding.
    #[error("segment is not canonical base64url")]
    Encoding,
    /// `exp` has passed.
    #[error("token has expired")]
    Expired,
    /// A claim is present that marks another kind of token.
    #[error("claim `{claim}` is that of another kind of token")]
    ForeignClaim {
        /// The name of the claim.
        claim: &'static str,
    },
    /// The header is not a JSON object.
    #[error("header is not a JSON object")]
    HeaderNotJson,
    /// The header is longer than 1 KiB.
    #[error("header is longer than {} bytes", crate::limits::MAX_HEADER)]
    HeaderTooLong,
    /// `iat` is in the future.
    #[error("token was issued in the future")]
    IssuedInFuture,
    /// `iss` is another issuer.
    #[error("token is of another issuer")]
    Issuer,
    /// `kid` is not a text.
    #[error("key id is not a text")]
    KeyId,
    /// `exp` is too far in the future: the caller must store the `jti` of a single-use token until
    /// then.
    #[error("token lives too long")]
    Lifetime,
    /// A claim that this kind of token must have is not there.
    #[error("claim `{claim}` is missing")]
    Missing {
        /// The name of the claim.
        claim: &'static str,
    },
    /// `nbf` is in the future.
    #[error("token is not valid yet")]
    NotYetValid,
    /// The payload is longer than the limit of all tokens, or of its kind.
    #[error(
        "payload is longer than {} bytes, or than its kind of token allows",
        crate::limits::MAX_PAYLOAD
    )]
    PayloadTooLong,
    /// The text does not have three segments with two dots between them.
    #[error("token has not three segments")]
    Segments,
    /// The signature is not that of the key.
    #[error("signature is wrong")]
    Signature,
    /// The token is longer than the limit of all tokens, or of its kind.
    #[error("token is longer than {} bytes, or than its kind allows", crate::limits::MAX_TOKEN)]
    TokenTooLong,
    /// `typ` is that of another kind of token.
    #[error("token is of another type")]
    TokenType,
    /// `b64` is not `true`.
    #[error("header declares an unencoded payload")]
    Unencoded,
    /// `kid` names no key of the set.
    #[error("key is unknown")]
    UnknownKey,
}

impl VerifyError {
    /// A short name of the rule, for logs and metrics.
    #[must_use]
    pub const fn label(&self) -> &'static str {
        match self {
            Self::Algorithm => "algorithm",
            Self::AmbiguousKey => "ambiguous_key",
            Self::Audience => "audience",
            Self::Bound => "bound",
            Self::Claims(fault) => fault.label(),
            Self::Critical => "crit",
            Self::DuplicateHeader => "duplicate_header",
            Self::Encoding => "encoding",
            Self::Expired => "expired",
            Self::ForeignClaim { .. } => "foreign_claim",
            Self::HeaderNotJson => "header_json",
            Self::HeaderTooLong => "header_length",
            Self::IssuedInFuture => "issued_in_future",
            Self::Issuer => "issuer",
            Self::KeyId => "key_id",
            Self::Lifetime => "lifetime",
            Self::Missing { .. } => "missing_claim",
            Self::NotYetValid => "not_yet_valid",
            Self::PayloadTooLong => "payload_length",
            Self::Segments => "segments",
            Self::Signature => "signature",
            Self::TokenTooLong => "token_length",
            Self::TokenType => "token_type",
            Self::Unencoded => "b64",
            Self::UnknownKey => "unknown_key",
        }
    }
}
