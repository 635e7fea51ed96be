//! Selects the connection to evict when every slot is taken.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use metrics::Counter;
use tokio::sync::oneshot;
use tokio::time::Instant;

use crate::connection_state::{ConnectionState, IdleState};

/// Minimum time before a connection can be evicted, so that a new one can send its first request.
const MIN_AGE: Duration = Duration::from_millis(100);

/// The time for which an idle connection that has sent a request is protected while there are
/// others without one.
const IDLE_PROTECTION: Duration = Duration::from_millis(500);

/// The open connections in the order of their eviction. First come those that never sent a request,
/// then the idle ones. Each group is sorted by duration.
///
/// A request costs nothing here. The state of a connection is read when its turn comes. If it was
/// active meanwhile, it is put back. This is exact, because a connection's idle time only moves
/// forward.
#[derive(Debug)]
pub(crate) struct ConnectionRegistry {
    without_request: EvictionQueue,
    with_request: EvictionQueue,
    max_connections: usize,
    /// The number of connections that were registered.
    registered: u64,
    evicted: Counter,
}

/// Sorted by the time since when a connection was found idle, and by a number that makes the key
/// unique.
type EvictionQueue = BTreeMap<(Instant, u64), RegisteredConnection>;

#[derive(Debug)]
struct RegisteredConnection {
    state: Arc<ConnectionState>,
    evict: oneshot::Sender<()>,
}

impl ConnectionRegistry {
    /// Creates an empty registry for at most this number of connections. `evicted` counts the
    /// evicted ones.
    pub(crate) const fn new(max_connections: NonZeroUsize, evicted: Counter) -> Self {
        Self {
            without_request: EvictionQueue::new(),
            with_request: EvictionQueue::new(),
            max_connections: max_connections.get(),
            registered: 0,
            evicted,
        }
    }

    /// Registers a connection. The returned receiver is notified of its eviction.
    pub(crate) fn register(&mut self, state: Arc<ConnectionState>, now: Instant) -> oneshot::Receiver<()> {
        // Closed connections are removed by the thousand: a share of a step for each connection.
        if self.without_request.len() + self.with_request.len() >= self.max_connections.saturating_mul(2) {
            for queue in [&mut self.without_request, &mut self.with_request] {
                queue.retain(|_, connection| !connection.evict.is_closed());
            }
        }
        let (evict, evicted) = oneshot::channel();
        self.registered += 1;
        self.without_request
            .insert((now, self.registered), RegisteredConnection { state, evict });
        evicted
    }

    /// Evicts the first connection in the order. Returns whether there was one.
    // SECURITY: a connection with a request in progress is never evicted. Tested by
    // `eviction.rs::busy_connection_is_not_evicted`.
    pub(crate) fn evict_one(&mut self, now: Instant) -> bool {
        while let Some(((since, number), connection)) = self.pop_candidate(now) {
            let back = match connection.state.idle_state(now) {
                IdleState::Busy => now,
                IdleState::Idle(actual) if actual > since => actual,
                IdleState::Idle(_) | IdleState::Stalled => {
                    if connection.evict.send(()).is_ok() {
                        self.evicted.increment(1);
                        return true;
                    }
                    continue;
                }
            };
            let queue = if connection.state.has_sent_request() {
                &mut self.with_request
            } else {
                &mut self.without_request
            };
            queue.insert((back, number), connection);
        }
        false
    }

    /// Whether a response is pending on any connection.
    pub(crate) fn has_pending_response(&self) -> bool {
        let mut connections = self.without_request.values().chain(self.with_request.values());
        connections.any(|connection| connection.state.has_pending_response())
    }

    /// Removes the next connection that was idle for long enough, by its last recorded state.
    fn pop_candidate(&mut self, now: Instant) -> Option<((Instant, u64), RegisteredConnection)> {
        let min_idle = if self.without_request.is_empty() {
            MIN_AGE
        } else {
            IDLE_PROTECTION
        };
        pop_first(&mut self.without_request, MIN_AGE, now).or_else(|| pop_first(&mut self.with_request, min_idle, now))
    }
}

