//! Tokens that were taken back, as they are remembered.

use std::fmt;

use scopegate_domain::{ClientId, Lifetime, PasswordHash, Revocation, Scope, SecretDigest, Timestamp, UserId};

use crate::{BoxFuture, StoreError};

/// The revocations, in the order in which they were kept.
///
/// They are for reading them all once, and after that what is new: whoever checks tokens has them in memory. Nothing is changed
/// that was kept; two revocations of the same party both hold.
///
/// All methods fail with [`Unavailable`](crate::StoreErrorKind::Unavailable) where the backend does not answer; those that
/// read fail with [`Corrupt`](crate::StoreErrorKind::Corrupt) where a row they would answer with is no revocation.
///
/// ```
/// use scopegate_domain::{ClientId, Revocation, Revoked, Timestamp};
/// use scopegate_store::{MemoryStore, Revocations, RevocationPlace};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let store = MemoryStore::new();
/// let now = Timestamp::from_unix(1_700_000_000);
/// let revocation = Revocation::until(Revoked::Client(ClientId::parse("demo-app")?), now);
/// store.revoke(&revocation).await?;
///
/// let kept = store.revoked_after(RevocationPlace::START, 100).await?;
/// assert_eq!(kept.len(), 1);
/// assert_eq!(kept[0].1, revocation);
/// assert!(store.revoked_after(kept[0].0, 100).await?.is_empty());
/// # Ok(())
/// # }
/// ```
pub trait Revocations: fmt::Debug + Send + Sync {
    /// Keeps a revocation. It is among the answers to all calls that begin after this one's.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    fn revoke<'a>(&'a self, revocation: &'a Revocation) -> BoxFuture<'a, Result<(), StoreError>>;

    /// Ends what somebody may do and keeps a revocation, both or neither. `false`, and nothing kept, where there is no such user
    /// or client.
    ///
    /// One step, for a program that ends between the two would leave tokens that are good again when the user is enabled, or
    /// when somebody else gets the name.
    ///
    /// # Errors
    ///
    /// [`StoreError`], and nothing has changed.
    fn withdraw<'a>(
        &'a self,
        withdrawal: Withdrawal<'a>,
        revocation: &'a Revocation,
    ) -> BoxFuture<'a, Result<bool, StoreError>>;

    /// What was kept after a place, each with its own place, at most `limit` of them; those that were forgotten are not among
    /// them.
    ///
    /// A page that is not full is the last one for now. Places only grow: what is kept later has a later place than all that
    /// was answered before, also where something was forgotten meanwhile. Numbers may be left out.
    ///
    /// **Places become visible in their order.** A reader goes on after the last place that it saw,
    /// so one that appears behind it is never read. A database with concurrent transactions breaks
    /// this with a sequence: a number is drawn at the insert and is visible at the commit, and a
    /// later number may be committed first. There the number is taken from one row that every
    /// insert updates as the last act of its transaction, so that its lock is held until the
    /// commit. The suite looks for it:
    /// `places_become_visible_in_their_order`.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    fn revoked_after(
        &self,
        place: RevocationPlace,
        limit: u16,
    ) -> BoxFuture<'_, Result<Vec<KeptRevocation>, StoreError>>;

    /// The place of the last revocation that is kept; [`RevocationPlace::START`] where there is
    /// none.
    ///
    /// A token that is issued carries it, asked for before the user and the client are read. A
    /// revocation with a later place covers the token, whatever the clocks of the nodes say.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    fn last_place(&self) -> BoxFuture<'_, Result<RevocationPlace, StoreError>>;

    /// Forgets those that cover no token that lives, and says how many they were. Lifetimes of
    /// which no token lives are forgotten, too.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    fn forget_revocations(&self, now: Timestamp) -> BoxFuture<'_, Result<u64, StoreError>>;

    /// Remembers that tokens are issued which live so long and do not say since when, and when the last of them will have expired.
    /// What was said of the same lifetime before is not shortened by it.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    fn keep_lifetime(&self, lifetime: Lifetime, living_until: Timestamp) -> BoxFuture<'_, Result<(), StoreError>>;

    /// The longest of the lifetimes that were kept and of which tokens may live after this moment.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    fn longest_lifetime(&self, now: Timestamp) -> BoxFuture<'_, Result<Option<Lifetime>, StoreError>>;
}

/// What ends together with tokens.
#[derive(Clone, Copy, Debug, PartialEq)]
#[expect(
    clippy::exhaustive_enums,
    reason = "a backend must be told of another one by the compiler"
)]
pub enum Withdrawal<'a> {
    /// The user's status is disabled from now on.
    DisableUser(&'a UserId),
    /// The client is removed.
    RemoveClient(&'a ClientId),
    /// The user is removed.
    RemoveUser(&'a UserId),
    /// The client has this ceiling from now on.
    SetClientScope(&'a ClientId, &'a Scope),
    /// The client has this secret from now on.
    SetClientSecret(&'a ClientId, SecretDigest),
    /// The user has this password from now on, or none.
    SetPasswordHash(&'a UserId, Option<&'a PasswordHash>),
    /// The user has this ceiling from now on.
    SetUserScope(&'a UserId, &'a Scope),
}

impl<'a> Withdrawal<'a> {
    /// The user whose record changes in a part that [`User`](scopegate_domain::User) holds.
    #[must_use]
    pub const fn changed_user(&self) -> Option<&'a UserId> {
        match *self {
            Self::DisableUser(id) | Self::RemoveUser(id) | Self::SetUserScope(id, _) => Some(id),
            Self::RemoveClient(_)
            | Self::SetClientScope(..)
            | Self::SetClientSecret(..)
            | Self::SetPasswordHash(..) => None,
        }
    }
}

/// A revocation with its place.
pub type KeptRevocation = (RevocationPlace, Revocation);

/// Where a revocation stands in the order of a store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RevocationPlace(i64);

impl RevocationPlace {
    /// Before all of them.
    pub const START: Self = Self(0);

    /// The place of this number; only a backend needs to name one. The first is 1.
    #[must_use]
    pub const fn from_number(number: i64) -> Self {
        Self(number)
    }

    /// Its number.
    #[must_use]
    pub const fn number(self) -> i64 {
        self.0
    }
}
