//! Fetches the keys of an issuer on first use, and again if they are stale or a key is unknown.

mod rate_limit;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use metrics::{Counter, counter, describe_counter};
use scopegate_domain::Issuer;
use scopegate_token::JwksError;
use tokio::sync::watch;
use tokio::time::{Instant, timeout};

use self::rate_limit::RateLimit;
use crate::discovery::{self, Discovery};
use crate::fetch::{Endpoint, HttpFetcher};
use crate::remote_error::RemoteError;

/// The time for which the key URL of a metadata document is used.
const DISCOVERY_TTL: Duration = Duration::from_hours(1);

/// The receiver of the keys.
pub(crate) trait KeySink: Send + Sync {
    /// Replaces all keys by those of this document.
    fn take(&self, jwks: &[u8]) -> Result<(), JwksError>;
}

/// The times and limits of key fetches.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RefreshPolicy {
    pub(crate) key_ttl: KeyTtl,
    /// The time for which keys are used while their issuer does not answer.
    pub(crate) stale_keys_for: Duration,
    /// The number of fetches at once.
    pub(crate) burst: u32,
    /// The time until another fetch is allowed.
    pub(crate) interval: Duration,
    /// The longest time that a caller waits.
    pub(crate) timeout: Duration,
}

/// The time for which keys are fresh.
#[derive(Clone, Copy, Debug)]
pub(crate) struct KeyTtl {
    pub(crate) min: Duration,
    /// The time for a response without `max-age`.
    pub(crate) default: Duration,
    pub(crate) max: Duration,
}

/// The location of the keys.
#[derive(Clone, Debug)]
pub(crate) enum JwksLocation {
    /// The `jwks_uri` of the issuer's metadata document.
    Discovered(Issuer, Discovery),
    /// The keys are at this URL.
    Url(Endpoint),
}

/// Keeps the keys of one issuer up to date. No task runs while there are no requests.
#[derive(Clone)]
pub(crate) struct Refresh(Arc<Shared>);

struct Shared {
    location: JwksLocation,
    fetcher: HttpFetcher,
    policy: RefreshPolicy,
    sink: Arc<dyn KeySink>,
    state: Mutex<State>,
    /// The number of fetches that have ended.
    ended: watch::Sender<u64>,
    metrics: FetchMetrics,
}

/// Counts the fetches by outcome.
struct FetchMetrics {
    good: Counter,
    bad: Counter,
}

impl FetchMetrics {
    /// The label is the configured issuer, never one from a token.
    fn new(issuer: &Issuer) -> Self {
        const FETCHES: &str = "scopegate_issuer_fetches_total";
        describe_counter!(FETCHES, "Fetches of the keys of a foreign issuer.");
        let count = |outcome| counter!(FETCHES, "issuer" => issuer.to_string(), "outcome" => outcome);
        Self {
            good: count("good"),
            bad: count("bad"),
        }
    }
}

struct State {
    is_running: bool,
    rate_limit: RateLimit,
    /// The outcome of the last fetch.
    last: Option<Result<(), RemoteError>>,
    /// The time of the last successful fetch, and the TTL of its keys.
    fetched: Option<(Instant, Duration)>,
    /// The URL of the keys from the issuer's document, and the time of that document.
    discovered: Option<(Endpoint, Instant)>,
}

/// The state of a fetch after a caller requested it.
enum FetchState {
    /// A fetch is running. `true`: an earlier caller started it.
    Running(watch::Receiver<u64>, bool),
    /// The limit of the rate is reached.
    RateLimited,
}

/// The result of [`RemoteIssuer::renew`](super::issuer::RemoteIssuer::renew).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "a caller handles each result")]
pub enum Renewal {
    /// The keys were fetched. The request began after the call.
    Fetched,
    /// The keys were fetched. The request began before the call, so a new key may be missing.
    AlreadyRunning,
    /// Nothing was fetched: the limit of requests is reached.
    NotDue,
}

/// The age of the keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum KeyAge {
    Fresh,
    /// Used while they are fetched again.
    Stale,
    /// Unused for long: fetched again before they are used, if their issuer answers.
    Old,
    /// There are no usable keys.
    Expired,
}

impl Refresh {
    pub(crate) fn new(
        issuer: &Issuer,
        location: JwksLocation,
        fetcher: HttpFetcher,
        policy: RefreshPolicy,
        sink: Arc<dyn KeySink>,
    ) -> Self {
        let state = State {
            is_running: false,
            rate_limit: RateLimit::new(policy.burst, policy.interval, Instant::now()),
            last: None,
            fetched: None,
            discovered: None,
        };
        Self(Arc::new(Shared {
            location,
            fetcher,
            policy,
            sink,
            state: Mutex::new(state),
            ended: watch::Sender::new(0),
            metrics: FetchMetrics::new(issuer),
        }))
    }

    /// Waits for keys if there are none, at most until the timeout.
    ///
    /// # Errors
    ///
    /// [`RemoteError`] if there are no usable keys: then no access is granted, and no token is
    /// called invalid.
    pub(crate) async fn ready(&self) -> Result<(), RemoteError> {
        match self.key_age() {
            KeyAge::Fresh => return Ok(()),
            KeyAge::Stale => {
                self.start();
                return Ok(());
            }
            KeyAge::Old | KeyAge::Expired => {
                self.wait(self.start()).await;
            }
        }
        match self.key_age() {
            KeyAge::Expired => Err(self.last().err().unwrap_or(RemoteError::Slow)),
            KeyAge::Fresh | KeyAge::Stale | KeyAge::Old => Ok(()),
        }
    }

