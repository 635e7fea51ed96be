//! Rotates the signing keys in time, and adds keys on request.

use scopegate_domain::{AuditDetail, AuditEvent, KeyId, StoredKey};
use scopegate_store::StoreErrorKind;
use scopegate_token::{KeyRing, KeySlot, RandomError, SigningKey};

use super::error::KeyRotationError;
use super::rotating_keys::{ATTEMPTS, ActiveKeys, RotatingKeys};

impl RotatingKeys {
    /// Reads the keys and does the due changes: the first key of all, another key, the end of old
    /// ones.
    ///
    /// # Errors
    ///
    /// [`KeyRotationError`]; the active keys stay active, except those that were removed. It also
    /// fails if all keys are known and the key-encryption key no longer matches, because no other
    /// key could be added.
    pub async fn refresh(&self) -> Result<ActiveKeys, KeyRotationError> {
        let mut ring = self.read_store().await?;
        for _ in 0..ATTEMPTS {
            if !ring.is_due(self.clock.now(), &self.schedule) {
                break;
            }
            let key = self.new_key()?;
            let place = ring.place(self.clock.now(), &self.schedule, self.token_lifetime)?;
            self.append(&ring, place, &key, false, AuditEvent::KeyRotated).await?;
            ring = self.read_store().await?;
        }
        if let Some(current) = ring.current(self.clock.now()) {
            let is_short = |key: &StoredKey| key.epoch >= current.epoch && key.token_lifetime < self.token_lifetime;
            // SECURITY: this precedes any signed token with this lifetime, because its key might
            // otherwise be removed too early (`longer_lifetime_is_stored_before_use`).
            if ring.keys().iter().any(is_short) {
                self.keys().allow_lifetime(current.epoch, self.token_lifetime).await?;
                ring = self.read_store().await?;
            }
        }
        if let Some(epoch) = ring.expired_through(self.clock.now()) {
            self.keys().remove_through(epoch).await?;
            ring = self.read_store().await?;
        }
        // Reported now, and not when the next key is due.
        self.fitting_kek(&ring).await?;
        self.active()
    }

    /// Adds a new key after the current signing key, whether it is due or not.
    ///
    /// # Errors
    ///
    /// [`KeyRotationError`]; [`KeyRotationError::Ring`] if the next key exists already.
    pub async fn rotate(&self) -> Result<StoredKey, KeyRotationError> {
        self.add_as(self.new_key()?, AuditEvent::KeyRotated).await
    }

    /// Adds an imported key, with its id or a random one.
    ///
    /// # Errors
    ///
    /// The errors of [`RotatingKeys::rotate`]; [`KeyRotationError::Unsealable`] for a key that
    /// cannot be stored, [`KeyRotationError::IdTaken`].
    pub async fn add(&self, key: SigningKey) -> Result<StoredKey, KeyRotationError> {
        self.add_as(key, AuditEvent::KeyImported).await
    }

    async fn add_as(&self, key: SigningKey, event: AuditEvent) -> Result<StoredKey, KeyRotationError> {
        let key = self.with_id(key)?;
        for _ in 0..ATTEMPTS {
            let ring = self.read_store().await?;
            let place = ring.place(self.clock.now(), &self.schedule, self.token_lifetime)?;
            if let Some(added) = self.append(&ring, place, &key, false, event).await? {
                self.read_store().await?;
                return Ok(added);
            }
        }
        Err(KeyRotationError::Contended)
    }

    pub(super) fn new_key(&self) -> Result<SigningKey, KeyRotationError> {
        self.with_id(SigningKey::generate(self.algorithm)?)
    }

    /// Gives a key without an id a random id of 128 bits, which no other key has.
    pub(super) fn with_id(&self, key: SigningKey) -> Result<SigningKey, KeyRotationError> {
        if key.id().is_some() {
            return Ok(key);
        }
        let mut random = [0; 16];
        self.entropy.fill(&mut random)?;
        let id = KeyId::parse(&format!("{:032x}", u128::from_be_bytes(random))).map_err(|_| RandomError)?;
        Ok(key.with_id(id))
    }

    /// Adds a key at its place, with an entry of the audit log; does nothing if another process was
    /// first.
    pub(super) async fn append(
        &self,
        ring: &KeyRing,
        place: KeySlot,
        key: &SigningKey,
        accepts_missing_kid: bool,
        event: AuditEvent,
    ) -> Result<Option<StoredKey>, KeyRotationError> {
        let key = StoredKey {
            accepts_missing_kid,
            ..self.seal(ring, place, key).await?
        };
        let entry = self.entry(event)?.with_detail(AuditDetail::Key(key.id.clone()));
        match self.store.audited(&[entry]).signing_keys().rotate(key.clone()).await {
            Ok(added) => Ok(added.then_some(key)),
            Err(error) if error.kind() == StoreErrorKind::Conflict => Err(KeyRotationError::IdTaken { id: key.id }),
            Err(error) => Err(error.into()),
        }
    }
}
