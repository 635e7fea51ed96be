//! Whether a request would be answered now.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use scopegate_store::{Store, StoreError};
use tokio::sync::Mutex;
use tokio::time::{Instant, timeout_at};
use tracing::{info, warn};

/// How long the store may take to say that it is there.
const PATIENCE: Duration = Duration::from_secs(2);

/// How long its word counts.
///
/// SECURITY: however often readiness is asked for, the store is not asked more often than this, and never twice at a time
/// (tests/admin/metrics.rs, `the_store_is_asked_once_however_many_ask`).
const FRESH: Duration = Duration::from_secs(1);

/// Why the server is not ready.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Unready {
    #[error("the database does not answer")]
    Database,
    #[error("draining")]
    Draining,
    #[error("starting")]
    Starting,
}

/// Knows whether the server is starting, serving or draining, and asks the store whether it is there.
#[derive(Debug, Default)]
pub(crate) struct Readiness {
    store: OnceLock<Arc<dyn Store>>,
    is_draining: AtomicBool,
    last: Arc<Mutex<Option<Word>>>,
}

/// What the store said, and when.
#[derive(Clone, Copy, Debug)]
struct Word {
    at: Instant,
    is_good: bool,
}

impl Readiness {
    /// From now on requests are answered, out of this store.
    pub(crate) fn serve(&self, store: Arc<dyn Store>) {
        drop(self.store.set(store));
    }

    /// From now on new requests are not answered.
    pub(crate) fn drain(&self) {
        metrics::gauge!("scopegate_draining").set(1.0);
        self.is_draining.store(true, Ordering::Relaxed);
    }

    /// Whether a request would be answered now.
    pub(crate) async fn ask(&self) -> Result<(), Unready> {
        let store = self.store.get().ok_or(Unready::Starting)?;
        // Asked last, too: the store may have taken its time.
        let is_good = !self.is_draining.load(Ordering::Relaxed) && self.hear(store).await;
        if self.is_draining.load(Ordering::Relaxed) {
            return Err(Unready::Draining);
        }
        if is_good { Ok(()) } else { Err(Unready::Database) }
    }

    /// What the store says, or said a moment ago; no where it says nothing in time.
    async fn hear(&self, store: &Arc<dyn Store>) -> bool {
        let deadline = Instant::now() + PATIENCE;
        let Ok(mut last) = timeout_at(deadline, Arc::clone(&self.last).lock_owned()).await else {
            return false;
        };
        if let Some(word) = last.filter(|word| word.at.elapsed() < FRESH) {
            return word.is_good;
        }
        let store = Arc::clone(store);
        // A task, which keeps the lock when nobody waits any longer: a store that hangs is asked once.
        let asking = tokio::spawn(async move {
            let answer = probe(&*store).await;
            log_change(last.map(|word| word.is_good), &answer);
            let is_good = answer.is_ok();
            *last = Some(Word {
                at: Instant::now(),
                is_good,
            });
            is_good
        });
        matches!(timeout_at(deadline, asking).await, Ok(Ok(true)))
    }
}

/// Both halves: a store may answer questions and keep nothing.
async fn probe(store: &dyn Store) -> Result<(), StoreError> {
    store.ping().await?;
    store.rehearse_change().await
}

/// One line for each change, not for each question.
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