    /// Fetches the keys for a token whose key is unknown.
    ///
    /// # Errors
    ///
    /// [`RemoteError`] if the issuer did not answer: the key may well be its own.
    // SECURITY: for any number of unknown keys, the issuer receives a bounded number of requests.
    // Tested by `tests::unknown_keys_cause_a_limited_number_of_fetches`.
    pub(crate) async fn renew(&self) -> Result<Renewal, RemoteError> {
        let state = self.start();
        let renewal = match state {
            FetchState::RateLimited => return self.last().map(|()| Renewal::NotDue),
            FetchState::Running(_, true) => Renewal::AlreadyRunning,
            FetchState::Running(_, false) => Renewal::Fetched,
        };
        if self.wait(state).await {
            self.last().map(|()| renewal)
        } else {
            Err(RemoteError::Slow)
        }
    }

    fn key_age(&self) -> KeyAge {
        let state = self.state();
        let Some((since, fresh)) = state.fetched else {
            return KeyAge::Expired;
        };
        let age = since.elapsed();
        let is_answered = !matches!(state.last, Some(Err(_)));
        if age > self.0.policy.stale_keys_for {
            KeyAge::Expired
        } else if age <= fresh {
            KeyAge::Fresh
        } else if age > fresh * 2 && is_answered {
            KeyAge::Old
        } else {
            KeyAge::Stale
        }
    }

    fn last(&self) -> Result<(), RemoteError> {
        self.state().last.clone().unwrap_or(Ok(()))
    }

    fn start(&self) -> FetchState {
        let mut state = self.state();
        let receiver = self.0.ended.subscribe();
        if state.is_running {
            return FetchState::Running(receiver, true);
        }
        if !state.rate_limit.take(Instant::now()) {
            return FetchState::RateLimited;
        }
        state.is_running = true;
        drop(state);
        let shared = Arc::clone(&self.0);
        // A task of its own, because a caller may be cancelled.
        tokio::spawn(async move {
            let mut ending = Ending {
                shared,
                outcome: Err(RemoteError::Abandoned),
            };
            ending.outcome = ending.shared.fetch().await;
        });
        FetchState::Running(receiver, false)
    }

    /// Returns whether the fetch ended before the timeout.
    async fn wait(&self, state: FetchState) -> bool {
        let FetchState::Running(mut ended, _) = state else {
            return false;
        };
        timeout(self.0.policy.timeout, ended.changed()).await.is_ok()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state()
    }
}

/// Signals the end of a fetch, also if its task was cancelled.
struct Ending {
    shared: Arc<Shared>,
    outcome: Result<FetchedKeys, RemoteError>,
}

/// A successful fetch.
struct FetchedKeys {
    at: Instant,
    ttl: Duration,
    endpoint: Endpoint,
    /// The time of the metadata document that names the endpoint.
    discovered: Instant,
}

impl Drop for Ending {
    fn drop(&mut self) {
        let outcome = std::mem::replace(&mut self.outcome, Err(RemoteError::Abandoned));
        self.shared.end(outcome);
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn end(&self, outcome: Result<FetchedKeys, RemoteError>) {
        let mut state = self.state();
        state.is_running = false;
        match outcome {
            Ok(keys) => {
                self.metrics.good.increment(1);
                state.fetched = Some((keys.at, keys.ttl));
                state.discovered = Some((keys.endpoint, keys.discovered));
                state.last = Some(Ok(()));
            }
            Err(cause) => {
                tracing::warn!(%cause, "cannot fetch keys of issuer; present keys remain in use");
                self.metrics.bad.increment(1);
                // The keys may have moved.
                state.discovered = None;
                state.last = Some(Err(cause));
            }
        }
        // INVARIANT: sent under the lock. A later fetch subscribes under the same lock, so the end
        // of this one does not wake its callers. Tested by
        // `tests::waiters_are_woken_under_the_lock`.
        self.ended.send_modify(|count| *count = count.wrapping_add(1));
        drop(state);
    }

    async fn fetch(&self) -> Result<FetchedKeys, RemoteError> {
        let (endpoint, discovered) = self.endpoint().await?;
        let at = Instant::now();
        let fetched = self.fetcher.get(&endpoint).await;
        let fetched = fetched.map_err(|cause| RemoteError::fetch(&endpoint, cause))?;
        self.trust(&endpoint, &fetched.body)?;
        let limits = self.policy.key_ttl;
        let ttl = fetched
            .max_age
            .unwrap_or(limits.default)
            .max(limits.min)
            .min(limits.max);
        Ok(FetchedKeys {
            at,
            ttl,
            endpoint,
            discovered,
        })
    }

    fn trust(&self, endpoint: &Endpoint, jwks: &Bytes) -> Result<(), RemoteError> {
        self.sink.take(jwks).map_err(|fault| RemoteError::Keys {
            url: endpoint.to_string(),
            fault,
        })
    }

    async fn endpoint(&self) -> Result<(Endpoint, Instant), RemoteError> {
        let (issuer, how) = match &self.location {
            JwksLocation::Url(endpoint) => return Ok((endpoint.clone(), Instant::now())),
            JwksLocation::Discovered(issuer, how) => (issuer, *how),
        };
        let known = self.state().discovered.clone();
        if let Some(known) = known.filter(|(_, since)| since.elapsed() < DISCOVERY_TTL) {
            return Ok(known);
        }
        let metadata = discovery::discover(&self.fetcher, issuer, how).await?;
        let endpoint = metadata.jwks_uri.ok_or(RemoteError::Missing { member: "jwks_uri" })?;
        Ok((endpoint, Instant::now()))
    }
}

#[cfg(test)]
mod tests;
