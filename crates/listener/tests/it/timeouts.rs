//! The time limits of connections and responses.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use crate::support::{
    DOWNLOAD, HEADER_TIMEOUT, IDLE_TIMEOUT, LIMITS, exchange, frame, get_over_http2, read_head, start, window_update,
};

#[test]
fn silent_connection_is_closed_in_every_phase() {
    let (address, _stop, _serving) = start(LIMITS);
    for head in [
        "",
        "GET / HT",
        "PRI * HTTP/2.0\r\n\r\nSM",
        "GET / HTTP/1.1\r\nHost: a\r\n",
    ] {
        let (answer, time) = exchange(address, head);
        assert_eq!(answer, "", "{head:?}");
        assert!(
            time >= HEADER_TIMEOUT && time < Duration::from_secs(2),
            "{head:?}: {time:?}"
        );
    }
    let (answer, time) = exchange(address, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    assert!(answer.ends_with("ok"), "{answer}");
    assert!(time >= IDLE_TIMEOUT && time < Duration::from_secs(3), "{time:?}");
}

#[test]
fn head_of_later_request_has_header_timeout() {
    let (address, _stop, _serving) = start(LIMITS);
    let mut stream = TcpStream::connect(address).unwrap();
    stream.write_all(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n").unwrap();
    let mut answer = [0; 1024];
    assert!(stream.read(&mut answer).unwrap() > 0);
    let begin = Instant::now();
    stream.write_all(b"GET / HT").unwrap();
    assert_eq!(stream.read(&mut answer).unwrap_or_default(), 0);
    assert!(begin.elapsed() < IDLE_TIMEOUT, "{:?}", begin.elapsed());
}

#[test]
fn http1_download_with_progress_has_no_time_limit() {
    let (address, _stop, _serving) = start(LIMITS);
    let mut stream = TcpStream::connect(address).unwrap();
    stream.write_all(b"GET /download HTTP/1.1\r\nHost: a\r\n\r\n").unwrap();
    let begin = Instant::now();
    let mut left = DOWNLOAD - read_head(&mut stream);
    let mut part = vec![0; 1024 * 1024];
    while left > 0 {
        std::thread::sleep(Duration::from_millis(80));
        let length = part.len().min(left);
        stream.read_exact(&mut part[..length]).unwrap();
        left -= length;
    }
    assert!(begin.elapsed() > IDLE_TIMEOUT + HEADER_TIMEOUT);
    // The connection is still open: it takes another request.
    stream.write_all(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n").unwrap();
    assert_eq!(read_head(&mut stream), 2);
}

#[test]
fn http1_silent_event_stream_has_no_time_limit() {
    let (address, _stop, _serving) = start(LIMITS);
    let mut stream = TcpStream::connect(address).unwrap();
    stream.write_all(b"GET /events HTTP/1.1\r\nHost: a\r\n\r\n").unwrap();
    let mut read = read_head(&mut stream);
    let mut part = [0; 1024];
    // Two events in chunks of 10 bytes each.
    while read < 20 {
        let count = stream.read(&mut part).unwrap();
        assert!(count > 0, "the connection was closed");
        read += count;
    }
}

#[test]
fn http2_download_with_progress_has_no_time_limit() {
    let (address, _stop, _serving) = start(LIMITS);
    let mut stream = get_over_http2(address, "/download");
    let begin = Instant::now();
    let (mut read, mut granted) = (0, 65_535);
    while begin.elapsed() < 2 * (IDLE_TIMEOUT + HEADER_TIMEOUT) {
        while read < granted {
            let (kind, _, payload) = frame(&mut stream).unwrap();
            assert_ne!(kind, 7, "the connection is closed");
            if kind == 0 {
                read += payload.len();
            }
        }
        std::thread::sleep(Duration::from_millis(100));
        granted += 16_384;
        let updates = [window_update(0, 16_384), window_update(1, 16_384)].concat();
        stream.write_all(&updates).unwrap();
    }
}

#[test]
fn http2_silent_event_stream_has_no_time_limit() {
    let (address, _stop, _serving) = start(LIMITS);
    let mut stream = get_over_http2(address, "/events");
    let mut events = 0;
    while events < 2 {
        let (kind, _, payload) = frame(&mut stream).unwrap();
        assert_ne!(kind, 7, "the connection is closed");
        events += usize::from(kind == 0 && payload == b"event");
    }
}

#[test]
fn http2_stalled_response_ends() {
    let (address, _stop, _serving) = start(LIMITS);
    let mut stream = get_over_http2(address, "/download");
    let begin = Instant::now();
    let mut goes_away = false;
    // The bytes that fit into the window arrive. The rest waits for a window update, and none
    // comes.
    while let Ok((kind, flags, payload)) = frame(&mut stream) {
        goes_away |= kind == 7;
        if kind == 6 && flags == 0 {
            let pong = [b"\0\0\x08\x06\x01\0\0\0\0", payload.as_slice()].concat();
            let _ = stream.write_all(&pong);
        }
    }
    assert!(goes_away && begin.elapsed() >= IDLE_TIMEOUT, "{:?}", begin.elapsed());
}

#[test]
fn pings_do_not_change_the_idle_time() {
    let (address, _stop, _serving) = start(LIMITS);
    let mut stream = get_over_http2(address, "/");
    let begin = Instant::now();
    let pinging = {
        let mut stream = stream.try_clone().unwrap();
        std::thread::spawn(move || {
            while stream.write_all(b"\0\0\x08\x06\0\0\0\0\0pingping").is_ok()
                && begin.elapsed() < Duration::from_secs(8)
            {
                std::thread::sleep(Duration::from_millis(100));
            }
        })
    };
    let mut closed = None;
    while let Ok((kind, ..)) = frame(&mut stream) {
        if kind == 7 {
            closed.get_or_insert_with(|| begin.elapsed());
        }
    }
    let closed = closed.expect("a GOAWAY");
    assert!(closed >= IDLE_TIMEOUT && closed < Duration::from_secs(5), "{closed:?}");
    drop(stream);
    pinging.join().unwrap();
}
