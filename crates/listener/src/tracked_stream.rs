//! The stream of a connection. It records when bytes arrive and when none can be sent.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::oneshot;
use tokio::sync::oneshot::error::TryRecvError;

use crate::connection_state::ConnectionState;

/// A stream with two owners. The task of the connection reads on after hyper has dropped its part.
///
/// Both run in the same task, so neither waits for the lock. After an upgrade only the application
/// uses it.
#[derive(Debug)]
pub(crate) struct SharedStream<IO>(Arc<Mutex<IO>>);

impl<IO> SharedStream<IO> {
    /// Shares a stream.
    pub(crate) fn new(stream: IO) -> Self {
        Self(Arc::new(Mutex::new(stream)))
    }

    fn lock(&self) -> MutexGuard<'_, IO> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<IO> Clone for SharedStream<IO> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<IO: AsyncRead + Unpin> AsyncRead for SharedStream<IO> {
    // Uses the stream's own `poll_read`. A short read tells a socket that no bytes are left, which
    // saves a second system call.
    fn poll_read(self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut *self.lock()).poll_read(context, buffer)
    }
}

impl<IO: AsyncWrite + Unpin> AsyncWrite for SharedStream<IO> {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut *self.lock()).poll_write(context, bytes)
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut *self.lock()).poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut *self.lock()).poll_shutdown(context)
    }

    fn is_write_vectored(&self) -> bool {
        self.lock().is_write_vectored()
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut *self.lock()).poll_write_vectored(context, slices)
    }
}

/// A stream that records when bytes arrive and when none can be sent.
#[derive(Debug)]
pub(crate) struct TrackedStream<IO> {
    stream: SharedStream<IO>,
    state: Arc<ConnectionState>,
    is_blocked: bool,
    /// The last field: the stream is dropped before its end is reported.
    _alive: oneshot::Sender<()>,
}

/// Whether a stream is in use: by hyper, or by the application after an upgrade.
#[derive(Debug)]
pub(crate) struct StreamUse(oneshot::Receiver<()>);

impl StreamUse {
    /// Whether the stream is not dropped.
    pub(crate) fn is_alive(&mut self) -> bool {
        self.0.try_recv() == Err(TryRecvError::Empty)
    }

    /// Waits until the stream is dropped.
    pub(crate) async fn ended(self) {
        let _ = self.0.await;
    }
}

impl<IO> TrackedStream<IO> {
    /// Wraps a stream.
    pub(crate) fn new(stream: SharedStream<IO>, state: Arc<ConnectionState>) -> (Self, StreamUse) {
        let (alive, dropped) = oneshot::channel();
        let tracked = Self {
            stream,
            state,
            is_blocked: false,
            _alive: alive,
        };
        (tracked, StreamUse(dropped))
    }

    fn record<T>(&mut self, written: Poll<T>) -> Poll<T> {
        if written.is_pending() != self.is_blocked {
            self.is_blocked = written.is_pending();
            self.state.record_writing(self.is_blocked);
        }
        written
    }
}

impl<IO: AsyncRead + Unpin> AsyncRead for TrackedStream<IO> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(context, buffer);
        let count = buffer.filled().len().saturating_sub(before);
        if count > 0 {
            self.state.record_received(count);
        }
        read
    }
}

impl<IO: AsyncWrite + Unpin> AsyncWrite for TrackedStream<IO> {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.record(written)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(context, slices);
        self.record(written)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};
    use tokio::time::{Instant, timeout};

    use super::*;
    use crate::connection_state::IdleState;
    use crate::limits::Limits;

    #[tokio::test(start_paused = true)]
    async fn blocked_write_counts_as_stalled() {
        let (mut peer, stream) = duplex(4);
        let state = ConnectionState::new(Limits::SHORT);
        let (mut stream, _) = TrackedStream::new(SharedStream::new(stream), Arc::clone(&state));
        stream.write_all(b"1234").await.unwrap();
        let blocked = timeout(Duration::from_secs(2), stream.write_u8(b'5')).await;
        assert!(blocked.is_err());
        assert_eq!(state.idle_state(Instant::now()), IdleState::Stalled);
        peer.read_exact(&mut [0; 4]).await.unwrap();
        stream.write_u8(b'5').await.unwrap();
        assert!(matches!(state.idle_state(Instant::now()), IdleState::Idle(_)));
    }

    #[tokio::test(start_paused = true)]
    async fn received_bytes_begin_a_head() {
        let (mut peer, stream) = duplex(4);
        let state = ConnectionState::new(Limits::SHORT);
        let (mut stream, _) = TrackedStream::new(SharedStream::new(stream), Arc::clone(&state));
        drop(state.begin_request(Some(0)));
        assert_eq!(state.deadline(), Some(Instant::now() + Limits::SHORT.idle_timeout));
        peer.write_u8(b'G').await.unwrap();
        assert_eq!(stream.read_u8().await.unwrap(), b'G');
        assert_eq!(state.deadline(), Some(Instant::now() + Limits::SHORT.header_timeout));
    }
}
