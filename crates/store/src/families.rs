//! Storage of token families.

use std::fmt;
use std::sync::Arc;

use scopegate_domain::{
    AuditEntry, ClientId, Day, EndReason, Family, FamilyDecision, FamilyId, Generation, GrantBinding, Lifetime,
    PresentedRefresh, Timestamp, User, UserId, family_decision,
};

use crate::{BoxFuture, ChangeTime, Standing, StoreError};

/// The token families: one row for each grant.
///
/// A family ends by its row, and by a condition: it is refused as soon as its user is disabled, its
/// client is removed or all their tokens are revoked. It is also refused afterwards, when the user
/// is enabled or a client with the same id is added.
///
/// All methods fail with [`Unavailable`](crate::StoreErrorKind::Unavailable) if the backend does
/// not answer, and then the change is made or not made. Methods that read fail with
/// [`Corrupt`](crate::StoreErrorKind::Corrupt) if a row of the result is not a valid family.
///
/// ```
/// use scopegate_domain::{ClientId, Day, FamilyId, Generation, Lifetime, PresentedRefresh, SecretDigest, Timestamp};
/// use scopegate_store::{ChangeTime, Families, FamilyCondition, MemoryStore, RotateOutcome, Rotation};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let store = MemoryStore::new();
/// let now = Timestamp::from_unix(1_000);
/// let client = ClientId::parse("demo-web")?;
/// let rotation = Rotation {
///     family: FamilyId::from_bytes([1; 16]),
///     ends_on: Day::of(now),
///     presented: PresentedRefresh {
///         generation: Generation::FIRST,
///         secret_digest: SecretDigest::from_bytes([2; 32]),
///         client_id: &client,
///         key_thumbprint: None,
///     },
///     retry_window: Lifetime::from_seconds(10),
///     condition: &FamilyCondition::NONE,
///     time: ChangeTime::at(now),
///     reuse_audit: &[],
/// };
/// assert_eq!(Families::rotate(&store, &rotation).await?, RotateOutcome::Unknown);
/// # Ok(())
/// # }
/// ```
pub trait Families: fmt::Debug + Send + Sync {
    /// Moves a family to its next generation, if the presented token is valid: see
    /// [`family_decision`]. Of several concurrent calls with one token, one rotates and the others
    /// are retries.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    fn rotate<'a>(&'a self, rotation: &'a Rotation<'a>) -> BoxFuture<'a, Result<RotateOutcome, StoreError>>;

    /// Ends a family of this client and revokes its access tokens. Returns `false`, and changes
    /// nothing, if there is none or it was ended before.
    ///
    /// # Errors
    ///
    /// [`StoreError`], and nothing has changed.
    fn end<'a>(
        &'a self,
        family: FamilyKey,
        client: &'a ClientId,
        why: EndReason,
        time: ChangeTime,
    ) -> BoxFuture<'a, Result<bool, StoreError>>;

    /// Returns a family, also if it has ended.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    fn find(&self, family: FamilyKey, now: Timestamp) -> BoxFuture<'_, Result<Option<FoundFamily>, StoreError>>;

    /// Returns the families of a user and client, also those that have ended, the latest first, at
    /// most `limit` of them.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    fn of_client<'a>(
        &'a self,
        user: &'a UserId,
        client: &'a ClientId,
        now: Timestamp,
        limit: u16,
    ) -> BoxFuture<'a, Result<Vec<FoundFamily>, StoreError>>;

    /// Ends all families that were not ended before, and returns their number. It revokes no access
    /// tokens: the caller replaces the keys, or revokes the tokens of all clients. Other changes
    /// may be made in between, and a call that fails may have ended some.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    fn end_families(&self, why: EndReason, now: Timestamp) -> BoxFuture<'_, Result<u64, StoreError>>;
}

/// The time for which a family is stored after its end: a day. During it, reuse is named and
/// account pages show the reason.
pub const ENDED_KEPT: Lifetime = Lifetime::from_minutes(24 * 60);

/// The key of the row of a family: its id, and the day of its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(clippy::exhaustive_structs, reason = "a row has these two parts as its key")]
pub struct FamilyKey {
    /// The day of the end: [`Family::ends_on`].
    pub ends_on: Day,
    /// The id.
    pub id: FamilyId,
}

impl FamilyKey {
    /// Returns the key of a family.
    #[must_use]
    pub fn of(family: &Family) -> Self {
        Self {
            ends_on: family.ends_on(),
            id: family.id,
        }
    }
}

/// A stored family.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "each backend makes them")]
pub struct FoundFamily {
    /// The row.
    pub family: Family,
    /// The reason why it cannot be refreshed at the time of the question. `None`: it can be.
    pub end: Option<EndReason>,
}

impl FoundFamily {
    /// Adds the reason to a family.
    #[must_use]
    pub fn new(family: Family, standing: Standing, now: Timestamp) -> Self {
        let end = family.end_reason(now).or_else(|| standing.end_reason());
        Self { family, end }
    }
}

