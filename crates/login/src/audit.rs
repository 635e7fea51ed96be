//! Records security events in the audit log, within a bounded number of entries.
//!
//! | event | entry |
//! |---|---|
//! | a change | written in its transaction, by [`AuditLog::entry`] and `Store::audited` |
//! | any other event of a known user or client | counted in memory for a minute; in the strict mode one entry for each |
//! | an event of an unknown name | none: no client can fill the log with invented names. [`AuditLog::record_of_client`] counts it for as long, so that it takes as much time |

mod counters;
mod metrics;
mod origin;
#[cfg(test)]
mod tests;

use std::fmt;
use std::panic::resume_unwind;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use scopegate_domain::{AddressPrefix, AuditEntry, AuditEvent, AuditId, ClientId, Clock, UserId, Username};
use scopegate_store::{Store, StoreError};
use scopegate_token::{RandomError, RandomSource};
use tokio::sync::Notify;
use tokio::task::JoinError;

use self::counters::Waiting;
use self::metrics::AuditMetrics;
pub use self::origin::RequestOrigin;

/// The number of entries of one transaction, so that no change waits long.
const BATCH: usize = 500;

/// Which events that change nothing have an entry of their own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "an event is counted or written")]
pub enum AuditMode {
    /// None: equal events of a minute are one entry with their number.
    #[default]
    Standard,
    /// Each event of a known user or client.
    Strict,
}

/// The audit log of a running server.
///
/// It is cheap to clone; all clones share one set of counters. The default records nothing: an
/// application that keeps no log needs no task that writes it.
///
/// A program calls [`AuditLog::write`] each minute, after [`AuditLog::has_entry`] and at its end.
#[derive(Clone, Default)]
pub struct AuditLog(Option<Arc<Recorder>>);

struct Recorder {
    store: Arc<dyn Store>,
    mode: AuditMode,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn RandomSource>,
    waiting: Mutex<Waiting>,
    /// Events of unknown clients: kept like the others, and never written.
    unknown: Mutex<Waiting>,
    has_entry: Notify,
    /// The write that is under way.
    writing: Arc<tokio::sync::Mutex<()>>,
    metrics: AuditMetrics,
}

/// Returns an entry of an event that happens now.
///
/// # Errors
///
/// [`RandomError`] if the random source fails.
pub fn audit_entry(
    event: AuditEvent,
    clock: &dyn Clock,
    entropy: &dyn RandomSource,
) -> Result<AuditEntry, RandomError> {
    Ok(AuditEntry::new(new_id(clock, entropy)?, event))
}

fn new_id(clock: &dyn Clock, entropy: &dyn RandomSource) -> Result<AuditId, RandomError> {
    let mut random = [0; 8];
    entropy.fill(&mut random)?;
    Ok(AuditId::new(clock.now_in_microseconds(), random))
}

impl AuditLog {
    /// Creates the log in a store.
    #[must_use]
    pub fn new(store: Arc<dyn Store>, mode: AuditMode, clock: Arc<dyn Clock>, entropy: Arc<dyn RandomSource>) -> Self {
        Self(Some(Arc::new(Recorder {
            store,
            mode,
            clock,
            entropy,
            waiting: Mutex::default(),
            unknown: Mutex::default(),
            has_entry: Notify::new(),
            writing: Arc::default(),
            metrics: AuditMetrics::new(),
        })))
    }

    /// Returns the entry of a change that happens now; `None` if nothing is recorded. The caller
    /// writes it with the change.
    ///
    /// # Errors
    ///
    /// [`RandomError`] if the random source fails. The change must not be made without its entry.
    pub fn entry(&self, event: AuditEvent, origin: &RequestOrigin) -> Result<Option<AuditEntry>, RandomError> {
        let recorder = self.0.as_deref();
        recorder.map(|recorder| recorder.entry(event, origin)).transpose()
    }

    /// Records an event that changes nothing. `about` sets its user, its client and its detail.
    ///
    /// An event of no known user or client is not recorded. If the counters are full, the event is
    /// dropped and counted by a metric.
    pub fn record(&self, event: AuditEvent, origin: &RequestOrigin, about: impl FnOnce(AuditEntry) -> AuditEntry) {
        let Some(recorder) = self.0.as_deref() else { return };
        match recorder.event(event, origin) {
            Ok(entry) => recorder.keep(about(entry)),
            Err(_) => recorder.metrics.dropped("random_source", 1),
        }
    }

    /// Records an event of a client that may be unknown, in equal time.
    ///
    /// An event of an unknown client is counted and never written.
    pub fn record_of_client(&self, event: AuditEvent, origin: &RequestOrigin, client: Option<&ClientId>) {
        let Some(recorder) = self.0.as_deref() else { return };
        match recorder.event(event, origin) {
            Ok(entry) => {
                let waiting = if client.is_some() {
                    &recorder.waiting
                } else {
                    &recorder.unknown
                };
                let id = client.cloned().or_else(|| ClientId::parse("unknown").ok());
                let entry = id.into_iter().fold(entry, AuditEntry::of_client);
                recorder.keep_in(waiting, entry);
            }
            Err(_) => recorder.metrics.dropped("random_source", 1),
        }
    }

