//! The keys of another issuer: fetched on first use, and again when they are old or do not fit.

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

/// How long the URL of the keys from a discovery document is used.
const DISCOVERY_AGE: Duration = Duration::from_hours(1);

/// The receiver of the keys.
pub(crate) trait KeySink: Send + Sync {
    /// Trusts these from here on, and no others.
    fn take(&self, jwks: &[u8]) -> Result<(), JwksError>;
}

/// The times and limits for requests of keys.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RefreshPolicy {
    /// The lifetime of keys whose issuer states none, and its lower and upper limit otherwise.
    pub(crate) age: KeyTtl,
    /// How long keys stay valid while their issuer does not answer.
    pub(crate) keep: Duration,
    /// How many questions there may be at once, and the time until another one is allowed.
    pub(crate) burst: u32,
    pub(crate) interval: Duration,
    /// How long a request waits.
    pub(crate) timeout: Duration,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct KeyTtl {
    pub(crate) least: Duration,
    pub(crate) usual: Duration,
    pub(crate) most: Duration,
}

/// The location of the keys.
#[derive(Clone, Debug)]
pub(crate) enum JwksLocation {
    /// Where the issuer's document says.
    Discovered(Issuer, Discovery),
    /// Here.
    Known(Endpoint),
}

/// Keeps the keys of one issuer up to date. No task runs while there are no requests.
#[derive(Clone)]
pub(crate) struct Refresh(Arc<Shared>);

struct Shared {
    place: JwksLocation,
    fetcher: HttpFetcher,
    policy: RefreshPolicy,
    sink: Arc<dyn KeySink>,
    state: Mutex<State>,
    /// How many fetches have ended.
    ended: watch::Sender<u64>,
    metrics: FetchMetrics,
}

/// Counts the requests for keys and their outcomes.
struct FetchMetrics {
    good: Counter,
    bad: Counter,
}

