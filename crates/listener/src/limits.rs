//! The limits of a listener and its connections: number, timeouts, header size, keep-alive.

use std::num::NonZeroUsize;
use std::time::Duration;

/// The limits of a listener and of its connections.
///
/// ```
/// use std::time::Duration;
///
/// use scopegate_listener::Limits;
///
/// const LIMITS: Limits = Limits::new()
///     .idle_timeout(Duration::from_secs(90))
///     .drain_deadline(Duration::from_secs(1));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    pub(crate) header_timeout: Duration,
    pub(crate) idle_timeout: Duration,
    pub(crate) max_connections: NonZeroUsize,
    pub(crate) drain_deadline: Duration,
}

impl Limits {
    /// Returns the default limits.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            header_timeout: Duration::from_secs(10),
            idle_timeout: Duration::from_mins(1),
            max_connections: NonZeroUsize::MIN.saturating_add(4096 - 1),
            drain_deadline: Duration::from_secs(10),
        }
    }

    /// Sets how long the head of a request may take to arrive. Default: 10 seconds.
    #[must_use]
    pub const fn header_timeout(mut self, time: Duration) -> Self {
        self.header_timeout = time;
        self
    }

    /// Sets how long a connection may wait for its next request, and a response for progress.
    /// Default: 1 minute.
    ///
    /// The second limit applies only while the peer accepts no bytes of the response. A handler
    /// and an event stream may be silent for longer.
    #[must_use]
    pub const fn idle_timeout(mut self, time: Duration) -> Self {
        self.idle_timeout = time;
        self
    }

    /// Sets the maximum number of open connections. Default: 4096.
    ///
    /// When it is reached, an idle connection is evicted for each new one.
    #[must_use]
    pub const fn max_connections(mut self, count: NonZeroUsize) -> Self {
        self.max_connections = count;
        self
    }

    /// Sets how long requests in progress and upgraded connections may take after the shutdown
    /// began. Default: 10 seconds.
    #[must_use]
    pub const fn drain_deadline(mut self, time: Duration) -> Self {
        self.drain_deadline = time;
        self
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
impl Limits {
    /// Short limits for unit tests.
    pub(crate) const SHORT: Self = Self::new()
        .header_timeout(Duration::from_millis(300))
        .idle_timeout(Duration::from_millis(900));
}
