//! The keys of a running server: looked at again and again, so that nobody has to start it anew.

use std::sync::Arc;
use std::time::Duration;

use scopegate_domain::{Clock, KeyId, SystemClock, Timestamp};
use scopegate_grant::{KeysError, KeysInForce, RotatingKeys};
use scopegate_http::PublishedKeys;
use scopegate_token::{Signer, Verifier};
use tracing::{info, warn};

/// Keys in use: who verifies, who signs, and what others are shown.
#[derive(Debug)]
pub(crate) struct LiveKeys {
    pub(crate) keys: RotatingKeys,
    pub(crate) verifier: Arc<Verifier>,
    pub(crate) signer: Arc<Signer>,
    pub(crate) published: PublishedKeys,
    /// The key that signs.
    pub(crate) signs: KeyId,
    /// How old what is known of the keys may be: a removed key takes tokens back.
    pub(crate) age: Duration,
    /// When another one does, or one leaves, as far as is known.
    pub(crate) next_change: Option<Timestamp>,
}

impl LiveKeys {
    /// Keeps them up to date for as long as this is polled.
    pub(crate) async fn keep(mut self) {
        let mut is_failing = false;
        loop {
            tokio::time::sleep(self.pause()).await;
            let refreshed = self.keys.refresh().await;
            if let Err(error) = &refreshed
                && !is_failing
            {
                warn!(
                    %error,
                    "signing keys cannot be looked after: no key is added until they can; those that are known, and were not seen to \
                     be removed, are used on"
                );
            }
            if is_failing && refreshed.is_ok() {
                info!("signing keys are looked after again");
            }
            is_failing = refreshed.is_err();
            // What was read last goes on by itself: a key whose time has come signs, whether the store answers or not.
            if let Err(error) = refreshed
                .or_else(|_| self.keys.in_force())
                .and_then(|now| self.put_in_force(now))
            {
                warn!(%error, "signing keys cannot be used");
            }
        }
    }

    /// Until the next look, or until something changes by itself.
    fn pause(&self) -> Duration {
        let age = self.keys.schedule().view_age().min(self.age);
        let now = SystemClock.now();
        let left = self.next_change.map(|change| change.seconds_since(now));
        let left = left.and_then(|seconds| u64::try_from(seconds).ok());
        left.map_or(age, |seconds| age.min(Duration::from_secs(seconds.max(1))))
    }

    /// First those who verify, then those who sign: no token is issued that this node would refuse, but for those of a key
    /// that was removed. They are worth nothing anyway.
    fn put_in_force(&mut self, now: KeysInForce) -> Result<(), KeysError> {
        if !same(&self.verifier.keys(), &now.trusted) {
            self.published.replace(&now.published);
            self.verifier.replace_keys(now.trusted);
            info!(
                count = now.published.iter().count(),
                "the keys whose tokens are good have changed"
            );
        }
        if self.signs != now.signs {
            self.signer.replace_key(self.keys.signing_key()?);
            info!(key = %now.signs, "another key signs");
            self.signs = now.signs;
        }
        self.next_change = now.next_change;
        Ok(())
    }
}

/// Whether two sets hold the same keys in the same order. By what they are, too: the id of one that was removed can be another's.
fn same(one: &scopegate_token::KeySet, other: &scopegate_token::KeySet) -> bool {
    let names = |keys: &scopegate_token::KeySet| -> Vec<_> {
        let name = |key: &scopegate_token::VerifyingKey| (key.id().cloned(), key.algorithm(), key.thumbprint());
        keys.iter().map(name).collect()
    };
    names(one) == names(other)
}
