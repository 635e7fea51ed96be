//! The socket of a connection, which records when bytes come in and when none go out.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};

use super::activity::Activity;

/// The reading half of a socket: the task of the connection goes on reading where hyper has
/// stopped, so both have it.
#[derive(Clone, Debug)]
pub(super) struct Reading(Arc<Mutex<OwnedReadHalf>>);

impl Reading {
    /// Shares a half.
    pub(super) fn new(half: OwnedReadHalf) -> Self {
        Self(Arc::new(Mutex::new(half)))
    }
}

impl AsyncRead for Reading {
    // By the socket's own `poll_read`: it knows from a short read that no more is there, and spares
    // the system a second one.
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
