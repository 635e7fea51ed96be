//! Accepts connections, at most one for each slot.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use metrics::Counter;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};
use tokio::time::{Instant, sleep, timeout};
use tracing::{debug, warn};

use crate::connection_state::ConnectionState;
use crate::eviction::ConnectionRegistry;
use crate::limits::Limits;

/// Shortest pause after the system refused a connection. It doubles with each refusal.
const MIN_PAUSE: Duration = Duration::from_millis(5);

/// The maximum pause after the system refused a connection.
const MAX_PAUSE: Duration = Duration::from_secs(1);

/// The maximum pause without a warning in the log. If the process runs out of files, pauses follow
/// each other.
const MAX_SILENT_PAUSE: Duration = Duration::from_millis(50);

/// The time to wait for one evicted connection before another is evicted.
const EVICTION_WAIT: Duration = Duration::from_millis(20);

/// Length of the system's queue of connections that are not accepted yet, as far as the system
/// allows it.
///
/// A connection beyond it must try again a second later. Tokio would request 1,024.
const BACKLOG: u32 = 4_096;

/// Listens on this address.
pub(crate) fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() {
        TcpSocket::new_v4()?
    } else {
        TcpSocket::new_v6()?
    };
    // As for tokio's own listener: a restarted server can bind its address at once.
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

/// A source of connections, such as a TCP listener.
///
/// Implement it to serve other streams. A stream that needs a handshake (TLS) performs it on its
/// first read or write: until `accept` returns, no other connection is accepted.
pub trait Accept: Send {
    /// The stream of one connection.
    type Io: AsyncRead + AsyncWrite + Unpin + Send + 'static;

    /// Waits for the next connection. Returns it with the address of its peer. A dropped call loses
    /// no connection.
    ///
    /// # Errors
    ///
    /// The peer closed the connection, or the system lacks files or memory. The listener calls this
    /// again, after a pause in the second case.
    fn accept(&mut self) -> impl Future<Output = io::Result<(Self::Io, SocketAddr)>> + Send;

    /// Returns the connections that are established and not accepted, without waiting. Later ones
    /// are refused when the iterator is dropped.
    fn into_backlog(self) -> impl Iterator<Item = io::Result<(Self::Io, SocketAddr)>> + Send;
}

impl Accept for TcpListener {
    type Io = TcpStream;

    async fn accept(&mut self) -> io::Result<(TcpStream, SocketAddr)> {
        let (stream, peer) = Self::accept(self).await?;
        set_nodelay(&stream);
        Ok((stream, peer))
    }

    fn into_backlog(self) -> impl Iterator<Item = io::Result<(TcpStream, SocketAddr)>> + Send {
        // Not through the runtime, which may not know of the newest connection yet.
        let listener = self.into_std().ok();
        std::iter::from_fn(move || {
            let (stream, peer) = match listener.as_ref()?.accept() {
                Ok(accepted) => accepted,
                Err(error) => return Some(Err(error)),
            };
            let stream = stream.set_nonblocking(true).and_then(|()| TcpStream::from_std(stream));
            Some(stream.map(|stream| {
                set_nodelay(&stream);
                (stream, peer)
            }))
        })
    }
}

/// Makes the system send small writes at once. It fails only if the peer has closed the connection,
/// which the first read reports.
fn set_nodelay(stream: &TcpStream) {
    if let Err(error) = stream.set_nodelay(true) {
        debug!(%error, "cannot set `TCP_NODELAY`");
    }
}

/// The listener and its connection slots.
pub(crate) struct Acceptor<A: Accept> {
    /// `None` after the shutdown began.
    listener: Option<A>,
    /// An accepted connection without a slot.
    waiting: Option<(A::Io, SocketAddr)>,
    slots: ConnectionSlots,
}

/// The slots, and the connections that occupy them.
struct ConnectionSlots {
    slots: Arc<Semaphore>,
    count: u32,
    registry: ConnectionRegistry,
    limits: Limits,
}

/// An accepted connection with a slot.
pub(crate) struct AcceptedConnection<IO> {
    pub(crate) stream: IO,
    pub(crate) peer: SocketAddr,
    pub(crate) state: Arc<ConnectionState>,
    /// Receives the eviction.
    pub(crate) evicted: oneshot::Receiver<()>,
    /// Keep it as long as the connection is open.
    pub(crate) slot: OwnedSemaphorePermit,
}

