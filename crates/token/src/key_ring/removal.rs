//! Removes a key from the ring before it expires.

use scopegate_domain::{KeyId, Lifetime, StoredKey, Timestamp};

use super::{KeyRing, KeySlot, KeyState};

/// A ring without one of its keys, and the slot of a new key if it needs one. Returned by
/// [`KeyRing::remove`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RingWithoutKey {
    /// The other keys that verifiers need, with their new times.
    pub keys: Vec<StoredKey>,
    /// The slot of a key that must be generated, if the removed key signed and no next key exists.
    pub successor: Option<KeySlot>,
}

impl KeyRing {
    /// Returns the ring without a key that may have leaked. `None` if there is no such key.
    ///
    /// The tokens of the key are invalid from now on. If the key signed, the next key signs at
    /// once; if there is no next key, the caller must make a new key. A key that signed before
    /// never signs again.
    ///
    /// ```
    /// use scopegate_domain::{KeyId, Lifetime, Timestamp};
    /// use scopegate_token::{KeyRing, KeySchedule};
    ///
    /// let (begin, half) = (Timestamp::from_unix(1_000_000), Lifetime::from_minutes(30));
    /// let (schedule, leaked) = (KeySchedule::default(), KeyId::parse("leaked")?);
    /// let place = KeyRing::default().place(begin, &schedule, half)?;
    /// let ring = KeyRing::new(vec![place.key(leaked.clone(), "ES256", Vec::new())])?;
    ///
    /// let without = ring.remove(&leaked, begin, half).ok_or("it is there")?;
    /// assert!(without.keys.is_empty());
    /// let new = without.successor.ok_or("nobody signs")?.key(KeyId::parse("new")?, "ES256", Vec::new());
    /// assert_eq!(new.used_from, begin, "nobody is told of it before");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn remove(&self, id: &KeyId, now: Timestamp, token_lifetime: Lifetime) -> Option<RingWithoutKey> {
        let removed = self.keys.iter().find(|key| key.id == *id)?;
        // Expired keys have to be removed here: without the key that followed, such a key would
        // stay for longer.
        let mut keys: Vec<_> = self.published(now).filter(|key| key.id != *id).cloned().collect();
        let signs_from = now.max(removed.used_from);
        let next = keys.iter_mut().find(|key| key.epoch > removed.epoch);
        let successor = match (self.state(removed.epoch, now)?, next) {
            (KeyState::Gone | KeyState::Retired, _) | (KeyState::Next, None) => None,
            (KeyState::Current | KeyState::Next, Some(next)) => {
                next.used_from = next.used_from.min(signs_from);
                next.published_at = next.published_at.min(next.used_from);
                None
            }
            (KeyState::Current, None) => Some(KeySlot {
                epoch: removed.epoch.checked_add(1)?,
                published_at: signs_from,
                used_from: signs_from,
                token_lifetime: token_lifetime.max(removed.token_lifetime),
            }),
        };
        Some(RingWithoutKey { keys, successor })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HALF: Lifetime = Lifetime::from_minutes(30);

    /// Keys that sign for 10,000 s each, announced for 3,600 s.
    fn ring() -> KeyRing {
        let key = |epoch: u32| {
            let used_from = 10_000 * i64::from(epoch);
            let place = KeySlot {
                epoch,
                published_at: Timestamp::from_unix(used_from - 3_600),
                used_from: Timestamp::from_unix(used_from),
                token_lifetime: HALF,
            };
            place.key(id(epoch), "ES256", Vec::new())
        };
        KeyRing::new((1..=3).map(key).collect()).unwrap()
    }

    fn id(epoch: u32) -> KeyId {
        KeyId::parse(&format!("k{epoch}")).unwrap()
    }

    /// The ring after a removal, with the key that has to be made.
    fn after(epoch: u32, now: i64) -> (KeyRing, bool) {
        let without = ring().remove(&id(epoch), Timestamp::from_unix(now), HALF).unwrap();
        let new = without.successor.map(|place| place.key(id(9), "ES256", Vec::new()));
        let is_new = new.is_some();
        (
            KeyRing::new(without.keys.into_iter().chain(new).collect()).unwrap(),
            is_new,
        )
    }

    #[test]
    fn what_is_not_there_is_not_removed() {
        assert_eq!(ring().remove(&id(4), Timestamp::from_unix(30_000), HALF), None);
        assert_eq!(KeyRing::default().remove(&id(1), Timestamp::from_unix(0), HALF), None);
    }

    /// For each time and each key: the removed key is out, an unused key replaces one that signed,
    /// and all other keys are unchanged.
    #[test]
    fn a_key_leaves_at_once_and_the_others_go_on() {
        for now in (-5_000..50_000).step_by(100) {
            let (moment, before) = (Timestamp::from_unix(now), ring());
            let signed = before.current(moment).unwrap();
            for epoch in 1..=3 {
                let (left, is_new) = after(epoch, now);
                assert!(left.keys().iter().all(|key| key.id != id(epoch)), "{epoch} at {now}");
                let signs = left.current(moment).unwrap();
                if signed.epoch == epoch {
                    assert_eq!(is_new, epoch == 3, "{epoch} at {now}");
                    assert!(
                        signs.epoch > epoch,
                        "an older one does not sign again: {epoch} at {now}"
                    );
                } else {
                    assert_eq!((&signs.id, is_new), (&signed.id, false), "{epoch} at {now}");
                }
                for key in before.published(moment).filter(|key| key.epoch != epoch) {
                    assert!(
                        left.published(moment).any(|other| other.id == key.id),
                        "{epoch} at {now}"
                    );
                }
            }
        }
    }

    #[test]
    fn removed_keys_do_not_come_back() {
        let gone = 20_000 + 1_800 + 300;
        assert_eq!(ring().state(1, Timestamp::from_unix(gone)), Some(KeyState::Gone));
        let (left, _) = after(2, gone);
        let ids: Vec<_> = left.keys().iter().map(|key| key.id.as_str()).collect();
        assert_eq!(ids, ["k3"]);
        assert_eq!(
            left.keys()[0].used_from,
            Timestamp::from_unix(gone),
            "it was to sign later"
        );
    }

    #[test]
    fn a_new_key_keeps_the_longest_lifetime() {
        let without = ring()
            .remove(&id(3), Timestamp::from_unix(31_000), Lifetime::from_minutes(5))
            .unwrap();
        let new = without.successor.unwrap().key(id(9), "ES256", Vec::new());
        assert_eq!((new.epoch, new.token_lifetime), (4, HALF));
        assert_eq!(
            (new.published_at, new.used_from),
            (Timestamp::from_unix(31_000), Timestamp::from_unix(31_000))
        );
    }
}
