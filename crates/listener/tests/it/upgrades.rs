//! Connections that the application uses for another protocol.

use std::num::NonZeroUsize;
use std::time::Duration;

use scopegate_listener::DrainOutcome;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};
use tokio::time::{Instant, sleep, timeout};

use crate::support::{DRAIN_DEADLINE, IDLE_TIMEOUT, LIMITS, Server, exchange, get, read_head, within_a_minute};

const SECOND: Duration = Duration::from_secs(1);

const HANDSHAKE: &[u8] = b"GET /upgrade HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: echo\r\n\r\n";

async fn upgrade(server: &Server, port: u16) -> DuplexStream {
    let mut client = server.connect(port);
    client.write_all(HANDSHAKE).await.unwrap();
    let head = read_head(&mut client).await;
    assert!(head.starts_with("HTTP/1.1 101"), "{head}");
    client
}

/// Sends a byte, and expects it back.
async fn send(client: &mut DuplexStream, byte: u8) {
    client.write_u8(byte).await.unwrap();
    assert_eq!(within_a_minute(client.read_u8()).await.unwrap(), byte);
}

#[tokio::test(start_paused = true)]
async fn upgraded_connection_carries_bytes_without_time_limit() {
    let server = Server::start(LIMITS);
    let mut client = server.connect(1);
    client.write_all(&[HANDSHAKE, b"first"].concat()).await.unwrap();
    assert!(read_head(&mut client).await.contains("upgrade: echo\r\n"));
    let mut first = [0; 5];
    within_a_minute(client.read_exact(&mut first)).await.unwrap();
    assert_eq!(&first, b"first", "bytes that arrived with the handshake");
    for byte in 0..3 {
        sleep(3 * IDLE_TIMEOUT).await;
        send(&mut client, byte).await;
    }
    client.shutdown().await.unwrap();
    assert_eq!(within_a_minute(client.read_to_end(&mut Vec::new())).await.unwrap(), 0);
}

#[tokio::test(start_paused = true)]
async fn upgraded_connection_keeps_its_slot() {
    let server = Server::start(LIMITS.max_connections(NonZeroUsize::MIN));
    let mut upgraded = upgrade(&server, 1).await;
    let second = server.connect(2);
    let mut waiting = tokio::spawn(async { exchange(second, &get("/")).await });
    assert!(timeout(3 * IDLE_TIMEOUT, &mut waiting).await.is_err(), "it has no slot");
    send(&mut upgraded, 1).await;
    drop(upgraded);
    let (response, _) = within_a_minute(waiting).await.unwrap();
    assert!(response.ends_with('2'), "{response}");
}

#[tokio::test(start_paused = true)]
async fn drain_waits_for_upgraded_connection() {
    let server = Server::start(LIMITS);
    let mut client = upgrade(&server, 1).await;
    server.signal();
    sleep(SECOND).await;
    send(&mut client, 1).await;
    drop(client);
    let begin = Instant::now();
    assert_eq!(server.outcome().await, DrainOutcome::Complete);
    assert!(begin.elapsed() < SECOND, "{:?}", begin.elapsed());
}

#[tokio::test(start_paused = true)]
async fn drain_of_upgraded_connection_ends_at_its_deadline() {
    let server = Server::start(LIMITS);
    let _client = upgrade(&server, 1).await;
    let begin = Instant::now();
    assert_eq!(server.stop().await, DrainOutcome::DeadlineExpired);
    let time = begin.elapsed();
    assert!(time >= DRAIN_DEADLINE && time < DRAIN_DEADLINE + SECOND, "{time:?}");
}

#[tokio::test(start_paused = true)]
async fn handshake_during_the_drain_is_complete() {
    let server = Server::start(LIMITS);
    let mut client = server.connect(1);
    sleep(Duration::from_millis(10)).await;
    server.signal();
    sleep(Duration::from_millis(10)).await;
    client.write_all(HANDSHAKE).await.unwrap();
    let head = read_head(&mut client).await;
    assert!(head.contains("connection: upgrade\r\n"), "{head}");
    send(&mut client, 1).await;
    drop(client);
    assert_eq!(server.outcome().await, DrainOutcome::Complete);
}
