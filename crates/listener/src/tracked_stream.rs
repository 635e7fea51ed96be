//! The socket of a connection. It records when bytes arrive and when none can be sent.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};

use crate::connection_state::Activity;

/// The reading half of a socket. The task of the connection reads on after hyper has stopped, so
/// both share it.
#[derive(Clone, Debug)]
pub(crate) struct Reading(Arc<Mutex<OwnedReadHalf>>);

impl Reading {
    /// Shares a half.
    pub(crate) fn new(half: OwnedReadHalf) -> Self {
        Self(Arc::new(Mutex::new(half)))
    }
}

impl AsyncRead for Reading {
    // Uses the socket's own `poll_read`. A short read tells it that no bytes are left, which saves
    // a second system call.
    fn poll_read(self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let mut half = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Pin::new(&mut *half).poll_read(context, buffer)
    }
}

/// A socket that records when bytes arrive and when none can be sent.
#[derive(Debug)]
pub(crate) struct Watched {
    read: Reading,
    write: OwnedWriteHalf,
    activity: Arc<Activity>,
    is_blocked: bool,
}

impl Watched {
    /// Wraps a socket.
    pub(crate) const fn new(read: Reading, write: OwnedWriteHalf, activity: Arc<Activity>) -> Self {
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
