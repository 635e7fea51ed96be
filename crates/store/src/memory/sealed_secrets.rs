//! The server secrets of the store in memory.

use scopegate_domain::{SealedSecret, SecretPurpose, Timestamp};

use super::{MemoryStore, Tables, answer};
use crate::{BoxFuture, ResealedSecret, SealedSecrets, StoreError};

impl SealedSecrets for MemoryStore {
    fn sealed_secrets(&self) -> BoxFuture<'_, Result<Vec<SealedSecret>, StoreError>> {
        answer(self.read().grants.secrets.values().cloned().collect())
    }

    fn add_secret_version(
        &self,
        secret: SealedSecret,
        previous_until: Timestamp,
    ) -> BoxFuture<'_, Result<bool, StoreError>> {
        self.change(|Tables { grants, .. }| {
            let secrets = &mut grants.secrets;
            let newest = secrets
                .range_mut((secret.purpose, 0)..=(secret.purpose, u32::MAX))
                .next_back();
            let version = newest.as_ref().map_or(0, |((_, version), _)| *version);
            if version.checked_add(1) != Some(secret.version) {
                return Ok(false);
            }
            if let Some((_, previous)) = newest {
                let until = previous
                    .verifies_until
                    .map_or(previous_until, |until| until.min(previous_until));
                previous.verifies_until = Some(until);
            }
            secrets.insert((secret.purpose, secret.version), secret);
            Ok(true)
        })
    }

    fn remove_secrets_through(&self, purpose: SecretPurpose, version: u32) -> BoxFuture<'_, Result<bool, StoreError>> {
        self.change(|Tables { grants, .. }| {
            let secrets = &mut grants.secrets;
            let before = secrets.len();
            let newest = secrets.range((purpose, 0)..=(purpose, u32::MAX)).next_back();
            let newest = newest.map_or(0, |((_, version), _)| *version);
            secrets.retain(|(of, other), _| *of != purpose || *other > version || *other == newest);
            Ok(secrets.len() < before)
        })
    }

    fn reseal_secrets<'a>(&'a self, secrets: &'a [ResealedSecret]) -> BoxFuture<'a, Result<bool, StoreError>> {
        self.change(|tables| Ok(tables.reseal_secrets(secrets)))
    }
}

impl Tables {
    pub(super) fn reseal_secrets(&mut self, resealed: &[ResealedSecret]) -> bool {
        let secrets = &mut self.grants.secrets;
        let new = |secret: &SealedSecret| {
            let same = |other: &&ResealedSecret| {
                (other.purpose, other.version) == (secret.purpose, secret.version) && other.old == secret.sealed
            };
            resealed.iter().find(same).map(|other| other.new.clone())
        };
        let all: Option<Vec<_>> = secrets.values().map(new).collect();
        let Some(all) = all.filter(|all| all.len() == resealed.len()) else {
            return false;
        };
        for (secret, sealed) in secrets.values_mut().zip(all) {
            secret.sealed = sealed;
        }
        true
    }
}
