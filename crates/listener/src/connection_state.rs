//! The state of a connection: idle (keep-alive), its time limits, and whether it can be evicted.

mod response;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;

pub(crate) use self::response::{AwaitedBody, PendingResponse, UnsentPart};
use crate::limits::Limits;

/// The time for which a closing connection may still write its pending responses.
const LINGER: Duration = Duration::from_secs(10);

/// The same limit for a connection that sent no complete head and has no pending response, and for
/// an evicted one.
const SHORT_LINGER: Duration = Duration::from_millis(200);

/// The time for which an idle connection may still send a request during the shutdown. The client
/// does not know of the shutdown yet, so a request may be in transit.
const GRACE: Duration = Duration::from_millis(100);

/// The time for which the rest of a started head may arrive during the shutdown.
const HEAD_GRACE: Duration = Duration::from_secs(1);

/// The time for which a peer may delay a body or accept no bytes before the connection counts as
/// stalled. A stalled connection is evicted if every slot is taken and a new connection arrives;
/// otherwise it stays open.
const STALL_TIME: Duration = Duration::from_secs(1);

/// The additional time that a whole HTTP/2 connection may stall, compared with one stream.
const STREAM_MARGIN: Duration = Duration::from_millis(500);

/// The state of a connection, shared by its stream, its requests and its timer.
///
/// ```text
/// (accepted) -> ReadingHead -> (response pending) -> Idle -> ReadingHead -> ..
/// ReadingHead, Idle -- time limit or eviction --> Closing -> (dropped)
/// ```
#[derive(Debug)]
pub(crate) struct ConnectionState {
    state: Mutex<State>,
    limits: Limits,
    /// Notified when the connection is evicted.
    eviction: Arc<Notify>,
}

#[derive(Debug)]
struct State {
    /// Requests whose response has no head yet. HTTP/2 has many at a time.
    running: usize,
    /// Response bodies whose last frame is still missing.
    streaming: usize,
    /// Parts of responses that the peer has not received.
    unsent: usize,
    /// The time when bytes of a response were last sent.
    progress: Instant,
    /// The phase of the connection while no response is pending.
    phase: ConnectionPhase,
    /// The time when the phase began, or when the last response ended.
    since: Instant,
    /// Bytes received since the last pending response, up to the start of the shutdown.
    received: u64,
    /// Bytes of the requests that began after that moment.
    requested: u64,
    /// Requests run concurrently: HTTP/2.
    is_http2: bool,
    /// The server is stopping.
    is_draining: bool,
    eviction: EvictionState,
}

/// The state that decides whether the connection can be evicted.
#[derive(Clone, Copy, Debug)]
struct EvictionState {
    /// The number of requests in progress whose body is incomplete.
    awaited_bodies: usize,
    /// The time since when there is such a request.
    awaiting_since: Instant,
    /// The time when the peer stopped accepting bytes.
    blocked_since: Option<Instant>,
    has_sent_request: bool,
    is_evicted: bool,
}

impl State {
    /// Whether no byte of a request has arrived since the last response.
    const fn is_silent(&self) -> bool {
        match self.phase {
            ConnectionPhase::Closing(_) => false,
            ConnectionPhase::ReadingHead => self.received == 0,
            ConnectionPhase::Idle => true,
        }
    }

    /// Whether a response is pending, in part or whole.
    const fn has_pending_response(&self) -> bool {
        self.running > 0 || self.streaming > 0 || self.unsent > 0
    }
}

/// The state of a connection for the eviction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum IdleState {
    /// A request is in progress.
    Busy,
    /// No request is in progress since this time.
    Idle(Instant),
    /// A request is in progress, but it waits for the peer.
    Stalled,
}

/// The phase of a connection without a pending response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ConnectionPhase {
    /// The connection is closing, and has this time limit.
    Closing(Duration),
    /// The connection waits for the head of a request, which may have begun.
    ReadingHead,
    /// The last response is sent, and the connection may send another request.
    Idle,
}

impl ConnectionState {
    /// Creates the state of a connection that is accepted now.
    pub(crate) fn new(limits: Limits) -> Arc<Self> {
        let now = Instant::now();
        let state = State {
            running: 0,
            streaming: 0,
            unsent: 0,
            progress: now,
            phase: ConnectionPhase::ReadingHead,
            since: now,
            received: 0,
            requested: 0,
            is_http2: false,
            is_draining: false,
            eviction: EvictionState {
                awaited_bodies: 0,
                awaiting_since: now,
                blocked_since: None,
                has_sent_request: false,
                is_evicted: false,
            },
        };
        Arc::new(Self {
            state: Mutex::new(state),
            limits,
            eviction: Arc::default(),
        })
    }

