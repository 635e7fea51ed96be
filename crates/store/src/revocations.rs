//! Storage of revoked tokens.

use std::fmt;

use scopegate_domain::{ClientId, PasswordHash, Revocation, Scope, SecretDigest, Timestamp, UserId};

use crate::{BoxFuture, StoreError};

/// The revocations, in the order in which they were kept.
///
/// A reader reads them all once, and after that only the new ones: code that verifies tokens has
/// them in memory. A kept revocation never changes; two revocations of the same subject both hold.
///
/// All methods fail with [`Unavailable`](crate::StoreErrorKind::Unavailable) if the backend does
/// not answer. Methods that read fail with [`Corrupt`](crate::StoreErrorKind::Corrupt) if a row of
/// the result is not a valid revocation.
///
/// ```
/// use scopegate_domain::{ClientId, Revocation, Revoked, Timestamp};
/// use scopegate_store::{MemoryStore, Revocations, RevocationCursor};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let store = MemoryStore::new();
/// let now = Timestamp::from_unix(1_700_000_000);
/// let revocation = Revocation::until(Revoked::Client(ClientId::parse("demo-app")?), now);
/// store.revoke(&revocation).await?;
///
/// let kept = store.revoked_after(RevocationCursor::START, 100).await?;
/// assert_eq!(kept.len(), 1);
/// assert_eq!(kept[0].1, revocation);
/// assert!(store.revoked_after(kept[0].0, 100).await?.is_empty());
/// # Ok(())
/// # }
/// ```
pub trait Revocations: fmt::Debug + Send + Sync {
    /// Keeps a revocation. All calls that begin after this one completed return it.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    fn revoke<'a>(&'a self, revocation: &'a Revocation) -> BoxFuture<'a, Result<(), StoreError>>;

    /// Ends a right of a user or client and keeps a revocation, both or neither. Returns `false`,
    /// and keeps nothing, if there is no such user or client.
    ///
    /// It is one step, because a program may end between two. Tokens would then become valid again
    /// when the user is enabled, or when another user gets the name.
    ///
    /// # Errors
    ///
    /// [`StoreError`], and nothing has changed.
    fn withdraw<'a>(
        &'a self,
        withdrawal: DisableAndRevoke<'a>,
        revocation: &'a Revocation,
    ) -> BoxFuture<'a, Result<bool, StoreError>>;

    /// Returns the revocations after a place, each with its own place, at most `limit` of them.
    /// Those that were forgotten are not among them.
    ///
    /// A page that is not full is the last one for now. Places only grow: a later revocation has a
    /// later place than all that were returned before, even if some were forgotten meanwhile.
    /// Numbers may be left out.
    ///
    /// **Places become visible in their order.** A reader continues after the last place that it
    /// saw, so one that appears before that place is never read. A database with concurrent
    /// transactions breaks this with a sequence. It draws a number at the insert, but the number is
    /// visible at the commit, and a later number may be committed first. Such a database takes the
    /// number from one row. Every insert updates that row as the last act of its transaction, so
    /// that its lock is held until the commit. The suite tests this:
    /// `places_become_visible_in_their_order`.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    fn revoked_after(
        &self,
        place: RevocationCursor,
        limit: u16,
    ) -> BoxFuture<'_, Result<Vec<RevocationEntry>, StoreError>>;

    /// Returns the place of the last revocation that is kept, or [`RevocationCursor::START`] if
    /// there is none.
    ///
    /// An issued token contains this place, which is read before the user and the client are read.
    /// A revocation with a later place covers the token, regardless of the clocks of the nodes.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    fn last_cursor(&self) -> BoxFuture<'_, Result<RevocationCursor, StoreError>>;

    /// Forgets the revocations that cover no unexpired token, and returns their number.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    fn forget_revocations(&self, now: Timestamp) -> BoxFuture<'_, Result<u64, StoreError>>;
}

/// The change that is made together with a revocation.
#[derive(Clone, Copy, Debug, PartialEq)]
#[expect(clippy::exhaustive_enums, reason = "each backend must implement a new change")]
pub enum DisableAndRevoke<'a> {
    /// Disables the user.
    DisableUser(&'a UserId),
    /// Removes the client.
    RemoveClient(&'a ClientId),
    /// Removes the user.
    RemoveUser(&'a UserId),
    /// Sets the ceiling of the client.
    SetClientScope(&'a ClientId, &'a Scope),
    /// Sets the secret of the client.
    SetClientSecret(&'a ClientId, SecretDigest),
    /// Sets or removes the password of the user.
    SetPasswordHash(&'a UserId, Option<&'a PasswordHash>),
    /// Sets the ceiling of the user.
    SetUserScope(&'a UserId, &'a Scope),
}

impl<'a> DisableAndRevoke<'a> {
    /// Returns the user whose record changes in a part that [`User`](scopegate_domain::User)
    /// contains.
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
pub type RevocationEntry = (RevocationCursor, Revocation);

/// The position of a revocation in the order of a store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RevocationCursor(i64);

impl RevocationCursor {
    /// The place before all revocations.
    pub const START: Self = Self(0);

    /// Creates the place with this number; only a backend needs it. The first is 1.
    #[must_use]
    pub const fn from_number(number: i64) -> Self {
        Self(number)
    }

    /// Returns its number.
    #[must_use]
    pub const fn number(self) -> i64 {
        self.0
    }
}
