//! The accept loop: one task for each connection, until the shutdown.

use std::io;
use std::net::SocketAddr;

use tokio::net::TcpListener;
use tokio::sync::watch;
use tracing::info;

use crate::accept::{self, Accept, AcceptedConnection, Acceptor};
use crate::connection::{Connection, HttpService};
use crate::connection_metrics::ConnectionMetrics;
use crate::drain::{self, DrainOutcome, Shutdown};
use crate::limits::Limits;

/// Serves a hyper service on the connections of a listener.
///
/// One connection is one task; a panic in it ends that connection alone.
///
/// ```no_run
/// use hyper::service::service_fn;
/// use hyper::{Request, Response};
/// use scopegate_listener::{Listener, RequestBody, Signals};
///
/// # #[tokio::main]
/// # async fn main() -> std::io::Result<()> {
/// let mut signals = Signals::install()?;
/// let service = service_fn(async |_: Request<RequestBody>| {
///     Ok::<_, std::convert::Infallible>(Response::new("hello\n".to_owned()))
/// });
/// let stop = async || {
///     signals.next().await;
/// };
/// Listener::bind(([127, 0, 0, 1], 8000).into())?.serve(service, stop).await;
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Listener<A = TcpListener> {
    accept: A,
    name: &'static str,
    limits: Limits,
}

impl Listener {
    /// Listens on this TCP address.
    ///
    /// The system queues up to 4,096 connections, if its own limit allows it.
    ///
    /// # Errors
    ///
    /// The address is in use, or the system refuses it.
    pub fn bind(address: SocketAddr) -> io::Result<Self> {
        accept::bind(address).map(Self::new)
    }

    /// Returns the address of the listener, with the port that the system chose for port 0.
    ///
    /// # Errors
    ///
    /// The system does not know the socket.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.accept.local_addr()
    }
}

impl<A: Accept> Listener<A> {
    /// Creates a listener for these connections.
    pub const fn new(accept: A) -> Self {
        Self {
            accept,
            name: "http",
            limits: Limits::new(),
        }
    }

    /// Sets the label `listener` of its metrics. Default: `http`.
    #[must_use]
    pub fn name(mut self, name: &'static str) -> Self {
        self.name = name;
        self
    }

    /// Sets the limits. Default: [`Limits::new`].
    #[must_use]
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Serves all connections with clones of one service. See [`Listener::serve_peers`].
    pub async fn serve<S: HttpService>(self, service: S, stop: impl AsyncFnMut()) -> DrainOutcome {
        self.serve_peers(|_| service.clone(), stop).await
    }

    /// Serves connections until `stop` completes, then finishes the requests in progress.
    ///
    /// `make_service` creates the service of a connection from the address of its peer.
    ///
    /// `stop` is called again for each accepted connection, so a dropped call must lose no signal.
    /// It is called once more during the shutdown, for the signal that ends it at once. Connections
    /// that are open when this returns end with the runtime.
    pub async fn serve_peers<S: HttpService>(
        self,
        make_service: impl Fn(SocketAddr) -> S,
        mut stop: impl AsyncFnMut(),
    ) -> DrainOutcome {
        let Self { accept, name, limits } = self;
        let (drain, draining) = watch::channel(false);
        let metrics = ConnectionMetrics::new(name);
        let serve = |accepted: AcceptedConnection<A::Io>| {
            let AcceptedConnection {
                stream,
                peer,
                state,
                evicted,
                slot,
            } = accepted;
            let draining = draining.clone();
            let shutdown = Shutdown { draining, evicted };
            let connection = Connection::new(stream, peer, make_service(peer), limits, state, shutdown);
            let open = metrics.open();
            tokio::spawn(async move {
                connection.serve().await;
                drop((open, slot));
            });
        };
        let mut acceptor = Acceptor::new(accept, limits, metrics.evicted());
        loop {
            tokio::select! {
                () = stop() => break,
                accepted = acceptor.next() => match accepted {
                    Some(accepted) => serve(accepted),
                    None => break,
                },
            }
        }
        info!(deadline = ?limits.drain_deadline, "shutdown started; requests in progress get their responses");
        drain.send_replace(true);
        drain::drain(acceptor, serve, limits.drain_deadline, stop).await
    }
}
