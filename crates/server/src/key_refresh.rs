//! Reloads the signing keys periodically, so that a change needs no restart.

use std::sync::Arc;
use std::time::Duration;

use scopegate_domain::{Clock, KeyId, SystemClock, Timestamp};
use scopegate_grant::{ActiveKeys, KeyRotationError, RotatingKeys};
use scopegate_portal::PublishedKeys;
use scopegate_token::{Signer, Verifier};
use tracing::{info, warn};

/// The active keys: the verifier, the signer and the published set.
#[derive(Debug)]
pub(crate) struct KeyRefresh {
    pub(crate) keys: RotatingKeys,
    pub(crate) verifier: Arc<Verifier>,
    pub(crate) signer: Arc<Signer>,
    pub(crate) published: PublishedKeys,
    /// The id of the key that signs.
    pub(crate) signs: KeyId,
    /// The maximum age of the loaded keys. A removed key revokes its tokens, so this bounds that
    /// delay.
    pub(crate) age: Duration,
    /// The time when another key starts to sign or one is removed, if it is known.
    pub(crate) next_change: Option<Timestamp>,
}

impl KeyRefresh {
    /// Refreshes the keys for as long as this is polled.
    pub(crate) async fn run(mut self) {
        let mut is_failing = false;
        loop {
            tokio::time::sleep(self.pause()).await;
            let refreshed = self.keys.refresh().await;
            if let Err(error) = &refreshed
                && !is_failing
            {
                warn!(
                    %error,
                    "cannot refresh signing keys; the known keys stay active, and no key is added until a refresh succeeds"
                );
            }
            if is_failing && refreshed.is_ok() {
                info!("signing keys are refreshed again");
            }
            is_failing = refreshed.is_err();
            // The loaded keys change with time: a key signs from its start time on, even if the
            // store does not answer.
            if let Err(error) = refreshed
                .or_else(|_| self.keys.active())
                .and_then(|now| self.apply(now))
            {
                warn!(%error, "cannot use signing keys");
            }
        }
    }

    /// The time until the next read, or until the keys change by themselves.
    fn pause(&self) -> Duration {
        let age = self.keys.schedule().view_age().min(self.age);
        let now = SystemClock.now();
        let left = self.next_change.map(|change| change.seconds_since(now));
        let left = left.and_then(|seconds| u64::try_from(seconds).ok());
        left.map_or(age, |seconds| age.min(Duration::from_secs(seconds.max(1))))
    }

    /// Updates the verifiers first, then the signers, so that this node never issues a token that
    /// it would refuse.
    ///
    /// The exception is a token of a removed key, which is worthless anyway.
    fn apply(&mut self, now: ActiveKeys) -> Result<(), KeyRotationError> {
        if !same(&self.verifier.keys(), &now.trusted) {
            self.published.replace(&now.published);
            self.verifier.replace_keys(now.trusted);
            info!(
                count = now.published.iter().count(),
                "the set of accepted signing keys changed"
            );
        }
        if self.signs != now.signs {
            self.signer.replace_key(self.keys.signing_key()?);
            info!(key = %now.signs, "signing key changed");
            self.signs = now.signs;
        }
        self.next_change = now.next_change;
        Ok(())
    }
}

/// Whether two sets hold the same keys in the same order.
///
/// Compares the keys themselves, too: a new key can have the id of a removed one.
fn same(one: &scopegate_token::KeySet, other: &scopegate_token::KeySet) -> bool {
    let names = |keys: &scopegate_token::KeySet| -> Vec<_> {
        let name = |key: &scopegate_token::VerifyingKey| (key.id().cloned(), key.algorithm(), key.thumbprint());
        keys.iter().map(name).collect()
    };
    names(one) == names(other)
}
