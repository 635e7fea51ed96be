//! WebSocket behind guards: the handshake, who may make it, the messages and their limits.

use std::future::ready;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use http::{Method, Request, StatusCode};
use hyper_util::rt::TokioIo;
use scopegate_http::answer::Broadcast;
use scopegate_http::cors::Cors;
use scopegate_http::domain::{Lifetime, ManualClock, Timestamp};
use scopegate_http::testing::TestClient;
use scopegate_http::websocket::{Message, SwitchingProtocols, WebSocket, WebSocketUpgrade, ws};
use scopegate_http::{Gate, Guard, Permit, State, warp};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::{self, Error, Message as Frame};

use crate::common::{self, ITEMS, ME, Profile, token};

async fn echo(permit: Permit, upgrade: WebSocketUpgrade) -> SwitchingProtocols {
    let subject = permit.subject().unwrap_or_default().to_owned();
    upgrade
        .max_message_bytes(1024)
        .on_upgrade(|mut socket: WebSocket| async move {
            while let Ok(Some(message)) = socket.receive().await {
                let answer = match message {
                    Message::Text(text) if text == "close" => break,
                    Message::Text(text) => Message::Text(format!("{subject}: {text}")),
                    Message::Binary(bytes) => Message::Binary(bytes),
                };
                socket.send(answer).await.unwrap();
            }
            let _ = socket.close().await;
        })
}

async fn impatient(upgrade: WebSocketUpgrade) -> SwitchingProtocols {
    upgrade
        .idle_timeout(Duration::from_millis(200))
        .on_upgrade(|mut socket| async move {
            let ended = socket.receive().await.unwrap_err();
            assert_eq!(ended.to_string(), "the client did not answer within the time limit");
        })
}

async fn short(upgrade: WebSocketUpgrade) -> SwitchingProtocols {
    let end = Some(Timestamp::from_unix(0));
    upgrade.ends_at(end).on_upgrade(|mut socket| async move {
        let _ = socket.receive().await;
        let _ = socket.send("still here").await;
    })
}

/// Uses the connection after the function has ended.
async fn detached(_: Permit, upgrade: WebSocketUpgrade) -> SwitchingProtocols {
    upgrade.on_upgrade(|mut socket| async move {
        tokio::spawn(async move { while let Ok(Some(_)) = socket.receive().await {} });
    })
}

async fn gate() -> Gate {
    common::gate(Profile::Rfc)
        .await
        .cors(Cors::origins(["https://friend.example"]).unwrap())
        .operation(ws("/echo").guard(Guard::requires([ME])).then(echo))
        .operation(ws("/impatient").public().then(impatient))
        .operation(ws("/short").public().then(short))
        .build()
        .unwrap()
}

/// Serves the gate on a port of this machine, until the task is aborted.
async fn serve(gate: Gate) -> (SocketAddr, JoinHandle<()>) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    let task = tokio::spawn(async move {
        while let Ok((stream, peer)) = listener.accept().await {
            let service = gate.service().from_socket().from_peer(peer.ip());
            let connection = hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service);
            tokio::spawn(connection.with_upgrades());
        }
    });
    (address, task)
}

fn handshake(address: SocketAddr, path: &str, headers: &[(&str, &str)]) -> Request<()> {
    let request = Request::get(format!("ws://{address}{path}"))
        .header("host", address.to_string())
        .header("connection", "keep-alive, Upgrade")
        .header("upgrade", "websocket")
        .header("sec-websocket-version", "13")
        .header("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==");
    let request = headers
        .iter()
        .fold(request, |request, (name, value)| request.header(*name, *value));
    request.body(()).unwrap()
}

async fn connect(
    address: SocketAddr,
    path: &str,
    headers: &[(&str, &str)],
) -> Result<WebSocketStream<TcpStream>, Error> {
    let stream = TcpStream::connect(address).await.unwrap();
    let request = handshake(address, path, headers);
    let (socket, response) = tokio_tungstenite::client_async(request, stream).await?;
    assert_eq!(response.status(), StatusCode::SWITCHING_PROTOCOLS);
    assert!(response.headers().contains_key("x-request-id"));
    Ok(socket)
}

async fn refused(address: SocketAddr, path: &str, headers: &[(&str, &str)]) -> StatusCode {
    match connect(address, path, headers).await {
        Err(Error::Http(response)) => response.status(),
        other => panic!("{other:?}"),
    }
}

fn bearer(scopes: &[scopegate_http::ScopeToken]) -> String {
    format!("Bearer {}", token("johndoe", scopes))
}

