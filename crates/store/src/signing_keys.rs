//! Storage of the keys that sign tokens.

use std::fmt;

use scopegate_domain::{KeyId, Lifetime, StoredKey};

use crate::{BoxFuture, StoreError};

/// The keys that sign tokens, sealed.
///
/// Each has an epoch: the newest key has the highest. Every change is visible to each call that
/// begins after the change completed.
///
/// All methods fail with [`Unavailable`](crate::StoreErrorKind::Unavailable) if the backend does
/// not answer. Methods that read fail with [`Corrupt`](crate::StoreErrorKind::Corrupt) if a row of
/// the result is not a valid key.
///
/// ```
/// use scopegate_domain::{KeyId, Lifetime, StoredKey, Timestamp};
/// use scopegate_store::{MemoryStore, SigningKeys};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let keys = MemoryStore::new();
/// let key = StoredKey {
///     id: KeyId::parse("first")?,
///     algorithm: "ES256".to_owned(),
///     epoch: 1,
///     published_at: Timestamp::from_unix(0),
///     used_from: Timestamp::from_unix(0),
///     token_lifetime: Lifetime::from_minutes(30),
///     accepts_missing_kid: false,
///     sealed: b"what only the owner of a key can open".to_vec(),
/// };
/// assert!(keys.rotate(key.clone()).await?);
/// assert!(!keys.rotate(StoredKey { id: KeyId::parse("late")?, ..key.clone() }).await?, "the first is there already");
/// assert_eq!(SigningKeys::list(&keys).await?, [key]);
/// # Ok(())
/// # }
/// ```
pub trait SigningKeys: fmt::Debug + Send + Sync {
    /// Returns all keys, in the order of their epochs. They are few, because a key is removed when
    /// all its tokens have expired.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    fn list(&self) -> BoxFuture<'_, Result<Vec<StoredKey>, StoreError>>;

    /// Adds a key, if its epoch is the one after that of the newest key (1 if there is none).
    /// Otherwise returns `false` and changes nothing. Of several concurrent rotations, one adds a
    /// key, and the others must read the keys again.
    ///
    /// # Errors
    ///
    /// [`StoreError`]; [`Conflict`](crate::StoreErrorKind::Conflict) if the id is taken, and then
    /// nothing has changed.
    fn rotate(&self, key: StoredKey) -> BoxFuture<'_, Result<bool, StoreError>>;

    /// Records that keys sign tokens with this lifetime. Raises the lifetime of each key of this
    /// epoch or a later one that has a shorter one. Returns `false` if there was none.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    fn allow_lifetime(&self, from_epoch: u32, lifetime: Lifetime) -> BoxFuture<'_, Result<bool, StoreError>>;

    /// Removes all keys up to this epoch, but never the newest one. Returns `false` if there was
    /// none to remove.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    fn remove_through(&self, epoch: u32) -> BoxFuture<'_, Result<bool, StoreError>>;

    /// Replaces all `old` keys by the `new` ones. Returns `false`, and changes nothing, if the
    /// stored keys differ from `old` in any part or in the order of their epochs. The caller must
    /// then read the keys again.
    ///
    /// # Errors
    ///
    /// [`StoreError`]; [`Conflict`](crate::StoreErrorKind::Conflict) if two of the new ones have
    /// one id or one epoch, and then nothing has changed.
    fn replace<'a>(&'a self, old: &'a [StoredKey], new: &'a [StoredKey]) -> BoxFuture<'a, Result<bool, StoreError>>;

    /// Replaces the sealed bytes of all keys or of none. Returns `false`, and changes nothing, if
    /// the stored keys are not exactly those of the list, each with its `old` bytes.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    fn rewrap<'a>(&'a self, keys: &'a [ResealedKey]) -> BoxFuture<'a, Result<bool, StoreError>>;
}

/// A key that was sealed again.
#[derive(Clone, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "each backend must store a new field")]
pub struct ResealedKey {
    /// The id of the key.
    pub id: KeyId,
    /// The current sealed bytes.
    pub old: Vec<u8>,
    /// The new sealed bytes.
    pub new: Vec<u8>,
}

impl fmt::Debug for ResealedKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResealedKey")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}
