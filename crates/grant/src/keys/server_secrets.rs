//! Makes new versions of the server secrets.

use scopegate_domain::{
    ApplicationKind, AuditDetail, AuditEvent, Client, EndReason, KeyId, Lifetime, SealedSecret, SecretPurpose,
    Timestamp,
};
use scopegate_token::{KeyEncryptionKey, KeyRing, SecretRing, ServerSecret};

use super::error::KeyRotationError;
use super::opened::sealed;
use super::rotating_keys::RotatingKeys;
use crate::FLOW_LIFETIME;
use crate::last_expiry::MARGIN;

/// The number of clients that are read at a time.
const PAGE: u16 = 1_000;

/// The time for which a form of the account pages is accepted: its day and the next one.
const FORM_LIFETIME: Lifetime = Lifetime::from_minutes(2 * 24 * 60);

/// The time for which a browser keeps the cookie of a known user.
const KNOWN_LIFETIME: Lifetime = Lifetime::from_minutes(365 * 24 * 60);

/// What happens to values of the old versions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "a caller must state it")]
pub enum OldSecrets {
    /// They are valid until they have ended.
    Verify,
    /// They are refused from now on, and all token families end.
    Revoke,
}

/// A finished rotation of the server secrets.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RotatedSecrets {
    /// The new version of each purpose.
    pub versions: Vec<(SecretPurpose, u32)>,
    /// The time until which refresh tokens of the old version are accepted. `None`: they are
    /// refused.
    pub refresh_until: Option<Timestamp>,
    /// The number of token families that ended.
    pub ended_families: u64,
}

impl RotatingKeys {
    /// Makes a new version of each server secret. The old ones verify their values until these have
    /// ended, or are removed: [`OldSecrets`]. Other processes follow when they read the secrets
    /// again.
    ///
    /// A fourth live version of the secret of refresh tokens is refused, because each one costs a
    /// verification. Of the other purposes the oldest version ends early: its values are pages and
    /// cookies that a browser gets again.
    ///
    /// # Errors
    ///
    /// [`KeyRotationError`]. A purpose may have its new version already; another call is harmless.
    pub async fn rotate_secrets(&self, old: OldSecrets) -> Result<RotatedSecrets, KeyRotationError> {
        let ring = KeyRing::new(self.keys().list().await?)?;
        let kek = self.fitting_kek(&ring).await?;
        let rows = self.store.secrets().sealed_secrets().await?;
        if rows.is_empty() {
            return Err(KeyRotationError::NoSecrets);
        }
        for row in &rows {
            ServerSecret::open(&kek, row).map_err(sealed(&row_id(row.purpose, row.version)?))?;
        }
        let now = self.clock.now();
        if old == OldSecrets::Verify {
            expect_place(&rows, now)?;
        }
        let refresh_until = match old {
            OldSecrets::Verify => Some(now + self.longest_idle().await? + MARGIN),
            OldSecrets::Revoke => None,
        };
        let mut versions = Vec::with_capacity(SecretPurpose::ALL.len());
        for purpose in SecretPurpose::ALL.iter().copied() {
            let until = match purpose {
                _ if refresh_until.is_none() => now,
                SecretPurpose::Flow => now + FLOW_LIFETIME + MARGIN,
                SecretPurpose::Form => now + FORM_LIFETIME,
                SecretPurpose::Known => now + KNOWN_LIFETIME,
                SecretPurpose::Mac => refresh_until.unwrap_or(now),
            };
            versions.push((purpose, self.next_version(&kek, &rows, purpose, now, until).await?));
        }
        let ended_families = match old {
            OldSecrets::Verify => 0,
            OldSecrets::Revoke => self.remove_old(&versions, now).await?,
        };
        Ok(RotatedSecrets {
            versions,
            refresh_until,
            ended_families,
        })
    }

    /// Adds a version after the newest one of these rows.
    async fn next_version(
        &self,
        kek: &KeyEncryptionKey,
        rows: &[SealedSecret],
        purpose: SecretPurpose,
        now: Timestamp,
        previous_until: Timestamp,
    ) -> Result<u32, KeyRotationError> {
        let live: Vec<u32> = live_versions(rows, purpose, now).collect();
        if let Some(oldest) = live.iter().rev().nth(SecretRing::MAX_VERSIONS - 1) {
            self.store.secrets().remove_secrets_through(purpose, *oldest).await?;
        }
        let version = live.last().copied().unwrap_or_default().saturating_add(1);
        let id = row_id(purpose, version)?;
        let secret = ServerSecret::generate(purpose, version, &*self.entropy)?;
        let new = SealedSecret {
            purpose,
            version,
            created_at: now,
            verifies_until: None,
            sealed: secret.seal(kek, &*self.entropy).map_err(sealed(&id))?,
        };
        let entry = self.entry(AuditEvent::KeyRotated)?.with_detail(AuditDetail::Key(id));
        let store = self.store.audited(&[entry]);
        if store.secrets().add_secret_version(new, previous_until).await? {
            Ok(version)
        } else {
            Err(KeyRotationError::Contended)
        }
    }

    /// Removes all versions before these, and ends all families.
    async fn remove_old(&self, versions: &[(SecretPurpose, u32)], now: Timestamp) -> Result<u64, KeyRotationError> {
        let secrets = self.store.secrets();
        for (purpose, version) in versions {
            secrets
                .remove_secrets_through(*purpose, version.saturating_sub(1))
                .await?;
        }
        let entry = self.entry(AuditEvent::FamilyEnded)?;
        let entry = entry.with_detail(AuditDetail::Ended(EndReason::SecretsRevoked));
        let store = self.store.audited(&[entry]);
        Ok(store.families().end_families(EndReason::SecretsRevoked, now).await?)
    }

    /// Returns the longest idle time of a token family: each refresh moves it to the new version.
    async fn longest_idle(&self) -> Result<Lifetime, KeyRotationError> {
        let mut longest = ApplicationKind::Confidential.refresh_lifetimes().idle;
        let mut last: Option<Client> = None;
        loop {
            let page = self.store.clients().list(last.as_ref().map(Client::id), PAGE).await?;
            let idle = page.iter().map(|client| client.refresh_lifetimes().idle).max();
            longest = idle.unwrap_or(longest).max(longest);
            if page.len() < usize::from(PAGE) {
                return Ok(longest);
            }
            last = page.into_iter().next_back();
        }
    }
}

/// Returns the name of a row of a secret: its purpose, a dot and its version.
pub(super) fn row_id(purpose: SecretPurpose, version: u32) -> Result<KeyId, KeyRotationError> {
    let id = KeyId::parse(&format!("{purpose}.{version}"));
    id.map_err(|_| KeyRotationError::NoSecrets)
}

fn live_versions(rows: &[SealedSecret], purpose: SecretPurpose, now: Timestamp) -> impl Iterator<Item = u32> {
    let live = rows
        .iter()
        .filter(move |row| row.purpose == purpose && row.is_live(now));
    live.map(|row| row.version)
}

/// Refuses another version of the secret of refresh tokens while all places are taken.
fn expect_place(rows: &[SealedSecret], now: Timestamp) -> Result<(), KeyRotationError> {
    if live_versions(rows, SecretPurpose::Mac, now).count() < SecretRing::MAX_VERSIONS {
        return Ok(());
    }
    let ends = rows.iter().filter(|row| row.purpose == SecretPurpose::Mac);
    let until = ends
        .filter_map(|row| row.verifies_until.filter(|until| now < *until))
        .min();
    Err(KeyRotationError::TooManySecrets {
        until: until.unwrap_or(now),
    })
}
