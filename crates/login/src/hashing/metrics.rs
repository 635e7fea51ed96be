//! Metrics of hashing. Without a recorder nothing is counted.

use std::time::Duration;

use metrics::{Counter, Gauge, Histogram, Unit, counter, describe_counter, describe_gauge, describe_histogram};
use metrics::{gauge, histogram};

const QUEUED: &str = "scopegate_hashing_queued";
const RUNNING: &str = "scopegate_hashing_running";
const REFUSED: &str = "scopegate_hashing_refused_total";
const DURATION: &str = "scopegate_hashing_duration_seconds";

/// Handles, obtained once.
#[derive(Debug)]
pub(super) struct HashingMetrics {
    queued: Gauge,
    running: Gauge,
    refused: Counter,
    duration: Histogram,
}

impl HashingMetrics {
    pub(super) fn new() -> Self {
        describe_gauge!(QUEUED, "Logins that wait for a hashing slot.");
        describe_gauge!(RUNNING, "Logins whose password is being hashed.");
        describe_counter!(REFUSED, "Logins that were refused because the queue was full.");
        describe_histogram!(DURATION, Unit::Seconds, "Time that hashing for one login took.");
        Self {
            queued: gauge!(QUEUED),
            running: gauge!(RUNNING),
            refused: counter!(REFUSED),
            duration: histogram!(DURATION),
        }
    }

    /// Counts one more waiting login, until the returned value is dropped.
    pub(super) fn wait(&self) -> OneMore {
        OneMore::of(&self.queued)
    }

    /// Counts one more running hash, until the returned value is dropped.
    pub(super) fn run(&self) -> OneMore {
        OneMore::of(&self.running)
    }

    pub(super) fn refused(&self) {
        self.refused.increment(1);
    }

    pub(super) fn ran(&self, took: Duration) {
        self.duration.record(took);
    }
}

/// A unit of a gauge. It is dropped with the login, regardless of the result.
#[derive(Debug)]
pub(super) struct OneMore(Gauge);

impl OneMore {
    fn of(gauge: &Gauge) -> Self {
        gauge.increment(1.0);
        Self(gauge.clone())
    }
}

impl Drop for OneMore {
    fn drop(&mut self) {
        self.0.decrement(1.0);
    }
}
