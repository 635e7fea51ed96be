//! A secret of a client, as it is registered.

use crate::{SecretDigest, Timestamp};

/// The digest of a secret, with the time in which it is valid.
///
/// ```
/// use scopegate_domain::{RegisteredSecret, SecretDigest, Timestamp};
///
/// let secret = RegisteredSecret::new(SecretDigest::from_bytes([1; 32]))
///     .with_created_at(Timestamp::from_unix(1_000))
///     .with_ends_at(Timestamp::from_unix(2_000));
/// assert!(secret.is_valid(Timestamp::from_unix(1_999)));
/// assert!(!secret.is_valid(Timestamp::from_unix(2_000)));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RegisteredSecret {
    digest: SecretDigest,
    created_at: Option<Timestamp>,
    ends_at: Option<Timestamp>,
}

impl RegisteredSecret {
    /// Creates a secret without an end.
    #[must_use]
    pub const fn new(digest: SecretDigest) -> Self {
        Self {
            digest,
            created_at: None,
            ends_at: None,
        }
    }

    /// Sets the time of its creation. Default: unknown, as for a secret of an earlier release.
    #[must_use]
    pub const fn with_created_at(mut self, time: Timestamp) -> Self {
        self.created_at = Some(time);
        self
    }

    /// Sets the time from which it is refused. Default: never.
    #[must_use]
    pub const fn with_ends_at(mut self, time: Timestamp) -> Self {
        self.ends_at = Some(time);
        self
    }

    /// Returns the digest.
    #[must_use]
    pub const fn digest(&self) -> &SecretDigest {
        &self.digest
    }

    /// Returns the time of its creation; `None` if it is unknown.
    #[must_use]
    pub const fn created_at(&self) -> Option<Timestamp> {
        self.created_at
    }

    /// Returns the time from which it is refused; `None` if it has no end.
    #[must_use]
    pub const fn ends_at(&self) -> Option<Timestamp> {
        self.ends_at
    }

    /// Returns whether it has not ended at this time.
    #[must_use]
    pub fn is_valid(&self, now: Timestamp) -> bool {
        self.ends_at.is_none_or(|end| now < end)
    }
}
