//! The reasons to refuse a request.

use scopegate_domain::KeepClaimError;
use scopegate_policy::{Denial, SchemeId, TokenTooLarge};
use scopegate_store::StoreError;
use scopegate_token::{RevocationsOutdated, TokenRevoked, VerifyError};

/// The value of `Retry-After` while the store or another part is unavailable, in seconds. It is
/// short, because the duration of an outage is unknown.
pub const RETRY_SECONDS: u32 = 1;

/// The reason to refuse a request.
#[derive(Debug)]
pub(crate) enum Refusal {
    /// A credential of these schemes is there more than once.
    Ambiguous(Vec<SchemeId>),
    /// A presented credential is not valid for any of these schemes, with the denial of the policy.
    Credential(CredentialError, Vec<SchemeId>, Denial),
    /// The policy denies the request with credentials of these schemes.
    Denied(Denial, Vec<SchemeId>),
    /// The users or the verifier of a credential did not answer.
    Store(StoreError),
}

impl Refusal {
    /// Returns the refusal of a credential that is valid for none of these schemes.
    pub(crate) fn of_credential(cause: CredentialError, schemes: Vec<SchemeId>, denial: Denial) -> Self {
        match cause {
            CredentialError::Outdated(cause) => Self::Store(StoreError::unavailable(cause)),
            cause => Self::Credential(cause, schemes, denial),
        }
    }
}

/// The reason why a credential is not accepted. Only the log contains it. Clients can only
/// distinguish an unreadable credential from a wrong one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum CredentialError {
    #[error("a claim of the credential cannot be kept: {0}")]
    Claim(#[from] KeepClaimError),
    #[error("credential does not have the syntax of its scheme")]
    Malformed,
    /// Answered with [`Refusal::Store`]: nothing is wrong with the credential.
    #[error(transparent)]
    Outdated(#[from] RevocationsOutdated),
    #[error("credential was refused by its verifier")]
    Refused,
    #[error(transparent)]
    Revoked(#[from] TokenRevoked),
    #[error(transparent)]
    TooLarge(#[from] TokenTooLarge),
    #[error(transparent)]
    Verify(#[from] VerifyError),
}

impl CredentialError {
    /// Returns a short name of the rule that the credential breaks, for metrics.
    pub(crate) const fn label(self) -> &'static str {
        match self {
            Self::Claim(_) => "kept_claim",
            Self::Malformed => "malformed",
            Self::Outdated(_) => "outdated",
            Self::Refused => "verifier",
            Self::Revoked(_) => "revoked",
            Self::TooLarge(_) => "too_large",
            Self::Verify(fault) => fault.label(),
        }
    }
}
