//! The metrics of connections. Without a recorder nothing is counted.

use metrics::{Counter, Gauge, counter, describe_counter, describe_gauge, gauge};

const ACCEPTED: &str = "scopegate_connections_accepted_total";
const EVICTED: &str = "scopegate_connections_displaced_total";
const OPEN: &str = "scopegate_connections_open";

/// The metrics of one listener. The handles are looked up once.
#[derive(Debug)]
pub(crate) struct ConnectionMetrics {
    accepted: Counter,
    evicted: Counter,
    open: Gauge,
}

impl ConnectionMetrics {
    /// Registers the metrics of the listener with this name.
    pub(crate) fn new(listener: &'static str) -> Self {
        describe_counter!(ACCEPTED, "Connections that were accepted, by listener.");
        describe_gauge!(
            OPEN,
            "Connections that are open, by listener. Beyond the cap they wait to be accepted."
        );
        Self {
            accepted: counter!(ACCEPTED, "listener" => listener),
            evicted: counter!(EVICTED, "listener" => listener),
            open: gauge!(OPEN, "listener" => listener),
        }
    }

    /// Returns the counter of evicted connections.
    pub(crate) fn evicted(&self) -> Counter {
        self.evicted.clone()
    }

    /// Counts a connection as open until the result is dropped.
    pub(crate) fn open(&self) -> OpenConnection {
        self.accepted.increment(1);
        self.open.increment(1.0);
        OpenConnection(self.open.clone())
    }
}

/// A connection that is counted as open.
#[derive(Debug)]
pub(crate) struct OpenConnection(Gauge);

impl Drop for OpenConnection {
    fn drop(&mut self) {
        self.0.decrement(1.0);
    }
}
