//! Readiness: whether the server would answer a request now.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock, PoisonError};
use std::time::Duration;

use metrics::{Unit, describe_gauge, gauge};
use scopegate_store::{Store, StoreError};
use tokio::sync::Mutex;
use tokio::time::{Instant, timeout_at};
use tracing::{info, warn};

/// Maximum time for the check of the store.
const TIMEOUT: Duration = Duration::from_secs(2);

/// The time for which a result of the store is reused.
///
/// SECURITY: however many clients read `/readyz`, the store is checked at most once in this time.
/// Two checks never run at once (tests/it/admin/metrics.rs,
/// `store_is_probed_once_for_many_requests`).
const FRESH: Duration = Duration::from_secs(1);

/// The reason why the server is not ready.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Unready {
    #[error("the database does not answer")]
    Database,
    #[error("revocations are not read")]
    News,
    #[error("draining")]
    Draining,
    #[error("starting")]
    Starting,
}

/// Knows whether the server is starting, serving or draining, and checks whether the store answers.
#[derive(Debug, Default)]
pub(crate) struct Readiness {
    store: OnceLock<Arc<dyn Store>>,
    is_draining: AtomicBool,
    has_late_news: AtomicBool,
    last: Arc<Mutex<Option<ProbeResult>>>,
    /// The begin of the last answered read of the revocations of other processes.
    news_read: std::sync::Mutex<Option<Instant>>,
}

/// A result of the store's check, and its time.
#[derive(Clone, Copy, Debug)]
struct ProbeResult {
    at: Instant,
    is_available: bool,
}

impl Readiness {
    /// Marks the server as serving, with this store.
    pub(crate) fn serve(&self, store: Arc<dyn Store>) {
        drop(self.store.set(store));
    }

    /// Marks the server as draining: it accepts no new requests.
    pub(crate) fn drain(&self) {
        metrics::gauge!("scopegate_draining").set(1.0);
        self.is_draining.store(true, Ordering::Relaxed);
    }

    /// Records an answered read of the revocations of other processes, and when it began.
    pub(crate) fn read_news(&self, begin: Instant) {
        *self.news_read.lock().unwrap_or_else(PoisonError::into_inner) = Some(begin);
    }

    /// Returns the time since the begin of the last such read.
    pub(crate) fn news_age(&self) -> Option<Duration> {
        let begin = *self.news_read.lock().unwrap_or_else(PoisonError::into_inner);
        begin.map(|begin| begin.elapsed())
    }

    /// Sets the metric of that age. A scrape calls it, so that the value is never an old one.
    pub(super) fn measure_news_age(&self) {
        let Some(age) = self.news_age() else { return };
        let name = "scopegate_news_age_seconds";
        describe_gauge!(
            name,
            Unit::Seconds,
            "Time since the last answered read of changes began."
        );
        gauge!(name).set(age);
    }

    /// Sets whether the revocations of other processes are not read in time.
    pub(crate) fn late_news(&self, is_late: bool) {
        self.has_late_news.store(is_late, Ordering::Relaxed);
    }

    /// Returns whether the revocations of other processes are not read in time.
    pub(crate) fn has_late_news(&self) -> bool {
        self.has_late_news.load(Ordering::Relaxed)
    }

    /// Returns whether the server would answer a request now.
    pub(crate) async fn ask(&self) -> Result<(), Unready> {
        let store = self.store.get().ok_or(Unready::Starting)?;
        // Checks the draining flag again, because the store may take long.
        let is_available = !self.is_draining.load(Ordering::Relaxed) && self.probe_cached(store).await;
        if self.is_draining.load(Ordering::Relaxed) {
            return Err(Unready::Draining);
        }
        if !is_available {
            return Err(Unready::Database);
        }
        if self.has_late_news() {
            Err(Unready::News)
        } else {
            Ok(())
        }
    }

    /// Returns whether the store answers, from a recent result if there is one. False after the
    /// time limit.
    async fn probe_cached(&self, store: &Arc<dyn Store>) -> bool {
        let deadline = Instant::now() + TIMEOUT;
        let Ok(mut last) = timeout_at(deadline, Arc::clone(&self.last).lock_owned()).await else {
            return false;
        };
        if let Some(probed) = last.filter(|probed| probed.at.elapsed() < FRESH) {
            return probed.is_available;
        }
        let store = Arc::clone(store);
        // The task keeps the lock when the caller has left: a store that hangs is called once.
        let probing = tokio::spawn(async move {
            let answer = probe(&*store).await;
            log_change(last.map(|probed| probed.is_available), &answer);
            let is_available = answer.is_ok();
            *last = Some(ProbeResult {
                at: Instant::now(),
                is_available,
            });
            is_available
        });
        matches!(timeout_at(deadline, probing).await, Ok(Ok(true)))
    }
}

/// Checks reading and writing: a store may answer reads and still accept no write.
async fn probe(store: &dyn Store) -> Result<(), StoreError> {
    store.ping().await?;
    store.check_writable().await
}

/// Logs each change once, not each check.
fn log_change(before: Option<bool>, answer: &Result<(), StoreError>) {
    match answer {
        Ok(()) if before == Some(false) => info!("the database answers again"),
        Err(cause) if before != Some(false) => {
            let cause: &dyn std::error::Error = cause;
            warn!(cause, "not ready: the database does not answer");
        }
        _ => {}
    }
}
