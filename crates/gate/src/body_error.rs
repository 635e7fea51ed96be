//! The reasons why a request has no complete body.

use http::StatusCode;

/// The reason why a request has no complete body.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", self.sentence())]
#[expect(clippy::exhaustive_enums, reason = "each has its row in the one table of refusals")]
pub enum BodyError {
    /// The body ended early.
    Incomplete,
    /// The body is larger than the limit.
    TooLarge,
    /// The body took longer than the limit.
    TooSlow,
}

impl BodyError {
    /// Returns the status of the answer.
    #[must_use]
    pub const fn status(self) -> StatusCode {
        match self {
            Self::Incomplete => StatusCode::BAD_REQUEST,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::TooSlow => StatusCode::REQUEST_TIMEOUT,
        }
    }

    /// Returns the sentence that the client receives.
    #[must_use]
    pub const fn sentence(self) -> &'static str {
        match self {
            Self::Incomplete => "the body is incomplete",
            Self::TooLarge => "the body is too large",
            Self::TooSlow => "the body came too slowly",
        }
    }
}
