//! Keys that sign tokens, as they are remembered.

use std::fmt;

use scopegate_domain::{KeyId, Lifetime, RingKey};

use crate::{BoxFuture, StoreError};

/// The keys that sign tokens, sealed.
///
/// Each has an epoch: the newest key has the highest. Every change is in force for each call that begins after its answer.
///
/// All methods fail with [`Unavailable`](crate::StoreErrorKind::Unavailable) where the backend does not answer; those that
/// read fail with [`Corrupt`](crate::StoreErrorKind::Corrupt) where a row they would answer with is no key.
///
/// ```
/// use scopegate_domain::{KeyId, Lifetime, RingKey, Timestamp};
/// use scopegate_store::{MemoryStore, SigningKeys};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let keys = MemoryStore::new();
/// let key = RingKey {
///     id: KeyId::parse("first")?,
///     algorithm: "ES256".to_owned(),
///     epoch: 1,
///     published_at: Timestamp::from_unix(0),
///     used_from: Timestamp::from_unix(0),
///     token_lifetime: Lifetime::from_minutes(30),
///     is_unnamed: false,
///     sealed: b"what only the owner of a key can open".to_vec(),
/// };
/// assert!(keys.rotate(key.clone()).await?);
/// assert!(!keys.rotate(RingKey { id: KeyId::parse("late")?, ..key.clone() }).await?, "the first is there already");
/// assert_eq!(SigningKeys::list(&keys).await?, [key]);
/// # Ok(())
/// # }
/// ```
pub trait SigningKeys: fmt::Debug + Send + Sync {
    /// All keys, in the order of their epochs. They are few: those whose tokens have all expired are removed.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    fn list(&self) -> BoxFuture<'_, Result<Vec<RingKey>, StoreError>>;

    /// Adds a key, if its epoch is the one after the newest key's (1 where there is none). `false`, and nothing changed, where
    /// it is not: of those who rotate at once, one adds a key, and the others have to look again.
    ///
    /// # Errors
    ///
    /// [`StoreError`]; [`Conflict`](crate::StoreErrorKind::Conflict) where the id is taken, and then nothing has changed.
    fn rotate(&self, key: RingKey) -> BoxFuture<'_, Result<bool, StoreError>>;

    /// Says that keys sign tokens that live this long: raises the lifetime of each key of this epoch or a later one that has a
    /// shorter one. `false` where there was none.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    fn allow_lifetime(&self, from_epoch: u32, lifetime: Lifetime) -> BoxFuture<'_, Result<bool, StoreError>>;

    /// Removes all keys up to this epoch, but never the newest one; `false` where there was none to remove.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    fn remove_through(&self, epoch: u32) -> BoxFuture<'_, Result<bool, StoreError>>;

    /// Puts these keys in the place of those, all of them. `false`, and nothing changed, where the keys in the store are not
    /// exactly those of `old`, in every part and in the order of their epochs: who has looked at others has to look again.
    ///
    /// # Errors
    ///
    /// [`StoreError`]; [`Conflict`](crate::StoreErrorKind::Conflict) where two of the new ones have one id or one epoch, and
    /// then nothing has changed.
    fn replace<'a>(&'a self, old: &'a [RingKey], new: &'a [RingKey]) -> BoxFuture<'a, Result<bool, StoreError>>;

    /// Puts other sealed bytes in the place of these, for all keys or for none. `false`, and nothing changed, where the keys
    /// in the store are not exactly those of the list, each with the bytes that it is said to have.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    fn rewrap<'a>(&'a self, keys: &'a [Rewrapped]) -> BoxFuture<'a, Result<bool, StoreError>>;
}

/// One key sealed anew.
#[derive(Clone, PartialEq, Eq)]
#[expect(
    clippy::exhaustive_structs,
    reason = "a backend must be told of a new part by the compiler"
)]
pub struct Rewrapped {
    /// Which key.
    pub id: KeyId,
    /// The sealed bytes that it has.
    pub old: Vec<u8>,
    /// The sealed bytes that it is to have.
    pub new: Vec<u8>,
}

impl fmt::Debug for Rewrapped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rewrapped")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}
