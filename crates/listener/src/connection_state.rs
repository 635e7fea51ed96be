//! The state of a connection, and how long it may last.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::sync::futures::OwnedNotified;
use tokio::time::Instant;

use crate::limits::Limits;

/// How long a closing connection may still write its pending responses.
const LINGER: Duration = Duration::from_secs(10);

/// The same limit for a connection that sent no whole head and has no pending response, and for an
/// evicted one.
const SHORT_LINGER: Duration = Duration::from_millis(200);

/// How long a connection without a pending response may still send a request during the shutdown.
/// Its client does not know of the shutdown yet, so a request may be on its way.
const GRACE: Duration = Duration::from_millis(100);

/// How long a peer may delay a body or accept no bytes before the connection counts as stalled. It
/// is not closed for that, but evicted if every slot is taken and a new connection arrives.
const PATIENCE: Duration = Duration::from_secs(1);

/// The additional time that a whole HTTP/2 connection may stall, compared with one stream.
const STREAM_MARGIN: Duration = Duration::from_millis(500);

/// One connection's state, shared by its socket, its requests and its timer.
///
/// ```text
/// (accepted) -> Head -> Answering -> Waiting -> Head -> ..      Head, Waiting -- too long --> Closing -> (dropped)
/// ```
#[derive(Debug)]
pub(crate) struct Activity {
    state: Mutex<State>,
    limits: Limits,
    given_up: Arc<Notify>,
}

#[derive(Debug)]
struct State {
    /// Requests whose response has no head yet. HTTP/2 has many at a time.
    running: usize,
    /// Response bodies whose last frame is still missing.
    streaming: usize,
    /// Parts of responses that the peer has not taken.
    unsent: usize,
    /// When bytes of a response were last sent.
    progress: Instant,
    /// The state of the connection while no response is pending.
    otherwise: Phase,
    since: Instant,
    /// Bytes received since the last pending response, up to the start of the shutdown.
    received: u64,
    /// Bytes of the requests that began after that moment.
    begun: u64,
    /// Requests run concurrently: HTTP/2.
    is_multiplexed: bool,
    /// The server is stopping.
    is_draining: bool,
    place: Place,
}

/// The state that decides whether the connection can be evicted.
#[derive(Clone, Copy, Debug)]
struct Place {
    /// The requests in progress whose body is incomplete, and since when there is one.
    awaiting: usize,
    awaiting_since: Instant,
    /// When the peer stopped accepting our bytes.
    blocked_since: Option<Instant>,
    has_spoken: bool,
    is_dismissed: bool,
}

impl State {
    /// No response is pending, and no byte of a request has arrived.
    const fn is_silent(&self) -> bool {
        match self.otherwise {
            Phase::Closing(_) => false,
            Phase::Head => self.received == 0,
            Phase::Waiting => true,
        }
    }

    /// Whether a response is pending, in part or whole.
    const fn is_answering(&self) -> bool {
        self.running > 0 || self.streaming > 0 || self.unsent > 0
    }

    /// Ends one stage of a response. The idle time begins when no response is pending.
    fn finish(&mut self, stage: Stage) {
        let count = match stage {
            Stage::Running => &mut self.running,
            Stage::Streaming => &mut self.streaming,
            Stage::Unsent => &mut self.unsent,
        };
        *count = count.saturating_sub(1);
        if !self.is_answering() {
            self.since = self.since.max(self.progress);
        }
    }

    /// Records that the head of a response is complete, or that its request was given up.
    fn answered(&mut self) {
        self.since = Instant::now();
        self.progress = self.since;
        self.place.has_spoken = true;
        if self.otherwise == Phase::Head {
            self.otherwise = Phase::Waiting;
        } else if self.place.is_dismissed {
            self.otherwise = Phase::Closing(SHORT_LINGER);
        }
    }
}

/// The state of a connection for the eviction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    /// A request is in progress.
    Busy,
    /// No request is in progress, since this moment.
    Idle(Instant),
    /// A request is in progress, but it waits for the peer.
    Stalled,
}

/// The state of a connection without a pending response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    /// It is closing.
    Closing(Duration),
    /// It waits for the head of a request, which may have begun.
    Head,
    /// No response is pending, and it may send another request.
    Waiting,
}

