//! The reasons why an authorization request gets no code.

use scopegate_domain::ErrorCode;
use scopegate_store::{StoreError, StoreErrorKind};
use scopegate_token::{RandomError, SealError};

use super::answer::{AnswerTarget, AuthorizationAnswer};
use crate::limits::{MAX_NONCE_LEN, MAX_STATE_LEN};
use crate::{InvalidScopeCause, InvalidTargetCause, Unavailable};

/// The reason why an authorization request gets no code.
///
/// The enum is exhaustive, so that a new reason must be mapped to its answer.
#[derive(Debug, thiserror::Error)]
#[expect(
    clippy::exhaustive_enums,
    reason = "a new reason must be given its answer in the table of pages"
)]
pub enum AuthorizeError {
    /// The user sees a page with status 400. The browser is never redirected, because the client or
    /// its redirect URI is not known ([RFC 6749, section
    /// 4.1.2.1](https://www.rfc-editor.org/rfc/rfc6749#section-4.1.2.1)).
    #[error(transparent)]
    Shown(#[from] ShownCause),
    /// The client receives an error at its redirect URI.
    #[error(transparent)]
    Redirected(Box<RedirectedError>),
    /// A component that the server needs did not answer: a page with status 503.
    #[error("the server cannot answer at present")]
    Unavailable(#[source] Unavailable),
    /// A component that the server needs returned invalid data: a page with status 500.
    #[error("something went wrong here")]
    Corrupt(#[source] StoreError),
}

impl From<StoreError> for AuthorizeError {
    fn from(cause: StoreError) -> Self {
        match cause.kind() {
            StoreErrorKind::Corrupt | StoreErrorKind::Invalid => Self::Corrupt(cause),
            StoreErrorKind::Conflict | StoreErrorKind::Unavailable => Self::Unavailable(Unavailable::Store(cause)),
        }
    }
}

impl From<RandomError> for AuthorizeError {
    fn from(cause: RandomError) -> Self {
        Self::Unavailable(Unavailable::RandomSource(cause))
    }
}

impl From<SealError> for AuthorizeError {
    fn from(cause: SealError) -> Self {
        match cause {
            SealError::RandomSource(cause) => cause.into(),
            _ => Self::Shown(ShownCause::TooLong),
        }
    }
}

impl From<Unavailable> for AuthorizeError {
    fn from(cause: Unavailable) -> Self {
        match cause {
            Unavailable::Store(cause) => cause.into(),
            cause => Self::Unavailable(cause),
        }
    }
}

/// The reason why an error is shown to the user and not sent to a client.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[expect(
    clippy::exhaustive_enums,
    reason = "a new reason must be given its answer in the table of pages"
)]
pub enum ShownCause {
    /// `client_id` is absent.
    #[error("`client_id` is missing")]
    MissingClient,
    /// `redirect_uri` is absent, and the client has none or several.
    #[error("`redirect_uri` is missing, and the client does not have exactly one")]
    MissingRedirectUri,
    /// `client_id` or `redirect_uri` is given twice.
    #[error("`client_id` or `redirect_uri` is given twice")]
    Repeated,
    /// The parameters are longer than 8 KiB.
    #[error("the request is too long")]
    TooLong,
    /// The client may not use authorization codes.
    #[error("this client may not log in users")]
    UnauthorizedClient,
    /// There is no such client.
    #[error("client is unknown")]
    UnknownClient,
    /// The redirect URI is not one of the client's.
    #[error("`redirect_uri` is not registered for this client")]
    UnregisteredRedirectUri,
}

/// An error that the client receives at its redirect URI.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{cause}")]
pub struct RedirectedError {
    cause: RedirectedCause,
    target: AnswerTarget,
}

impl RedirectedError {
    pub(super) const fn new(cause: RedirectedCause, target: AnswerTarget) -> Self {
        Self { cause, target }
    }

    /// Returns the reason.
    #[must_use]
    pub const fn cause(&self) -> RedirectedCause {
        self.cause
    }

    /// Returns the value of `error`.
    #[must_use]
    pub const fn code(&self) -> ErrorCode {
        self.cause.code()
    }

    /// Returns the value of `error_description`: a fixed text in ASCII.
    #[must_use]
    pub fn description(&self) -> String {
        self.cause.to_string()
    }

