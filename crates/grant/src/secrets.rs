//! The server secrets that a running server uses.

use std::sync::{Arc, PoisonError, RwLock};

use scopegate_domain::{SealedSecret, SecretPurpose, Timestamp};
use scopegate_store::{Store, StoreError};
use scopegate_token::{
    EnvelopeError, KeyEncryptionKey, RandomError, RandomSource, SecretRing, SecretRingError, ServerSecret,
};

/// The live versions of the server secrets, one ring for each purpose.
#[derive(Clone, Debug)]
pub struct SecretRings {
    pub(crate) flow: SecretRing,
    pub(crate) form: SecretRing,
    pub(crate) known: SecretRing,
    pub(crate) mac: SecretRing,
}

impl SecretRings {
    /// Generates a secret for each purpose, which ends with the process.
    ///
    /// # Errors
    ///
    /// [`SecretsError::RandomSource`] if no random bytes are available.
    pub fn generate(entropy: &dyn RandomSource) -> Result<Self, SecretsError> {
        Self::of(|purpose| {
            let secret = ServerSecret::generate(purpose, 1, entropy)?;
            Ok(SecretRing::new([secret])?)
        })
    }

    /// Decrypts the stored secrets that are live at this time.
    ///
    /// # Errors
    ///
    /// [`SecretsError::Ring`] if a purpose has none, or one cannot be decrypted.
    pub fn open(kek: &KeyEncryptionKey, rows: &[SealedSecret], now: Timestamp) -> Result<Self, SecretsError> {
        Self::of(|purpose| Ok(SecretRing::open(kek, purpose, rows, now)?))
    }

    /// Reads the stored secrets, and makes the first one of each purpose that has none. Several
    /// processes can begin at once: one of them makes it, and the others read it.
    ///
    /// # Errors
    ///
    /// [`SecretsError`]; also if a stored secret cannot be decrypted.
    pub async fn load(
        store: &dyn Store,
        kek: &KeyEncryptionKey,
        now: Timestamp,
        entropy: &dyn RandomSource,
    ) -> Result<Self, SecretsError> {
        let rows = store.secrets().sealed_secrets().await?;
        let mut has_added = false;
        for purpose in SecretPurpose::ALL.iter().copied() {
            if rows.iter().any(|row| row.purpose == purpose) {
                continue;
            }
            let secret = ServerSecret::generate(purpose, 1, entropy)?;
            let first = SealedSecret {
                purpose,
                version: 1,
                created_at: now,
                verifies_until: None,
                sealed: secret.seal(kek, entropy)?,
            };
            store.secrets().add_secret_version(first, now).await?;
            has_added = true;
        }
        if has_added {
            Self::open(kek, &store.secrets().sealed_secrets().await?, now)
        } else {
            Self::open(kek, &rows, now)
        }
    }

    fn of(mut ring: impl FnMut(SecretPurpose) -> Result<SecretRing, SecretsError>) -> Result<Self, SecretsError> {
        Ok(Self {
            flow: ring(SecretPurpose::Flow)?,
            form: ring(SecretPurpose::Form)?,
            known: ring(SecretPurpose::Known)?,
            mac: ring(SecretPurpose::Mac)?,
        })
    }
}

/// The reason why there are no server secrets.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SecretsError {
    /// A new secret cannot be encrypted.
    #[error(transparent)]
    Envelope(#[from] EnvelopeError),
    /// No random bytes are available.
    #[error(transparent)]
    RandomSource(#[from] RandomError),
    /// The stored secrets are not complete, or cannot be decrypted.
    #[error(transparent)]
    Ring(#[from] SecretRingError),
    /// The store did not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The server secrets of a running server, which a rotation replaces as one value.
///
/// ```
/// use scopegate_grant::{SecretRings, ServerSecrets};
/// use scopegate_token::SystemRandomSource;
///
/// let secrets = ServerSecrets::new(SecretRings::generate(&SystemRandomSource)?);
/// secrets.replace(SecretRings::generate(&SystemRandomSource)?);
/// # Ok::<(), scopegate_grant::SecretsError>(())
/// ```
#[derive(Debug)]
pub struct ServerSecrets(RwLock<Arc<SecretRings>>);

impl ServerSecrets {
    /// Creates the value.
    #[must_use]
    pub fn new(rings: SecretRings) -> Self {
        Self(RwLock::new(Arc::new(rings)))
    }

    /// Replaces the secrets. Values of versions that are not among the new ones are refused.
    pub fn replace(&self, rings: SecretRings) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(rings);
    }

    pub(crate) fn current(&self) -> Arc<SecretRings> {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }
}
