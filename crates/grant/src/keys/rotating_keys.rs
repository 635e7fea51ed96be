//! The signing keys of this issuer, as last read from the store.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use scopegate_domain::{AuditEntry, AuditEvent, Clock, KeyId, Lifetime, StoredKey, Timestamp};
use scopegate_login::audit_entry;
use scopegate_store::{SigningKeys, Store};
use scopegate_token::{
    Algorithm, EnvelopeError, KeyEncryptionKey, KeyRing, KeySchedule, KeySet, KeySlot, RandomSource, SigningKey,
    VerifyingKey,
};

use super::error::KeyRotationError;
use super::key_source::{Fixed, KeyEncryptionKeySource};
use super::opened::{OpenedKey, OpenedKeys, algorithm, open, sealed};

/// The maximum number of lost races with other processes. Then the call fails.
pub(super) const ATTEMPTS: usize = 8;

/// The keys of an issuer that has several nodes. The contents of the store alone determine them.
///
/// [`RotatingKeys::refresh`] reads them, adds one when it is due, and removes those that were
/// removed from the store. [`RotatingKeys::active`] returns the keys that are active now, from the
/// last read. So the next key signs in time while the store is unavailable.
///
/// ```
/// use std::sync::Arc;
/// use scopegate_domain::{Lifetime, SystemClock};
/// use scopegate_grant::RotatingKeys;
/// use scopegate_store::{MemoryStore, Store};
/// use scopegate_token::{KeyEncryptionKey, KeySchedule, SystemRandomSource};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
/// let kek = Arc::new(KeyEncryptionKey::generate(&SystemRandomSource)?);
/// let keys = RotatingKeys::new(store, kek, KeySchedule::default(), Lifetime::from_minutes(30));
/// let active = keys.refresh().await?;
/// assert_eq!(active.published.iter().count(), 1);
/// assert_eq!(keys.signing_key()?.id(), Some(&active.signs));
/// # Ok(())
/// # }
/// ```
pub struct RotatingKeys {
    pub(super) store: Arc<dyn Store>,
    kek_source: Arc<dyn KeyEncryptionKeySource>,
    /// The key-encryption key that was read last.
    kek: Mutex<Option<Arc<KeyEncryptionKey>>>,
    pub(super) schedule: KeySchedule,
    pub(super) token_lifetime: Lifetime,
    pub(super) algorithm: Algorithm,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) entropy: Arc<dyn RandomSource>,
    read: Mutex<OpenedKeys>,
}

/// The active keys at one time.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ActiveKeys {
    /// The key that signs.
    pub signs: KeyId,
    /// The keys whose tokens are valid.
    pub trusted: KeySet,
    /// The public keys of `trusted`, for other programs.
    pub published: KeySet,
    /// The next time at which the keys change without an action.
    pub next_change: Option<Timestamp>,
}

impl RotatingKeys {
    /// Creates the keys in a store, sealed with this key, for tokens with at most this lifetime.
    /// New ones are for `ES256`.
    #[must_use]
    pub fn new(
        store: Arc<dyn Store>,
        kek: Arc<KeyEncryptionKey>,
        schedule: KeySchedule,
        token_lifetime: Lifetime,
    ) -> Self {
        Self::sealed_by(store, Arc::new(Fixed(kek)), schedule, token_lifetime)
    }

    /// Does the same as the method above, with a key-encryption key that can be replaced while the
    /// program runs.
    #[must_use]
    pub fn sealed_by(
        store: Arc<dyn Store>,
        kek_source: Arc<dyn KeyEncryptionKeySource>,
        schedule: KeySchedule,
        token_lifetime: Lifetime,
    ) -> Self {
        Self {
            store,
            kek_source,
            kek: Mutex::default(),
            schedule,
            token_lifetime,
            algorithm: Algorithm::Es256,
            clock: Arc::new(scopegate_domain::SystemClock),
            entropy: Arc::new(scopegate_token::SystemRandomSource),
            read: Mutex::default(),
        }
    }

    /// Sets the clock.
    #[must_use]
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// Sets the algorithm of new keys. It must be one for which keys can be generated.
    #[must_use]
    pub const fn algorithm(mut self, algorithm: Algorithm) -> Self {
        self.algorithm = algorithm;
        self
    }

    /// Returns the schedule of rotations.
    #[must_use]
    pub const fn schedule(&self) -> &KeySchedule {
        &self.schedule
    }

    /// Reads the keys, and changes nothing.
    ///
    /// # Errors
    ///
    /// [`KeyRotationError`].
    pub async fn reload(&self) -> Result<(), KeyRotationError> {
        self.read_store().await.map(drop)
    }

    /// Returns the keys that are active now, from the last read.
    ///
    /// # Errors
    ///
    /// [`KeyRotationError::Empty`] if nothing was read yet.
    pub fn active(&self) -> Result<ActiveKeys, KeyRotationError> {
        let (now, read) = (self.clock.now(), self.read());
        let signs = read.ring.current(now).ok_or(KeyRotationError::Empty)?.id.clone();
        let public = |key: &StoredKey| Some((key.accepts_missing_kid, read.opened.get(&key.id)?.public.clone()));
        let known: Vec<_> = read.ring.published(now).filter_map(public).collect();
        let named = |(accepts_missing_kid, key): &(bool, VerifyingKey)| {
            let unnamed = accepts_missing_kid.then(|| key.clone().without_id());
            [Some(key.clone()), unnamed].into_iter().flatten()
        };
        Ok(ActiveKeys {
            signs,
            trusted: KeySet::new(known.iter().flat_map(named))?,
            published: KeySet::new(known.iter().map(|(_, key)| key.clone()))?,
            next_change: read.ring.next_change(now),
        })
    }

