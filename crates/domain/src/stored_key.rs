//! A stored signing key: encrypted, with its position in the key ring.

use std::fmt;

use crate::{KeyId, Lifetime, Timestamp};

/// A signing key as it is stored. Its private key is encrypted: only the holder of the
/// key-encryption key can sign with it.
///
/// The times of a key are set once, when the key is added. Later no action is needed. All processes
/// that read the same keys at the same time agree on the signing key.
///
/// ```
/// use scopegate_domain::{KeyId, Lifetime, StoredKey, Timestamp};
///
/// let key = StoredKey {
///     id: KeyId::parse("2026")?,
///     algorithm: "ES256".to_owned(),
///     epoch: 1,
///     published_at: Timestamp::from_unix(1_000),
///     used_from: Timestamp::from_unix(4_600),
///     token_lifetime: Lifetime::from_minutes(30),
///     accepts_missing_kid: false,
///     sealed: vec![1, 2, 3],
/// };
/// assert!(!format!("{key:?}").contains("[1, 2, 3]"));
/// # Ok::<(), scopegate_domain::InvalidIdentifier>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
#[expect(
    clippy::exhaustive_structs,
    reason = "the compiler must report a new column to each backend"
)]
pub struct StoredKey {
    /// The id of the key: the `kid` of its tokens.
    pub id: KeyId,
    /// The signature algorithm: the `alg` of its tokens.
    pub algorithm: String,
    /// The number of the key in its ring, counted from 1. Each new key has the next number.
    pub epoch: u32,
    /// The time since when the public key is published.
    pub published_at: Timestamp,
    /// The time from when the key signs.
    pub used_from: Timestamp,
    /// The maximum lifetime of a token that the key signs.
    pub token_lifetime: Lifetime,
    /// Whether tokens without `kid` belong to this key: those that were signed before keys had ids.
    pub accepts_missing_kid: bool,
    /// The key itself, encrypted.
    pub sealed: Vec<u8>,
}

impl fmt::Debug for StoredKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StoredKey")
            .field("id", &self.id)
            .field("algorithm", &self.algorithm)
            .field("epoch", &self.epoch)
            .field("published_at", &self.published_at)
            .field("used_from", &self.used_from)
            .field("token_lifetime", &self.token_lifetime)
            .field("accepts_missing_kid", &self.accepts_missing_kid)
            .finish_non_exhaustive()
    }
}
