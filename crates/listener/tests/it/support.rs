//! A listener of pipes in memory, with a minimal service.
//!
//! The tests pause the clock: time passes when every task waits. So limits of minutes cost nothing,
//! and no load of the machine changes an outcome.

use std::convert::Infallible;
use std::future::pending;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use http_body_util::{BodyExt, Either, Full};
use hyper::body::{Body, Bytes, Frame};
use hyper::service::service_fn;
use hyper::upgrade::OnUpgrade;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use scopegate_listener::{Accept, DrainOutcome, Limits, Listener, RequestBody};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::JoinHandle;
use tokio::time::{Instant, Sleep, sleep, timeout};

pub(crate) const HEADER_TIMEOUT: Duration = Duration::from_secs(10);

pub(crate) const IDLE_TIMEOUT: Duration = Duration::from_mins(1);

pub(crate) const DRAIN_DEADLINE: Duration = Duration::from_secs(20);

pub(crate) const LIMITS: Limits = Limits::new()
    .header_timeout(HEADER_TIMEOUT)
    .idle_timeout(IDLE_TIMEOUT)
    .drain_deadline(DRAIN_DEADLINE);

/// Longer than every limit.
const PAUSE: Duration = Duration::from_mins(2);

/// Bytes that a pipe holds.
const PIPE: usize = 4096;

/// A response body with the bytes of a refusal that hyper writes itself.
pub(crate) const REFUSAL: &[u8] = b"HTTP/1.1 431 Too Large\r\nconnection: close\r\ncontent-length: 0\r\n\r\n";

/// More than a pipe and the windows of HTTP/2 hold.
pub(crate) const DOWNLOAD: usize = 4 * 1024 * 1024;

/// A request over HTTP/1 that leaves its connection open.
pub(crate) const GET: &str = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";

/// A body that never ends and is silent for longer than every limit between its parts.
pub(crate) struct Events(Pin<Box<Sleep>>);

impl Body for Events {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        self.0.as_mut().poll(context).map(|()| {
            self.0 = Box::pin(sleep(PAUSE));
            Some(Ok(Frame::data(Bytes::from_static(b"event"))))
        })
    }
}

/// Responds by the path; to any other path with the port of the peer.
pub(crate) async fn respond(
    peer: SocketAddr,
    mut request: Request<RequestBody>,
) -> Result<Response<Either<Full<Bytes>, Events>>, Infallible> {
    let body: Bytes = match request.uri().path() {
        "/events" => return Ok(Response::new(Either::Right(Events(Box::pin(sleep(PAUSE)))))),
        "/looks-like-a-refusal" => Bytes::from_static(REFUSAL),
        "/download" => vec![b'x'; DOWNLOAD].into(),
        "/panic" => panic!("on purpose"),
        "/slow" => {
            sleep(Duration::from_secs(1)).await;
            Bytes::from_static(b"slow")
        }
        "/never" => pending().await,
        "/upgrade" => {
            tokio::spawn(echo(hyper::upgrade::on(&mut request)));
            let response = Response::builder().status(101).header("connection", "upgrade");
            let response = response.header("upgrade", "echo");
            return Ok(response.body(Either::Left(Full::default())).unwrap());
        }
        "/body" => match request.into_body().collect().await {
            Ok(body) => body.to_bytes(),
            Err(error) => format!("{:?}", error.kind()).into(),
        },
        _ => peer.port().to_string().into(),
    };
    Ok(Response::new(Either::Left(Full::new(body))))
}

/// Uses a connection for another protocol: sends each byte back.
async fn echo(upgrade: OnUpgrade) {
    let (mut received, mut sent) = tokio::io::split(TokioIo::new(upgrade.await.unwrap()));
    let _ = tokio::io::copy(&mut received, &mut sent).await;
}

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

/// A running listener.
pub(crate) struct Server {
    pipes: UnboundedSender<(DuplexStream, SocketAddr)>,
    stop: UnboundedSender<()>,
    outcome: JoinHandle<DrainOutcome>,
}

impl Server {
    pub(crate) fn start(limits: Limits) -> Self {
        let (pipes, accepted) = unbounded_channel();
        let (stop, mut stopped) = unbounded_channel();
        let next_signal = async move || {
            if stopped.recv().await.is_none() {
                pending::<()>().await;
            }
        };
        let service_of = |peer| service_fn(move |request| respond(peer, request));
        let listener = Listener::new(Pipes(accepted)).limits(limits);
        let outcome = tokio::spawn(async move { listener.serve_peers(service_of, next_signal).await });
        Self { pipes, stop, outcome }
    }

    /// Connects a pipe from this port.
    pub(crate) fn connect(&self, port: u16) -> DuplexStream {
        let (client, server) = duplex(PIPE);
        self.pipes.send((server, ([192, 0, 2, 1], port).into())).unwrap();
        client
    }

    /// Sends a signal.
    pub(crate) fn signal(&self) {
        self.stop.send(()).unwrap();
    }

    /// Sends a signal and waits for the end.
    pub(crate) async fn stop(self) -> DrainOutcome {
        self.signal();
        self.outcome().await
    }

    /// Waits for the end after a signal.
    pub(crate) async fn outcome(self) -> DrainOutcome {
        self.outcome.await.unwrap()
    }
}

/// A request over HTTP/1 that ends its connection.
pub(crate) fn get(path: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
}

/// Waits, for at most a minute of the paused clock.
pub(crate) async fn within_a_minute<T>(work: impl Future<Output = T>) -> T {
    timeout(Duration::from_mins(1), work).await.expect("it ends")
}

/// Sends bytes and reads to the end of the connection. Returns the response and the duration.
pub(crate) async fn exchange(mut client: DuplexStream, request: &str) -> (String, Duration) {
    let begin = Instant::now();
    client.write_all(request.as_bytes()).await.unwrap();
    let mut response = String::new();
    let reading = client.read_to_string(&mut response);
    timeout(10 * PAUSE, reading).await.unwrap().unwrap();
    (response, begin.elapsed())
}

/// Reads the head of a response over HTTP/1.
pub(crate) async fn read_head(client: &mut DuplexStream) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(client.read_u8().await.unwrap());
    }
    String::from_utf8(head).unwrap()
}