    /// Returns when the connection's time is over; `None` while a request only waits for its
    /// handler.
    ///
    /// A response that is being sent has a deadline after its last progress. One whose handler has
    /// nothing to send has it as well: the timer is not woken when that changes.
    /// [`ConnectionState::expire`] distinguishes the two.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        let state = self.lock();
        if state.streaming > 0 || state.unsent > 0 {
            let time = match state.phase {
                ConnectionPhase::Closing(linger) => linger.max(SHORT_LINGER),
                // A single stalled stream ends earlier by itself.
                _ if state.is_http2 => self.limits.idle_timeout + STREAM_MARGIN,
                ConnectionPhase::ReadingHead | ConnectionPhase::Idle => self.limits.idle_timeout,
            };
            return Some(state.since.max(state.progress) + time);
        }
        let time = match state.phase {
            _ if state.running > 0 => return None,
            ConnectionPhase::Closing(linger) => linger,
            _ if state.is_draining && state.is_silent() => GRACE,
            ConnectionPhase::ReadingHead if state.is_draining => self.limits.header_timeout.min(HEAD_GRACE),
            ConnectionPhase::ReadingHead => self.limits.header_timeout,
            ConnectionPhase::Idle => self.limits.idle_timeout,
        };
        Some(state.since + time)
    }

    /// Handles the end of the time. Returns the previous phase; `None` if the peer has received
    /// everything and only a handler is late.
    pub(crate) fn expire(&self) -> Option<ConnectionPhase> {
        let mut state = self.lock();
        if state.has_pending_response() && state.unsent == 0 {
            state.progress = Instant::now();
            return None;
        }
        let previous = state.phase;
        let linger = if previous == ConnectionPhase::ReadingHead {
            SHORT_LINGER
        } else {
            LINGER
        };
        state.phase = ConnectionPhase::Closing(linger);
        state.since = Instant::now();
        Some(previous)
    }

    /// Begins the shutdown. Returns whether hyper must be notified at once: over HTTP/2 that
    /// refuses only later streams.
    pub(crate) fn begin_drain(&self) -> bool {
        let mut state = self.lock();
        state.is_draining = true;
        if !state.has_pending_response() && !matches!(state.phase, ConnectionPhase::Closing(_)) {
            state.since = Instant::now();
        }
        state.is_http2
    }

    /// Records whether the peer accepts our bytes.
    pub(crate) fn record_writing(&self, is_blocked: bool) {
        let mut state = self.lock();
        let now = Instant::now();
        state.eviction.blocked_since = is_blocked.then_some(now);
        // Bytes in hyper's own buffer still move, even if no response is known to be in progress.
        let is_idle = !state.has_pending_response() && state.phase != ConnectionPhase::ReadingHead;
        if !is_blocked && is_idle && !state.eviction.is_evicted {
            state.since = now;
        }
    }

    /// Records received bytes.
    pub(crate) fn record_received(&self, count: usize) {
        let mut state = self.lock();
        // Over HTTP/2 these may be pings or window updates: no head begins, and the idle time
        // continues.
        if !state.has_pending_response() && state.phase == ConnectionPhase::Idle && !state.is_http2 {
            state.phase = ConnectionPhase::ReadingHead;
            state.since = Instant::now();
            state.received = 0;
            state.requested = 0;
        }
        // During the shutdown, a request that follows another gets no response. Otherwise a client
        // could continue without end.
        if !state.is_draining || state.requested == 0 {
            let count = u64::try_from(count).unwrap_or(u64::MAX);
            state.received = state.received.saturating_add(count);
        }
    }

    /// Whether a response is pending, in part or whole.
    pub(crate) fn has_pending_response(&self) -> bool {
        self.lock().has_pending_response()
    }

    /// Whether it ever sent a request.
    pub(crate) fn has_sent_request(&self) -> bool {
        self.lock().eviction.has_sent_request
    }

    /// Returns the state for the eviction.
    pub(crate) fn idle_state(&self, now: Instant) -> IdleState {
        let state = self.lock();
        let eviction = state.eviction;
        let waiting_since = if !state.has_pending_response() {
            match eviction.blocked_since {
                None => return IdleState::Idle(state.since),
                blocked => blocked,
            }
        } else if state.running > eviction.awaited_bodies || (state.streaming > 0 && state.unsent == 0) {
            None
        } else {
            let awaited = (eviction.awaited_bodies > 0).then_some(eviction.awaiting_since);
            awaited.max((state.unsent > 0).then_some(state.progress))
        };
        match waiting_since {
            Some(since) if since + STALL_TIME <= now => IdleState::Stalled,
            _ => IdleState::Busy,
        }
    }

    /// Evicts the connection: bodies are no longer awaited, and it closes soon.
    pub(crate) fn evict(&self) {
        let mut state = self.lock();
        // hyper waits for the rest of a started head. No response to it is due.
        state.phase = ConnectionPhase::Closing(Duration::ZERO);
        state.since = Instant::now();
        state.eviction.is_evicted = true;
        drop(state);
        self.eviction.notify_waiters();
    }

    /// Whether it was evicted.
    pub(crate) fn is_evicted(&self) -> bool {
        self.lock().eviction.is_evicted
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;
