//! Why somebody may not go in.

use scopegate_policy::{Denial, SchemeId, TokenTooLarge};
use scopegate_store::StoreError;
use scopegate_token::{TokenRevoked, VerifyError};

/// When to ask again while the store or another part is down, in seconds: soon, for nothing is known of how long it lasts.
pub(crate) const RETRY_SECONDS: u32 = 1;

/// Why somebody may not go in.
#[derive(Debug)]
pub(crate) enum Refusal {
    /// A credential of these schemes is there more than once.
    Ambiguous(Vec<SchemeId>),
    /// A credential was presented that is not good for any of these schemes, and what the policy says to that.
    Credential(Unaccepted, Vec<SchemeId>, Denial),
    /// The policy says no, to credentials of these schemes.
    Denied(Denial, Vec<SchemeId>),
    /// The users or the verifier of a credential could not be asked.
    Store(StoreError),
}

/// Why a credential is not accepted; for the log alone, but for the difference between the unreadable and the wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Unaccepted {
    #[error("it is not of the form of its scheme")]
    Malformed,
    #[error("its verifier refused it")]
    Refused,
    #[error(transparent)]
    Revoked(#[from] TokenRevoked),
    #[error(transparent)]
    TooLarge(#[from] TokenTooLarge),
    #[error(transparent)]
    Verify(#[from] VerifyError),
}

impl Unaccepted {
    /// A short name of the rule that it breaks, for metrics.
    pub(crate) const fn rule(self) -> &'static str {
        match self {
            Self::Malformed => "malformed",
            Self::Refused => "verifier",
            Self::Revoked(_) => "revoked",
            Self::TooLarge(_) => "too_large",
            Self::Verify(fault) => fault.rule(),
        }
    }
}
