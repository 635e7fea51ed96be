//! Keys that sign tokens: the shared secret, and the keys of the ring.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use scopegate_domain::{Lifetime, Secret};
use scopegate_grant::{KeyRotationError, RotatingKeys};
use scopegate_portal::PublishedKeys;
use scopegate_store::Store;
use scopegate_token::{
    EnvelopeError, KeyRing, KeySchedule, RandomSource, Signer, SigningKey, SystemRandomSource, TokenRules, Verifier,
};
use tracing::{info, warn};

use super::database::Database;
use super::{KeyEncryptionKeySource, private_file};
use crate::config::Settings;
use crate::key_refresh::KeyRefresh;

/// The number of attempts to read a key-encryption key that does not fit.
const ATTEMPTS: usize = 10;

/// The key of a shared secret: its text, or a random one for this run.
pub(super) fn hs256(secret: Option<&Secret<String>>) -> anyhow::Result<SigningKey> {
    if let Some(secret) = secret {
        return Ok(SigningKey::hs256(secret)?);
    }
    let mut bytes = vec![0; 32];
    SystemRandomSource.fill(&mut bytes)?;
    let key = SigningKey::hs256(&Secret::new(bytes))?;
    info!("no secret key is configured; tokens are valid until this process ends");
    Ok(key)
}

/// The keys in a database, for work that decrypts none of them.
pub(crate) fn unopened_ring(settings: &Settings, store: Arc<dyn Store>) -> anyhow::Result<RotatingKeys> {
    let source = KeyEncryptionKeySource::find(settings.key_encryption_key.as_ref(), &settings.database)?;
    let lifetime = token_lifetime(settings)?;
    Ok(RotatingKeys::sealed_by(
        store,
        Arc::new(source),
        settings.key_schedule,
        lifetime,
    ))
}

/// Adds the remedy to an error of the stored keys.
pub(super) fn explain(error: KeyRotationError) -> anyhow::Error {
    match error {
        KeyRotationError::Sealed {
            fault: EnvelopeError::OtherKey,
            ..
        } => anyhow::anyhow!(
            "{error}; configure the one of the time when the keys were stored, or put its file back (`scopegate.db.kek` next to \
             the database)"
        ),
        error => error.into(),
    }
}

/// Opens the keys in a database with the configured key-encryption key.
pub(crate) async fn ring(settings: &Settings, database: &Database) -> anyhow::Result<RotatingKeys> {
    let keys = unopened_ring(settings, database.store())?;
    let mut attempts = 0..ATTEMPTS;
    loop {
        match keys.reload().await {
            // Another program is replacing the key-encryption key at this moment. Each attempt
            // reads the file again.
            Err(KeyRotationError::Sealed { .. }) if attempts.next().is_some() => {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
            looked => break looked.map_err(explain)?,
        }
    }
    if let Some(path) = database.path() {
        adopt(&keys, path).await?;
    }
    Ok(keys)
}

/// The keys of a running server, which are refreshed periodically.
pub(super) async fn live(settings: &Settings, database: &Database, rules: &TokenRules) -> anyhow::Result<KeyRefresh> {
    warn_of_short_announcement(settings.key_schedule);
    let keys = ring(settings, database).await?;
    let active = keys.refresh().await?;
    Ok(KeyRefresh {
        verifier: Arc::new(Verifier::new(rules.clone(), active.trusted)),
        signer: Arc::new(Signer::new(rules.clone(), keys.signing_key()?)),
        published: PublishedKeys::new(&active.published),
        signs: active.signs,
        // Reads twice within the age, so that the limit holds even if an answer takes long.
        age: (settings.revocation_age / 2).max(Duration::from_millis(1)),
        next_change: active.next_change,
        keys,
    })
}

/// Warns if a cached set of public keys is older than a new key at its first signature.
fn warn_of_short_announcement(schedule: KeySchedule) {
    let [announcement, least] = [schedule.announcement(), KeySchedule::LEAST_ANNOUNCEMENT].map(Lifetime::as_seconds);
    if announcement < least {
        warn!(
            seconds = announcement,
            "`key_announcement` is short; clients that cache the public keys for {} s may receive tokens of an unknown \
             key: set it to {least} s or more",
            KeyRing::JWKS_LIFETIME.as_seconds()
        );
    }
}

/// The lifetime of access tokens, in whole seconds, at least one.
pub(super) fn token_lifetime(settings: &Settings) -> anyhow::Result<Lifetime> {
    whole_seconds(settings.access_token_lifetime())
}

/// The lifetime of access tokens by the password grant.
pub(super) fn password_lifetime(settings: &Settings) -> anyhow::Result<Lifetime> {
    whole_seconds(settings.password_lifetime())
}

fn whole_seconds(time: Duration) -> anyhow::Result<Lifetime> {
    Ok(Lifetime::from_seconds(u32::try_from(time.as_secs())?.max(1)))
}

/// Imports the key of an earlier version, which had a single one in `scopegate.db.key`.
///
/// The key becomes the first key of the ring, and its tokens remain valid. The file contains the
/// key unencrypted, so it is removed.
async fn adopt(keys: &RotatingKeys, database: &Path) -> anyhow::Result<()> {
    let path = private_file::path_next_to(database, ".key");
    let Some(document) = private_file::read(&path, "signing key")? else {
        return Ok(());
    };
    let key = SigningKey::es256_from_pkcs8(document).with_context(|| format!("signing key `{}`", path.display()))?;
    if keys.adopt(key).await? {
        private_file::remove(&path).with_context(|| format!("signing key `{}` cannot be removed", path.display()))?;
        info!(path = %path.display(), "signing key imported into the database, encrypted");
    } else {
        warn!(path = %path.display(), "signing key ignored; the database contains keys");
    }
    Ok(())
}
