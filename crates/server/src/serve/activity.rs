//! What a connection is doing, and how long it may go on with it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::sync::futures::OwnedNotified;
use tokio::time::Instant;

use crate::config::Limits;

/// How long a connection that was told to close may still write what it owes.
const LINGER: Duration = Duration::from_secs(10);

/// The same for one that had not finished a request's head and is owed nothing, or that had to make
/// room.
const SHORT_LINGER: Duration = Duration::from_millis(200);

/// How long a connection that owes nothing may still send a request when the server stops: one that
/// is on its way, for nobody knows yet that this is the end.
const GRACE: Duration = Duration::from_millis(100);

/// How long a peer may keep us waiting for a body, or for room to write, before it counts as busy
/// no more. It is not cut for that: only where every connection is taken and another wants its
/// place.
const PATIENCE: Duration = Duration::from_secs(1);

/// How much longer than one stream a whole HTTP/2 connection may stall.
const STREAM_MARGIN: Duration = Duration::from_millis(500);

/// One connection's state, shared by its socket, its requests and its timer.
///
/// ```text
/// (accepted) -> Head -> Answering -> Waiting -> Head -> ..      Head, Waiting -- too long --> Closing -> (dropped)
/// ```
#[derive(Debug)]
pub(super) struct Activity {
    state: Mutex<State>,
    limits: Limits,
    given_up: Arc<Notify>,
}

#[derive(Debug)]
struct State {
    /// Requests whose response has no head yet; HTTP/2 has many at a time.
    running: usize,
    /// Response bodies whose last frame is not there yet.
    streaming: usize,
    /// Parts of responses that the peer has not taken.
    unsent: usize,
    /// When bytes of a response moved last.
    progress: Instant,
    /// What the connection does while there are none.
    otherwise: Phase,
    since: Instant,
    /// Bytes that came in since it owed nothing, up to the moment when the server was told to stop.
    received: u64,
    /// Bytes of the requests that began since then.
    begun: u64,
    /// Requests come side by side: HTTP/2.
    is_multiplexed: bool,
    /// The server stops.
    is_draining: bool,
    place: Place,
}

/// What is to be known where it might have to make room.
#[derive(Clone, Copy, Debug)]
struct Place {
    /// Of the requests being answered, those whose body is not there yet, and since when there is
    /// one.
    awaiting: usize,
    awaiting_since: Instant,
    /// Since when the peer takes no more of what we write.
    blocked_since: Option<Instant>,
    has_spoken: bool,
    is_dismissed: bool,
}

impl State {
    /// It owes nothing, and no byte of a request has come in.
    const fn is_silent(&self) -> bool {
        match self.otherwise {
            Phase::Closing(_) => false,
            Phase::Head => self.received == 0,
            Phase::Waiting => true,
        }
    }

    /// Whether a response is missing, in part or whole.
    const fn is_answering(&self) -> bool {
        self.running > 0 || self.streaming > 0 || self.unsent > 0
    }

    /// One step of a response is over. The idle time begins when nothing of any response is left.
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

    /// The head of a response is there, or its request was given up.
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

/// What a connection that might make room is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// A request is under way.
    Busy,
    /// Nothing is, since then.
    Idle(Instant),
    /// A request is under way, but it is the peer who keeps us waiting.
    Stalled,
}

/// What a connection does that answers no request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// It was told to close.
    Closing(Duration),
    /// It is to send the head of a request, and begins now or has begun.
    Head,
    /// It owes nothing and may send another request.
    Waiting,
}

