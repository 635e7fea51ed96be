//! What the log loses is counted by its reason.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use ::metrics::{Counter, Gauge, Histogram, Key, KeyName, Metadata, Recorder, SharedString, Unit};
use scopegate_domain::{ManualClock, Timestamp};
use scopegate_store::{Audit as _, AuditQuery, MemoryStore};

use super::*;

/// Counts what is dropped, by its reason.
#[derive(Default)]
struct Dropped(Mutex<BTreeMap<String, Arc<AtomicU64>>>);

impl Dropped {
    fn counts(&self) -> BTreeMap<String, u64> {
        let counters = self.0.lock().unwrap();
        let count = |(reason, count): (&String, &Arc<AtomicU64>)| (reason.clone(), count.load(Ordering::Relaxed));
        counters.iter().map(count).collect()
    }
}

impl Recorder for Dropped {
    fn describe_counter(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_gauge(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> Counter {
        assert_eq!(key.name(), "scopegate_audit_dropped_total");
        let labels: Vec<_> = key.labels().map(|label| (label.key(), label.value())).collect();
        let [("reason", reason)] = labels[..] else {
            panic!("{labels:?}");
        };
        Counter::from_arc(Arc::clone(self.0.lock().unwrap().entry(reason.to_owned()).or_default()))
    }

    fn register_gauge(&self, _: &Key, _: &Metadata<'_>) -> Gauge {
        Gauge::noop()
    }

    fn register_histogram(&self, _: &Key, _: &Metadata<'_>) -> Histogram {
        Histogram::noop()
    }
}

/// A random source with the same bytes each time, which can fail.
#[derive(Debug, Default)]
struct SameBytes(AtomicBool);

impl RandomSource for SameBytes {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), RandomError> {
        bytes.fill(7);
        if self.0.load(Ordering::Relaxed) {
            Err(RandomError)
        } else {
            Ok(())
        }
    }
}

fn record(log: &AuditLog, client: u32) {
    let id = ClientId::parse(&format!("c{client}")).unwrap();
    log.record(AuditEvent::TokenIssued, &RequestOrigin::default(), |entry| {
        entry.of_client(id)
    });
}

/// Runs a future to its end with this recorder.
fn counted(dropped: &Dropped, run: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    ::metrics::with_local_recorder(dropped, || runtime.block_on(run));
}

#[test]
fn lost_entries_are_counted_by_their_reason() {
    let dropped = Dropped::default();
    let counts = |full, random_source, store| {
        let counts = [("full", full), ("random_source", random_source), ("store", store)];
        assert_eq!(
            dropped.counts(),
            counts.map(|(reason, count)| (reason.to_owned(), count)).into()
        );
    };
    counted(&dropped, async {
        let (store, entropy) = (Arc::new(MemoryStore::new()), Arc::new(SameBytes::default()));
        let log = |mode| {
            let clock = Arc::new(ManualClock::at(Timestamp::from_unix(1)));
            AuditLog::new(store.clone(), mode, clock, entropy.clone())
        };
        let written = async || store.entries(&AuditQuery::default(), u16::MAX).await.unwrap().len();
        let standard = log(AuditMode::Standard);
        counts(0, 0, 0);
        for client in 0..10_003 {
            record(&standard, client);
        }
        counts(3, 0, 0);
        record(&standard, 0);
        counts(3, 0, 0);
        standard.write().await;
        assert_eq!(written().await, 10_000);
        record(&standard, 10_000);
        counts(3, 0, 0);
        // An entry of this id exists.
        standard.write().await;
        counts(3, 0, 1);
        entropy.0.store(true, Ordering::Relaxed);
        record(&log(AuditMode::Strict), 0);
        counts(3, 1, 1);
        assert_eq!(written().await, 10_000);
    });
}
