//! The accept loop with a minimal service, so that the rest of the program cannot hide an effect.

#![expect(clippy::disallowed_methods, reason = "what is tested is how long things take")]
#![expect(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test may fail"
)]

use std::convert::Infallible;
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::num::NonZeroUsize;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use http_body_util::{Either, Full};
use hyper::body::{Body, Bytes, Frame};
use hyper::service::service_fn;
use hyper::{Request, Response};
use tokio::sync::mpsc::UnboundedSender;

use scopegate_listener::{Arriving, Ending, Limits, run};
use tokio::net::TcpListener;

mod streams;

const LIMITS: Limits = Limits {
    header_timeout: Duration::from_millis(300),
    idle_timeout: Duration::from_millis(900),
    max_connections: NonZeroUsize::MIN,
    drain_deadline: Duration::from_millis(300),
};

/// A body with the bytes of a refusal that hyper writes itself.
const REFUSAL: &[u8] = b"HTTP/1.1 431 Too Large\r\nconnection: close\r\ncontent-length: 0\r\n\r\n";

/// More than the buffers of both sockets hold.
const DOWNLOAD: usize = 24 * 1024 * 1024;

/// A body that never ends and is silent for longer than every timeout between its parts.
struct Events(Pin<Box<tokio::time::Sleep>>);

impl Events {
    fn body() -> TestBody {
        Either::Right(Self(Box::pin(tokio::time::sleep(PAUSE))))
    }
}

const PAUSE: Duration = Duration::from_millis(1_200);

type TestBody = Either<Full<Bytes>, Events>;

impl Body for Events {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        self.0.as_mut().poll(context).map(|()| {
            self.0 = Box::pin(tokio::time::sleep(PAUSE));
            Some(Ok(Frame::data(Bytes::from_static(b"event"))))
        })
    }
}

async fn answer(request: Request<Arriving>) -> Result<Response<TestBody>, Infallible> {
    match request.uri().path() {
        "/events" => return Ok(Response::new(Events::body())),
        "/looks-like-a-refusal" => {
            let pieces = Full::new(Bytes::from_static(REFUSAL));
            return Ok(Response::new(Either::Left(pieces)));
        }
        "/download" => return Ok(Response::new(Either::Left(Full::new(vec![b'x'; DOWNLOAD].into())))),
        _ => {}
    }
    let answer = match request.uri().path() {
        "/panic" => panic!("on purpose"),
        "/slow" => {
            tokio::time::sleep(Duration::from_millis(200)).await;
            "slow"
        }
        "/never" => std::future::pending().await,
        _ => "ok",
    };
    Ok(Response::new(Either::Left(Full::new(Bytes::from_static(
        answer.as_bytes(),
    )))))
}

/// Serves until a stop is sent. The thread returns how it ended.
fn start(limits: Limits) -> (SocketAddr, UnboundedSender<()>, JoinHandle<Ending>) {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, mut stopped) = tokio::sync::mpsc::unbounded_channel();
    let serving = std::thread::spawn(move || {
        let stop = async move || match stopped.recv().await {
            Some(()) => {}
            None => std::future::pending().await,
        };
        runtime.block_on(run("test", listener, service_fn(answer), limits, stop))
    });
    (address, stop, serving)
}

/// Sends bytes and reads to the end. Returns the response and the duration.
fn exchange(address: SocketAddr, request: &str) -> (String, Duration) {
    let begin = Instant::now();
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    (String::from_utf8_lossy(&answer).into_owned(), begin.elapsed())
}

fn get(path: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
}

#[test]
fn silence_has_an_end_in_every_phase() {
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
            time >= LIMITS.header_timeout && time < Duration::from_secs(2),
            "{head:?}: {time:?}"
        );
    }
    let (answer, time) = exchange(address, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    assert!(answer.ends_with("ok"), "{answer}");
    assert!(time >= LIMITS.idle_timeout && time < Duration::from_secs(3), "{time:?}");
}

