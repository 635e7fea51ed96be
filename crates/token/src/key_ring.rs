//! Selects the key that signs, and the public keys that are published (key rotation).

mod removal;

use std::fmt;
use std::time::Duration;

use scopegate_domain::{KeyId, Lifetime, StoredKey, Timestamp};

pub use self::removal::RingWithoutKey;

/// The times at which keys are rotated.
///
/// | setting | default | why |
/// |---|---|---|
/// | announcement | 1 h | a cached key set is valid for [`KeyRing::JWKS_LIFETIME`]; the rest is for slow readers and clocks that differ |
/// | every | 30 d | a key that leaks unseen is soon replaced |
///
/// ```
/// use scopegate_domain::Lifetime;
/// use scopegate_token::KeySchedule;
///
/// let schedule = KeySchedule::default();
/// assert_eq!(schedule.announcement(), Lifetime::from_minutes(60));
/// assert_eq!(KeySchedule::new(Lifetime::from_seconds(0), None).announcement(), Lifetime::from_seconds(1));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeySchedule {
    announcement: Lifetime,
    every: Option<Lifetime>,
}

impl KeySchedule {
    /// The minimum announcement. With a shorter one, a client that caches a key set for the allowed
    /// time may not know a new key in time.
    pub const LEAST_ANNOUNCEMENT: Lifetime = Lifetime::from_minutes(10);

    /// Creates a schedule that publishes a key this long before its use (at least a second) and
    /// adds a key at this interval. `None`: no key is added.
    #[must_use]
    pub const fn new(announcement: Lifetime, every: Option<Lifetime>) -> Self {
        let announcement = match announcement.as_seconds() {
            0 => Lifetime::from_seconds(1),
            _ => announcement,
        };
        Self { announcement, every }
    }

    /// Returns how long a key is published before it signs.
    #[must_use]
    pub const fn announcement(&self) -> Lifetime {
        self.announcement
    }

    /// Returns the maximum age of a node's view of the ring. Every node reads the ring often enough
    /// to know each key long before its use.
    #[must_use]
    pub fn view_age(&self) -> Duration {
        (self.announcement.as_duration() / 4).clamp(Duration::from_millis(100), Duration::from_secs(30))
    }
}

impl Default for KeySchedule {
    fn default() -> Self {
        Self::new(
            Lifetime::from_minutes(60),
            Some(Lifetime::from_seconds(30 * 24 * 60 * 60)),
        )
    }
}

/// The keys of an issuer in the order in which they sign. Pure: time is an argument, and nothing is
/// stored.
///
/// ```text
///  published_at        used_from           used_from of the     last token expired,
///       |                  |                 next key           and some minutes
///       |------ next ------|----- current -----|----- retired -----|  gone
/// ```
///
/// The keys contain all times, so the same keys and the same time give the same result. A key
/// begins to sign without an action at its time.
///
/// ```
/// use scopegate_domain::{KeyId, Lifetime, Timestamp};
/// use scopegate_token::{KeyRing, KeySchedule, KeyState};
///
/// let (hour, half) = (Lifetime::from_minutes(60), Lifetime::from_minutes(30));
/// let schedule = KeySchedule::new(hour, None);
/// let begin = Timestamp::from_unix(1_000_000);
///
/// let place = KeyRing::default().place(begin, &schedule, half)?;
/// let first = place.key(KeyId::parse("first")?, "ES256", Vec::new());
/// let ring = KeyRing::new(vec![first.clone()])?;
/// assert_eq!(ring.state(1, begin), Some(KeyState::Current), "nobody could know another key");
///
/// let place = ring.place(begin, &schedule, half)?;
/// let ring = KeyRing::new(vec![first, place.key(KeyId::parse("second")?, "ES256", Vec::new())])?;
/// assert_eq!(ring.state(2, begin), Some(KeyState::Next));
/// assert_eq!(ring.state(2, begin + hour), Some(KeyState::Current));
/// assert_eq!(ring.state(1, begin + hour), Some(KeyState::Retired));
/// assert_eq!(ring.published(begin + hour + hour).count(), 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KeyRing {
    // INVARIANT: epochs grow (a key that was removed leaves a hole), ids differ, and no key is
    // published before the one before it signs (`keys_that_form_no_ring_are_refused`).
    keys: Vec<StoredKey>,
}

