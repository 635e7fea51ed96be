//! Removes a signing key that leaked.

use scopegate_domain::{AuditDetail, AuditEvent, KeyId, StoredKey};
use scopegate_token::KeyRing;

use super::error::KeyRotationError;
use super::rotating_keys::{ATTEMPTS, RotatingKeys};

/// A removed key, and the key that signs now.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct RemovedKey {
    /// The removed key.
    pub removed: StoredKey,
    /// The key that signs now.
    pub signs: StoredKey,
}

impl RotatingKeys {
    /// Removes a key at once, because it leaked: a node that has read the keys since then rejects
    /// its tokens. If it signed, the next key signs from now on, or a new one that is made here.
    /// Returns `None` if there is no such key.
    ///
    /// # Errors
    ///
    /// [`KeyRotationError`], and nothing has changed.
    pub async fn remove(&self, id: &KeyId) -> Result<Option<RemovedKey>, KeyRotationError> {
        for _ in 0..ATTEMPTS {
            let (ring, now) = (KeyRing::new(self.keys().list().await?)?, self.clock.now());
            let removed = ring.keys().iter().find(|key| key.id == *id);
            let (Some(removed), Some(without)) = (removed, ring.remove(id, now, self.token_lifetime)) else {
                return Ok(None);
            };
            let mut keys = without.keys;
            let entry = self.entry(AuditEvent::KeyRemoved)?;
            let mut entries = vec![entry.with_detail(AuditDetail::Key(id.clone()))];
            if let Some(place) = without.successor {
                let key = self.seal(&ring, place, &self.new_key()?).await?;
                let entry = self.entry(AuditEvent::KeyRotated)?;
                entries.push(entry.with_detail(AuditDetail::Key(key.id.clone())));
                keys.push(key);
            }
            let left = KeyRing::new(keys)?;
            let signs = left.current(now).ok_or(KeyRotationError::Empty)?.clone();
            let store = self.store.audited(&entries);
            if store.signing_keys().replace(ring.keys(), left.keys()).await? {
                return Ok(Some(RemovedKey {
                    removed: removed.clone(),
                    signs,
                }));
            }
        }
        Err(KeyRotationError::Contended)
    }
}