impl Activity {
    /// A connection that was accepted at this moment.
    pub(super) fn new(limits: Limits) -> Arc<Self> {
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
    pub(super) fn deadline(&self) -> Option<Instant> {
        let state = self.state();
        if state.streaming > 0 || state.unsent > 0 {
            let time = match state.otherwise {
                Phase::Closing(linger) => linger.max(SHORT_LINGER),
                // A stream that stalls alone ends alone, before that.
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

    /// Its time is over: what it was doing. `None` if the peer has taken everything and only a
    /// handler is late.
    pub(super) fn expire(&self) -> Option<Phase> {
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

    /// The server stops. True where the connection must be told now: over HTTP/2 that turns away
    /// only what comes later.
    pub(super) fn drain(&self) -> bool {
        let mut state = self.state();
        state.is_draining = true;
        if !state.is_answering() && state.is_silent() {
            state.since = Instant::now();
        }
        state.is_multiplexed
    }

    /// A request of this many bytes is being answered, until what is returned is dropped; `None`
    /// for one of HTTP/2.
    pub(super) fn answer(self: &Arc<Self>, length: Option<u64>) -> Answering {
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

    /// A request's body is awaited, until what is returned is dropped.
    pub(super) fn await_body(self: &Arc<Self>) -> AwaitedBody {
        let place = &mut self.state().place;
        if place.awaiting == 0 {
            place.awaiting_since = Instant::now();
        }
        place.awaiting += 1;
        AwaitedBody(Arc::clone(self))
    }

    /// Whether the peer takes what we write.
    pub(super) fn note_writing(&self, is_blocked: bool) {
        let mut state = self.state();
        let now = Instant::now();
        state.place.blocked_since = is_blocked.then_some(now);
        // What is left in hyper's own buffer moves, though no response is known to be under way.
        if !is_blocked && !state.is_answering() && !state.place.is_dismissed && state.otherwise != Phase::Head {
            state.since = now;
        }
    }

    /// Whether a response is missing, in part or whole.
    pub(super) fn is_answering(&self) -> bool {
        self.state().is_answering()
    }

    /// Whether it ever asked anything.
    pub(super) fn has_spoken(&self) -> bool {
        self.state().place.has_spoken
    }

    /// What it is about, where it might have to make room.
    pub(super) fn standing(&self, now: Instant) -> Standing {
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

    /// It has to make room: bodies are awaited no longer, and the end is near.
    pub(super) fn dismiss(&self) {
        let mut state = self.state();
        // hyper waits for the rest of a head that has begun; nobody is owed that.
        state.otherwise = Phase::Closing(Duration::ZERO);
        state.since = Instant::now();
        state.place.is_dismissed = true;
        drop(state);
        self.given_up.notify_waiters();
    }

    /// Whether it had to make room.
    pub(super) fn is_dismissed(&self) -> bool {
        self.state().place.is_dismissed
    }

    /// Bytes came in.
    pub(super) fn received(&self, count: usize) {
        let mut state = self.state();
        // Over HTTP/2 these may be pings or window updates: no head begins, and the idle time goes
        // on.
        if !state.is_answering() && state.otherwise == Phase::Waiting && !state.is_multiplexed {
            *state = State {
                otherwise: Phase::Head,
                since: Instant::now(),
                received: 0,
                begun: 0,
                ..*state
            };
        }
        // What comes behind a request when the server stops is owed nothing; else a client could go
        // on for ever.
        if !state.is_draining || state.begun == 0 {
            let count = u64::try_from(count).unwrap_or(u64::MAX);
            state.received = state.received.saturating_add(count);
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How far the response to a request is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// Its head is not there yet.
    Running,
    /// Its body has not ended.
    Streaming,
    /// The peer has not taken these bytes.
    Unsent,
}

/// One request that is being answered, from its head to the last byte of its response.
#[derive(Debug)]
pub(super) struct Answering {
    activity: Arc<Activity>,
    stage: Stage,
}

impl Answering {
    /// The head of the response is there. Returns whether it must be the last one of its
    /// connection: the server stops, and no other request came in behind this one in time. (Over
    /// HTTP/2 it is not said in responses.)
    pub(super) fn respond(&mut self) -> bool {
        let mut state = self.activity.state();
        state.streaming += 1;
        state.finish(self.stage);
        self.stage = Stage::Streaming;
        state.answered();
        state.is_draining && !state.is_multiplexed && state.received <= state.begun
    }

    /// Some bytes of the response, more of which may follow.
    pub(super) fn part(&self) -> UnsentPart {
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

    /// The last bytes of the response.
    pub(super) fn into_last_part(mut self) -> UnsentPart {
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

/// Bytes of a response that the peer has not taken, until this is dropped.
#[derive(Debug)]
pub(super) struct UnsentPart {
    answering: Answering,
    /// Whether its end is progress of its own. The clock is not read for a response that is sent at
    /// once.
    is_partly_sent: bool,
}

impl UnsentPart {
    /// The peer took some of the bytes.
    pub(super) fn moved(&mut self) {
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

/// One body that is awaited.
#[derive(Debug)]
pub(super) struct AwaitedBody(Arc<Activity>);

impl AwaitedBody {
    /// Whether nobody waits for it any more.
    pub(super) fn is_given_up(&self) -> bool {
        self.0.is_dismissed()
    }

    /// Wakes when that may have changed.
    pub(super) fn given_up(&self) -> OwnedNotified {
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
