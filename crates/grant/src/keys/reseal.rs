//! Seals all signing keys and server secrets with another key-encryption key.

use scopegate_domain::{AuditEvent, SealedSecret, StoredKey};
use scopegate_store::{ResealedKey, ResealedSecret};
use scopegate_token::{KeyEncryptionKey, KeyRing, ServerSecret};

use super::error::KeyRotationError;
use super::opened::sealed;
use super::rotating_keys::{ATTEMPTS, RotatingKeys};
use super::server_secrets::row_id;

impl RotatingKeys {
    /// Seals all signing keys and all server secrets again, and returns their number. One
    /// transaction replaces them, so one key-encryption key opens all at each moment.
    ///
    /// # Errors
    ///
    /// [`KeyRotationError`], and all are unchanged.
    pub async fn rewrap(&self, new: &KeyEncryptionKey) -> Result<usize, KeyRotationError> {
        for _ in 0..ATTEMPTS {
            let ring = KeyRing::new(self.keys().list().await?)?;
            let secrets = self.store.secrets().sealed_secrets().await?;
            let old = self.fitting_kek(&ring).await?;
            let keys = ring.keys().iter().map(|key| self.resealed(key, &old, new));
            let keys: Vec<_> = keys.collect::<Result<_, _>>()?;
            let secrets = secrets.iter().map(|secret| self.resealed_secret(secret, &old, new));
            let secrets: Vec<_> = secrets.collect::<Result<_, _>>()?;
            let all = keys.len() + secrets.len();
            let count = u32::try_from(all).unwrap_or(u32::MAX);
            let entry = self.entry(AuditEvent::KeyRewrapped)?.with_count(count);
            if self.store.audited(&[entry]).reseal(&keys, &secrets).await? {
                return Ok(all);
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

    fn resealed_secret(
        &self,
        row: &SealedSecret,
        old: &KeyEncryptionKey,
        new: &KeyEncryptionKey,
    ) -> Result<ResealedSecret, KeyRotationError> {
        let id = row_id(row.purpose, row.version)?;
        let opened = ServerSecret::open(old, row).map_err(sealed(&id))?;
        Ok(ResealedSecret {
            purpose: row.purpose,
            version: row.version,
            old: row.sealed.clone(),
            new: opened.seal(new, &*self.entropy).map_err(sealed(&id))?,
        })
    }
}
