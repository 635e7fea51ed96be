//! What the model knows of users, clients, sessions, codes and tokens.

use super::step::LifeStep;

/// The answer to the last step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// A code or tokens.
    Issued,
    /// Nothing to compare.
    Done,
    Refused,
}

#[derive(Clone, Debug)]
pub(super) struct ModelUser {
    pub(super) is_active: bool,
    pub(super) scope: u8,
    /// What began before this event is refused.
    pub(super) from: u64,
    /// The session of the user's browser.
    pub(super) browser: Option<usize>,
}

#[derive(Clone, Debug)]
pub(super) struct ModelClient {
    pub(super) exists: bool,
    pub(super) scope: u8,
    pub(super) from: u64,
}

#[derive(Clone, Debug)]
pub(super) struct ModelSession {
    pub(super) user: usize,
    pub(super) ends_at: i64,
    pub(super) seen_at: i64,
    pub(super) exists: bool,
}

#[derive(Clone, Debug)]
pub(super) struct ModelCode {
    pub(super) user: usize,
    pub(super) client: usize,
    pub(super) scope: u8,
    pub(super) at: i64,
    pub(super) event: u64,
    pub(super) session: usize,
    pub(super) is_removed: bool,
    pub(super) family: Option<usize>,
}

#[derive(Clone, Debug)]
pub(super) struct ModelFamily {
    pub(super) user: usize,
    pub(super) client: usize,
    pub(super) scope: u8,
    pub(super) began_at: i64,
    pub(super) rotated_at: i64,
    pub(super) generation: u32,
    pub(super) event: u64,
    pub(super) session: usize,
    pub(super) is_ended: bool,
    /// The token that the client received last: its place in the list of tokens.
    pub(super) held: Option<usize>,
}

#[derive(Clone, Debug)]
pub(super) struct ModelAccess {
    pub(super) family: usize,
    pub(super) expires_at: i64,
    pub(super) key: u32,
    pub(super) is_revoked: bool,
}

/// A refresh token. Two of equal values are one text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct ModelRefresh {
    pub(super) family: usize,
    pub(super) generation: u32,
    pub(super) secrets: u32,
}

/// What a refresh does to its family.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Turn {
    Move,
    Retry,
    Reuse,
    Refuse,
}

impl Turn {
    /// Names the kind of a step, if this is what the last refresh did.
    pub(super) const fn named(self, step: &LifeStep) -> &'static str {
        match (step, self) {
            (LifeStep::Authorize { .. }, _) => "authorize",
            (LifeStep::Redeem { .. }, _) => "redeem",
            (LifeStep::Refresh { .. } | LifeStep::Present { .. }, Self::Move) => "rotation",
            (LifeStep::Refresh { .. } | LifeStep::Present { .. }, Self::Retry) => "retry",
            (LifeStep::Refresh { .. } | LifeStep::Present { .. }, Self::Reuse) => "reuse",
            (LifeStep::Refresh { .. } | LifeStep::Present { .. }, Self::Refuse) => "refusal",
            _ => "change",
        }
    }
}
