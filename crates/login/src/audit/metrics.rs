//! The counter of dropped entries.

use metrics::{counter, describe_counter};

const DROPPED: &str = "scopegate_audit_dropped_total";

/// The counter. Its handle is obtained at a loss, which is rare.
pub(super) struct AuditMetrics(());

impl AuditMetrics {
    pub(super) fn new() -> Self {
        describe_counter!(DROPPED, "Entries and counters of the audit log that were not written.");
        for reason in ["full", "random_source", "store"] {
            counter!(DROPPED, "reason" => reason).absolute(0);
        }
        Self(())
    }

    #[expect(clippy::unused_self, reason = "the counter is described by then")]
    pub(super) fn dropped(&self, reason: &'static str, count: usize) {
        counter!(DROPPED, "reason" => reason).increment(u64::try_from(count).unwrap_or(u64::MAX));
    }
}
