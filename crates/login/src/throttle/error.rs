//! The refusal of an attempt.

use scopegate_domain::Lifetime;

/// The refusal of an attempt to present a secret, before anything is read or hashed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("too many failed attempts")]
#[non_exhaustive]
pub struct Throttled {
    /// The time until the next attempt is admitted.
    pub retry_after: Lifetime,
}
