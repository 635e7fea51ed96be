//! The server secrets: they seal flows, and authenticate forms, cookies and refresh tokens.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, bail};
use scopegate_domain::{Clock, SystemClock};
use scopegate_grant::{SecretRings, ServerSecrets};
use scopegate_store::Store;
use scopegate_token::{KeyEncryptionKey, SystemRandomSource};

use super::kek::{KeyEncryptionKeySource, sealed_bytes};
use crate::config::Settings;
use crate::secret_refresh::SecretRefresh;

/// The number of attempts to read a key-encryption key that does not fit.
const ATTEMPTS: usize = 10;

/// The secrets of a running server.
pub(super) struct Secrets {
    pub(super) current: Arc<ServerSecrets>,
    /// `None`: the secrets are in memory, so no other process changes them.
    pub(super) refresh: Option<SecretRefresh>,
}

/// Reads the secrets of the database, and makes the missing ones. For a database in memory it draws
/// secrets that end with the process.
///
/// # Errors
///
/// A stored secret that cannot be decrypted, with the remedy.
pub(super) async fn live(settings: &Settings, store: Arc<dyn Store>) -> anyhow::Result<Secrets> {
    let source = KeyEncryptionKeySource::find(settings.key_encryption_key.as_ref(), &settings.database)?;
    if matches!(source, KeyEncryptionKeySource::Memory) {
        let rings = SecretRings::generate(&SystemRandomSource)?;
        return Ok(Secrets {
            current: Arc::new(ServerSecrets::new(rings)),
            refresh: None,
        });
    }
    let rows = store.secrets().sealed_secrets().await?;
    let kek = if rows.is_empty() {
        source.open(store.signing_keys()).await?
    } else {
        opening(&source, &*store).await?
    };
    let rings = SecretRings::load(&*store, &kek, SystemClock.now(), &SystemRandomSource).await;
    let rings = rings.context("the server secrets cannot be used")?;
    let current = Arc::new(ServerSecrets::new(rings));
    let refresh = SecretRefresh {
        secrets: Arc::clone(&current),
        source,
        // The first read replaces the secrets once.
        live: Vec::new(),
        store,
        // Reads twice within the age, so that the limit holds even if an answer takes long.
        age: (settings.revocation_age / 2).max(Duration::from_millis(1)),
    };
    Ok(Secrets {
        current,
        refresh: Some(refresh),
    })
}

/// Returns the key-encryption key that opens the stored secrets. Another program may be replacing
/// it at this moment, so each attempt reads both again.
async fn opening(source: &KeyEncryptionKeySource, store: &dyn Store) -> anyhow::Result<Arc<KeyEncryptionKey>> {
    for attempt in 0..ATTEMPTS {
        if attempt > 0 {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        let rows = store.secrets().sealed_secrets().await?;
        if let Some(kek) = source.opening(&sealed_bytes(&rows))? {
            return Ok(kek);
        }
    }
    bail!(
        "no key-encryption key is there that opens the server secrets; configure the one of the time when they were stored, or \
         put its file back (`scopegate.db.kek` next to the database)"
    )
}

/// Checks that the stored secrets can be opened. Tables of an earlier version have none.
pub(super) async fn check(settings: &Settings, store: &dyn Store) -> anyhow::Result<()> {
    let rows = store.secrets().sealed_secrets().await.unwrap_or_default();
    if rows.is_empty() {
        return Ok(());
    }
    let source = KeyEncryptionKeySource::find(settings.key_encryption_key.as_ref(), &settings.database)?;
    opening(&source, store).await.map(drop)
}
