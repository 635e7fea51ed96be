//! What a connection is doing, and how long it may go on with it.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::sync::Notify;
use tokio::sync::futures::OwnedNotified;
use tokio::time::Instant;

use crate::config::Limits;

/// How long a connection that was told to close may still write what it owes.
const LINGER: Duration = Duration::from_secs(10);

/// The same for one that had not finished a request's head and is owed nothing, or that had to make room.
const SHORT_LINGER: Duration = Duration::from_millis(200);

/// How long a connection that owes nothing may still send a request when the server stops: one that is on its way, for nobody
/// knows yet that this is the end.
const GRACE: Duration = Duration::from_millis(100);

/// How long a peer may keep us waiting for a body, or for room to write, before it counts as busy no more. It is not cut for that:
/// only where every connection is taken and another wants its place.
const PATIENCE: Duration = Duration::from_secs(1);

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
    /// Requests whose answer is not there yet; HTTP/2 has many at a time.
    answering: usize,
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
    /// Of the requests being answered, those whose body is not there yet, and since when there is one.
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

    /// A request is being answered no more.
    fn answered(&mut self) {
        self.answering = self.answering.saturating_sub(1);
        self.since = Instant::now();
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
    /// A connection that has just been accepted.
    pub(super) fn new(limits: Limits) -> Arc<Self> {
        let now = Instant::now();
        let state = State {
            answering: 0,
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

    /// When its time is over; never while a request is being answered.
    pub(super) fn deadline(&self) -> Option<Instant> {
        let state = self.state();
        let time = match state.otherwise {
            _ if state.answering > 0 => return None,
            Phase::Closing(linger) => linger,
            _ if state.is_draining && state.is_silent() => GRACE,
            Phase::Head => self.limits.header_timeout,
            Phase::Waiting => self.limits.idle_timeout,
        };
        Some(state.since + time)
    }

    /// Its time is over: what it was doing.
    pub(super) fn expire(&self) -> Phase {
        let mut state = self.state();
        let was = state.otherwise;
        let linger = if was == Phase::Head { SHORT_LINGER } else { LINGER };
        *state = State {
            otherwise: Phase::Closing(linger),
            since: Instant::now(),
            ..*state
        };
        was
    }

    /// The server stops. True where the connection must be told now: over HTTP/2 that turns away only what comes later.
    pub(super) fn drain(&self) -> bool {
        let mut state = self.state();
        state.is_draining = true;
        if state.answering == 0 && state.is_silent() {
            state.since = Instant::now();
        }
        state.is_multiplexed
    }

    /// A request of so many bytes is being answered, until what is returned is dropped; none for one of HTTP/2.
    pub(super) fn answer(self: &Arc<Self>, length: Option<u64>) -> Answering {
        let mut state = self.state();
        state.answering += 1;
        state.begun = state.begun.saturating_add(length.unwrap_or_default());
        state.is_multiplexed = length.is_none();
        drop(state);
        Answering {
            activity: Arc::clone(self),
            is_over: false,
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
        self.state().place.blocked_since = is_blocked.then(Instant::now);
    }

    /// Whether it ever asked anything.
    pub(super) fn has_spoken(&self) -> bool {
        self.state().place.has_spoken
    }

    /// What it is about, where it might have to make room.
    pub(super) fn standing(&self, now: Instant) -> Standing {
        let state = self.state();
        let place = state.place;
        let waiting_since = match (state.answering, place.blocked_since) {
            (0, None) => return Standing::Idle(state.since),
            (0, blocked) => blocked,
            (answering, _) => (answering == place.awaiting).then_some(place.awaiting_since),
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
    fn received(&self, count: usize) {
        let mut state = self.state();
        if state.answering == 0 && state.otherwise == Phase::Waiting {
            *state = State {
                otherwise: Phase::Head,
                since: Instant::now(),
                received: 0,
                begun: 0,
                ..*state
            };
        }
        // What comes behind a request when the server stops is owed nothing; else a client could go on for ever.
        if !state.is_draining || state.begun == 0 {
            let count = u64::try_from(count).unwrap_or(u64::MAX);
            state.received = state.received.saturating_add(count);
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One request that is being answered.
#[derive(Debug)]
pub(super) struct Answering {
    activity: Arc<Activity>,
    is_over: bool,
}

impl Answering {
    /// The answer is there. Whether it is to say that it is the last one: the server stops, and no other request came in behind
    /// this one in time. (Over HTTP/2 it is not said in answers.)
    pub(super) fn end(mut self) -> bool {
        self.is_over = true;
        let mut state = self.activity.state();
        state.answered();
        state.is_draining && !state.is_multiplexed && state.received <= state.begun
    }
}

impl Drop for Answering {
    fn drop(&mut self) {
        if !self.is_over {
            self.activity.state().answered();
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

/// The reading half of a socket: the task of the connection goes on reading where hyper has stopped, so both have it.
#[derive(Clone, Debug)]
pub(super) struct Reading(Arc<Mutex<OwnedReadHalf>>);

impl Reading {
    /// Shares a half.
    pub(super) fn new(half: OwnedReadHalf) -> Self {
        Self(Arc::new(Mutex::new(half)))
    }
}

impl AsyncRead for Reading {
    // By the socket's own `poll_read`: it knows from a short read that no more is there, and spares the system a second one.
    fn poll_read(self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let mut half = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Pin::new(&mut *half).poll_read(context, buffer)
    }
}

/// A socket that notes when bytes come in, and when none go out.
#[derive(Debug)]
pub(super) struct Watched {
    read: Reading,
    write: OwnedWriteHalf,
    activity: Arc<Activity>,
    is_blocked: bool,
}

impl Watched {
    /// Watches a socket.
    pub(super) const fn new(read: Reading, write: OwnedWriteHalf, activity: Arc<Activity>) -> Self {
        Self {
            read,
            write,
            activity,
            is_blocked: false,
        }
    }

    fn noted<T>(&mut self, written: Poll<T>) -> Poll<T> {
        if written.is_pending() != self.is_blocked {
            self.is_blocked = written.is_pending();
            self.activity.note_writing(self.is_blocked);
        }
        written
    }
}

impl AsyncRead for Watched {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let read = Pin::new(&mut self.read).poll_read(context, buffer);
        let count = buffer.filled().len().saturating_sub(before);
        if count > 0 {
            self.activity.received(count);
        }
        read
    }
}

impl AsyncWrite for Watched {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.write).poll_write(context, bytes);
        self.noted(written)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.write).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.write).poll_shutdown(context)
    }

    fn is_write_vectored(&self) -> bool {
        self.write.is_write_vectored()
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.write).poll_write_vectored(context, slices);
        self.noted(written)
    }
}