impl FetchMetrics {
    /// The issuer is one of the configuration, never one that a token names.
    fn new(issuer: &Issuer) -> Self {
        const FETCHES: &str = "scopegate_issuer_fetches_total";
        describe_counter!(FETCHES, "How often the keys of another issuer were asked for.");
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
    /// How the last one ended.
    last: Option<Result<(), RemoteError>>,
    /// The time of the last fetch of the trusted keys, and their lifetime.
    fetched: Option<(Instant, Duration)>,
    /// The URL of the keys from the issuer's document, and the time of that document.
    discovered: Option<(Endpoint, Instant)>,
}

/// What became of the wish to fetch.
enum FetchState {
    /// It is under way; whether it was before.
    Running(watch::Receiver<u64>, bool),
    /// There were too many recently.
    Refused,
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

/// How old the keys are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Age {
    Fresh,
    /// To be fetched again while they are used.
    Stale,
    /// Unused for long: to be fetched again before they are used, if their issuer answers.
    Old,
    /// There are none that may be used.
    Gone,
}

impl Refresh {
    pub(crate) fn new(
        issuer: &Issuer,
        source: JwksLocation,
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
            place: source,
            fetcher,
            policy,
            sink,
            state: Mutex::new(state),
            ended: watch::Sender::new(0),
            metrics: FetchMetrics::new(issuer),
        }))
    }

    /// Waits for keys if there are none, no longer than a request waits.
    ///
    /// # Errors
    ///
    /// [`RemoteError`] if there are no usable keys: then no access is granted, and no token is
    /// called invalid.
    pub(crate) async fn ready(&self) -> Result<(), RemoteError> {
        match self.age() {
            Age::Fresh => return Ok(()),
            Age::Stale => {
                self.start();
                return Ok(());
            }
            Age::Old | Age::Gone => {
                self.wait(self.start()).await;
            }
        }
        match self.age() {
            Age::Gone => Err(self.last().err().unwrap_or(RemoteError::Slow)),
            Age::Fresh | Age::Stale | Age::Old => Ok(()),
        }
    }

    /// Fetches the keys for a token whose key is unknown.
    ///
    /// # Errors
    ///
    /// [`RemoteError`] if the issuer did not answer: the key may well be its own.
    // SECURITY: for any number of unknown keys, the issuer receives a bounded number of requests
    // (`a_flood_of_unknown_keys_asks_a_bounded_number_of_times`).
    pub(crate) async fn renew(&self) -> Result<Renewal, RemoteError> {
        let flight = self.start();
        let renewal = match flight {
            FetchState::Refused => return self.last().map(|()| Renewal::NotDue),
            FetchState::Running(_, true) => Renewal::AlreadyRunning,
            FetchState::Running(_, false) => Renewal::Fetched,
        };
        if self.wait(flight).await {
            self.last().map(|()| renewal)
        } else {
            Err(RemoteError::Slow)
        }
    }

    fn age(&self) -> Age {
        let state = self.state();
        let Some((since, fresh)) = state.fetched else {
            return Age::Gone;
        };
        let age = since.elapsed();
        let is_answered = !matches!(state.last, Some(Err(_)));
        if age > self.0.policy.keep {
            Age::Gone
        } else if age <= fresh {
            Age::Fresh
        } else if age > fresh * 2 && is_answered {
            Age::Old
        } else {
            Age::Stale
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
            return FetchState::Refused;
        }
        state.is_running = true;
        drop(state);
        let shared = Arc::clone(&self.0);
        // A task of its own: a request that goes away takes nothing with it.
        tokio::spawn(async move {
            let mut ending = Ending {
                shared,
                outcome: Err(RemoteError::Abandoned),
            };
            ending.outcome = ending.shared.fetch().await;
        });
        FetchState::Running(receiver, false)
    }

    /// Whether it has ended by then.
    async fn wait(&self, flight: FetchState) -> bool {
        let FetchState::Running(mut ended, _) = flight else {
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
    outcome: Result<Fresh, RemoteError>,
}

/// Keys that have come.
struct Fresh {
    at: Instant,
    age: Duration,
    endpoint: Endpoint,
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

    fn end(&self, outcome: Result<Fresh, RemoteError>) {
        let mut state = self.state();
        state.is_running = false;
        match outcome {
            Ok(fresh) => {
                self.metrics.good.increment(1);
                state.fetched = Some((fresh.at, fresh.age));
                state.discovered = Some((fresh.endpoint, fresh.discovered));
                state.last = Some(Ok(()));
            }
            Err(cause) => {
                tracing::warn!(%cause, "the keys of an issuer could not be fetched; those that are there stay");
                self.metrics.bad.increment(1);
                // The keys may have moved.
                state.discovered = None;
                state.last = Some(Err(cause));
            }
        }
        // INVARIANT: sent under the lock. A later fetch subscribes under the same lock, so the end
        // of this one does not wake those that wait for it (`waiters_are_woken_under_the_lock`).
        self.ended.send_modify(|count| *count = count.wrapping_add(1));
        drop(state);
    }

    async fn fetch(&self) -> Result<Fresh, RemoteError> {
        let (endpoint, discovered) = self.endpoint().await?;
        let at = Instant::now();
        let fetched = self.fetcher.get(&endpoint).await;
        let fetched = fetched.map_err(|cause| RemoteError::fetch(&endpoint, cause))?;
        self.trust(&endpoint, &fetched.body)?;
        let ages = self.policy.age;
        let age = fetched.max_age.unwrap_or(ages.usual).max(ages.least).min(ages.most);
        Ok(Fresh {
            at,
            age,
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
        let (issuer, how) = match &self.place {
            JwksLocation::Known(endpoint) => return Ok((endpoint.clone(), Instant::now())),
            JwksLocation::Discovered(issuer, how) => (issuer, *how),
        };
        let known = self.state().discovered.clone();
        if let Some(known) = known.filter(|(_, since)| since.elapsed() < DISCOVERY_AGE) {
            return Ok(known);
        }
        let metadata = discovery::discover(&self.fetcher, issuer, how).await?;
        let endpoint = metadata.jwks_uri.ok_or(RemoteError::Missing { member: "jwks_uri" })?;
        Ok((endpoint, Instant::now()))
    }
}

#[cfg(test)]
mod tests;
