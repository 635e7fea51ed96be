//! The time of a change that may revoke tokens.

use scopegate_domain::{Revocation, Revoked, Timestamp};

/// The time of a change, and how long the revocations that it writes are kept. The store reads no
/// clock.
///
/// ```
/// use scopegate_domain::{Revocation, Timestamp};
/// use scopegate_store::ChangeTime;
///
/// let time = ChangeTime::at(Timestamp::from_unix(1_000));
/// assert_eq!(time.tokens_end_at, time.now + Revocation::KEPT);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "each backend must use a new field")]
pub struct ChangeTime {
    /// The time of the change.
    pub now: Timestamp,
    /// The time at which all access tokens that exist now have expired.
    pub tokens_end_at: Timestamp,
}

impl ChangeTime {
    /// Creates the time of a change whose revocations are kept for the longest time:
    /// [`Revocation::KEPT`].
    #[must_use]
    pub fn at(now: Timestamp) -> Self {
        Self {
            now,
            tokens_end_at: now + Revocation::KEPT,
        }
    }

    /// Returns the revocation of the tokens that exist now, which is kept until they have expired.
    #[must_use]
    pub fn revocation(self, whose: Revoked) -> Revocation {
        Revocation::until(whose, self.now).forgotten_at(self.tokens_end_at)
    }
}
