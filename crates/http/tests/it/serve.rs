//! The gate on a listener: WebSocket, connection slots, and the shutdown.

use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::time::Duration;

use futures_util::{SinkExt, Stream, StreamExt, stream};
use scopegate_http::answer::{Event, Sse};
use scopegate_http::serve::{DrainOutcome, Limits, Listener};
use scopegate_http::websocket::{SwitchingProtocols, WebSocketUpgrade, ws};
use scopegate_http::{Catalog, Gate, get};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_tungstenite::WebSocketStream;

/// More than each step needs, and less than a shutdown that waits for a client.
const SOON: Duration = Duration::from_secs(30);

const SLOW_DRAIN: Limits = Limits::new().drain_deadline(Duration::from_mins(10));

async fn echo(upgrade: WebSocketUpgrade) -> SwitchingProtocols {
    upgrade.on_upgrade(async |mut socket| {
        while let Ok(Some(message)) = socket.receive().await {
            socket.send(message).await.unwrap();
        }
    })
}

/// Uses the connection after the function has ended.
async fn detached(upgrade: WebSocketUpgrade) -> SwitchingProtocols {
    upgrade.on_upgrade(async |mut socket| {
        tokio::spawn(async move { while let Ok(Some(_)) = socket.receive().await {} });
    })
}

async fn events() -> Sse<impl Stream<Item = Event> + Send + Sync> {
    Sse(stream::iter([Event::text("first")]).chain(stream::pending()))
}

fn gate() -> Gate {
    Gate::builder(Catalog::builder().build().unwrap())
        .operation(ws("/echo").public().then(echo))
        .operation(ws("/detached").public().then(detached))
        .operation(get("/events").public().then(events))
        .operation(get("/status").public().then(|| async { "up" }))
        .build()
        .unwrap()
}

/// A gate that is served.
struct Server {
    address: SocketAddr,
    stop: oneshot::Sender<()>,
    outcome: JoinHandle<DrainOutcome>,
}

impl Server {
    fn start(limits: Limits) -> Self {
        let listener = Listener::bind(([127, 0, 0, 1], 0).into()).unwrap().limits(limits);
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel();
        let gate = gate();
        let outcome = tokio::spawn(async move {
            let stop = async { stopped.await.unwrap() };
            gate.serve_until(listener, stop).await
        });
        Self { address, stop, outcome }
    }

    async fn socket(&self, path: &str) -> WebSocketStream<TcpStream> {
        let stream = TcpStream::connect(self.address).await.unwrap();
        let url = format!("ws://{}{path}", self.address);
        tokio_tungstenite::client_async(url, stream).await.unwrap().0
    }

    /// Sends a request that ends its connection, or a part of one.
    async fn send(&self, request: &str) -> TcpStream {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        stream
    }

    async fn stop(self) -> DrainOutcome {
        self.stop.send(()).unwrap();
        timeout(SOON, self.outcome).await.unwrap().unwrap()
    }
}

async fn exchange(socket: &mut WebSocketStream<TcpStream>, text: &str) {
    socket.send(text.into()).await.unwrap();
    assert_eq!(socket.next().await.unwrap().unwrap().to_text().unwrap(), text);
}

async fn read_to_end(mut stream: TcpStream) -> String {
    let mut response = String::new();
    timeout(SOON, stream.read_to_string(&mut response))
        .await
        .unwrap()
        .unwrap();
    response
}

const STATUS: &str = "GET /status HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";

#[tokio::test]
async fn shutdown_ends_sockets_and_half_a_head() {
    let server = Server::start(SLOW_DRAIN);
    let mut socket = server.socket("/echo").await;
    exchange(&mut socket, "hello").await;
    let mut other = server.socket("/detached").await;
    let half = server.send("GET /status HT").await;
    assert_eq!(server.stop().await, DrainOutcome::Complete);
    for socket in [&mut socket, &mut other] {
        let ended = timeout(SOON, socket.next()).await.unwrap();
        assert!(matches!(ended, None | Some(Err(_))), "{ended:?}");
    }
    assert_eq!(read_to_end(half).await, "");
}

#[tokio::test]
async fn shutdown_ends_event_streams() {
    let server = Server::start(SLOW_DRAIN);
    let mut stream = server.send("GET /events HTTP/1.1\r\nHost: a\r\n\r\n").await;
    let mut begin = Vec::new();
    while !begin.ends_with(b"data: first\n\n\r\n") {
        begin.push(stream.read_u8().await.unwrap());
    }
    assert_eq!(server.stop().await, DrainOutcome::Complete);
    assert_eq!(read_to_end(stream).await, "0\r\n\r\n", "the last chunk");
}

#[tokio::test]
async fn socket_keeps_its_connection_slot() {
    let server = Server::start(Limits::new().max_connections(NonZeroUsize::MIN));
    let mut socket = server.socket("/echo").await;
    let mut waiting = server.send(STATUS).await;
    let answered = timeout(Duration::from_millis(1_500), waiting.read_u8()).await;
    assert!(answered.is_err(), "{answered:?}");
    exchange(&mut socket, "still here").await;
    drop(socket);
    let response = read_to_end(waiting).await;
    assert!(response.starts_with("HTTP/1.1 200 "), "{response}");
    assert_eq!(server.stop().await, DrainOutcome::Complete);
}

#[tokio::test]
async fn stream_that_begins_after_the_end_is_empty() {
    let gate = gate();
    gate.end_streams();
    let client = scopegate_http::testing::TestClient::new(gate);
    assert_eq!(client.get("/status").send().await.text(), "up");
    assert_eq!(timeout(SOON, client.get("/events").send()).await.unwrap().text(), "");
}
