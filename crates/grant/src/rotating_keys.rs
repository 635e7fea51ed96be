//! The keys of this issuer: read from the store, opened, rotated in time.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use scopegate_domain::{Clock, KeyId, Lifetime, Secret, StoredKey, Timestamp};
use scopegate_store::{ResealedKey, SigningKeys, Store, StoreErrorKind};
use scopegate_token::{
    Algorithm, Entropy, EntropyError, EnvelopeError, KeyEncryptionKey, KeyRing, KeySchedule, KeySet, RingPlace,
    SigningKey, VerifyingKey,
};

use crate::key_source::Fixed;
use crate::{KeyEncryptionKeySource, KeyRotationError};

/// The number of lost races with other processes after which this one gives up.
const ATTEMPTS: usize = 8;

/// The keys of an issuer that has several nodes: they agree by the contents of the store alone.
///
/// [`RotatingKeys::refresh`] reads them, adds one when it is due, and forgets those that were
/// removed. [`RotatingKeys::active`] returns the keys that are active now, from the last read. So
/// a key takes over in time while the store is down.
///
/// ```
/// use std::sync::Arc;
/// use scopegate_domain::{Lifetime, SystemClock};
/// use scopegate_grant::RotatingKeys;
/// use scopegate_store::{MemoryStore, Store};
/// use scopegate_token::{KeyEncryptionKey, KeySchedule, SystemEntropy};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
/// let kek = Arc::new(KeyEncryptionKey::generate(&SystemEntropy)?);
/// let keys = RotatingKeys::new(store, kek, KeySchedule::default(), Lifetime::from_minutes(30));
/// let active = keys.refresh().await?;
/// assert_eq!(active.published.iter().count(), 1);
/// assert_eq!(keys.signing_key()?.id(), Some(&active.signs));
/// # Ok(())
/// # }
/// ```
pub struct RotatingKeys {
    store: Arc<dyn Store>,
    kek_source: Arc<dyn KeyEncryptionKeySource>,
    /// The key-encryption key that was read last.
    kek: Mutex<Option<Arc<KeyEncryptionKey>>>,
    schedule: KeySchedule,
    token_lifetime: Lifetime,
    algorithm: Algorithm,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
    read: Mutex<Read>,
}

/// The keys that were read last, opened. An opened key stays open while it is stored, because
/// another program may seal all keys again.
#[derive(Default)]
struct Read {
    ring: KeyRing,
    opened: BTreeMap<KeyId, Opened>,
}

struct Opened {
    epoch: u32,
    /// The sealed bytes from which it was opened.
    sealed: Vec<u8>,
    pkcs8: Secret<Vec<u8>>,
    public: VerifyingKey,
}

/// The keys that are active at one moment.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ActiveKeys {
    /// The key that signs.
    pub signs: KeyId,
    /// The keys whose tokens are valid.
    pub trusted: KeySet,
    /// The public keys of `trusted`, for other programs.
    pub published: KeySet,
    /// The next moment at which this changes by time alone.
    pub next_change: Option<Timestamp>,
}

