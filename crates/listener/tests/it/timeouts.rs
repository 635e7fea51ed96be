//! The time limits of connections and responses.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};
use tokio::time::{Instant, sleep};

use crate::http2::{DATA, GOAWAY, Peer, WINDOW};
use crate::support::{DOWNLOAD, GET, HEADER_TIMEOUT, IDLE_TIMEOUT, LIMITS, Server, exchange, read_head};

const SECOND: Duration = Duration::from_secs(1);

/// Sends a request over a new connection, and reads the head of its response.
async fn get(server: &Server, path: &str) -> DuplexStream {
    let mut client = server.connect(1);
    let request = format!("GET {path} HTTP/1.1\r\nHost: a\r\n\r\n");
    client.write_all(request.as_bytes()).await.unwrap();
    read_head(&mut client).await;
    client
}

#[tokio::test(start_paused = true)]
async fn silent_connection_is_closed_in_every_phase() {
    let server = Server::start(LIMITS);
    for head in [
        "",
        "GET / HT",
        "PRI * HTTP/2.0\r\n\r\nSM",
        "GET / HTTP/1.1\r\nHost: a\r\n",
    ] {
        let (response, time) = exchange(server.connect(1), head).await;
        assert_eq!(response, "", "{head:?}");
        assert!(
            time >= HEADER_TIMEOUT && time < HEADER_TIMEOUT + SECOND,
            "{head:?}: {time:?}"
        );
    }
    let (response, time) = exchange(server.connect(1), GET).await;
    assert!(response.ends_with("\r\n\r\n1"), "{response}");
    assert!(time >= IDLE_TIMEOUT && time < IDLE_TIMEOUT + SECOND, "{time:?}");
}

#[tokio::test(start_paused = true)]
async fn head_of_later_request_has_header_timeout() {
    let server = Server::start(LIMITS);
    let mut client = server.connect(1);
    client.write_all(GET.as_bytes()).await.unwrap();
    read_head(&mut client).await;
    assert_eq!(client.read_u8().await.unwrap(), b'1');
    let (response, time) = exchange(client, "GET / HT").await;
    assert_eq!(response, "");
    assert!(time >= HEADER_TIMEOUT && time < HEADER_TIMEOUT + SECOND, "{time:?}");
}

#[tokio::test(start_paused = true)]
async fn http1_download_with_progress_has_no_time_limit() {
    let server = Server::start(LIMITS);
    let mut client = get(&server, "/download").await;
    let begin = Instant::now();
    let mut left = DOWNLOAD;
    let mut part = vec![0; 256 * 1024];
    while left > 0 {
        sleep(IDLE_TIMEOUT / 2).await;
        let length = part.len().min(left);
        client.read_exact(&mut part[..length]).await.unwrap();
        left -= length;
    }
    assert!(begin.elapsed() > 5 * IDLE_TIMEOUT);
    // The connection is still open: it takes another request.
    client.write_all(GET.as_bytes()).await.unwrap();
    assert!(read_head(&mut client).await.starts_with("HTTP/1.1 200"));
}

#[tokio::test(start_paused = true)]
async fn http1_stalled_download_ends() {
    let server = Server::start(LIMITS);
    let mut client = get(&server, "/download").await;
    // Longer than the limit, and than a closing connection may still write.
    sleep(2 * IDLE_TIMEOUT).await;
    let mut rest = Vec::new();
    client.read_to_end(&mut rest).await.unwrap();
    assert!(rest.len() < DOWNLOAD, "{} bytes", rest.len());
}

#[tokio::test(start_paused = true)]
async fn http1_silent_event_stream_has_no_time_limit() {
    let server = Server::start(LIMITS);
    let mut client = get(&server, "/events").await;
    // Two events in chunks.
    let mut events = [0; 20];
    client.read_exact(&mut events).await.unwrap();
    assert_eq!(&events, b"5\r\nevent\r\n5\r\nevent\r\n");
}

#[tokio::test(start_paused = true)]
async fn http2_download_with_progress_has_no_time_limit() {
    let server = Server::start(LIMITS);
    let mut peer = Peer::connect(server.connect(1)).await;
    peer.get(1, "/download").await;
    let begin = Instant::now();
    let (mut read, mut allowed) = (0, WINDOW);
    while begin.elapsed() < 5 * IDLE_TIMEOUT {
        while read < allowed {
            let (kind, _, payload) = peer.frame().await.unwrap();
            assert_ne!(kind, GOAWAY);
            if kind == DATA {
                read += payload.len();
            }
        }
        sleep(IDLE_TIMEOUT / 2).await;
        allowed += 16_384;
        peer.update_window(0, 16_384).await;
        peer.update_window(1, 16_384).await;
    }
}

#[tokio::test(start_paused = true)]
async fn http2_silent_event_stream_has_no_time_limit() {
    let server = Server::start(LIMITS);
    let mut peer = Peer::connect(server.connect(1)).await;
    peer.get(1, "/events").await;
    let mut events = 0;
    while events < 2 {
        let (kind, _, payload) = peer.frame().await.unwrap();
        assert_ne!(kind, GOAWAY);
        events += usize::from(kind == DATA && payload == b"event");
    }
}

#[tokio::test(start_paused = true)]
async fn http2_stalled_response_ends() {
    let server = Server::start(LIMITS);
    let mut peer = Peer::connect(server.connect(1)).await;
    peer.get(1, "/download").await;
    let begin = Instant::now();
    let (mut has_goaway, mut read) = (false, 0);
    // The bytes that fit into the window arrive. The rest waits for a window update, and none
    // comes.
    while let Ok((kind, _, payload)) = peer.frame().await {
        has_goaway |= kind == GOAWAY;
        if kind == DATA {
            read += payload.len();
        }
    }
    assert_eq!(read, WINDOW);
    let time = begin.elapsed();
    assert!(
        has_goaway && time >= IDLE_TIMEOUT && time < 3 * IDLE_TIMEOUT,
        "{time:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn pings_do_not_change_the_idle_time() {
    let server = Server::start(LIMITS);
    let mut peer = Peer::connect(server.connect(1)).await;
    peer.get(1, "/").await;
    let begin = Instant::now();
    let closed = loop {
        peer.0.write_all(b"\0\0\x08\x06\0\0\0\0\0pingping").await.unwrap();
        sleep(SECOND).await;
        let (kind, ..) = peer.frame().await.unwrap();
        if kind == GOAWAY {
            break begin.elapsed();
        }
        assert!(begin.elapsed() < 2 * IDLE_TIMEOUT);
    };
    assert!(closed >= IDLE_TIMEOUT && closed < 2 * IDLE_TIMEOUT, "{closed:?}");
}
