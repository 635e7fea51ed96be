//! Writes the audit log of a running server, and deletes entries whose retention has ended.

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use scopegate_domain::{AuditId, Clock as _, SystemClock, Timestamp};
use scopegate_grant::AuditLog;
use scopegate_store::{AuditRetention, Store, StoreError};
use tokio::time::{Instant, MissedTickBehavior, interval, sleep};
use tracing::warn;

use crate::config::Days;

/// The interval at which counters become entries.
const COUNTED: Duration = Duration::from_mins(1);

/// The interval at which entries are deleted.
const TIDY: Duration = Duration::from_hours(1);

/// The number of entries that one transaction deletes, so that no change waits long.
const BATCH: u16 = 500;

/// The maximum number of entries: about 1.3 GB. An attacker who controls many known clients cannot
/// fill the disk.
const MAX_ENTRIES: u32 = 5_000_000;

/// Writes the counters each minute, and entries of their own at once. Never ends.
pub(crate) async fn write(log: AuditLog) {
    let mut ticks = interval(COUNTED);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = ticks.tick() => {}
            () = log.has_entry() => {}
        }
        log.write().await;
    }
}

/// Deletes the entries that need not be kept, at most a fifth of the time. Never ends.
pub(crate) async fn tidy(store: Arc<dyn Store>, kept: Days) {
    let mut ticks = interval(TIDY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        if let Err(cause) = delete_all(&*store, kept).await {
            let cause: &dyn Error = &cause;
            warn!(cause, "cannot delete old entries of the audit log");
        }
    }
}

async fn delete_all(store: &dyn Store, kept: Days) -> Result<(), StoreError> {
    let now = SystemClock.now();
    // A clock that cannot be read shows the last time, which would end the retention of each
    // entry.
    if now == Timestamp::MAX {
        return Ok(());
    }
    let retention = AuditRetention {
        first_day: AuditId::first_at(now).day() - i64::from(kept.0),
        max_entries: MAX_ENTRIES,
    };
    loop {
        let begin = Instant::now();
        if store.audit().delete_entries(retention, BATCH).await? < u64::from(BATCH) {
            return Ok(());
        }
        sleep(begin.elapsed() * 4).await;
    }
}
