//! The limits of a listener.

use std::num::NonZeroUsize;
use std::time::Duration;

/// The limits of a listener and of its connections.
#[derive(Clone, Copy, Debug)]
#[expect(clippy::exhaustive_structs, reason = "a new limit must be decided by every caller")]
pub struct Limits {
    /// How long the head of a request may take to arrive.
    pub header_timeout: Duration,
    /// How long a connection may wait for its next request.
    pub idle_timeout: Duration,
    /// Most connections at a time.
    pub max_connections: NonZeroUsize,
    /// How long requests in progress may take after a signal to stop.
    pub drain_deadline: Duration,
}

#[cfg(test)]
impl Limits {
    /// Short limits for unit tests.
    pub(crate) const SHORT: Self = Self {
        header_timeout: Duration::from_millis(300),
        idle_timeout: Duration::from_millis(900),
        max_connections: NonZeroUsize::MIN,
        drain_deadline: Duration::from_millis(300),
    };
}
