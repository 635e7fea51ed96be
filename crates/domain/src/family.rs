//! Token families: everything that grows from one redeemed code, and one row for all of it.

mod decision;
mod end_reason;
mod id;

pub use self::decision::{FamilyDecision, PresentedRefresh, family_decision};
pub use self::end_reason::{EndReason, UnknownEndReason};
pub use self::id::{FamilyId, Generation, InvalidFamilyId};
use crate::{Authorization, Day, Lifetime, ScopeToken, SecretDigest, Timestamp};

/// A token family as it is stored: one row for the life of a grant, changed by each refresh.
///
/// No refresh token can be computed from the row. A refresh token is a secret with a MAC, and the
/// row has the digest of the secret.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(
    clippy::exhaustive_structs,
    reason = "the compiler must report a new column to each backend"
)]
pub struct Family {
    /// The id.
    pub id: FamilyId,
    /// The digest of the secret that all refresh tokens of the family contain.
    pub secret_digest: SecretDigest,
    /// The generation of the valid refresh token.
    pub generation: Generation,
    /// The time of the last refresh.
    pub rotated_at: Timestamp,
    /// The time when the code was redeemed.
    pub began_at: Timestamp,
    /// The time from which no refresh is possible. Rotation does not change it.
    pub ends_at: Timestamp,
    /// The maximum time between two refreshes.
    pub idle: Lifetime,
    /// Whether the end of the session ends the family.
    pub ends_with_session: bool,
    /// What the user allowed. It has no nonce.
    pub authorization: Authorization,
    /// The time and the reason of the end, if the family was ended. Idle lifetime and age are not
    /// stored.
    pub ended: Option<(Timestamp, EndReason)>,
}

/// What the server chooses for a new family. The rest follows from the redeemed code.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(
    clippy::exhaustive_structs,
    reason = "the compiler must report a new column to each backend"
)]
pub struct NewFamily {
    /// The random id.
    pub id: FamilyId,
    /// The digest of the random secret. A family without refresh tokens has one, too: no token
    /// contains its secret.
    pub secret_digest: SecretDigest,
    /// The time from which no refresh is possible.
    pub ends_at: Timestamp,
    /// The maximum time between two refreshes.
    pub idle: Lifetime,
    /// Whether the end of the session ends the family, unless the code has the scope
    /// [`ScopeToken::OFFLINE_ACCESS`](crate::ScopeToken::OFFLINE_ACCESS).
    pub ends_with_session: bool,
}

impl Family {
    /// The maximum number of families for one user and client that have not ended. The oldest ends
    /// first.
    pub const MAX_FOR_CLIENT: usize = 20;

    /// Begins a family when a code is redeemed.
    #[must_use]
    pub fn begin(new: &NewFamily, authorization: Authorization, now: Timestamp) -> Self {
        let is_offline = authorization.scope.contains(&ScopeToken::OFFLINE_ACCESS);
        Self {
            id: new.id,
            secret_digest: new.secret_digest,
            generation: Generation::FIRST,
            rotated_at: now,
            began_at: now,
            ends_at: new.ends_at,
            idle: new.idle,
            ends_with_session: new.ends_with_session && !is_offline,
            authorization: Authorization {
                nonce: None,
                ..authorization
            },
            ended: None,
        }
    }

    /// Returns the day of the end: with the id it is the key of the row.
    #[must_use]
    pub fn ends_on(&self) -> Day {
        Day::of(self.ends_at)
    }

    /// Returns why the family has ended at this time; `None` if it has not. The status of user and
    /// client is not a part of the row.
    #[must_use]
    pub fn end_reason(&self, now: Timestamp) -> Option<EndReason> {
        match self.ended {
            Some((_, reason)) => Some(reason),
            None if now >= self.ends_at => Some(EndReason::Age),
            None if now >= self.rotated_at + self.idle => Some(EndReason::Idle),
            None => None,
        }
    }

    /// Moves the row to another generation, as [`FamilyDecision::Rotate`] and
    /// [`FamilyDecision::Forward`] state.
    pub const fn rotate(&mut self, to: Generation, now: Timestamp) {
        self.generation = to;
        self.rotated_at = now;
    }

    /// Ends the family. Returns `false`, and changes nothing, if it was ended before.
    pub fn end(&mut self, why: EndReason, now: Timestamp) -> bool {
        let is_live = self.ended.is_none();
        if is_live {
            self.ended = Some((now, why));
        }
        is_live
    }
}

impl NewFamily {
    /// Returns the day of the end: with the id it is the key of the row, and the refresh tokens
    /// contain both.
    #[must_use]
    pub fn ends_on(&self) -> Day {
        Day::of(self.ends_at)
    }
}