    /// Returns the key that signs now, from the last read.
    ///
    /// # Errors
    ///
    /// [`KeyRotationError::Empty`] if nothing was read yet.
    pub fn signing_key(&self) -> Result<SigningKey, KeyRotationError> {
        let read = self.read();
        let key = read.ring.current(self.clock.now()).ok_or(KeyRotationError::Empty)?;
        let opened = read.opened.get(&key.id).ok_or(KeyRotationError::Empty)?;
        let algorithm = algorithm(key)?;
        Ok(SigningKey::from_pkcs8(algorithm, opened.pkcs8.clone())?.with_id(key.id.clone()))
    }

    /// Returns the stored form of a key at its place.
    pub(super) async fn seal(
        &self,
        ring: &KeyRing,
        place: KeySlot,
        key: &SigningKey,
    ) -> Result<StoredKey, KeyRotationError> {
        let kek = self.fitting_kek(ring).await?;
        let (Some(id), Some(pkcs8)) = (key.id(), key.to_pkcs8()) else {
            return Err(KeyRotationError::Unsealable);
        };
        let name = key.algorithm().as_str();
        let bytes = kek.seal(id, name, pkcs8, &*self.entropy).map_err(sealed(id))?;
        Ok(place.key(id.clone(), name, bytes))
    }

    /// Reads all keys, and opens those that are new.
    ///
    /// SECURITY: only a key that opens is trusted. An attacker that can write to the store without
    /// the key-encryption key cannot add a key
    /// (`foreign_key_in_store_is_untrusted`).
    pub(super) async fn read_store(&self) -> Result<KeyRing, KeyRotationError> {
        let keys = self.keys().list().await?;
        // SECURITY: this precedes every step that can fail. A removed key loses its trust at once,
        // even if another one cannot be opened
        // (`removed_key_is_untrusted_despite_other_errors`).
        let is_there =
            |id: &KeyId, opened: &OpenedKey| keys.iter().any(|key| key.id == *id && key.epoch == opened.epoch);
        self.read().opened.retain(|id, opened| is_there(id, opened));
        let ring = KeyRing::new(keys)?;
        let read = self.open_all(&ring).await;
        let is_opened = |key: &StoredKey| self.read().opened.contains_key(&key.id);
        // Keys that were only sealed again stay in use, even if they cannot be opened here.
        if !ring.keys().iter().all(is_opened) {
            read?;
        }
        self.read().ring.clone_from(&ring);
        Ok(ring)
    }

    /// Opens the keys whose stored bytes changed: another key may have the id of one that was
    /// removed.
    async fn open_all(&self, ring: &KeyRing) -> Result<(), KeyRotationError> {
        let is_as_it_was = |key: &&StoredKey| {
            let opened = &self.read().opened;
            opened.get(&key.id).is_some_and(|opened| opened.sealed == key.sealed)
        };
        if ring.keys().iter().all(|key| is_as_it_was(&key)) {
            return Ok(());
        }
        let kek = self.kek(ring).await?;
        let others = ring.keys().iter().filter(|key| !is_as_it_was(key));
        let opened: Vec<_> = others.map(|key| open(key, &kek)).collect::<Result<_, _>>()?;
        self.read().opened.extend(opened);
        Ok(())
    }

    /// Returns the key-encryption key that was read last, or reads it again if it has not sealed
    /// all of these.
    async fn kek(&self, ring: &KeyRing) -> Result<Arc<KeyEncryptionKey>, KeyRotationError> {
        let fits = |kek: &Arc<KeyEncryptionKey>| ring.keys().iter().all(|key| kek.has_sealed(&key.sealed));
        let known = self.known_kek().clone();
        if let Some(kek) = known.filter(fits) {
            return Ok(kek);
        }
        let kek = self.kek_source.read(self.keys()).await;
        let kek = kek.map_err(KeyRotationError::KeyEncryptionKey)?;
        *self.known_kek() = Some(Arc::clone(&kek));
        Ok(kek)
    }

    /// Returns the key-encryption key if all of these keys are sealed with it. A node with only
    /// this key could not open a key that is sealed with another one.
    pub(super) async fn fitting_kek(&self, ring: &KeyRing) -> Result<Arc<KeyEncryptionKey>, KeyRotationError> {
        let kek = self.kek(ring).await?;
        match ring.keys().iter().find(|key| !kek.has_sealed(&key.sealed)) {
            Some(other) => Err(sealed(&other.id)(EnvelopeError::OtherKey)),
            None => Ok(kek),
        }
    }

    /// Returns an entry of the audit log, for a change that is made now.
    pub(super) fn entry(&self, event: AuditEvent) -> Result<AuditEntry, KeyRotationError> {
        Ok(audit_entry(event, &*self.clock, &*self.entropy)?)
    }

    pub(super) fn keys(&self) -> &dyn SigningKeys {
        self.store.signing_keys()
    }

    // No code panics between two changes that belong together.
    pub(super) fn read(&self) -> MutexGuard<'_, OpenedKeys> {
        self.read.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn known_kek(&self) -> MutexGuard<'_, Option<Arc<KeyEncryptionKey>>> {
        self.kek.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for RotatingKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RotatingKeys")
            .field("schedule", &self.schedule)
            .finish_non_exhaustive()
    }
}
