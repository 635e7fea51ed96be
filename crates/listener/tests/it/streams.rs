//! Streams of one HTTP/2 connection that advance at different speeds.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use crate::support::{DOWNLOAD, IDLE_TIMEOUT, LIMITS, start, window_update};

const DATA: u8 = 0;
const RST_STREAM: u8 = 3;
const GOAWAY: u8 = 7;

/// The `CANCEL` of RFC 9113, section 7.
const CANCEL: [u8; 4] = [0, 0, 0, 8];

/// More than a test reads.
const LARGE: u32 = 64 * 1024 * 1024;

struct Peer(TcpStream);

impl Peer {
    /// Connects, and opens the window of the connection fully. Streams have their own windows.
    fn connect(address: SocketAddr) -> Self {
        let mut stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        stream
            .write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0")
            .unwrap();
        stream.write_all(&window_update(0, LARGE)).unwrap();
        Self(stream)
    }

    fn get(&mut self, id: u8, path: &str) {
        let length = u8::try_from(path.len()).unwrap();
        let head = [&[0x82, 0x86, 0x04, length], path.as_bytes(), &[0x01, 0x01, b'a']].concat();
        let length = u8::try_from(head.len()).unwrap();
        let frame = [&[0, 0, length, 1, 5, 0, 0, 0, id][..], &head].concat();
        self.0.write_all(&frame).unwrap();
    }

    /// The next frame: its type, its stream and its payload.
    fn frame(&mut self) -> (u8, u8, Vec<u8>) {
        let mut head = [0; 9];
        self.0.read_exact(&mut head).unwrap();
        let length = u32::from_be_bytes([0, head[0], head[1], head[2]]);
        let mut payload = vec![0; usize::try_from(length).unwrap()];
        self.0.read_exact(&mut payload).unwrap();
        (head[3], head[8], payload)
    }
}

#[test]
fn stalled_stream_ends_while_silent_one_stays() {
    let (address, _stop, _serving) = start(LIMITS);
    let (mut peer, begin) = (Peer::connect(address), Instant::now());
    // The window of the first stream is never opened again. The second one is silent most of the
    // time.
    peer.get(1, "/download");
    peer.get(3, "/events");
    let (mut ended, mut events) = (None, 0);
    while events < 4 {
        match peer.frame() {
            (RST_STREAM, 1, reason) => {
                assert_eq!(reason, CANCEL);
                ended = Some(begin.elapsed());
            }
            (RST_STREAM | GOAWAY, ..) => panic!("another stream ended after {:?}", begin.elapsed()),
            (DATA, 3, payload) => events += usize::from(payload == b"event"),
            _ => {}
        }
    }
    let ended = ended.expect("the first stream ends");
    assert!(ended >= IDLE_TIMEOUT && ended < 3 * IDLE_TIMEOUT, "{ended:?}");
}

#[test]
fn stalled_stream_ends_while_active_one_stays() {
    let (address, _stop, _serving) = start(LIMITS);
    let (mut peer, begin) = (Peer::connect(address), Instant::now());
    peer.get(1, "/download");
    peer.get(3, "/download");
    let (mut ended, mut read) = (None, 0_u32);
    while begin.elapsed() < 4 * IDLE_TIMEOUT {
        match peer.frame() {
            (RST_STREAM, 1, _) => ended = Some(begin.elapsed()),
            (RST_STREAM | GOAWAY, ..) => panic!("another stream ended after {:?}", begin.elapsed()),
            (DATA, 3, payload) => {
                let count = u32::try_from(payload.len()).unwrap();
                read += count;
                std::thread::sleep(Duration::from_millis(50));
                if count > 0 {
                    peer.0.write_all(&window_update(3, count)).unwrap();
                }
            }
            _ => {}
        }
    }
    let ended = ended.expect("the first stream ends");
    assert!(ended >= IDLE_TIMEOUT && ended < 3 * IDLE_TIMEOUT, "{ended:?}");
    assert!(read > 65_535, "the second stream flows: {read}");
    // The connection takes new requests.
    peer.get(5, "/");
    while !matches!(peer.frame(), (DATA, 5, payload) if payload == b"ok") {}
}

/// Pieces are the same bytes, and `Content-Length` is that of the whole.
#[test]
fn large_response_in_pieces_is_complete() {
    let (address, _stop, _serving) = start(LIMITS);
    let mut peer = Peer::connect(address);
    peer.get(1, "/download");
    peer.0.write_all(&window_update(1, LARGE)).unwrap();
    let mut read = 0;
    loop {
        let (kind, id, payload) = peer.frame();
        assert!(kind != RST_STREAM && kind != GOAWAY);
        if (kind, id) == (DATA, 1) {
            assert!(payload.iter().all(|byte| *byte == b'x'));
            read += payload.len();
            if read == DOWNLOAD {
                return;
            }
        }
    }
}
