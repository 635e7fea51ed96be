//! Errors of a token request.

use scopegate_domain::{Claims, ErrorCode, GrantType, InvalidScope, Lifetime};
use scopegate_store::{StoreError, StoreErrorKind};
use scopegate_token::{RandomError, SignError};

use scopegate_login::HashingError;
use scopegate_login::LoginError;
use scopegate_login::Throttled;

/// The reason why a request gets no token.
///
/// The enum is exhaustive, so that a new refusal must be mapped to its response. The text of
/// `Display` may be sent to the client. It contains nothing of the request, and it is the same for
/// an unknown user, a wrong password and a disabled user. The cause of [`GrantError::Unavailable`]
/// is only for the operator.
///
/// ```
/// use scopegate_domain::ErrorCode;
/// use scopegate_grant::{GrantError, InvalidRequestCause};
///
/// let refused = GrantError::InvalidRequest(InvalidRequestCause::Missing { name: "grant_type" });
/// assert_eq!(refused.code(), ErrorCode::InvalidRequest);
/// assert_eq!(refused.to_string(), "`grant_type` is missing");
/// ```
#[derive(Debug, thiserror::Error)]
#[expect(
    clippy::exhaustive_enums,
    reason = "a new refusal must be given its answer in the table of replies"
)]
pub enum GrantError {
    /// The request is malformed.
    #[error(transparent)]
    InvalidRequest(#[from] InvalidRequestCause),
    /// The client did not identify itself, or could not authenticate.
    #[error(transparent)]
    InvalidClient(#[from] InvalidClientCause),
    /// Unknown user, wrong password, disabled user: one error.
    #[error("user name or password is wrong")]
    InvalidGrant,
    /// The code is unknown, expired, redeemed, or does not belong to this request: one error.
    #[error("code is not valid, or it does not belong to this request")]
    InvalidCode,
    /// The refresh token is unknown, expired, revoked, used, or of another client: one error.
    #[error("refresh token is not valid")]
    InvalidRefreshToken,
    /// The client may not use this grant type.
    #[error("this client may not use this grant type")]
    UnauthorizedClient,
    /// The operator has not enabled this grant type, which the server supports.
    #[error("the grant type `{0}` is not enabled at this server; its operator enables it with the setting `{0}_grant`")]
    GrantTypeDisabled(GrantType),
    /// The server does not know this grant type.
    #[error("grant type is not supported")]
    UnsupportedGrantType,
    /// The scope is malformed, or no part of it may be granted.
    #[error(transparent)]
    InvalidScope(#[from] InvalidScopeCause),
    /// A requested resource is unknown or is not one of the client's.
    #[error(transparent)]
    InvalidTarget(#[from] InvalidTargetCause),
    /// There were too many attempts with a wrong secret, for this account or from this address.
    #[error("too many failed attempts")]
    Throttled {
        /// The time until the next attempt is admitted.
        retry_after: Lifetime,
    },
    /// The queue of logins is full.
    #[error("too many logins at once")]
    Busy {
        /// The time after which the client may retry.
        retry_after: Lifetime,
    },
    /// A component that the server needs did not answer.
    #[error("the server cannot answer at present")]
    Unavailable(#[source] Unavailable),
    /// A component that the server needs returned invalid data: an operator must check it.
    #[error("something went wrong here")]
    Corrupt(#[source] StoreError),
}

impl GrantError {
    /// Returns the error code of the RFC ([RFC 6749, section
    /// 5.2](https://www.rfc-editor.org/rfc/rfc6749#section-5.2)).
    #[must_use]
    pub const fn code(&self) -> ErrorCode {
        match self {
            Self::InvalidRequest(_) => ErrorCode::InvalidRequest,
            Self::InvalidClient(_) => ErrorCode::InvalidClient,
            Self::InvalidGrant | Self::InvalidCode | Self::InvalidRefreshToken => ErrorCode::InvalidGrant,
            Self::UnauthorizedClient => ErrorCode::UnauthorizedClient,
            Self::GrantTypeDisabled(_) | Self::UnsupportedGrantType => ErrorCode::UnsupportedGrantType,
            Self::InvalidScope(_) => ErrorCode::InvalidScope,
            Self::InvalidTarget(_) => ErrorCode::InvalidTarget,
            Self::Throttled { .. } | Self::Busy { .. } | Self::Unavailable(_) => ErrorCode::TemporarilyUnavailable,
            Self::Corrupt(_) => ErrorCode::ServerError,
        }
    }
}

impl From<StoreError> for GrantError {
    fn from(cause: StoreError) -> Self {
        match cause.kind() {
            StoreErrorKind::Corrupt | StoreErrorKind::Invalid => Self::Corrupt(cause),
            StoreErrorKind::Conflict | StoreErrorKind::Unavailable => Self::Unavailable(Unavailable::Store(cause)),
        }
    }
}

impl From<RandomError> for GrantError {
    fn from(cause: RandomError) -> Self {
        Self::Unavailable(Unavailable::RandomSource(cause))
    }
}

impl From<Throttled> for GrantError {
    fn from(throttled: Throttled) -> Self {
        Self::Throttled {
            retry_after: throttled.retry_after,
        }
    }
}

impl From<LoginError> for GrantError {
    fn from(error: LoginError) -> Self {
        match error {
            LoginError::Rejected => Self::InvalidGrant,
            LoginError::Throttled(throttled) => throttled.into(),
            LoginError::Hashing(HashingError::Busy { retry_after }) => Self::Busy { retry_after },
            LoginError::Hashing(cause) => Self::Unavailable(Unavailable::Hashing(cause)),
            LoginError::Store(cause) => cause.into(),
        }
    }
}

/// A fault in the form of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidRequestCause {
    /// A required field is absent or empty.
    #[error("`{name}` is missing")]
    Missing {
        /// The name of the field.
        name: &'static str,
    },
    /// A name or a value contains a NUL character.
    #[error("a parameter contains a NUL character")]
    Nul,
    /// The request has a header `DPoP` or `dpop_jkt`, so its sender expects a token that is bound
    /// to a key ([RFC 9449, section 5](https://www.rfc-editor.org/rfc/rfc9449#section-5)).
    #[error("`DPoP` is not supported; leave out the header `DPoP` and `dpop_jkt` for a bearer token")]
    Proof,
    /// A name occurs twice: [RFC 6749, section
    /// 3.2](https://www.rfc-editor.org/rfc/rfc6749#section-3.2).
    #[error("a parameter is given twice")]
    Repeated,
    /// `client_id` in the form differs from the client in the header: [RFC 6749, section
    /// 2.3](https://www.rfc-editor.org/rfc/rfc6749#section-2.3).
    #[error("`client_id` is not the client of the `Authorization` header")]
    TwoClients,
}

/// The reason why client authentication failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidClientCause {
    /// The request has `client_assertion` or `client_assertion_type`
    /// ([RFC 7521, section 4.2](https://www.rfc-editor.org/rfc/rfc7521#section-4.2)).
    #[error(
        "authentication by `client_assertion` is not supported; send a secret, or `client_id` alone if the client is public"
    )]
    Assertion,
    /// Neither the header nor the form names a client.
    #[error("`client_id` is missing")]
    Missing,
    /// The `Authorization` header is not one pair of HTTP Basic.
    #[error("the Authorization header is not HTTP Basic with a client id and a secret")]
    Malformed,
    /// Unknown client, wrong secret, no secret, a secret for a public client: one error.
    #[error("client is unknown, or it did not authenticate as it is registered")]
    Refused,
}

/// A fault in the requested scope.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidScopeCause {
    /// The text is not a scope by [RFC 6749, section
    /// 3.3](https://www.rfc-editor.org/rfc/rfc6749#section-3.3).
    #[error(transparent)]
    Malformed(#[from] InvalidScope),
    /// No part of the requested scope can be granted.
    #[error("nothing of this scope may be granted")]
    NothingLeft,
    /// The scope that may be granted does not fit into a token.
    #[error(
        "the scope does not fit into a token, which has at most {} bytes of claims; request less of it",
        Claims::MAX_LEN
    )]
    TooLong,
    /// The scope contains what the grant does not contain.
    #[error("scope is wider than that of the grant")]
    Wider,
}

/// A fault in the requested resources ([RFC 8707, section
/// 2](https://www.rfc-editor.org/rfc/rfc8707#section-2)).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidTargetCause {
    /// More resources than one request may name.
    #[error("a request may name at most {} resources", crate::limits::MAX_RESOURCES)]
    TooMany,
    /// A resource that is not configured, or not one of the client's: one error.
    #[error("a resource is unknown, or the client gets no tokens for it")]
    Unknown,
}

/// The part of the server that did not respond, for the operator only.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Unavailable {
    /// The random source.
    #[error("a token could not be named")]
    RandomSource(#[source] RandomError),
    /// The thread that hashes passwords.
    #[error("the thread that hashes passwords failed")]
    Hashing(#[source] HashingError),
    /// The key, or the set of tokens that it may sign.
    #[error("a token could not be signed")]
    Signing(#[source] SignError),
    /// The store.
    #[error("the store did not answer")]
    Store(#[source] StoreError),
}
