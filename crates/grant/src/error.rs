//! Why there is no token.

use scopegate_domain::{ErrorCode, GrantType, InvalidScope, Lifetime};
use scopegate_store::{StoreError, StoreErrorKind};
use scopegate_token::{EntropyError, HashError, SignError};

use crate::HashingFailed;

/// Why there is no token.
///
/// Exhaustive on purpose: a new refusal must be given its answer. What `Display` says may be told to the client: it holds
/// nothing that was sent and does not tell an unknown user, a wrong password and a disabled user apart. The cause beneath
/// [`GrantError::Unavailable`] is the operator's alone.
///
/// ```
/// use scopegate_domain::ErrorCode;
/// use scopegate_grant::{GrantError, RequestFault};
///
/// let refused = GrantError::InvalidRequest(RequestFault::Missing { name: "grant_type" });
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
    InvalidRequest(#[from] RequestFault),
    /// The client did not say who it is, or could not prove it.
    #[error(transparent)]
    InvalidClient(#[from] ClientFault),
    /// Unknown user, wrong password, disabled user: one answer.
    #[error("user name or password is wrong")]
    InvalidGrant,
    /// The client may not use this grant type.
    #[error("this client may not use this grant type")]
    UnauthorizedClient,
    /// The server knows this grant type, and the operator has not enabled it.
    #[error("the grant type `{0}` is not enabled at this server; its operator enables it with the setting `{0}_grant`")]
    GrantTypeDisabled(GrantType),
    /// The server does not know this grant type.
    #[error("grant type is not supported")]
    UnsupportedGrantType,
    /// The scope is malformed, or nothing of it may be granted.
    #[error(transparent)]
    InvalidScope(#[from] ScopeFault),
    /// A refusal in the words of the tutorial's page.
    #[error(transparent)]
    Page(#[from] PageError),
    /// Too many attempts with a wrong secret, for this account or from this address.
    #[error("too many failed attempts")]
    Throttled {
        /// When the next attempt is admitted.
        retry_after: Lifetime,
    },
    /// As many logins are waiting as may wait.
    #[error("too many logins at once")]
    Busy {
        /// When to come again.
        retry_after: Lifetime,
    },
    /// Something that the server needs did not answer.
    #[error("the server cannot answer at present")]
    Unavailable(#[source] Outage),
    /// What the server needs answered nonsense: somebody must look at it.
    #[error("something went wrong here")]
    Corrupt(#[source] StoreError),
}

impl GrantError {
    /// What a client is told by the RFC ([RFC 6749, section 5.2](https://www.rfc-editor.org/rfc/rfc6749#section-5.2)).
    ///
    /// The page has no codes; its refusals are given the nearest one.
    #[must_use]
    pub const fn code(&self) -> ErrorCode {
        match self {
            Self::InvalidRequest(_) | Self::Page(PageError::Validation(_)) => ErrorCode::InvalidRequest,
            Self::InvalidClient(_) => ErrorCode::InvalidClient,
            Self::InvalidGrant | Self::Page(PageError::IncorrectLogin) => ErrorCode::InvalidGrant,
            Self::UnauthorizedClient => ErrorCode::UnauthorizedClient,
            Self::GrantTypeDisabled(_) | Self::UnsupportedGrantType => ErrorCode::UnsupportedGrantType,
            Self::InvalidScope(_) => ErrorCode::InvalidScope,
            Self::Throttled { .. } | Self::Busy { .. } | Self::Unavailable(_) => ErrorCode::TemporarilyUnavailable,
            Self::Corrupt(_) => ErrorCode::ServerError,
        }
    }
}

impl From<StoreError> for GrantError {
    fn from(cause: StoreError) -> Self {
        match cause.kind() {
            StoreErrorKind::Corrupt => Self::Corrupt(cause),
            StoreErrorKind::Conflict | StoreErrorKind::Unavailable => Self::Unavailable(Outage::Store(cause)),
        }
    }
}

/// What is wrong with the form of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RequestFault {
    /// A required field is absent or empty.
    #[error("`{name}` is missing")]
    Missing {
        /// Which.
        name: &'static str,
    },
    /// A name that is given twice: [RFC 6749, section 3.2](https://www.rfc-editor.org/rfc/rfc6749#section-3.2).
    #[error("a parameter is given twice")]
    Repeated,
    /// More than one way of authenticating the client: [RFC 6749, section 2.3](https://www.rfc-editor.org/rfc/rfc6749#section-2.3).
    #[error("the client must authenticate in one way only")]
    TwoClients,
}

/// Why client authentication failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ClientFault {
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
    /// Unknown client, wrong secret, no secret, a secret for a public client: one answer.
    #[error("client is unknown, or it did not authenticate as it is registered")]
    Refused,
}

/// What is wrong with the scope that was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ScopeFault {
    /// Not a scope by [RFC 6749, section 3.3](https://www.rfc-editor.org/rfc/rfc6749#section-3.3).
    #[error("scope is malformed")]
    Malformed(#[from] InvalidScope),
    /// Nothing of what was asked for may be granted.
    #[error("nothing of this scope may be granted")]
    NothingLeft,
    /// What may be granted does not fit into a token.
    #[error("scope is too long for a token")]
    TooLong,
}

/// A refusal in the words of the tutorial's page.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[expect(clippy::exhaustive_enums, reason = "the page knows these two")]
pub enum PageError {
    /// Unknown user or wrong password.
    #[error("Incorrect username or password")]
    IncorrectLogin,
    /// Fields that are missing or wrong, in the order in which the page declares them; never empty.
    #[error("the form is not filled in as it must be")]
    Validation(Vec<FieldFault>),
}

/// What is wrong with one field of the page's form.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "the page knows these two")]
pub enum FieldFault {
    /// Absent or empty.
    Missing {
        /// Which field.
        field: &'static str,
    },
    /// Does not match the pattern that the page declares. The page echoes the text, so this is for no secret field.
    Pattern {
        /// Which field.
        field: &'static str,
        /// The pattern.
        pattern: &'static str,
        /// What was sent.
        input: String,
    },
}

/// Which part of the server did not answer. For the operator, not for a client.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Outage {
    /// The source of randomness.
    #[error("a token could not be named")]
    Entropy(#[source] EntropyError),
    /// The thread that hashes passwords.
    #[error("the thread that hashes passwords failed")]
    Hashing(#[source] HashingFailed),
    /// The hasher, for a new hash.
    #[error("a password could not be hashed")]
    Rehash(#[source] HashError),
    /// The key, or what it may sign.
    #[error("a token could not be signed")]
    Signing(#[source] SignError),
    /// The store.
    #[error("the store did not answer")]
    Store(#[source] StoreError),
}
