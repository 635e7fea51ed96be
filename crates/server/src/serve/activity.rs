//! What a connection is doing, and how long it may go on with it.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::time::Instant;

use crate::config::Limits;

/// How long a connection that was told to close may still write what it owes.
const LINGER: Duration = Duration::from_secs(10);

/// The same for one that had not finished a request's head: it is owed nothing.
const SHORT_LINGER: Duration = Duration::from_millis(200);

/// One connection's state, shared by its socket, its requests and its timer.
///
/// ```text
/// (accepted) -> Head -> Answering -> Waiting -> Head -> ..      Head, Waiting -- too long --> Closing -> (dropped)
/// ```
#[derive(Debug)]
pub(super) struct Activity {
    state: Mutex<State>,
    limits: Limits,
}

#[derive(Debug)]
struct State {
    /// Requests whose answer is not there yet; HTTP/2 has many at a time.
    answering: usize,
    /// What the connection does while there are none.
    otherwise: Phase,
    since: Instant,
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
        let state = State {
            answering: 0,
            otherwise: Phase::Head,
            since: Instant::now(),
        };
        Arc::new(Self {
            state: Mutex::new(state),
            limits,
        })
    }

    /// When its time is over; never while a request is being answered.
    pub(super) fn deadline(&self) -> Option<Instant> {
        let state = self.state();
        let time = match state.otherwise {
            _ if state.answering > 0 => return None,
            Phase::Closing(linger) => linger,
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

    /// A request is being answered, until what is returned is dropped.
    pub(super) fn answer(self: &Arc<Self>) -> Answering {
        self.state().answering += 1;
        Answering(Arc::clone(self))
    }

    /// Bytes came in.
    fn received(&self) {
        let mut state = self.state();
        if state.answering == 0 && state.otherwise == Phase::Waiting {
            *state = State {
                otherwise: Phase::Head,
                since: Instant::now(),
                ..*state
            };
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One request that is being answered.
#[derive(Debug)]
pub(super) struct Answering(Arc<Activity>);

impl Drop for Answering {
    fn drop(&mut self) {
        let mut state = self.0.state();
        state.answering = state.answering.saturating_sub(1);
        state.since = Instant::now();
        if state.otherwise == Phase::Head {
            state.otherwise = Phase::Waiting;
        }
    }
}

/// A socket that notes when bytes come in.
///
/// Its reading half is shared with the task of the connection, which goes on reading where hyper has stopped.
#[derive(Debug)]
pub(super) struct Watched {
    read: Arc<OwnedReadHalf>,
    write: OwnedWriteHalf,
    activity: Arc<Activity>,
}

impl Watched {
    /// Watches a socket.
    pub(super) const fn new(read: Arc<OwnedReadHalf>, write: OwnedWriteHalf, activity: Arc<Activity>) -> Self {
        Self { read, write, activity }
    }
}

impl AsyncRead for Watched {
    fn poll_read(self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let stream: &TcpStream = (*self.read).as_ref();
        loop {
            std::task::ready!(stream.poll_read_ready(context))?;
            match stream.try_read_buf(buffer) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return Poll::Ready(Err(error)),
                Ok(count) => {
                    if count > 0 {
                        self.activity.received();
                    }
                    return Poll::Ready(Ok(()));
                }
            }
        }
    }
}

impl AsyncWrite for Watched {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.write).poll_write(context, bytes)
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
        Pin::new(&mut self.write).poll_write_vectored(context, slices)
    }
}
