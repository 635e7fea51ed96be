//! Streams of one HTTP/2 connection that advance at different speeds.

use std::time::Duration;

use tokio::time::{Instant, sleep};

use crate::http2::{DATA, GOAWAY, Peer, RST_STREAM, WINDOW};
use crate::support::{DOWNLOAD, IDLE_TIMEOUT, LIMITS, Server};

/// The `CANCEL` of RFC 9113, section 7.
const CANCEL: [u8; 4] = [0, 0, 0, 8];

/// More than a test reads.
const LARGE: usize = 64 * 1024 * 1024;

/// Connects, and opens the window of the connection fully. Streams have their own windows.
async fn connect(server: &Server) -> Peer {
    let mut peer = Peer::connect(server.connect(1)).await;
    peer.update_window(0, LARGE).await;
    peer
}

fn assert_is_limit(time: Option<Duration>) {
    let time = time.expect("the stalled stream ends");
    assert!(time >= IDLE_TIMEOUT && time < 2 * IDLE_TIMEOUT, "{time:?}");
}

#[tokio::test(start_paused = true)]
async fn stalled_stream_ends_while_silent_one_stays() {
    let server = Server::start(LIMITS);
    let (mut peer, begin) = (connect(&server).await, Instant::now());
    // The window of the first stream is never opened again. The second one is silent most of the
    // time.
    peer.get(1, "/download").await;
    peer.get(3, "/events").await;
    let (mut ended, mut events) = (None, 0);
    while events < 4 {
        match peer.frame().await.unwrap() {
            (RST_STREAM, 1, reason) => {
                assert_eq!(reason, CANCEL);
                ended = Some(begin.elapsed());
            }
            (RST_STREAM | GOAWAY, ..) => panic!("another stream ended after {:?}", begin.elapsed()),
            (DATA, 3, payload) => events += usize::from(payload == b"event"),
            _ => {}
        }
    }
    assert_is_limit(ended);
}

#[tokio::test(start_paused = true)]
async fn stalled_stream_ends_while_active_one_stays() {
    let server = Server::start(LIMITS);
    let (mut peer, begin) = (connect(&server).await, Instant::now());
    peer.get(1, "/download").await;
    peer.get(3, "/download").await;
    let (mut ended, mut read) = (None, 0);
    while begin.elapsed() < 4 * IDLE_TIMEOUT {
        match peer.frame().await.unwrap() {
            (RST_STREAM, 1, _) => ended = Some(begin.elapsed()),
            (RST_STREAM | GOAWAY, ..) => panic!("another stream ended after {:?}", begin.elapsed()),
            (DATA, 3, payload) => {
                read += payload.len();
                sleep(Duration::from_secs(5)).await;
                if !payload.is_empty() {
                    peer.update_window(3, payload.len()).await;
                }
            }
            _ => {}
        }
    }
    assert_is_limit(ended);
    assert!(read > WINDOW, "the second stream has progress: {read}");
    // The connection takes new requests.
    peer.get(5, "/").await;
    while !matches!(peer.frame().await.unwrap(), (DATA, 5, payload) if payload == b"1") {}
}

/// Pieces are the same bytes, and `Content-Length` is that of the whole.
#[tokio::test(start_paused = true)]
async fn large_response_in_pieces_is_complete() {
    let server = Server::start(LIMITS);
    let mut peer = connect(&server).await;
    peer.get(1, "/download").await;
    peer.update_window(1, LARGE).await;
    let mut read = 0;
    while read < DOWNLOAD {
        let (kind, id, payload) = peer.frame().await.unwrap();
        assert!(kind != RST_STREAM && kind != GOAWAY);
        if (kind, id) == (DATA, 1) {
            assert!(payload.iter().all(|byte| *byte == b'x'));
            read += payload.len();
        }
    }
    assert_eq!(read, DOWNLOAD);
}