impl Activity {
    /// The state of a connection that is accepted now.
    pub(crate) fn new(limits: Limits) -> Arc<Self> {
        let now = Instant::now();
        let state = State {
            running: 0,
            streaming: 0,
            unsent: 0,
            progress: now,
            otherwise: Phase::Head,
            since: now,
            received: 0,
            begun: 0,
            is_multiplexed: false,
            is_draining: false,
            place: Place {
                awaiting: 0,
                awaiting_since: now,
                blocked_since: None,
                has_spoken: false,
                is_dismissed: false,
            },
        };
        Arc::new(Self {
            state: Mutex::new(state),
            limits,
            given_up: Arc::default(),
        })
    }

    /// When its time is over; never while a request only waits for its handler.
    ///
    /// A response that is being sent has a deadline after its last progress. One whose handler has
    /// nothing to send has it as well: the timer is not woken when that changes.
    /// [`Activity::expire`] tells the two apart.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        let state = self.state();
        if state.streaming > 0 || state.unsent > 0 {
            let time = match state.otherwise {
                Phase::Closing(linger) => linger.max(SHORT_LINGER),
                // A single stalled stream ends earlier by itself.
                _ if state.is_multiplexed => self.limits.idle_timeout + STREAM_MARGIN,
                Phase::Head | Phase::Waiting => self.limits.idle_timeout,
            };
            return Some(state.since.max(state.progress) + time);
        }
        let time = match state.otherwise {
            _ if state.running > 0 => return None,
            Phase::Closing(linger) => linger,
            _ if state.is_draining && state.is_silent() => GRACE,
            Phase::Head => self.limits.header_timeout,
            Phase::Waiting => self.limits.idle_timeout,
        };
        Some(state.since + time)
    }

    /// Handles the end of the time. Returns the previous state; `None` if the peer has received
    /// everything and only a handler is late.
    pub(crate) fn expire(&self) -> Option<Phase> {
        let mut state = self.state();
        if state.is_answering() && state.unsent == 0 {
            state.progress = Instant::now();
            return None;
        }
        let was = state.otherwise;
        let linger = if was == Phase::Head { SHORT_LINGER } else { LINGER };
        *state = State {
            otherwise: Phase::Closing(linger),
            since: Instant::now(),
            ..*state
        };
        Some(was)
    }

    /// Begins the shutdown. Returns whether the connection must be notified at once: over HTTP/2
    /// that refuses only later streams.
    pub(crate) fn drain(&self) -> bool {
        let mut state = self.state();
        state.is_draining = true;
        if !state.is_answering() && state.is_silent() {
            state.since = Instant::now();
        }
        state.is_multiplexed
    }

    /// Records a request of this many bytes until the result is dropped. `None` is an HTTP/2
    /// request.
    pub(crate) fn answer(self: &Arc<Self>, length: Option<u64>) -> Answering {
        let mut state = self.state();
        state.running += 1;
        state.begun = state.begun.saturating_add(length.unwrap_or_default());
        state.is_multiplexed = length.is_none();
        drop(state);
        Answering {
            activity: Arc::clone(self),
            stage: Stage::Running,
        }
    }

    /// Records that a request's body is awaited, until the result is dropped.
    pub(crate) fn await_body(self: &Arc<Self>) -> AwaitedBody {
        let place = &mut self.state().place;
        if place.awaiting == 0 {
            place.awaiting_since = Instant::now();
        }
        place.awaiting += 1;
        AwaitedBody(Arc::clone(self))
    }

    /// Records whether the peer accepts our bytes.
    pub(crate) fn note_writing(&self, is_blocked: bool) {
        let mut state = self.state();
        let now = Instant::now();
        state.place.blocked_since = is_blocked.then_some(now);
        // Bytes in hyper's own buffer still move, even if no response is known to be in progress.
        if !is_blocked && !state.is_answering() && !state.place.is_dismissed && state.otherwise != Phase::Head {
            state.since = now;
        }
    }

    /// Whether a response is pending, in part or whole.
    pub(crate) fn is_answering(&self) -> bool {
        self.state().is_answering()
    }

    /// Whether it ever sent a request.
    pub(crate) fn has_spoken(&self) -> bool {
        self.state().place.has_spoken
    }

    /// Returns the state for the eviction.
    pub(crate) fn standing(&self, now: Instant) -> Standing {
        let state = self.state();
        let place = state.place;
        let waiting_since = if !state.is_answering() {
            match place.blocked_since {
                None => return Standing::Idle(state.since),
                blocked => blocked,
            }
        } else if state.running > place.awaiting || (state.streaming > 0 && state.unsent == 0) {
            None
        } else {
            let awaited = (place.awaiting > 0).then_some(place.awaiting_since);
            awaited.max((state.unsent > 0).then_some(state.progress))
        };
        match waiting_since {
            Some(since) if since + PATIENCE <= now => Standing::Stalled,
            _ => Standing::Busy,
        }
    }

    /// Evicts the connection: bodies are no longer awaited, and it closes soon.
    pub(crate) fn dismiss(&self) {
        let mut state = self.state();
        // hyper waits for the rest of a started head. No response to it is due.
        state.otherwise = Phase::Closing(Duration::ZERO);
        state.since = Instant::now();
        state.place.is_dismissed = true;
        drop(state);
        self.given_up.notify_waiters();
    }

    /// Whether it was evicted.
    pub(crate) fn is_dismissed(&self) -> bool {
        self.state().place.is_dismissed
    }

    /// Records received bytes.
    pub(crate) fn received(&self, count: usize) {
        let mut state = self.state();
        // Over HTTP/2 these may be pings or window updates: no head begins, and the idle time
        // continues.
        if !state.is_answering() && state.otherwise == Phase::Waiting && !state.is_multiplexed {
            *state = State {
                otherwise: Phase::Head,
                since: Instant::now(),
                received: 0,
                begun: 0,
                ..*state
            };
        }
        // During the shutdown, a request that follows another gets no response. Otherwise a client
        // could continue without end.
        if !state.is_draining || state.begun == 0 {
            let count = u64::try_from(count).unwrap_or(u64::MAX);
            state.received = state.received.saturating_add(count);
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The stage of a response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// Its head is still missing.
    Running,
    /// Its body has not ended.
    Streaming,
    /// The peer has not received these bytes.
    Unsent,
}

/// One request in progress, from its head to the last byte of its response.
#[derive(Debug)]
pub(crate) struct Answering {
    activity: Arc<Activity>,
    stage: Stage,
}

impl Answering {
    /// Records the head of the response. Returns whether it must be the last one of its connection.
    ///
    /// That is so if the server stops and no other request followed in time. (HTTP/2 does not state
    /// it in responses.)
    pub(crate) fn respond(&mut self) -> bool {
        let mut state = self.activity.state();
        state.streaming += 1;
        state.finish(self.stage);
        self.stage = Stage::Streaming;
        state.answered();
        state.is_draining && !state.is_multiplexed && state.received <= state.begun
    }

    /// Records some bytes of the response. More may follow.
    pub(crate) fn part(&self) -> UnsentPart {
        let mut state = self.activity.state();
        state.unsent += 1;
        state.progress = Instant::now();
        drop(state);
        UnsentPart {
            answering: Self {
                activity: Arc::clone(&self.activity),
                stage: Stage::Unsent,
            },
            is_partly_sent: true,
        }
    }

    /// Records the last bytes of the response.
    pub(crate) fn into_last_part(mut self) -> UnsentPart {
        let mut state = self.activity.state();
        state.unsent += 1;
        state.finish(self.stage);
        drop(state);
        self.stage = Stage::Unsent;
        UnsentPart {
            answering: self,
            is_partly_sent: false,
        }
    }
}

impl Drop for Answering {
    fn drop(&mut self) {
        let mut state = self.activity.state();
        state.finish(self.stage);
        if self.stage == Stage::Running {
            state.answered();
        }
    }
}

/// Bytes of a response that the peer has not received, until this is dropped.
#[derive(Debug)]
pub(crate) struct UnsentPart {
    answering: Answering,
    /// Whether its end counts as progress. The clock is not read for a response that is sent at
    /// once.
    is_partly_sent: bool,
}

impl UnsentPart {
    /// Records that the peer received some of the bytes.
    pub(crate) fn moved(&mut self) {
        self.is_partly_sent = true;
        self.answering.activity.state().progress = Instant::now();
    }
}

impl Drop for UnsentPart {
    fn drop(&mut self) {
        if self.is_partly_sent {
            self.answering.activity.state().progress = Instant::now();
        }
    }
}

/// A body that is awaited.
#[derive(Debug)]
pub(crate) struct AwaitedBody(Arc<Activity>);

impl AwaitedBody {
    /// Whether its receiver no longer waits.
    pub(crate) fn is_given_up(&self) -> bool {
        self.0.is_dismissed()
    }

    /// Completes when that may have changed.
    pub(crate) fn given_up(&self) -> OwnedNotified {
        Arc::clone(&self.0.given_up).notified_owned()
    }
}

impl Drop for AwaitedBody {
    fn drop(&mut self) {
        let place = &mut self.0.state().place;
        place.awaiting = place.awaiting.saturating_sub(1);
    }
}

#[cfg(test)]
mod tests;
