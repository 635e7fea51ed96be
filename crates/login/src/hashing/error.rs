//! The error of hashing.

use scopegate_domain::Lifetime;
use scopegate_token::HashError;

/// The reason why a password was not hashed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HashingError {
    /// The queue of logins is full.
    #[error("too many logins at once")]
    Busy {
        /// The time after which to try again.
        retry_after: Lifetime,
    },
    /// The hash function failed.
    #[error(transparent)]
    Hash(HashError),
    /// The thread ended without a result.
    #[error("the thread panicked")]
    Panicked,
    /// The system cannot start a thread.
    #[error("no thread can be started")]
    Spawn(#[source] std::io::Error),
}
