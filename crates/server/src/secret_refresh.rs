//! Reloads the server secrets periodically, so that a rotation needs no restart.

use std::sync::Arc;
use std::time::Duration;

use scopegate_domain::{Clock, SealedSecret, SystemClock};
use scopegate_grant::{SecretRings, ServerSecrets};
use scopegate_store::Store;
use tracing::{info, warn};

use crate::compose::{KeyEncryptionKeySource, sealed_bytes};

/// The server secrets in use, and their source.
pub(crate) struct SecretRefresh {
    pub(crate) secrets: Arc<ServerSecrets>,
    pub(crate) source: KeyEncryptionKeySource,
    pub(crate) store: Arc<dyn Store>,
    /// The rows of the secrets in use.
    pub(crate) live: Vec<SealedSecret>,
    /// The maximum age of the secrets in use.
    pub(crate) age: Duration,
}

impl SecretRefresh {
    /// Refreshes the secrets for as long as this is polled.
    pub(crate) async fn run(mut self) {
        let mut is_failing = false;
        loop {
            tokio::time::sleep(self.age).await;
            let refreshed = self.refresh().await;
            if let Err(error) = &refreshed
                && !is_failing
            {
                warn!(
                    error = format!("{error:#}"),
                    "cannot refresh server secrets; the known secrets stay in use until a refresh succeeds"
                );
            }
            if is_failing && refreshed.is_ok() {
                info!("server secrets are refreshed again");
            }
            is_failing = refreshed.is_err();
        }
    }

    /// Replaces the secrets if the live rows changed. A version that no longer verifies values is
    /// not live.
    async fn refresh(&mut self) -> anyhow::Result<()> {
        let (rows, now) = (self.store.secrets().sealed_secrets().await?, SystemClock.now());
        let live: Vec<SealedSecret> = rows.into_iter().filter(|row| row.is_live(now)).collect();
        if live == self.live {
            return Ok(());
        }
        let kek = self.source.opening(&sealed_bytes(&live))?;
        let kek = kek.ok_or_else(|| anyhow::anyhow!("no key-encryption key is there that opens them"))?;
        self.secrets.replace(SecretRings::open(&kek, &live, now)?);
        if !self.live.is_empty() {
            info!(count = live.len(), "the set of server secrets changed");
        }
        self.live = live;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use scopegate_domain::{SecretPurpose, Timestamp};
    use scopegate_store::MemoryStore;
    use scopegate_token::{KeyEncryptionKey, ServerSecret, SystemRandomSource};

    use super::*;
    use crate::config::ConfiguredKek;

    async fn add(store: &dyn Store, kek: &KeyEncryptionKey, version: u32) {
        let secret = ServerSecret::generate(SecretPurpose::Mac, version, &SystemRandomSource).unwrap();
        let row = SealedSecret {
            purpose: SecretPurpose::Mac,
            version,
            created_at: SystemClock.now(),
            verifies_until: None,
            sealed: secret.seal(kek, &SystemRandomSource).unwrap(),
        };
        let never = Timestamp::from_unix(i64::from(u32::MAX));
        assert!(store.secrets().add_secret_version(row, never).await.unwrap());
    }

    #[tokio::test]
    async fn secrets_follow_the_store() {
        let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
        let kek = Arc::new(KeyEncryptionKey::generate(&SystemRandomSource).unwrap());
        let rings = SecretRings::load(&*store, &kek, SystemClock.now(), &SystemRandomSource).await;
        let source = ConfiguredKek {
            key: Arc::clone(&kek),
            file: None,
        };
        let mut refresh = SecretRefresh {
            secrets: Arc::new(ServerSecrets::new(rings.unwrap())),
            source: KeyEncryptionKeySource::Configured(source),
            store: Arc::clone(&store),
            live: Vec::new(),
            age: Duration::from_secs(1),
        };
        refresh.refresh().await.unwrap();
        assert_eq!(refresh.live.len(), SecretPurpose::ALL.len());
        add(&*store, &kek, 2).await;
        refresh.refresh().await.unwrap();
        assert_eq!(refresh.live.len(), SecretPurpose::ALL.len() + 1);
        // Those of another key-encryption key are not used, and the known ones stay.
        let other = KeyEncryptionKey::generate(&SystemRandomSource).unwrap();
        add(&*store, &other, 3).await;
        refresh.refresh().await.unwrap_err();
        assert_eq!(refresh.live.len(), SecretPurpose::ALL.len() + 1);
    }
}