/// The state of a key in the ring. The states follow in this order; a key never returns to an
/// earlier one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[expect(
    clippy::exhaustive_enums,
    reason = "a new state must be handled where keys are selected"
)]
pub enum KeyState {
    /// The key is published and does not sign yet.
    Next,
    /// The key signs.
    Current,
    /// The key no longer signs; its tokens are valid.
    Retired,
    /// The tokens of the key have expired: no verifier needs it.
    Gone,
}

impl KeyState {
    /// Returns the name of the state.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Current => "current",
            Self::Gone => "gone",
            Self::Next => "next",
            Self::Retired => "retired",
        }
    }
}

impl fmt::Display for KeyState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl KeyRing {
    /// The time for which clients may cache a key set.
    pub const JWKS_LIFETIME: Lifetime = Lifetime::from_seconds(300);

    /// The maximum time that a key stays after its last token has expired. It covers clock
    /// differences, the leeway, and nodes that learn late that another key signs.
    pub const LONGEST_TAIL: Lifetime = Lifetime::from_seconds(300);

    /// A ring of these keys, in the order of their epochs.
    ///
    /// # Errors
    ///
    /// [`KeyRingError::Order`] and [`KeyRingError::SameId`] if rotation cannot have produced these
    /// keys.
    pub fn new(keys: Vec<StoredKey>) -> Result<Self, KeyRingError> {
        let follows = |earlier: &StoredKey, later: &StoredKey| {
            earlier.epoch < later.epoch
                && earlier.used_from <= later.published_at
                && earlier.used_from < later.used_from
        };
        let mut pairs = keys.iter().zip(keys.iter().skip(1));
        if !pairs.all(|(earlier, later)| follows(earlier, later))
            || keys.iter().any(|key| key.published_at > key.used_from)
        {
            return Err(KeyRingError::Order);
        }
        let mut ids: Vec<_> = keys.iter().map(|key| &key.id).collect();
        ids.sort_unstable();
        if ids.is_sorted_by(|earlier, later| earlier < later) {
            Ok(Self { keys })
        } else {
            Err(KeyRingError::SameId)
        }
    }

    /// Returns the keys, by epoch.
    #[must_use]
    pub fn keys(&self) -> &[StoredKey] {
        &self.keys
    }

    /// Returns the key that signs: the newest key whose time has come. If a clock is so far behind
    /// that there is none, returns the first key.
    #[must_use]
    pub fn current(&self, now: Timestamp) -> Option<&StoredKey> {
        let started = self.keys.iter().rev().find(|key| key.used_from <= now);
        started.or_else(|| self.keys.first())
    }

    /// Returns the key that signs next, if it is published.
    #[must_use]
    pub fn next(&self, now: Timestamp) -> Option<&StoredKey> {
        let current = self.current(now)?;
        self.keys.last().filter(|newest| newest.epoch > current.epoch)
    }

    /// Returns the state of the key with this epoch.
    #[must_use]
    pub fn state(&self, epoch: u32, now: Timestamp) -> Option<KeyState> {
        let (current, key) = (self.current(now)?, self.keys.iter().find(|key| key.epoch == epoch)?);
        Some(match epoch.cmp(&current.epoch) {
            std::cmp::Ordering::Greater => KeyState::Next,
            std::cmp::Ordering::Equal => KeyState::Current,
            std::cmp::Ordering::Less if self.leaves_at(key).is_some_and(|leaves| leaves <= now) => KeyState::Gone,
            std::cmp::Ordering::Less => KeyState::Retired,
        })
    }

    /// Returns the keys that verifiers need, by epoch.
    pub fn published(&self, now: Timestamp) -> impl Iterator<Item = &StoredKey> {
        let is_known = move |key: &&StoredKey| self.state(key.epoch, now).is_some_and(|state| state != KeyState::Gone);
        self.keys.iter().filter(is_known)
    }