/// Removes the first connection of a queue, if it was idle for this time.
fn pop_first(
    queue: &mut EvictionQueue,
    min_idle: Duration,
    now: Instant,
) -> Option<((Instant, u64), RegisteredConnection)> {
    let first = queue.first_entry()?;
    (first.key().0 + min_idle <= now).then(|| first.remove_entry())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::Limits;

    const FOUR: NonZeroUsize = NonZeroUsize::new(4).unwrap();

    async fn advance(milliseconds: u64) {
        tokio::time::advance(Duration::from_millis(milliseconds)).await;
    }

    fn is_evicted(connection: &mut oneshot::Receiver<()>) -> bool {
        connection.try_recv().is_ok()
    }

    fn evict_one(registry: &mut ConnectionRegistry) -> bool {
        registry.evict_one(Instant::now())
    }

    /// A connection that has been open for a second.
    async fn register(registry: &mut ConnectionRegistry) -> (Arc<ConnectionState>, oneshot::Receiver<()>) {
        let state = ConnectionState::new(Limits::SHORT);
        let evicted = registry.register(Arc::clone(&state), Instant::now());
        advance(1_000).await;
        (state, evicted)
    }

    #[tokio::test(start_paused = true)]
    async fn silent_connections_are_evicted_first() {
        let mut registry = ConnectionRegistry::new(FOUR, Counter::noop());
        let (first, mut first_evicted) = register(&mut registry).await;
        let (second, mut second_evicted) = register(&mut registry).await;
        let (_third, mut third_evicted) = register(&mut registry).await;
        drop(second.begin_request(Some(0)));
        advance(1_000).await;
        drop(first.begin_request(Some(0)));
        advance(1_000).await;
        // Among the connections with a request, the one with the longest idle time is the next.
        assert!(evict_one(&mut registry) && is_evicted(&mut third_evicted));
        assert!(evict_one(&mut registry) && is_evicted(&mut second_evicted));
        assert!(evict_one(&mut registry) && is_evicted(&mut first_evicted));
        assert!(!evict_one(&mut registry));
    }

    #[tokio::test(start_paused = true)]
    async fn busy_connection_is_not_evicted() {
        let mut registry = ConnectionRegistry::new(FOUR, Counter::noop());
        let (state, mut evicted) = register(&mut registry).await;
        let response = state.begin_request(Some(0));
        advance(60_000).await;
        assert!(!evict_one(&mut registry));
        drop(response);
        assert!(!evict_one(&mut registry), "the idle time has only begun");
        advance(1_000).await;
        assert!(evict_one(&mut registry) && is_evicted(&mut evicted));
    }

    #[tokio::test(start_paused = true)]
    async fn new_connection_is_protected() {
        let mut registry = ConnectionRegistry::new(FOUR, Counter::noop());
        let _evicted = registry.register(ConnectionState::new(Limits::SHORT), Instant::now());
        assert!(!evict_one(&mut registry));
        advance(200).await;
        assert!(evict_one(&mut registry));
    }

    #[tokio::test(start_paused = true)]
    async fn occasional_requests_protect_a_connection() {
        let mut registry = ConnectionRegistry::new(FOUR, Counter::noop());
        let (kept, mut kept_evicted) = register(&mut registry).await;
        for _ in 0..10 {
            drop(kept.begin_request(Some(0)));
            advance(200).await;
            let mut silent = registry.register(ConnectionState::new(Limits::SHORT), Instant::now());
            assert!(
                !evict_one(&mut registry),
                "the new one may still send a request, the other has sent one"
            );
            advance(200).await;
            assert!(evict_one(&mut registry) && is_evicted(&mut silent));
        }
        let _silent = registry.register(ConnectionState::new(Limits::SHORT), Instant::now());
        advance(3_000).await;
        let _new = registry.register(ConnectionState::new(Limits::SHORT), Instant::now());
        assert!(evict_one(&mut registry) && evict_one(&mut registry) && is_evicted(&mut kept_evicted));
    }

    #[tokio::test(start_paused = true)]
    async fn connection_with_awaited_body_is_evicted() {
        let mut registry = ConnectionRegistry::new(FOUR, Counter::noop());
        let (state, mut evicted) = register(&mut registry).await;
        let (_response, _body) = (state.begin_request(Some(0)), state.await_body());
        advance(500).await;
        assert!(!evict_one(&mut registry), "a body may take a moment");
        advance(5_000).await;
        assert!(evict_one(&mut registry) && is_evicted(&mut evicted));
    }

    #[tokio::test(start_paused = true)]
    async fn connection_with_slow_reader_is_evicted() {
        let mut registry = ConnectionRegistry::new(FOUR, Counter::noop());
        let (state, mut evicted) = register(&mut registry).await;
        drop(state.begin_request(Some(0)));
        state.record_writing(true);
        advance(500).await;
        assert!(!evict_one(&mut registry), "a reader may take a moment");
        advance(5_000).await;
        assert!(evict_one(&mut registry) && is_evicted(&mut evicted));
    }

    #[tokio::test(start_paused = true)]
    async fn closed_connections_are_removed() {
        let mut registry = ConnectionRegistry::new(FOUR, Counter::noop());
        for _ in 0..1_000 {
            let closed = registry.register(ConnectionState::new(Limits::SHORT), Instant::now());
            drop(closed);
            assert!(registry.without_request.len() <= 8);
        }
        advance(1_000).await;
        assert!(!evict_one(&mut registry));
    }
}
