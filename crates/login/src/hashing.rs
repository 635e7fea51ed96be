//! The pool that hashes passwords: off the event loop, with a limited number of hashes at once and
//! a limited queue.

mod error;
mod metrics;
mod response_padding;
mod thread;

use std::sync::Arc;
use std::time::Duration;

use scopegate_domain::Lifetime;
use scopegate_store::PasswordScheme;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;

pub use self::error::HashingError;
use self::metrics::HashingMetrics;
use self::response_padding::ResponsePadding;
pub(crate) use self::response_padding::SchemeCosts;
use crate::ExactPause;

/// The number of passwords that are hashed at once, and the number of logins that may wait.
///
/// An argon2id hash takes 19 MiB while it runs, so `slots` bounds the memory. A bcrypt hash of cost
/// 12 takes 0.3 s, so `queue` bounds the wait. A login beyond both is refused at once.
///
/// ```
/// use scopegate_login::HashingLimits;
///
/// let limits = HashingLimits { slots: 2, queue: 64 };
/// assert!(HashingLimits::default().slots >= 1);
/// # let _ = limits;
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(
    clippy::exhaustive_structs,
    reason = "two numbers side by side, without an invariant between them"
)]
pub struct HashingLimits {
    /// The number of concurrent hashes; 0 counts as 1. Default: one for each core.
    pub slots: usize,
    /// The number of waiting logins in addition to them. Default: 32 for each slot, so that the
    /// last one waits about 10 s for bcrypt hashes of cost 12.
    pub queue: usize,
}

impl Default for HashingLimits {
    fn default() -> Self {
        let slots = std::thread::available_parallelism().map_or(1, usize::from);
        Self {
            slots,
            queue: slots.saturating_mul(32),
        }
    }
}

/// The time after which a refused login may try again: enough for a queue to advance.
const BUSY: HashingError = HashingError::Busy {
    retry_after: Lifetime::from_seconds(2),
};

/// Runs hashing on separate threads under [`HashingLimits`].
#[derive(Debug)]
pub(crate) struct HashingPool {
    admitted: Arc<Semaphore>,
    slots: Arc<Semaphore>,
    padding: ResponsePadding,
    pause: ExactPause,
    metrics: HashingMetrics,
}

/// The place of a login in the pool: hashing, or in the queue before it. Returned when dropped.
#[derive(Debug)]
pub(crate) struct AdmittedLogin<'p> {
    pool: &'p HashingPool,
    place: OwnedSemaphorePermit,
}

impl HashingPool {
    pub(crate) fn new(limits: HashingLimits) -> Self {
        let slots = limits.slots.clamp(1, Semaphore::MAX_PERMITS);
        let admitted = slots.saturating_add(limits.queue).min(Semaphore::MAX_PERMITS);
        Self {
            admitted: Arc::new(Semaphore::new(admitted)),
            slots: Arc::new(Semaphore::new(slots)),
            padding: ResponsePadding::default(),
            pause: ExactPause::default(),
            metrics: HashingMetrics::new(),
        }
    }

    /// Reserves a place for one login. Called before all other work for it, so that a refusal costs
    /// next to nothing.
    pub(crate) fn admit(&self) -> Result<AdmittedLogin<'_>, HashingError> {
        let place = Arc::clone(&self.admitted).try_acquire_owned().map_err(|_| {
            self.metrics.refused();
            BUSY
        })?;
        Ok(AdmittedLogin { pool: self, place })
    }

    /// Delays the response to a failed login until it has taken as long as the slowest scheme in
    /// the store takes. `scheme` is the one that was verified.
    pub(crate) async fn pad_response_time(&self, scheme: Option<&PasswordScheme>, took: Duration, costs: &SchemeCosts) {
        let wait = self.padding.wait_after(scheme, took, costs);
        self.pause.until(Instant::now() + wait).await;
    }
}

impl AdmittedLogin<'_> {
    /// Runs this work when its turn comes. Returns its duration, without the wait for the turn.
    pub(crate) async fn run<T, F>(self, work: F) -> Result<(T, Duration), HashingError>
    where
        T: Send + 'static,
        F: FnOnce() -> T + Send + 'static,
    {
        let metrics = &self.pool.metrics;
        let waiting = metrics.wait();
        let slot = Arc::clone(&self.pool.slots).acquire_owned().await.map_err(|_| BUSY)?;
        drop(waiting);
        let running = metrics.run();
        let started = Instant::now();
        // INVARIANT: the work owns both permits, so that a client that disconnects does not free
        // the slot of a hash that still runs. Tested by `dropped_login_keeps_its_slot`
        // below.
        let permits = ([self.place, slot], running);
        let done = thread::run(move || {
            let done = work();
            drop(permits);
            done
        });
        let done = done.await?;
        let took = started.elapsed();
        metrics.ran(took);
        Ok((done, took))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use tokio::task::JoinHandle;

    use super::*;

    fn pool(slots: usize, queue: usize) -> HashingPool {
        HashingPool::new(HashingLimits { slots, queue })
    }

    /// Takes the only slot until the sender is used or dropped.
    async fn occupy(pool: &Arc<HashingPool>) -> (mpsc::Sender<()>, JoinHandle<Result<(bool, Duration), HashingError>>) {
        let (release, gate) = mpsc::channel::<()>();
        let running = tokio::spawn({
            let pool = Arc::clone(pool);
            async move { pool.admit()?.run(move || gate.recv().is_ok()).await }
        });
        while pool.slots.available_permits() > 0 {
            tokio::task::yield_now().await;
        }
        (release, running)
    }

    #[tokio::test]
    async fn login_beyond_queue_is_refused() {
        let pool = Arc::new(pool(1, 1));
        let (release, running) = occupy(&pool).await;
        let waiting = tokio::spawn({
            let pool = Arc::clone(&pool);
            async move { pool.admit()?.run(|| true).await }
        });
        while pool.admitted.available_permits() > 0 {
            tokio::task::yield_now().await;
        }
        assert!(matches!(pool.admit(), Err(HashingError::Busy { .. })));
        release.send(()).unwrap();
        assert!(running.await.unwrap().is_ok() && waiting.await.unwrap().is_ok());
        assert!(pool.admit().unwrap().run(|| true).await.is_ok());
    }

    #[tokio::test]
    async fn dropped_login_keeps_its_slot() {
        let pool = Arc::new(pool(1, 0));
        let (release, running) = occupy(&pool).await;
        running.abort();
        assert!(running.await.unwrap_err().is_cancelled());
        assert!(matches!(pool.admit(), Err(HashingError::Busy { .. })));
        release.send(()).unwrap();
        while pool.slots.available_permits() == 0 {
            tokio::task::yield_now().await;
        }
        assert!(pool.admit().unwrap().run(|| true).await.is_ok());
    }

    #[tokio::test]
    async fn work_that_panics_frees_its_slot() {
        let pool = pool(1, 0);
        let outcome = pool.admit().unwrap().run(|| panic!("as if the hasher had")).await;
        assert!(matches!(outcome, Err::<((), Duration), _>(HashingError::Panicked)));
        assert!(pool.admit().unwrap().run(|| true).await.is_ok());
    }
}
