//! Deletes rows that have ended while the server runs, and counts those that are left.

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use metrics::{describe_gauge, gauge};
use scopegate_domain::{Clock as _, SystemClock, Timestamp};
use scopegate_store::{Cleanup, Store, StoreError};
use tokio::time::{MissedTickBehavior, interval};
use tracing::warn;

use crate::audit;
use crate::config::Days;
use crate::pause::{LEAST_BATCH, Pause};

/// The interval of the passes.
const PASS: Duration = Duration::from_hours(1);

const ROWS: &str = "scopegate_rows";

/// Makes a pass each hour, the first one at once. Never ends.
pub(crate) async fn run(store: Arc<dyn Store>, audit_kept: Days) {
    describe_gauge!(ROWS, "Rows after the last pass of the cleanup, by table.");
    let mut ticks = interval(PASS);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        pass(&*store, audit_kept, SystemClock.now()).await;
    }
}

/// Deletes what has ended at this time, and counts. A part that fails does not prevent the others.
async fn pass(store: &dyn Store, audit_kept: Days, now: Timestamp) {
    // A clock that cannot be read shows the last time, at which each row would have ended.
    if now != Timestamp::MAX {
        if let Err(cause) = delete_expired(store, now).await {
            let cause: &dyn Error = &cause;
            warn!(cause, "cannot delete expired rows; the next pass deletes them");
        }
        if let Err(cause) = audit::delete_old(store, audit_kept, now).await {
            let cause: &dyn Error = &cause;
            warn!(
                cause,
                "cannot delete old entries of the audit log; the next pass deletes them"
            );
        }
    }
    match store.count_rows().await {
        Ok(rows) => rows.into_iter().for_each(show),
        Err(cause) => {
            let cause: &dyn Error = &cause;
            warn!(cause, "cannot count rows; the metric keeps its values");
        }
    }
}

fn show((table, rows): (&'static str, u64)) {
    #[expect(clippy::as_conversions, clippy::cast_precision_loss, reason = "far below 2^53")]
    gauge!(ROWS, "table" => table).set(rows as f64);
}

async fn delete_expired(store: &dyn Store, now: Timestamp) -> Result<(), StoreError> {
    let mut cleanup = Cleanup {
        now,
        max: LEAST_BATCH,
        after: None,
    };
    loop {
        let pause = Pause::new();
        let deleted = store.delete_expired(cleanup).await?;
        if !deleted.has_more {
            return Ok(());
        }
        cleanup.after = deleted.examined;
        cleanup.max = pause.next_size(cleanup.max);
        pause.wait().await;
    }
}

#[cfg(test)]
mod tests;