#[tokio::test]
async fn messages_reach_the_handler_and_come_back() {
    let (address, server) = serve(gate().await).await;
    let bearer = bearer(&[ME]);
    let mut socket = connect(address, "/echo", &[("authorization", &bearer)]).await.unwrap();
    socket.send("hello".into()).await.unwrap();
    assert_eq!(
        socket.next().await.unwrap().unwrap().to_text().unwrap(),
        "johndoe: hello"
    );
    socket.send(tungstenite::Message::binary(vec![1, 2])).await.unwrap();
    assert_eq!(socket.next().await.unwrap().unwrap().into_data().as_ref(), [1, 2]);
    socket.send(tungstenite::Message::Ping(vec![7].into())).await.unwrap();
    assert_eq!(
        socket.next().await.unwrap().unwrap(),
        tungstenite::Message::Pong(vec![7].into())
    );
    socket.send("close".into()).await.unwrap();
    assert!(matches!(socket.next().await, Some(Ok(tungstenite::Message::Close(_)))));
    server.abort();
}

#[tokio::test]
async fn handshake_is_guarded_like_every_request() {
    let (address, server) = serve(gate().await).await;
    assert_eq!(refused(address, "/echo", &[]).await, StatusCode::UNAUTHORIZED);
    let weak = bearer(&[ITEMS]);
    assert_eq!(
        refused(address, "/echo", &[("authorization", &weak)]).await,
        StatusCode::FORBIDDEN
    );
    server.abort();
}

#[tokio::test]
async fn page_of_another_origin_is_refused() {
    let (address, server) = serve(gate().await).await;
    let bearer = bearer(&[ME]);
    let own = format!("http://{address}");
    for (origin, is_allowed) in [
        (own.as_str(), true),
        ("https://friend.example", true),
        ("https://evil.example", false),
        ("chrome-extension://friend.example", false),
        ("null", false),
    ] {
        let headers = [("authorization", bearer.as_str()), ("origin", origin)];
        if is_allowed {
            drop(connect(address, "/echo", &headers).await.unwrap());
        } else {
            assert_eq!(
                refused(address, "/echo", &headers).await,
                StatusCode::FORBIDDEN,
                "{origin}"
            );
        }
    }
    server.abort();
}

#[tokio::test]
async fn request_that_is_not_a_handshake_gets_426() {
    let client = TestClient::new(gate().await);
    let complete = [
        ("connection", "upgrade"),
        ("upgrade", "websocket"),
        ("sec-websocket-version", "13"),
        ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),
    ];
    // Without a connection, a complete handshake gets it, too.
    for missing in [
        "",
        "connection",
        "upgrade",
        "sec-websocket-version",
        "sec-websocket-key",
    ] {
        let request = client.get("/echo").bearer(&token("johndoe", &[ME]));
        let headers = complete.iter().filter(|(name, _)| *name != missing);
        let request = headers.fold(request, |request, (name, value)| request.header(name, value));
        let response = request.send().await;
        assert_eq!(response.status(), StatusCode::UPGRADE_REQUIRED, "{missing}");
        assert_eq!(response.header("upgrade"), Some("websocket"));
        assert_eq!(response.header("sec-websocket-version"), Some("13"));
        assert_eq!(response.header("content-type"), Some("application/problem+json"));
    }
    let not_base64 = [
        ("sec-websocket-key", "dGhlIHNhbXBsZSBub25j!!=="),
        complete[0],
        complete[1],
        complete[2],
    ];
    for (method, headers) in [(Method::GET, not_base64), (Method::HEAD, complete)] {
        let request = client.request(method, "/echo").bearer(&token("johndoe", &[ME]));
        let request = headers
            .iter()
            .fold(request, |request, (name, value)| request.header(name, value));
        assert_eq!(request.send().await.status(), StatusCode::UPGRADE_REQUIRED);
    }
}

#[tokio::test]
async fn message_over_the_limit_ends_the_connection() {
    let (address, server) = serve(gate().await).await;
    let bearer = bearer(&[ME]);
    let mut socket = connect(address, "/echo", &[("authorization", &bearer)]).await.unwrap();
    socket.send(tungstenite::Message::binary(vec![0; 1024])).await.unwrap();
    assert_eq!(socket.next().await.unwrap().unwrap().len(), 1024);
    socket.send(tungstenite::Message::binary(vec![0; 1025])).await.unwrap();
    let ended = socket.next().await;
    assert!(!matches!(ended, Some(Ok(tungstenite::Message::Binary(_)))), "{ended:?}");
    server.abort();
}

#[tokio::test]
async fn silent_client_is_pinged_then_dropped() {
    let (address, server) = serve(gate().await).await;
    let stream = TcpStream::connect(address).await.unwrap();
    let request = handshake(address, "/impatient", &[]);
    let (socket, _) = tokio_tungstenite::client_async(request, stream).await.unwrap();
    // A client that reads nothing of the protocol answers no ping.
    let mut stream = socket.into_inner();
    let mut received = Vec::new();
    tokio::io::AsyncReadExt::read_to_end(&mut stream, &mut received)
        .await
        .unwrap();
    assert_eq!(received.first(), Some(&0x89), "a ping: {received:?}");
    server.abort();
}

