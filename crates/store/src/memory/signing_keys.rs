//! The signing keys of the store in memory.

use std::collections::{BTreeMap, BTreeSet};

use scopegate_domain::{Lifetime, StoredKey};

use super::{MemoryStore, Tables, answer};
use crate::{BoxFuture, ResealedKey, SigningKeys, StoreError};

impl SigningKeys for MemoryStore {
    fn list(&self) -> BoxFuture<'_, Result<Vec<StoredKey>, StoreError>> {
        answer(self.read().keys.values().cloned().collect())
    }

    fn rotate(&self, key: StoredKey) -> BoxFuture<'_, Result<bool, StoreError>> {
        self.change(|Tables { keys, .. }| {
            let newest = keys.last_key_value().map_or(0, |(epoch, _)| *epoch);
            if newest.checked_add(1) != Some(key.epoch) {
                return Ok(false);
            }
            if keys.values().any(|other| other.id == key.id) {
                return Err(StoreError::conflict());
            }
            keys.insert(key.epoch, key);
            Ok(true)
        })
    }

    fn allow_lifetime(&self, from_epoch: u32, lifetime: Lifetime) -> BoxFuture<'_, Result<bool, StoreError>> {
        self.change(|Tables { keys, .. }| {
            let mut changed = false;
            for (_, key) in keys
                .range_mut(from_epoch..)
                .filter(|(_, key)| key.token_lifetime < lifetime)
            {
                key.token_lifetime = lifetime;
                changed = true;
            }
            Ok(changed)
        })
    }

    fn remove_through(&self, epoch: u32) -> BoxFuture<'_, Result<bool, StoreError>> {
        self.change(|Tables { keys, .. }| {
            let before = keys.len();
            let newest = keys.last_key_value().map(|(epoch, _)| *epoch);
            keys.retain(|other, _| *other > epoch || Some(*other) == newest);
            Ok(keys.len() < before)
        })
    }

    fn replace<'a>(&'a self, old: &'a [StoredKey], new: &'a [StoredKey]) -> BoxFuture<'a, Result<bool, StoreError>> {
        self.change(|Tables { keys, .. }| {
            if !keys.values().eq(old) {
                return Ok(false);
            }
            let ids: BTreeSet<_> = new.iter().map(|key| &key.id).collect();
            let by_epoch: BTreeMap<_, _> = new.iter().map(|key| (key.epoch, key.clone())).collect();
            if ids.len() < new.len() || by_epoch.len() < new.len() {
                return Err(StoreError::conflict());
            }
            *keys = by_epoch;
            Ok(true)
        })
    }

    fn rewrap<'a>(&'a self, rewrapped: &'a [ResealedKey]) -> BoxFuture<'a, Result<bool, StoreError>> {
        self.change(|tables| Ok(tables.rewrap(rewrapped)))
    }
}

impl Tables {
    /// Returns the new sealed bytes of all keys; `None` if the list is not for exactly these.
    pub(super) fn resealed_keys(&self, resealed: &[ResealedKey]) -> Option<Vec<Vec<u8>>> {
        let new = |key: &StoredKey| {
            let same = |other: &&ResealedKey| other.id == key.id && other.old == key.sealed;
            resealed.iter().find(same).map(|other| other.new.clone())
        };
        let all: Option<Vec<_>> = self.keys.values().map(new).collect();
        all.filter(|all| all.len() == resealed.len())
    }

    pub(super) fn rewrap(&mut self, resealed: &[ResealedKey]) -> bool {
        let Some(all) = self.resealed_keys(resealed) else {
            return false;
        };
        for (key, sealed) in self.keys.values_mut().zip(all) {
            key.sealed = sealed;
        }
        true
    }
}
