//! Storage of the server secrets.

use std::fmt;

use scopegate_domain::{SealedSecret, SecretPurpose, Timestamp};

use crate::{BoxFuture, StoreError};

/// The server secrets, sealed: a few rows for each purpose. One that no longer verifies values is
/// removed by [`Store::delete_expired`](crate::Store::delete_expired).
///
/// Every change is visible to each call that begins after the change completed.
///
/// All methods fail with [`Unavailable`](crate::StoreErrorKind::Unavailable) if the backend does
/// not answer. Methods that read fail with [`Corrupt`](crate::StoreErrorKind::Corrupt) if a row of
/// the result is not a valid secret.
///
/// ```
/// use scopegate_domain::{SealedSecret, SecretPurpose, Timestamp};
/// use scopegate_store::{MemoryStore, SealedSecrets};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let store = MemoryStore::new();
/// let secret = |version, at| SealedSecret {
///     purpose: SecretPurpose::Mac,
///     version,
///     created_at: Timestamp::from_unix(at),
///     verifies_until: None,
///     sealed: b"what only the owner of a key can open".to_vec(),
/// };
/// let until = Timestamp::from_unix(9_000);
/// assert!(store.add_secret_version(secret(1, 1_000), until).await?);
/// assert!(!store.add_secret_version(secret(1, 2_000), until).await?, "the first exists already");
/// assert!(store.add_secret_version(secret(2, 2_000), until).await?);
/// let old = SealedSecret { verifies_until: Some(until), ..secret(1, 1_000) };
/// assert_eq!(store.sealed_secrets().await?, [old, secret(2, 2_000)]);
/// # Ok(())
/// # }
/// ```
pub trait SealedSecrets: fmt::Debug + Send + Sync {
    /// Returns all secrets, in the order of purposes, then versions.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    fn sealed_secrets(&self) -> BoxFuture<'_, Result<Vec<SealedSecret>, StoreError>>;

    /// Adds a secret, if its version is the one after the newest of its purpose (1 if there is
    /// none). The newest one before it then verifies until `previous_until`, or shorter if it ended
    /// earlier. Otherwise returns `false` and changes nothing.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    fn add_secret_version(
        &self,
        secret: SealedSecret,
        previous_until: Timestamp,
    ) -> BoxFuture<'_, Result<bool, StoreError>>;

    /// Removes the secrets of a purpose up to this version, but never the newest one. Returns
    /// `false` if there was none to remove.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    fn remove_secrets_through(&self, purpose: SecretPurpose, version: u32) -> BoxFuture<'_, Result<bool, StoreError>>;

    /// Replaces the sealed bytes of all secrets or of none. Returns `false`, and changes nothing,
    /// if the stored secrets are not exactly those of the list, each with its `old` bytes.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    fn reseal_secrets<'a>(&'a self, secrets: &'a [ResealedSecret]) -> BoxFuture<'a, Result<bool, StoreError>>;
}

/// A secret that was sealed again.
#[derive(Clone, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "each backend must store a new field")]
pub struct ResealedSecret {
    /// The purpose.
    pub purpose: SecretPurpose,
    /// The version.
    pub version: u32,
    /// The current sealed bytes.
    pub old: Vec<u8>,
    /// The new sealed bytes.
    pub new: Vec<u8>,
}

impl fmt::Debug for ResealedSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResealedSecret")
            .field("purpose", &self.purpose)
            .field("version", &self.version)
            .finish_non_exhaustive()
    }
}
