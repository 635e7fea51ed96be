//! The error of a login.

use scopegate_store::StoreError;

use crate::hashing::HashingError;
use crate::throttle::Throttled;

/// The reason why a login failed.
///
/// The enum is exhaustive, so that each caller maps a new reason to its response.
#[derive(Debug, thiserror::Error)]
#[expect(clippy::exhaustive_enums, reason = "a caller must map a new reason to a response")]
pub enum LoginError {
    /// Unknown user, wrong password, disabled user: one error.
    #[error("user name or password is wrong")]
    Rejected,
    /// There were too many attempts with a wrong password, for this account or from this address.
    #[error(transparent)]
    Throttled(#[from] Throttled),
    /// The password was not hashed.
    #[error(transparent)]
    Hashing(#[from] HashingError),
    /// The store did not answer, or returned invalid data.
    #[error(transparent)]
    Store(#[from] StoreError),
}
