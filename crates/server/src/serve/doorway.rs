//! Where connections come in, no more of them than there are slots.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use metrics::Counter;
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};
use tokio::time::{Instant, sleep, timeout};
use tracing::{debug, warn};

use super::activity::Activity;
use super::residents::Residents;
use crate::config::Limits;

/// Longest pause after the system refused a connection.
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// Longest pause that the log need not know of: where files run out, there is one after the other.
const WORTH_A_WARNING: Duration = Duration::from_millis(50);

/// How long one connection that was told to make room is waited for, before another is.
const MAKING_ROOM: Duration = Duration::from_millis(20);

/// How many connections the system keeps for us until we take them, as far as it lets us; what comes beyond has to try again a
/// second later. Tokio would ask for 1,024.
const LONGEST_QUEUE: u32 = 4_096;

/// Listens at this address.
pub(crate) fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() {
        TcpSocket::new_v4()?
    } else {
        TcpSocket::new_v6()?
    };
    // As a listener of tokio's own is made: a server that was restarted gets its address at once.
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(LONGEST_QUEUE)
}

/// The listener, and the room behind it.
pub(super) struct Doorway {
    /// `None` once the server stops.
    listener: Option<TcpListener>,
    /// One who came in and has no slot yet.
    newcomer: Option<TcpStream>,
    room: Room,
}

/// The slots, and those who hold them.
struct Room {
    slots: Arc<Semaphore>,
    residents: Residents,
    limits: Limits,
}

/// A connection that was let in.
pub(super) struct Admitted {
    pub(super) stream: TcpStream,
    pub(super) activity: Arc<Activity>,
    /// Hears when it has to make room.
    pub(super) leave: oneshot::Receiver<()>,
    /// To be kept as long as the connection is open.
    pub(super) slot: OwnedSemaphorePermit,
}

impl Doorway {
    /// The doorway to this listener; `displaced` counts those who have to make room for others.
    pub(super) fn new(listener: TcpListener, slots: Arc<Semaphore>, limits: Limits, displaced: Counter) -> Self {
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

    /// The next connection; None where no more are let in. When it is dropped, nobody who came in is lost.
    // SECURITY: a connection without a slot is not served, so one more can be open than there are slots, and no more
    // (tests/connections.rs, `a_newcomer_is_served_where_the_silent_hold_every_slot`).
    pub(super) async fn next(&mut self) -> Option<Admitted> {
        if self.newcomer.is_none() {
            self.newcomer = Some(self.accept().await?);
        }
        let slot = self.room.slot().await?;
        let stream = self.newcomer.take()?;
        Some(self.room.admit(stream, slot))
    }

    /// Lets in those who stand in the system's queue, and closes it behind them: they are connected, and may have sent a request.
    ///
    /// What comes meanwhile is taken too, but no more than the queue could hold when the end began.
    pub(super) async fn empty(&mut self, serve: impl Fn(Admitted)) {
        let mut newcomers = self.newcomer.take().into_iter();
        let Some(listener) = self.listener.take() else { return };
        // Not asked by way of the runtime, which may not have heard of the newest yet.
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

    /// Whether a response is missing on any connection.
    pub(super) fn is_answering(&self) -> bool {
        self.room.residents.is_answering()
    }

    /// The next connection; `None` once the server stops. What one peer did wrong is skipped; what
    /// the system lacks (files, memory) is waited for, and made by taking it from who has been idle
    /// longest.
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

    /// A slot that is free, or that somebody idle gives up.
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