/// What a client presents to refresh.
#[derive(Clone, Copy, Debug)]
#[expect(clippy::exhaustive_structs, reason = "each backend must compare a new binding")]
pub struct Rotation<'a> {
    /// The id of the family.
    pub family: FamilyId,
    /// The day of its end.
    pub ends_on: Day,
    /// The token, whose MAC was verified, and the bindings.
    pub presented: PresentedRefresh<'a>,
    /// The time in which the direct predecessor of the valid token is a retry. Zero disables it.
    pub retry_window: Lifetime,
    /// What the caller requires of the family and its user. A rotation or retry that does not
    /// satisfy it is refused.
    pub condition: &'a FamilyCondition,
    /// The time of the request.
    pub time: ChangeTime,
    /// The entries of the audit log that are written if reuse ends the family. Those of
    /// [`Store::audited`](crate::Store::audited) are written with a rotation.
    pub reuse_audit: &'a [AuditEntry],
}

/// What a caller requires of a family and its user, in addition to the conditions of the store.
///
/// A backend tests it in the transaction of the change. The scope that user and client may have at
/// this moment is such a condition: a store does not know which scopes a server declares.
#[derive(Clone)]
pub struct FamilyCondition(Option<Arc<Holds>>);

type Holds = dyn Fn(&Family, &User) -> bool + Send + Sync;

impl FamilyCondition {
    /// Every family satisfies it.
    pub const NONE: Self = Self(None);

    /// Creates a condition. The function must not call the store, because the change waits for it.
    pub fn new(holds: impl Fn(&Family, &User) -> bool + Send + Sync + 'static) -> Self {
        Self(Some(Arc::new(holds)))
    }

    /// Returns whether a family and its user satisfy the condition.
    #[must_use]
    pub fn holds(&self, family: &Family, user: &User) -> bool {
        self.0.as_ref().is_none_or(|holds| holds(family, user))
    }
}

impl fmt::Debug for FamilyCondition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FamilyCondition").finish_non_exhaustive()
    }
}

/// The outcome of [`Families::rotate`]. Nothing has changed except as stated. A family is returned
/// as it is stored now, so its generation is that of the token to issue.
#[derive(Clone, Debug, PartialEq)]
#[expect(clippy::exhaustive_enums, reason = "each caller must handle a new outcome")]
pub enum RotateOutcome {
    /// The family has moved to its next generation.
    Rotated(Box<(Family, User)>),
    /// The token was newer than the row, because a rotation was lost. The family has moved to the
    /// generation after the token.
    Forwarded(Box<(Family, User)>),
    /// The token is the direct predecessor of the valid one, which the client receives again.
    Retry(Box<(Family, User)>),
    /// An older token was used again. The family has ended.
    Reused,
    /// The token is bound to another value.
    Mismatch(GrantBinding),
    /// The family ended before.
    Ended(EndReason),
    /// The token can be used, but the condition of the caller does not hold.
    NotAllowed,
    /// There is no such family, or the secret is not its own.
    Unknown,
    /// The user is disabled or does not exist.
    UserDisabled,
}

/// The change that a rotation makes, or its outcome.
#[derive(Clone, Debug, PartialEq)]
#[expect(clippy::exhaustive_enums, reason = "each backend must make a new change")]
pub enum RotateDecision {
    /// The row moves to this generation. `is_forward`: the token is newer than the row.
    Move {
        /// The next generation.
        to: Generation,
        /// Whether a rotation was lost.
        is_forward: bool,
    },
    /// The valid token is issued again.
    Retry,
    /// The family ends because of a reuse.
    EndReused,
    /// Nothing changes, and this is the outcome.
    Refused(RotateOutcome),
}

impl Rotation<'_> {
    /// Returns the key of the row.
    #[must_use]
    pub const fn key(&self) -> FamilyKey {
        FamilyKey {
            ends_on: self.ends_on,
            id: self.family,
        }
    }

    /// Decides by the row of the family, for all backends: [`family_decision`], and the status of
    /// user, client and session.
    #[must_use]
    pub fn decide(&self, family: &Family, standing: Standing) -> RotateDecision {
        let refused = RotateDecision::Refused;
        let decision = family_decision(family, &self.presented, self.time.now, self.retry_window);
        let change = match decision {
            FamilyDecision::Ended(reason) => return refused(RotateOutcome::Ended(reason)),
            FamilyDecision::Mismatch(binding) => return refused(RotateOutcome::Mismatch(binding)),
            FamilyDecision::Unknown => return refused(RotateOutcome::Unknown),
            FamilyDecision::Forward(to) => RotateDecision::Move { to, is_forward: true },
            FamilyDecision::Rotate(to) => RotateDecision::Move { to, is_forward: false },
            FamilyDecision::Retry => RotateDecision::Retry,
            FamilyDecision::Reused => RotateDecision::EndReused,
        };
        match (standing, standing.end_reason()) {
            (Standing::UserDisabled, _) => refused(RotateOutcome::UserDisabled),
            (_, Some(reason)) => refused(RotateOutcome::Ended(reason)),
            (_, None) => change,
        }
    }
}
