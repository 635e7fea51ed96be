//! Seals all signing keys with another key-encryption key.

use scopegate_domain::{AuditEvent, StoredKey};
use scopegate_store::ResealedKey;
use scopegate_token::{KeyEncryptionKey, KeyRing};

use super::error::KeyRotationError;
use super::opened::sealed;
use super::rotating_keys::{ATTEMPTS, RotatingKeys};

impl RotatingKeys {
    /// Seals all keys again, and returns their number.
    ///
    /// # Errors
    ///
    /// [`KeyRotationError`], and all keys are unchanged.
    pub async fn rewrap(&self, new: &KeyEncryptionKey) -> Result<usize, KeyRotationError> {
        for _ in 0..ATTEMPTS {
            let ring = KeyRing::new(self.keys().list().await?)?;
            let old = self.fitting_kek(&ring).await?;
            let reseal = |key| self.resealed(key, &old, new);
            let resealed: Vec<_> = ring.keys().iter().map(reseal).collect::<Result<_, _>>()?;
            let count = u32::try_from(resealed.len()).unwrap_or(u32::MAX);
            let entry = self.entry(AuditEvent::KeyRewrapped)?.with_count(count);
            if self.store.audited(&[entry]).signing_keys().rewrap(&resealed).await? {
                return Ok(resealed.len());
            }
        }
        Err(KeyRotationError::Contended)
    }

    fn resealed(
        &self,
        key: &StoredKey,
        old: &KeyEncryptionKey,
        new: &KeyEncryptionKey,
    ) -> Result<ResealedKey, KeyRotationError> {
        let opened = old
            .open(&key.id, &key.algorithm, &key.sealed)
            .map_err(sealed(&key.id))?;
        let new = new
            .seal(&key.id, &key.algorithm, &opened, &*self.entropy)
            .map_err(sealed(&key.id))?;
        Ok(ResealedKey {
            id: key.id.clone(),
            old: key.sealed.clone(),
            new,
        })
    }
}