#[test]
fn the_head_of_a_later_request_has_as_little_time() {
    let (address, _stop, _serving) = start(LIMITS);
    let mut stream = TcpStream::connect(address).unwrap();
    stream.write_all(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n").unwrap();
    let mut answer = [0; 1024];
    assert!(stream.read(&mut answer).unwrap() > 0);
    let begin = Instant::now();
    stream.write_all(b"GET / HT").unwrap();
    assert_eq!(stream.read(&mut answer).unwrap_or_default(), 0);
    assert!(begin.elapsed() < LIMITS.idle_timeout, "{:?}", begin.elapsed());
}

#[test]
fn a_second_signal_ends_at_once() {
    let (address, stop, serving) = start(Limits {
        drain_deadline: Duration::from_mins(1),
        ..LIMITS
    });
    std::thread::spawn(move || exchange(address, &get("/never")));
    std::thread::sleep(Duration::from_millis(50));
    stop.send(()).unwrap();
    std::thread::sleep(Duration::from_millis(50));
    stop.send(()).unwrap();
    assert_eq!(serving.join().unwrap(), Ending::AtOnce);
}

#[test]
fn a_panic_ends_its_connection_alone() {
    let (address, _stop, _serving) = start(LIMITS);
    assert_eq!(exchange(address, &get("/panic")).0, "");
    assert!(exchange(address, &get("/")).0.ends_with("ok"));
}

#[test]
fn what_is_under_way_is_answered_before_the_end() {
    let (address, stop, serving) = start(LIMITS);
    let slow = std::thread::spawn(move || exchange(address, &get("/slow").replace("close", "keep-alive")).0);
    std::thread::sleep(Duration::from_millis(50));
    stop.send(()).unwrap();
    assert_eq!(serving.join().unwrap(), Ending::Drained);
    assert!(slow.join().unwrap().ends_with("slow"));
    assert!(TcpStream::connect(address).is_err());
}

/// One frame of HTTP/2: its type, flags and payload.
fn frame(stream: &mut TcpStream) -> io::Result<(u8, u8, Vec<u8>)> {
    let mut head = [0; 9];
    stream.read_exact(&mut head)?;
    let length = u32::from_be_bytes([0, head[0], head[1], head[2]]);
    let mut payload = vec![0; usize::try_from(length).unwrap()];
    stream.read_exact(&mut payload)?;
    Ok((head[3], head[4], payload))
}

#[test]
fn over_http2_the_end_is_said_at_once_and_what_is_under_way_is_answered() {
    const HEADERS: &[u8] = b"\0\0\x0c\x01\x05\0\0\0\x01\x82\x86\x04\x05/slow\x01\x01a";
    const DATA: u8 = 0;
    const PING: u8 = 6;
    const GOAWAY: u8 = 7;
    let (address, stop, serving) = start(Limits {
        drain_deadline: Duration::from_mins(1),
        ..LIMITS
    });
    let mut stream = TcpStream::connect(address).unwrap();
    let preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";
    stream.write_all(&[preface, HEADERS].concat()).unwrap();
    std::thread::sleep(Duration::from_millis(50));
    stop.send(()).unwrap();
    let (mut said, mut body) = (Vec::new(), Vec::new());
    while let Ok((kind, flags, payload)) = frame(&mut stream) {
        match kind {
            DATA => body.extend(payload),
            PING if flags == 0 => {
                let answer = [b"\0\0\x08\x06\x01\0\0\0\0", payload.as_slice()].concat();
                stream.write_all(&answer).unwrap();
            }
            _ => said.push((kind, body.is_empty())),
        }
    }
    assert_eq!(body, b"slow");
    assert!(said.contains(&(GOAWAY, true)), "{said:?}");
    assert_eq!(serving.join().unwrap(), Ending::Drained);
}

#[test]
fn the_end_does_not_wait_for_ever() {
    let (address, stop, serving) = start(LIMITS);
    std::thread::spawn(move || exchange(address, &get("/never")));
    std::thread::sleep(Duration::from_millis(50));
    stop.send(()).unwrap();
    assert_eq!(serving.join().unwrap(), Ending::Deadline);
}

/// Reads the head of a response and returns the bytes of its body that came with it.
fn read_head(stream: &mut TcpStream) -> usize {
    let (mut read, mut part) = (Vec::new(), [0; 1024]);
    loop {
        let count = stream.read(&mut part).unwrap();
        assert!(count > 0, "{}", read.escape_ascii());
        read.extend_from_slice(&part[..count]);
        if let Some(end) = read.windows(4).position(|window| window == b"\r\n\r\n") {
            return read.len() - end - 4;
        }
    }
}

#[test]
fn bytes_of_a_response_are_never_edited() {
    let (address, _stop, _serving) = start(LIMITS);
    let (response, _) = exchange(address, &get("/looks-like-a-refusal"));
    assert!(
        response.as_bytes().ends_with(&[b"\r\n\r\n", REFUSAL].concat()),
        "{response}"
    );
    // A refusal by hyper itself is sent unchanged.
    let (response, _) = exchange(address, "nonsense\r\n\r\n");
    assert!(
        response.starts_with("HTTP/1.1 400") && !response.contains("x-request-id"),
        "{response}"
    );
}

#[test]
fn a_download_that_moves_outlives_every_timeout_over_http1() {
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
    assert!(begin.elapsed() > LIMITS.idle_timeout + LIMITS.header_timeout);
    // The connection is still open: it takes another request.
    stream.write_all(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n").unwrap();
    assert_eq!(read_head(&mut stream), 2);
}

#[test]
fn a_silent_stream_of_events_outlives_every_timeout_over_http1() {
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

/// Opens a connection of HTTP/2 and sends a GET as stream 1. Its windows are the defaults of RFC
/// 9113: 65,535 bytes.
fn get_over_http2(address: SocketAddr, path: &str) -> TcpStream {
    let length = u8::try_from(path.len()).unwrap();
    let head = [&[0x82, 0x86, 0x04, length], path.as_bytes(), &[0x01, 0x01, b'a']].concat();
    let length = u8::try_from(head.len()).unwrap();
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    let preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";
    let headers = [0, 0, length, 1, 5, 0, 0, 0, 1];
    stream.write_all(&[&preface[..], &headers, &head].concat()).unwrap();
    stream
}

/// The frame of HTTP/2 that lets the peer send this many more bytes.
fn window_update(stream: u8, bytes: u32) -> Vec<u8> {
    [&[0, 0, 4, 8, 0, 0, 0, 0, stream][..], &bytes.to_be_bytes()].concat()
}

#[test]
fn a_download_that_moves_outlives_every_timeout_over_http2() {
    let (address, _stop, _serving) = start(LIMITS);
    let mut stream = get_over_http2(address, "/download");
    let begin = Instant::now();
    let (mut read, mut granted) = (0, 65_535);
    while begin.elapsed() < 2 * (LIMITS.idle_timeout + LIMITS.header_timeout) {
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
fn a_silent_stream_of_events_outlives_every_timeout_over_http2() {
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
fn a_response_that_stalls_ends_over_http2() {
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
    assert!(
        goes_away && begin.elapsed() >= LIMITS.idle_timeout,
        "{:?}",
        begin.elapsed()
    );
}

#[test]
fn pings_neither_close_an_idle_connection_nor_keep_it() {
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
    assert!(
        closed >= LIMITS.idle_timeout && closed < Duration::from_secs(5),
        "{closed:?}"
    );
    drop(stream);
    pinging.join().unwrap();
}