    /// Returns the answer to send to the client.
    #[must_use]
    pub fn into_answer(self) -> AuthorizationAnswer {
        AuthorizationAnswer::error(self.target, self.cause.code(), self.cause.to_string())
    }
}

/// The reason of an error that the client receives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[expect(clippy::exhaustive_enums, reason = "a new reason must be given its error code")]
pub enum RedirectedCause {
    /// The user refused.
    #[error("the user refused the request")]
    AccessDenied,
    /// A control character, a NUL character or invalid UTF-8.
    #[error("a parameter contains a character that is not allowed")]
    Character,
    /// `code_challenge` is not 43 characters of base64url.
    #[error("`code_challenge` is not the SHA-256 digest of a verifier in base64url")]
    Challenge,
    /// `code_challenge_method` is absent or not `S256`.
    #[error("`code_challenge_method` must be `S256`")]
    ChallengeMethod,
    /// The user must see the consent page, and `prompt` is `none`.
    #[error("the user must consent, and `prompt` is `none`")]
    ConsentRequired,
    /// The user must see another page, and `prompt` is `none`.
    #[error("the user must see a page, and `prompt` is `none`")]
    InteractionRequired,
    /// The user must log in, and `prompt` is `none`.
    #[error("the user must log in, and `prompt` is `none`")]
    LoginRequired,
    /// `max_age` is not a number of seconds, or too large.
    #[error("`max_age` is not a number of seconds from 0 to 4294967295")]
    MaxAge,
    /// `code_challenge` is absent.
    #[error("`code_challenge` is missing")]
    MissingChallenge,
    /// `response_type` is absent.
    #[error("`response_type` is missing")]
    MissingResponseType,
    /// `scope` is absent, and the client has no default scope.
    #[error("`scope` is missing, and the client has no default")]
    MissingScope,
    /// A parameter that the server does not support.
    #[error("`{name}` is not supported")]
    NotSupported {
        /// The name of the parameter.
        name: &'static str,
    },
    /// `prompt` is unknown, or `none` with another value.
    #[error("`prompt` is unknown, or has `none` with another value")]
    Prompt,
    /// A parameter other than `resource` is given twice.
    #[error("a parameter is given twice")]
    Repeated,
    /// `request` is present.
    #[error("`request` is not supported")]
    RequestObject,
    /// `request_uri` is present.
    #[error("`request_uri` is not supported")]
    RequestUri,
    /// `response_type` is not `code`.
    #[error("`response_type` must be `code`")]
    ResponseType,
    /// The scope is malformed, or no part of it may be granted.
    #[error(transparent)]
    Scope(#[from] InvalidScopeCause),
    /// A resource is unknown, or the client gets no tokens for it.
    #[error(transparent)]
    Target(#[from] InvalidTargetCause),
    /// `nonce` is longer than 512 bytes.
    #[error("`nonce` is longer than {MAX_NONCE_LEN} bytes")]
    TooLongNonce,
    /// `state` is longer than 512 bytes. The answer does not repeat it.
    #[error("`state` is longer than {MAX_STATE_LEN} bytes")]
    TooLongState,
}

impl RedirectedCause {
    /// Returns the value of `error`.
    #[must_use]
    pub const fn code(self) -> ErrorCode {
        match self {
            Self::AccessDenied => ErrorCode::AccessDenied,
            Self::Character
            | Self::Challenge
            | Self::ChallengeMethod
            | Self::MaxAge
            | Self::MissingChallenge
            | Self::MissingResponseType
            | Self::NotSupported { .. }
            | Self::Prompt
            | Self::Repeated
            | Self::TooLongNonce
            | Self::TooLongState => ErrorCode::InvalidRequest,
            Self::ConsentRequired => ErrorCode::ConsentRequired,
            Self::InteractionRequired => ErrorCode::InteractionRequired,
            Self::LoginRequired => ErrorCode::LoginRequired,
            Self::MissingScope | Self::Scope(_) => ErrorCode::InvalidScope,
            Self::RequestObject => ErrorCode::RequestNotSupported,
            Self::RequestUri => ErrorCode::RequestUriNotSupported,
            Self::ResponseType => ErrorCode::UnsupportedResponseType,
            Self::Target(_) => ErrorCode::InvalidTarget,
        }
    }
}
