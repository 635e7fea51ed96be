//! Accepts connections, at most one for each slot.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use metrics::Counter;
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};
use tokio::time::{Instant, sleep, timeout};
use tracing::{debug, warn};

use crate::connection_state::Activity;
use crate::eviction::Residents;
use crate::limits::Limits;

/// Maximum pause after the system refused a connection.
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// Longest pause without a warning in the log. If the process runs out of files, pauses follow each
/// other.
const WORTH_A_WARNING: Duration = Duration::from_millis(50);

/// How long to wait for one evicted connection before another is evicted.
const MAKING_ROOM: Duration = Duration::from_millis(20);

/// Length of the system's queue of connections that are not accepted yet, as far as the system
/// allows it.
///
/// A connection beyond it must try again a second later. Tokio would request 1,024.
const LONGEST_QUEUE: u32 = 4_096;

/// Listens at this address.
///
/// # Errors
///
/// The address is in use, or the system refuses it.
pub fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() {
        TcpSocket::new_v4()?
    } else {
        TcpSocket::new_v6()?
    };
    // As for tokio's own listener: a restarted server can bind its address at once.
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(LONGEST_QUEUE)
}

/// The listener and its connection slots.
pub(crate) struct Doorway {
    /// `None` after the server begins to stop.
    listener: Option<TcpListener>,
    /// An accepted connection without a slot.
    newcomer: Option<TcpStream>,
    room: Room,
}

/// The slots and the connections that hold them.
struct Room {
    slots: Arc<Semaphore>,
    residents: Residents,
    limits: Limits,
}

/// An accepted connection.
pub(crate) struct Admitted {
    pub(crate) stream: TcpStream,
    pub(crate) activity: Arc<Activity>,
    /// Receives the eviction.
    pub(crate) leave: oneshot::Receiver<()>,
    /// Keep it as long as the connection is open.
    pub(crate) slot: OwnedSemaphorePermit,
}

impl Doorway {
    /// Creates the acceptor of this listener. `displaced` counts the evicted connections.
    pub(crate) fn new(listener: TcpListener, slots: Arc<Semaphore>, limits: Limits, displaced: Counter) -> Self {
        Self {
            listener: Some(listener),
            newcomer: None,
            room: Room {
                slots,
                residents: Residents::new(limits.max_connections, displaced),
                limits,
            },
        }
    }

    /// Accepts the next connection; `None` when the server takes none any longer. A dropped call
    /// loses no accepted connection.
    // SECURITY: a connection without a slot is not served. So at most one connection beyond the
    // slots can be open (tests/connections.rs,
    // `a_newcomer_is_served_where_the_silent_hold_every_slot`).
    pub(crate) async fn next(&mut self) -> Option<Admitted> {
        if self.newcomer.is_none() {
            self.newcomer = Some(self.accept().await?);
        }
        let slot = self.room.slot().await?;
        let stream = self.newcomer.take()?;
        Some(self.room.admit(stream, slot))
    }

    /// Accepts the connections in the system's queue and then closes it: they are connected, and
    /// may have sent a request.
    ///
    /// Later ones are accepted too, but at most as many as the queue could hold when the shutdown
    /// began.
    pub(crate) async fn empty(&mut self, serve: impl Fn(Admitted)) {
        let mut newcomers = self.newcomer.take().into_iter();
        let Some(listener) = self.listener.take() else { return };
        // Not through the runtime, which may not know of the newest connection yet.
        let Ok(listener) = listener.into_std() else { return };
        for _ in 0..LONGEST_QUEUE {
            let Some(slot) = self.room.slot().await else { return };
            let next = newcomers.next().map_or_else(|| accept_at_once(&listener), Ok);
            match next {
                Ok(stream) => serve(self.room.admit(stream, slot)),
                Err(error) if is_the_peers_fault(&error) => {}
                Err(_) => return,
            }
        }
    }

    /// Whether a response is pending on any connection.
    pub(crate) fn is_answering(&self) -> bool {
        self.room.residents.is_answering()
    }

    /// Accepts the next connection; `None` after the server begins to stop.
    ///
    /// Errors of one peer are skipped. If the system lacks files or memory, this evicts the
    /// connection with the longest idle time and waits.
    async fn accept(&mut self) -> Option<TcpStream> {
        let listener = self.listener.as_ref()?;
        let mut pause = Duration::from_millis(5);
        loop {
            match listener.accept().await {
                Ok((stream, _)) => return Some(stream),
                Err(error) if is_the_peers_fault(&error) => debug!(%error, "connection gone before it was accepted"),
                Err(error) => {
                    let made_room = self.room.residents.make_room(Instant::now());
                    if pause > WORTH_A_WARNING {
                        warn!(%error, made_room, "cannot accept a connection");
                    } else {
                        debug!(%error, made_room, "cannot accept a connection yet");
                    }
                    sleep(pause).await;
                    pause = LONGEST_PAUSE.min(pause * 2);
                }
            }
        }
    }
}

impl Room {
    fn admit(&mut self, stream: TcpStream, slot: OwnedSemaphorePermit) -> Admitted {
        let activity = Activity::new(self.limits);
        let leave = self.residents.admit(Arc::clone(&activity), Instant::now());
        Admitted {
            stream,
            activity,
            leave,
            slot,
        }
    }

    /// Returns a free slot, or the slot of an idle connection that is evicted.
    async fn slot(&mut self) -> Option<OwnedSemaphorePermit> {
        loop {
            if let Ok(slot) = Arc::clone(&self.slots).try_acquire_owned() {
                return Some(slot);
            }
            self.residents.make_room(Instant::now());
            if let Ok(slot) = timeout(MAKING_ROOM, Arc::clone(&self.slots).acquire_owned()).await {
                return slot.ok();
            }
        }
    }
}

fn accept_at_once(listener: &std::net::TcpListener) -> io::Result<TcpStream> {
    let (stream, _) = listener.accept()?;
    stream.set_nonblocking(true)?;
    TcpStream::from_std(stream)
}

fn is_the_peers_fault(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset, Interrupted};
    matches!(
        error.kind(),
        ConnectionAborted | ConnectionRefused | ConnectionReset | Interrupted
    )
}