impl<A: Accept> Acceptor<A> {
    /// Creates the acceptor of this listener. `evicted` counts the evicted connections.
    pub(crate) fn new(listener: A, limits: Limits, evicted: Counter) -> Self {
        Self {
            listener: Some(listener),
            waiting: None,
            slots: ConnectionSlots::new(limits, evicted),
        }
    }

    /// Accepts the next connection; `None` after [`Acceptor::close`]. A dropped call loses no
    /// accepted connection.
    // SECURITY: a connection without a slot is not served. So at most one connection beyond the
    // slots is open. Tested by
    // `server/tests/it/connections.rs::new_connection_evicts_a_silent_one`.
    pub(crate) async fn next(&mut self) -> Option<AcceptedConnection<A::Io>> {
        if self.waiting.is_none() {
            self.waiting = Some(self.accept().await?);
        }
        let slot = self.slots.acquire().await?;
        let (stream, peer) = self.waiting.take()?;
        Some(self.slots.register(stream, peer, slot))
    }

    /// Accepts the connections in the system's queue and then closes it: they are connected, and
    /// may have sent a request.
    ///
    /// Later ones are accepted too, but at most as many as the queue could hold when the shutdown
    /// began.
    pub(crate) async fn close(&mut self, serve: impl Fn(AcceptedConnection<A::Io>)) {
        let waiting = self.waiting.take().map(Ok);
        let Some(listener) = self.listener.take() else { return };
        let mut backlog = waiting.into_iter().chain(listener.into_backlog());
        for _ in 0..BACKLOG {
            let Some(slot) = self.slots.acquire().await else { return };
            match backlog.next() {
                Some(Ok((stream, peer))) => serve(self.slots.register(stream, peer, slot)),
                Some(Err(error)) if is_peer_error(&error) => {}
                Some(Err(_)) | None => return,
            }
        }
    }

    /// Waits until every connection is closed.
    pub(crate) async fn wait_until_empty(&self) {
        let _ = self.slots.slots.acquire_many(self.slots.count).await;
    }

    /// Whether a response is pending on any connection.
    pub(crate) fn has_pending_response(&self) -> bool {
        self.slots.registry.has_pending_response()
    }

    /// Accepts the next connection; `None` after [`Acceptor::close`].
    ///
    /// Errors of one peer are skipped. If the system lacks files or memory, this evicts the
    /// connection with the longest idle time and waits.
    async fn accept(&mut self) -> Option<(A::Io, SocketAddr)> {
        let listener = self.listener.as_mut()?;
        let mut pause = MIN_PAUSE;
        loop {
            match listener.accept().await {
                Ok(accepted) => return Some(accepted),
                Err(error) if is_peer_error(&error) => debug!(%error, "connection closed before it was accepted"),
                Err(error) => {
                    let evicted = self.slots.registry.evict_one(Instant::now());
                    if pause > MAX_SILENT_PAUSE {
                        warn!(%error, evicted, "cannot accept a connection");
                    } else {
                        debug!(%error, evicted, "cannot accept a connection yet");
                    }
                    sleep(pause).await;
                    pause = MAX_PAUSE.min(pause * 2);
                }
            }
        }
    }
}

impl ConnectionSlots {
    fn new(limits: Limits, evicted: Counter) -> Self {
        let count = u32::try_from(limits.max_connections.get()).unwrap_or(u32::MAX);
        Self {
            slots: Arc::new(Semaphore::new(usize::try_from(count).unwrap_or(usize::MAX))),
            count,
            registry: ConnectionRegistry::new(limits.max_connections, evicted),
            limits,
        }
    }

    fn register<IO>(&mut self, stream: IO, peer: SocketAddr, slot: OwnedSemaphorePermit) -> AcceptedConnection<IO> {
        let state = ConnectionState::new(self.limits);
        let evicted = self.registry.register(Arc::clone(&state), Instant::now());
        AcceptedConnection {
            stream,
            peer,
            state,
            evicted,
            slot,
        }
    }

    /// Returns a free slot, or the slot of an idle connection that is evicted.
    async fn acquire(&mut self) -> Option<OwnedSemaphorePermit> {
        loop {
            if let Ok(slot) = Arc::clone(&self.slots).try_acquire_owned() {
                return Some(slot);
            }
            self.registry.evict_one(Instant::now());
            if let Ok(slot) = timeout(EVICTION_WAIT, Arc::clone(&self.slots).acquire_owned()).await {
                return slot.ok();
            }
        }
    }
}

/// Whether an error concerns one connection only.
fn is_peer_error(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset, Interrupted};
    matches!(
        error.kind(),
        ConnectionAborted | ConnectionRefused | ConnectionReset | Interrupted
    )
}
