//! The status of everything that a code or a family depends on.

use scopegate_domain::EndReason;

/// Whether user, client, consent and session of a code or family still allow it.
///
/// If several do not, the first in this order counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "each decision must handle a new status")]
pub enum Standing {
    /// The user is disabled or does not exist.
    UserDisabled,
    /// The user was disabled or got another password since, or all tokens of the user were revoked.
    UserChanged,
    /// The client does not exist, is another one with the same id, or all its tokens were revoked.
    ClientRemoved,
    /// The consent was withdrawn. Only a code depends on it, because a withdrawal ends the
    /// families.
    Withdrawn,
    /// The session is over, and the family ends with it.
    SessionEnded,
    /// All allow it.
    Good,
}

impl Standing {
    /// Returns the first status that does not allow a code or family.
    #[must_use]
    pub fn first(fails: impl IntoIterator<Item = (bool, Self)>) -> Self {
        let first = fails.into_iter().find(|(fails, _)| *fails);
        first.map_or(Self::Good, |(_, standing)| standing)
    }

    /// Returns the reason why a family with this status has ended. `None`: it has not.
    #[must_use]
    pub const fn end_reason(self) -> Option<EndReason> {
        match self {
            Self::UserDisabled => Some(EndReason::UserDisabled),
            Self::UserChanged => Some(EndReason::UserChanged),
            Self::ClientRemoved => Some(EndReason::ClientRemoved),
            Self::Withdrawn => Some(EndReason::Withdrawn),
            Self::SessionEnded => Some(EndReason::SessionEnded),
            Self::Good => None,
        }
    }
}
