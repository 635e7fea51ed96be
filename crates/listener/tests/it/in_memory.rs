//! A listener of pipes in memory, with a clock that the test controls.

use std::convert::Infallible;
use std::future::pending;
use std::io;
use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::time::Duration;

use hyper::service::service_fn;
use hyper::{Request, Response};
use scopegate_listener::{Accept, DrainOutcome, Limits, Listener, RequestBody};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

/// Pipes, each with the address of its peer.
struct Pipes(UnboundedReceiver<(DuplexStream, SocketAddr)>);

impl Accept for Pipes {
    type Io = DuplexStream;

    async fn accept(&mut self) -> io::Result<(DuplexStream, SocketAddr)> {
        match self.0.recv().await {
            Some(pipe) => Ok(pipe),
            None => pending().await,
        }
    }

    fn into_backlog(mut self) -> impl Iterator<Item = io::Result<(DuplexStream, SocketAddr)>> + Send {
        std::iter::from_fn(move || self.0.try_recv().ok().map(Ok))
    }
}

/// A running listener whose service responds with the port of the peer.
struct Server {
    pipes: UnboundedSender<(DuplexStream, SocketAddr)>,
    stop: Option<oneshot::Sender<()>>,
    outcome: JoinHandle<DrainOutcome>,
}

impl Server {
    fn start(limits: Limits) -> Self {
        let (pipes, accepted) = unbounded_channel();
        let (stop, mut stopped) = oneshot::channel::<()>();
        let stop_signal = async move || {
            if stopped.is_terminated() {
                pending::<()>().await;
            }
            let _ = (&mut stopped).await;
        };
        let service_of = |peer: SocketAddr| {
            service_fn(move |_: Request<RequestBody>| async move {
                Ok::<_, Infallible>(Response::new(peer.port().to_string()))
            })
        };
        let listener = Listener::new(Pipes(accepted)).limits(limits);
        let outcome = tokio::spawn(async move { listener.serve_peers(service_of, stop_signal).await });
        Self {
            pipes,
            stop: Some(stop),
            outcome,
        }
    }

    /// Connects a pipe from this port.
    fn connect(&self, port: u16) -> DuplexStream {
        let (client, server) = duplex(4096);
        self.pipes.send((server, ([192, 0, 2, 1], port).into())).unwrap();
        client
    }

    async fn stop(&mut self) -> DrainOutcome {
        self.stop.take().unwrap().send(()).unwrap();
        (&mut self.outcome).await.unwrap()
    }
}

/// Sends bytes and reads to the end of the connection.
async fn exchange(mut client: DuplexStream, request: &str) -> String {
    client.write_all(request.as_bytes()).await.unwrap();
    let mut response = String::new();
    client.read_to_string(&mut response).await.unwrap();
    response
}

const GET: &str = "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";

#[tokio::test(start_paused = true)]
async fn each_peer_gets_its_own_service() {
    let mut server = Server::start(Limits::new());
    for port in [1, 2] {
        let response = exchange(server.connect(port), GET).await;
        assert!(response.ends_with(&format!("\r\n\r\n{port}")), "{response}");
    }
    assert_eq!(server.stop().await, DrainOutcome::Complete);
}

#[tokio::test(start_paused = true)]
async fn silent_connection_is_evicted_for_new_one() {
    let mut server = Server::start(Limits::new().max_connections(NonZeroUsize::MIN));
    let mut silent = server.connect(1);
    let response = exchange(server.connect(2), GET).await;
    assert!(response.ends_with("\r\n\r\n2"), "{response}");
    assert_eq!(silent.read(&mut [0]).await.unwrap(), 0);
    assert_eq!(server.stop().await, DrainOutcome::Complete);
}

#[tokio::test(start_paused = true)]
async fn drain_answers_connections_in_the_backlog() {
    let mut server = Server::start(Limits::new());
    let requests = [1, 2, 3].map(|port| tokio::spawn(exchange(server.connect(port), GET)));
    assert_eq!(server.stop().await, DrainOutcome::Complete);
    for request in requests {
        let response = request.await.unwrap();
        assert!(response.starts_with("HTTP/1.1 200"), "{response}");
    }
}

#[tokio::test(start_paused = true)]
async fn half_a_head_does_not_force_the_drain() {
    let mut server = Server::start(Limits::new().drain_deadline(Duration::from_secs(1)));
    let mut client = server.connect(1);
    client.write_all(b"GET / HT").await.unwrap();
    tokio::time::sleep(Duration::from_millis(10)).await;
    assert_eq!(server.stop().await, DrainOutcome::Complete);
}

#[tokio::test(start_paused = true)]
async fn refused_head_gets_complete_response() {
    let server = Server::start(Limits::new());
    let (mut read, mut write) = tokio::io::split(server.connect(1));
    let sending = async {
        // More than the pipe holds: it must be read after the refusal.
        let _ = write.write_all(&vec![b'\r'; 20_000]).await;
    };
    let mut response = String::new();
    let ((), read) = tokio::join!(sending, read.read_to_string(&mut response));
    read.unwrap();
    assert!(response.starts_with("HTTP/1.1 400"), "{response}");
    assert!(response.ends_with("\r\n\r\n"), "{response}");
}
