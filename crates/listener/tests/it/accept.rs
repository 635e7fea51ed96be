//! Accepting, and the eviction for a new connection.

use std::future::pending;
use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::time::Duration;

use hyper::service::service_fn;
use scopegate_listener::{DrainOutcome, Listener};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::http2::{DATA, Peer};
use crate::support::{GET, LIMITS, Server, exchange, get, respond, within_a_minute};

#[tokio::test(start_paused = true)]
async fn each_peer_gets_its_own_service() {
    let server = Server::start(LIMITS);
    for port in [1, 2] {
        let (response, _) = exchange(server.connect(port), &get("/")).await;
        assert!(response.ends_with(&format!("\r\n\r\n{port}")), "{response}");
    }
}

#[tokio::test(start_paused = true)]
async fn silent_connection_is_evicted_for_new_one() {
    let server = Server::start(LIMITS.max_connections(NonZeroUsize::MIN));
    let mut silent = server.connect(1);
    let (response, time) = exchange(server.connect(2), &get("/")).await;
    assert!(response.ends_with("\r\n\r\n2"), "{response}");
    assert!(time < Duration::from_secs(1), "{time:?}");
    assert_eq!(silent.read(&mut [0]).await.unwrap(), 0);
}

#[tokio::test(start_paused = true)]
async fn awaited_body_is_evicted_for_new_connection() {
    let server = Server::start(LIMITS.max_connections(NonZeroUsize::MIN));
    let half = b"POST /body HTTP/1.1\r\nHost: a\r\nContent-Length: 60\r\n\r\nhalf";
    let mut client = server.connect(1);
    client.write_all(half).await.unwrap();
    let (response, _) = exchange(server.connect(2), &get("/")).await;
    assert!(response.ends_with("\r\n\r\n2"), "{response}");
    let mut refusal = String::new();
    within_a_minute(client.read_to_string(&mut refusal)).await.unwrap();
    assert!(refusal.ends_with("TimedOut"), "{refusal}");
}

/// A stream runs in its own task, which must be woken.
#[tokio::test(start_paused = true)]
async fn http2_awaited_body_is_evicted_for_new_connection() {
    let server = Server::start(LIMITS.max_connections(NonZeroUsize::MIN));
    let mut peer = Peer::connect(server.connect(1)).await;
    peer.post(1, "/body").await;
    let (response, _) = exchange(server.connect(2), &get("/")).await;
    assert!(response.ends_with("\r\n\r\n2"), "{response}");
    let refused = async { while !matches!(peer.frame().await.unwrap(), (DATA, 1, body) if body == b"TimedOut") {} };
    within_a_minute(refused).await;
}

#[tokio::test(start_paused = true)]
async fn request_in_progress_keeps_its_slot() {
    let server = Server::start(LIMITS.max_connections(NonZeroUsize::MIN));
    let (first, second) = (server.connect(1), server.connect(2));
    let requests = [get("/slow"), get("/")];
    let (slow, new) = tokio::join!(exchange(first, &requests[0]), exchange(second, &requests[1]));
    assert!(slow.0.ends_with("slow"), "{}", slow.0);
    assert!(new.0.ends_with("\r\n\r\n2"), "{}", new.0);
    assert!(slow.1 <= new.1, "the second connection waits for the slot");
}

/// The system has accepted the connection, and the listener has not.
#[tokio::test]
async fn drain_answers_tcp_connection_in_the_queue() {
    let listener = Listener::bind(([127, 0, 0, 1], 0).into()).unwrap().limits(LIMITS);
    let address = listener.local_addr().unwrap();
    let mut client = TcpStream::connect(address).await.unwrap();
    client.write_all(GET.as_bytes()).await.unwrap();
    let mut signals = 0;
    let stop = async || {
        signals += 1;
        if signals > 1 {
            pending::<()>().await;
        }
    };
    let service_of = |peer: SocketAddr| service_fn(move |request| respond(peer, request));
    let outcome = listener.serve_peers(service_of, stop).await;
    assert_eq!(outcome, DrainOutcome::Complete);
    let mut response = String::new();
    client.read_to_string(&mut response).await.unwrap();
    let port = client.local_addr().unwrap().port();
    assert!(response.ends_with(&format!("\r\n\r\n{port}")), "{response}");
    assert!(TcpStream::connect(address).await.is_err());
}