/// A key that was removed, and the key that signs without it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct RemovedKey {
    /// The removed key.
    pub removed: StoredKey,
    /// The key that signs now.
    pub signs: StoredKey,
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

    /// Does the same with a key-encryption key that may be replaced while the program runs.
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
            entropy: Arc::new(scopegate_token::SystemEntropy),
            read: Mutex::default(),
        }
    }

    /// Sets the clock.
    #[must_use]
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// Sets the algorithm of new keys: one for which keys can be made.
    #[must_use]
    pub const fn algorithm(mut self, algorithm: Algorithm) -> Self {
        self.algorithm = algorithm;
        self
    }

    /// Returns the clock.
    #[must_use]
    pub const fn schedule(&self) -> &KeySchedule {
        &self.schedule
    }

    /// Reads the keys and does the due changes: the first key of all, another key, the end of old
    /// ones.
    ///
    /// # Errors
    ///
    /// [`KeyRotationError`]; the keys that were active before stay so, except those that were removed. It
    /// also fails if all keys are known and the key-encryption key does not match any longer,
    /// because no other key could be added.
    pub async fn refresh(&self) -> Result<ActiveKeys, KeyRotationError> {
        let mut ring = self.read_store().await?;
        for _ in 0..ATTEMPTS {
            if !ring.is_due(self.clock.now(), &self.schedule) {
                break;
            }
            let key = self.new_key()?;
            let place = ring.place(self.clock.now(), &self.schedule, self.token_lifetime)?;
            self.append(&ring, place, &key, false).await?;
            ring = self.read_store().await?;
        }
        if let Some(current) = ring.current(self.clock.now()) {
            let is_short = |key: &StoredKey| key.epoch >= current.epoch && key.token_lifetime < self.token_lifetime;
            // SECURITY: this precedes any signed token with this lifetime, because its key might
            // otherwise be removed too early (`a_longer_lifetime_is_told_before_it_is_used`).
            if ring.keys().iter().any(is_short) {
                self.keys().allow_lifetime(current.epoch, self.token_lifetime).await?;
                ring = self.read_store().await?;
            }
        }
        if let Some(epoch) = ring.gone_through(self.clock.now()) {
            self.keys().remove_through(epoch).await?;
            ring = self.read_store().await?;
        }
        // Reported now, and not when the next key is due.
        self.fitting_kek(&ring).await?;
        self.active()
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
        let public = |key: &StoredKey| Some((key.is_unnamed, read.opened.get(&key.id)?.public.clone()));
        let known: Vec<_> = read.ring.published(now).filter_map(public).collect();
        let named = |(is_unnamed, key): &(bool, VerifyingKey)| {
            let unnamed = is_unnamed.then(|| key.clone().without_id());
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

    /// Adds a new key after the one that signs now, whether it is due or not.
    ///
    /// # Errors
    ///
    /// [`KeyRotationError`]; [`KeyRotationError::Ring`] if the next key exists already.
    pub async fn rotate(&self) -> Result<StoredKey, KeyRotationError> {
        self.add(self.new_key()?).await
    }

    /// Adds an imported key, with its id or a random one.
    ///
    /// # Errors
    ///
    /// As [`RotatingKeys::rotate`]; [`KeyRotationError::Unsealable`] for a key that cannot be kept,
    /// [`KeyRotationError::IdTaken`].
    pub async fn add(&self, key: SigningKey) -> Result<StoredKey, KeyRotationError> {
        let key = self.with_id(key)?;
        for _ in 0..ATTEMPTS {
            let ring = self.read_store().await?;
            let place = ring.place(self.clock.now(), &self.schedule, self.token_lifetime)?;
            if let Some(added) = self.append(&ring, place, &key, false).await? {
                self.read_store().await?;
                return Ok(added);
            }
        }
        Err(KeyRotationError::Contended)
    }

    /// Adopts a key from the time of a single key without an id, if there is no other yet. Returns
    /// whether its tokens are valid: they are, too, if it was adopted before.
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
            self.append(&ring, place, &key, true).await?;
            self.read_store().await?;
        }
        let read = self.read();
        let mut unnamed = read.ring.keys().iter().filter(|key| key.is_unnamed);
        Ok(unnamed.any(|key| {
            let opened = read.opened.get(&key.id);
            opened.is_some_and(|opened| opened.public.thumbprint() == own)
        }))
    }

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
            let (Some(removed), Some(without)) = (removed, ring.without(id, now, self.token_lifetime)) else {
                return Ok(None);
            };
            let mut keys = without.keys;
            if let Some(place) = without.successor {
                keys.push(self.seal(&ring, place, &self.new_key()?).await?);
            }
            let left = KeyRing::new(keys)?;
            let signs = left.current(now).ok_or(KeyRotationError::Empty)?.clone();
            if self.keys().replace(ring.keys(), left.keys()).await? {
                return Ok(Some(RemovedKey {
                    removed: removed.clone(),
                    signs,
                }));
            }
        }
        Err(KeyRotationError::Contended)
    }

    /// Seals all keys again, and returns their number.
    ///
    /// # Errors
    ///
    /// [`KeyRotationError`], and all keys are unchanged.
    pub async fn rewrap(&self, new: &KeyEncryptionKey) -> Result<usize, KeyRotationError> {
        for _ in 0..ATTEMPTS {
            let ring = KeyRing::new(self.keys().list().await?)?;
            let old = self.fitting_kek(&ring).await?;
            let rewrap = |key| self.rewrapped(key, &old, new);
            let rewrapped: Vec<_> = ring.keys().iter().map(rewrap).collect::<Result<_, _>>()?;
            if self.keys().rewrap(&rewrapped).await? {
                return Ok(rewrapped.len());
            }
        }
        Err(KeyRotationError::Contended)
    }

    fn rewrapped(
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

    fn new_key(&self) -> Result<SigningKey, KeyRotationError> {
        self.with_id(SigningKey::generate(self.algorithm)?)
    }

    /// Gives a key without an id 128 random bits, which no other key has.
    fn with_id(&self, key: SigningKey) -> Result<SigningKey, KeyRotationError> {
        if key.id().is_some() {
            return Ok(key);
        }
        let mut random = [0; 16];
        self.entropy.fill(&mut random)?;
        let id = KeyId::parse(&format!("{:032x}", u128::from_be_bytes(random))).map_err(|_| EntropyError)?;
        Ok(key.with_id(id))
    }

    /// Adds a key at its place; does nothing if another process was first.
    async fn append(
        &self,
        ring: &KeyRing,
        place: RingPlace,
        key: &SigningKey,
        is_unnamed: bool,
    ) -> Result<Option<StoredKey>, KeyRotationError> {
        let key = StoredKey {
            is_unnamed,
            ..self.seal(ring, place, key).await?
        };
        match self.keys().rotate(key.clone()).await {
            Ok(added) => Ok(added.then_some(key)),
            Err(error) if error.kind() == StoreErrorKind::Conflict => Err(KeyRotationError::IdTaken { id: key.id }),
            Err(error) => Err(error.into()),
        }
    }

    /// Returns the stored form of a key at its place.
    async fn seal(&self, ring: &KeyRing, place: RingPlace, key: &SigningKey) -> Result<StoredKey, KeyRotationError> {
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
    /// (`a_key_that_was_put_into_the_store_by_others_is_not_trusted`).
    async fn read_store(&self) -> Result<KeyRing, KeyRotationError> {
        let keys = self.keys().list().await?;
        // SECURITY: this precedes every step that can fail. A removed key loses its trust at once,
        // even if another one cannot be opened
        // (`a_removed_key_is_not_trusted_whatever_else_is_wrong`).
        let is_there = |id: &KeyId, opened: &Opened| keys.iter().any(|key| key.id == *id && key.epoch == opened.epoch);
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

    /// Returns the key-encryption key if it has sealed all of these. A key sealed with another one
    /// could not be opened by a node that has the others.
    async fn fitting_kek(&self, ring: &KeyRing) -> Result<Arc<KeyEncryptionKey>, KeyRotationError> {
        let kek = self.kek(ring).await?;
        match ring.keys().iter().find(|key| !kek.has_sealed(&key.sealed)) {
            Some(other) => Err(sealed(&other.id)(EnvelopeError::OtherKey)),
            None => Ok(kek),
        }
    }

    fn keys(&self) -> &dyn SigningKeys {
        self.store.signing_keys()
    }

    // No code panics between two changes that belong together.
    fn read(&self) -> MutexGuard<'_, Read> {
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

fn open(key: &StoredKey, kek: &KeyEncryptionKey) -> Result<(KeyId, Opened), KeyRotationError> {
    let pkcs8 = kek
        .open(&key.id, &key.algorithm, &key.sealed)
        .map_err(sealed(&key.id))?;
    let signing = SigningKey::from_pkcs8(algorithm(key)?, pkcs8.clone())?.with_id(key.id.clone());
    let opened = Opened {
        epoch: key.epoch,
        sealed: key.sealed.clone(),
        pkcs8,
        public: signing.verifying_key(),
    };
    Ok((key.id.clone(), opened))
}

fn algorithm(key: &StoredKey) -> Result<Algorithm, KeyRotationError> {
    Algorithm::find(&key.algorithm).ok_or_else(|| KeyRotationError::Algorithm { id: key.id.clone() })
}

fn sealed(id: &KeyId) -> impl Fn(EnvelopeError) -> KeyRotationError {
    let id = id.clone();
    move |fault| KeyRotationError::Sealed { id: id.clone(), fault }
}