    /// Does the same before the event is answered. In the strict mode it completes when the entry
    /// is written.
    ///
    /// # Errors
    ///
    /// [`StoreError`] in the strict mode, if the entry is not written. The event must not happen.
    pub async fn record_first(
        &self,
        event: AuditEvent,
        origin: &RequestOrigin,
        about: impl FnOnce(AuditEntry) -> AuditEntry,
    ) -> Result<(), StoreError> {
        let Some(recorder) = self.0.as_deref() else {
            return Ok(());
        };
        if recorder.mode == AuditMode::Standard {
            self.record(event, origin, about);
            return Ok(());
        }
        let entry = recorder.entry(event, origin).map_err(StoreError::unavailable)?;
        recorder.store.audit().write_entries(&[about(entry)]).await
    }

    /// Remembers the user of a failed login, for [`AuditLog::record_throttled`].
    pub(crate) fn remember(&self, name: &Username, user: &UserId) {
        if let Some(recorder) = self.0.as_deref() {
            recorder.waiting().remember(name, user);
        }
    }

    /// Records a login that was refused before the user was read. The user is known if a login of
    /// the user failed recently: that is the usual reason.
    pub(crate) fn record_throttled(&self, name: &Username, client: &ClientId, origin: &RequestOrigin) {
        let Some(recorder) = self.0.as_deref() else { return };
        let user = recorder.waiting().user_of(name);
        if let Some(user) = user {
            let about = |entry: AuditEntry| entry.of_user(user).of_client(client.clone());
            self.record(AuditEvent::LoginThrottled, origin, about);
        }
    }

    /// Waits until an entry should be written soon. It waits permanently if nothing is recorded.
    pub async fn has_entry(&self) {
        match &self.0 {
            Some(recorder) => recorder.has_entry.notified().await,
            None => std::future::pending().await,
        }
    }

    /// Writes all counters and entries, after those of a write that is under way. What the store
    /// does not keep is dropped and counted by a metric.
    ///
    /// # Panics
    ///
    /// Outside of a tokio runtime, and if the store panics.
    pub async fn write(&self) {
        let Some(recorder) = self.0.clone() else { return };
        let turn = Arc::clone(&recorder.writing).lock_owned().await;
        // The entries have left the counters: a caller that is aborted must not lose them. Tested
        // by `aborted_write_loses_no_entry` of `scopegate-server`.
        let written = tokio::spawn(async move {
            recorder.write().await;
            drop(turn);
        });
        if let Err(Ok(panic)) = written.await.map_err(JoinError::try_into_panic) {
            resume_unwind(panic);
        }
    }
}

impl Recorder {
    fn entry(&self, event: AuditEvent, origin: &RequestOrigin) -> Result<AuditEntry, RandomError> {
        let entry = audit_entry(event, &*self.clock, &*self.entropy)?;
        Ok(from(entry, origin))
    }

    /// An event that changes nothing. One that is only counted needs no random id.
    fn event(&self, event: AuditEvent, origin: &RequestOrigin) -> Result<AuditEntry, RandomError> {
        match self.mode {
            AuditMode::Standard => Ok(from(AuditEntry::new(AuditId::MIN, event), origin)),
            AuditMode::Strict => self.entry(event, origin),
        }
    }

    fn keep(&self, entry: AuditEntry) {
        // SECURITY: a name of a request that belongs to no user or client is never written. Tested
        // by `unknown_names_add_no_entry` in tests/it/audit.rs.
        if entry.user().is_none() && entry.client().is_none() {
            return;
        }
        self.keep_in(&self.waiting, entry);
    }

    fn keep_in(&self, waiting: &Mutex<Waiting>, entry: AuditEntry) {
        let mut waiting = locked(waiting);
        let is_kept = match self.mode {
            AuditMode::Standard => waiting.count(&entry),
            AuditMode::Strict => {
                let is_kept = waiting.add(entry);
                self.has_entry.notify_one();
                is_kept
            }
        };
        if !is_kept {
            self.metrics.dropped("full", 1);
        }
    }

    async fn write(&self) {
        *locked(&self.unknown) = Waiting::default();
        // If the random source fails, the counters wait for the next time.
        let first = new_id(&*self.clock, &*self.entropy).ok();
        let entries = self.waiting().take(first);
        for batch in entries.chunks(BATCH) {
            if let Err(cause) = self.store.audit().write_entries(batch).await {
                let cause: &dyn std::error::Error = &cause;
                tracing::warn!(
                    cause,
                    entries = batch.len(),
                    "cannot write to the audit log; the entries are dropped"
                );
                self.metrics.dropped("store", batch.len());
            }
        }
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        locked(&self.waiting)
    }
}

/// Adds the origin of a request.
fn from(entry: AuditEntry, origin: &RequestOrigin) -> AuditEntry {
    let address = origin.address.map(AddressPrefix::of);
    entry.from_address(address).in_request(origin.request.clone())
}

// No code panics between two changes that belong together.
fn locked(waiting: &Mutex<Waiting>) -> MutexGuard<'_, Waiting> {
    waiting.lock().unwrap_or_else(PoisonError::into_inner)
}

impl fmt::Debug for AuditLog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mode = self.0.as_ref().map(|recorder| recorder.mode);
        f.debug_struct("AuditLog").field("mode", &mode).finish_non_exhaustive()
    }
}