#[tokio::test]
async fn connection_ends_when_the_credential_expires() {
    let clock = common::clock();
    let gate = common::gate(Profile::Rfc)
        .await
        .clock(Arc::<ManualClock>::clone(&clock));
    let gate = gate
        .operation(ws("/echo").guard(Guard::requires([ME])).then(echo))
        .operation(ws("/detached").guard(Guard::requires([ME])).then(detached))
        .build()
        .unwrap();
    let (address, server) = serve(gate).await;
    let bearer = bearer(&[ME]);
    let headers = [("authorization", bearer.as_str())];
    let mut socket = connect(address, "/echo", &headers).await.unwrap();
    socket.send("hello".into()).await.unwrap();
    assert!(socket.next().await.unwrap().is_ok());
    clock.set(common::NOW + Lifetime::from_seconds(30 * 60 - 1));
    let mut socket = connect(address, "/echo", &headers).await.unwrap();
    // Before the idle timeout there would be a ping.
    let ended = socket.next().await;
    assert!(matches!(ended, Some(Ok(Frame::Close(_)) | Err(_)) | None), "{ended:?}");
    let mut socket = connect(address, "/detached", &headers).await.unwrap();
    let ended = socket.next().await;
    assert!(matches!(ended, Some(Err(_)) | None), "a task of the handler: {ended:?}");
    server.abort();
}

async fn news(news: State<Broadcast<&'static str>>, upgrade: WebSocketUpgrade) -> SwitchingProtocols {
    let upgrade = upgrade.idle_timeout(Duration::from_millis(400));
    upgrade.send_all(news.subscribe().take_while(|text| ready(*text != "end")))
}

/// Serves `/news`, and returns what sends them.
async fn with_news() -> (SocketAddr, JoinHandle<()>, Broadcast<&'static str>) {
    let broadcast = Broadcast::new(16);
    let builder = common::gate(Profile::Rfc).await.state(broadcast.clone());
    let (address, server) = serve(builder.operation(ws("/news").public().then(news)).build().unwrap()).await;
    (address, server, broadcast)
}

#[tokio::test]
async fn stream_is_sent_while_pings_are_answered() {
    let (address, server, news) = with_news().await;
    let mut socket = connect(address, "/news", &[]).await.unwrap();
    socket.send("ignored".into()).await.unwrap();
    socket.send(Frame::Ping(vec![7].into())).await.unwrap();
    assert_eq!(socket.next().await.unwrap().unwrap(), Frame::Pong(vec![7].into()));
    for text in ["first", "second"] {
        news.send(text);
        assert_eq!(socket.next().await.unwrap().unwrap().to_text().unwrap(), text);
    }
    news.send("end");
    assert!(matches!(socket.next().await, Some(Ok(Frame::Close(_)))));
    server.abort();
}

/// Each message drops a `receive` that waits. That must not delay the end of a dead client.
#[tokio::test]
async fn silent_client_is_dropped_while_messages_are_sent() {
    let (address, server, news) = with_news().await;
    // A client that reads nothing of the protocol answers no ping.
    let mut stream = connect(address, "/news", &[]).await.unwrap().into_inner();
    let sending = async {
        loop {
            news.send("again");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    let mut received = Vec::new();
    tokio::select! {
        ended = tokio::io::AsyncReadExt::read_to_end(&mut stream, &mut received) => assert!(ended.is_ok()),
        () = sending => {}
    }
    assert!(received.contains(&0x89), "a ping: {received:?}");
    server.abort();
}

#[tokio::test]
async fn connection_ends_at_its_time() {
    let (address, server) = serve(gate().await).await;
    let mut socket = connect(address, "/short", &[]).await.unwrap();
    let ended = socket.next().await;
    assert!(matches!(ended, Some(Err(_)) | None), "{ended:?}");
    server.abort();
}

#[tokio::test]
async fn warp_serves_it_too() {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    let server = tokio::spawn(warp::serve(gate().await.site_filter()).incoming(listener).run());
    let bearer = bearer(&[ME]);
    let mut socket = connect(address, "/echo", &[("authorization", &bearer)]).await.unwrap();
    socket.send("hello".into()).await.unwrap();
    assert_eq!(
        socket.next().await.unwrap().unwrap().to_text().unwrap(),
        "johndoe: hello"
    );
    server.abort();
}

#[tokio::test]
async fn document_lists_the_responses_to_a_handshake() {
    let gate = gate().await;
    let responses = gate.openapi()["paths"]["/echo"]["get"]["responses"]
        .as_object()
        .unwrap();
    let statuses: Vec<&str> = responses.keys().map(String::as_str).collect();
    for status in ["101", "401", "403", "426"] {
        assert!(statuses.contains(&status), "{statuses:?}");
    }
}