    /// Returns the time when a key leaves the ring: a while after the last token that it may have
    /// signed has expired. `None` for the newest key.
    #[must_use]
    pub fn leaves_at(&self, key: &StoredKey) -> Option<Timestamp> {
        let successor = self.keys.iter().find(|other| other.epoch > key.epoch)?;
        let announced = successor.used_from.seconds_since(successor.published_at);
        let tail = u32::try_from(announced)
            .unwrap_or(u32::MAX)
            .min(Self::LONGEST_TAIL.as_seconds());
        Some(successor.used_from + key.token_lifetime + Lifetime::from_seconds(tail))
    }

    /// Returns the epoch up to which keys have expired and can be removed.
    #[must_use]
    pub fn expired_through(&self, now: Timestamp) -> Option<u32> {
        let gone = |key: &&StoredKey| self.state(key.epoch, now) == Some(KeyState::Gone);
        self.keys.iter().take_while(gone).last().map(|key| key.epoch)
    }

    /// Returns the time of the next change: a key begins to sign, or leaves.
    #[must_use]
    pub fn next_change(&self, now: Timestamp) -> Option<Timestamp> {
        let leaving = self.keys.iter().filter_map(|key| self.leaves_at(key));
        let times = self.keys.iter().map(|key| key.used_from).chain(leaving);
        times.filter(|time| *time > now).min()
    }

    /// Whether another key is due.
    #[must_use]
    pub fn is_due(&self, now: Timestamp, schedule: &KeySchedule) -> bool {
        let Some(current) = self.current(now) else {
            return true;
        };
        let is_old = |every: Lifetime| now + schedule.announcement >= current.used_from + every;
        self.next(now).is_none() && schedule.every.is_some_and(is_old)
    }

    /// Returns the slot of another key, published now. `token_lifetime` is the maximum lifetime of
    /// the tokens that the key will sign. The lifetime in the slot is not less than that of the key
    /// before it.
    ///
    /// The first key of all signs at once.
    ///
    /// # Errors
    ///
    /// [`KeyRingError::NextPending`] if there is a next key already.
    pub fn place(
        &self,
        now: Timestamp,
        schedule: &KeySchedule,
        token_lifetime: Lifetime,
    ) -> Result<KeySlot, KeyRingError> {
        let Some(newest) = self.keys.last() else {
            return Ok(KeySlot {
                epoch: 1,
                published_at: now,
                used_from: now,
                token_lifetime,
            });
        };
        if newest.used_from > now {
            return Err(KeyRingError::NextPending {
                id: newest.id.clone(),
                used_from: newest.used_from,
            });
        }
        Ok(KeySlot {
            epoch: newest.epoch.checked_add(1).ok_or(KeyRingError::Order)?,
            published_at: now,
            used_from: now + schedule.announcement,
            token_lifetime: token_lifetime.max(newest.token_lifetime),
        })
    }
}

/// The slot of a key that will be added to a ring, from [`KeyRing::place`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeySlot {
    epoch: u32,
    published_at: Timestamp,
    used_from: Timestamp,
    token_lifetime: Lifetime,
}

impl KeySlot {
    /// The key at this place.
    #[must_use]
    pub fn key(self, id: KeyId, algorithm: impl Into<String>, sealed: Vec<u8>) -> StoredKey {
        StoredKey {
            id,
            algorithm: algorithm.into(),
            epoch: self.epoch,
            published_at: self.published_at,
            used_from: self.used_from,
            token_lifetime: self.token_lifetime,
            accepts_missing_kid: false,
            sealed,
        }
    }
}

/// The reasons why keys do not form a ring.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyRingError {
    /// The ring has a next key already. With two, verifiers would not have the time to learn of the
    /// second.
    #[error("key `{id}` is the next signing key already")]
    NextPending {
        /// The id of the key.
        id: KeyId,
        /// The time from when the key signs.
        used_from: Timestamp,
    },
    /// The keys are not in an order that rotation produces.
    #[error("keys are not in an order that rotation produces")]
    Order,
    /// Two keys have the same id.
    #[error("two keys have the same id")]
    SameId,
}

#[cfg(test)]
mod tests;
