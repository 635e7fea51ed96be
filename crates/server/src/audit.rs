//! Writes the audit log of a running server, and deletes its old entries.

use std::time::Duration;

use scopegate_domain::{AuditId, Timestamp};
use scopegate_grant::AuditLog;
use scopegate_store::{AuditRetention, Store, StoreError};
use tokio::time::{MissedTickBehavior, interval};

use crate::config::Days;
use crate::pause::{LEAST_BATCH, Pause};

/// The interval at which counters become entries.
const COUNTED: Duration = Duration::from_mins(1);

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

/// Deletes the entries whose retention has ended, at most a fifth of the time.
pub(crate) async fn delete_old(store: &dyn Store, kept: Days, now: Timestamp) -> Result<(), StoreError> {
    let retention = AuditRetention {
        first_day: AuditId::first_at(now).day() - i64::from(kept.0),
        max_entries: MAX_ENTRIES,
    };
    let mut size = LEAST_BATCH;
    loop {
        let pause = Pause::new();
        if store.audit().delete_entries(retention, size).await? < u64::from(size) {
            return Ok(());
        }
        size = pause.next_size(size);
        pause.wait().await;
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use scopegate_domain::{AuditEntry, AuditEvent, ClientId, SystemClock};
    use scopegate_grant::{AuditMode, RequestOrigin};
    use scopegate_store::{Audit as _, AuditQuery, MemoryStore};
    use scopegate_store_sql::SqlStore;
    use scopegate_token::SystemRandomSource;

    use super::*;

    const DAY: u64 = 86_400;

    /// Entries of a day; their number tells the ids apart.
    fn entries(day: u64, count: u64) -> Vec<AuditEntry> {
        let id = |number: u64| AuditId::new(day * DAY * 1_000_000, number.to_be_bytes());
        (0..count)
            .map(|number| AuditEntry::new(id(number), AuditEvent::TokenIssued))
            .collect()
    }

    async fn days(store: &MemoryStore) -> Vec<(i64, usize)> {
        let all = store.entries(&AuditQuery::default(), u16::MAX).await.unwrap();
        let days: Vec<_> = all.iter().map(|entry| entry.id().day()).collect();
        days.chunk_by(i64::eq).map(|same| (same[0], same.len())).collect()
    }

    #[tokio::test(start_paused = true)]
    async fn old_entries_are_deleted_by_their_day() {
        let store = MemoryStore::new();
        for (day, count) in [(98, 700), (99, 500), (100, 3), (101, 4)] {
            store.write_entries(&entries(day, count)).await.unwrap();
        }
        let now = |day: u64, second: u64| Timestamp::from_unix(i64::try_from(day * DAY + second).unwrap());
        for (now, left) in [
            (now(107, DAY - 1), &[(98, 700), (99, 500), (100, 3), (101, 4)][..]),
            // 1,200 entries, in three batches: the third one is not full.
            (now(110, 0), &[(100, 3), (101, 4)]),
            (now(110, DAY - 1), &[(100, 3), (101, 4)]),
            (now(111, 0), &[(101, 4)]),
            // A clock that goes back.
            (now(90, 0), &[(101, 4)]),
        ] {
            delete_old(&store, Days(10), now).await.unwrap();
            assert_eq!(days(&store).await, left, "{now:?}");
        }
    }

    #[tokio::test]
    async fn aborted_write_loses_no_entry() {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", folder.path().join("audit.db").display());
        let store = Arc::new(SqlStore::open(&url.parse().unwrap()).await.unwrap());
        let log = AuditLog::new(
            store.clone(),
            AuditMode::Strict,
            Arc::new(SystemClock),
            Arc::new(SystemRandomSource),
        );
        // More than one transaction.
        let count = 1_200;
        for _ in 0..count {
            let client = ClientId::parse("app").unwrap();
            log.record(AuditEvent::TokenIssued, &RequestOrigin::default(), |entry| {
                entry.of_client(client)
            });
        }
        let writing = tokio::spawn({
            let log = log.clone();
            async move { log.write().await }
        });
        // The task takes the entries, and waits for the thread of the database.
        tokio::task::yield_now().await;
        writing.abort();
        assert!(writing.await.unwrap_err().is_cancelled());
        log.write().await;
        let written = store.entries(&AuditQuery::default(), u16::MAX).await.unwrap();
        assert_eq!(written.len(), count);
    }
}
