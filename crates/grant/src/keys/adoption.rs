//! Adopts the key of a server that had a single key without an id.

use scopegate_domain::AuditEvent;
use scopegate_token::SigningKey;

use super::error::KeyRotationError;
use super::rotating_keys::RotatingKeys;

impl RotatingKeys {
    /// Adopts the single key of an earlier version, if there is no other key yet. Returns whether
    /// its tokens are valid; they are valid, too, if the key was adopted before.
    ///
    /// # Errors
    ///
    /// [`KeyRotationError`].
    pub async fn adopt(&self, key: SigningKey) -> Result<bool, KeyRotationError> {
        let own = key.verifying_key().thumbprint();
        let key = self.with_id(key)?;
        let ring = self.read_store().await?;
        if ring.keys().is_empty() {
            let place = ring.place(self.clock.now(), &self.schedule, self.token_lifetime)?;
            self.append(&ring, place, &key, true, AuditEvent::KeyImported).await?;
            self.read_store().await?;
        }
        let read = self.read();
        let mut unnamed = read.ring.keys().iter().filter(|key| key.accepts_missing_kid);
        Ok(unnamed.any(|key| {
            let opened = read.opened.get(&key.id);
            opened.is_some_and(|opened| opened.public.thumbprint() == own)
        }))
    }
}
