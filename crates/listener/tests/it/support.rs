//! A listener with a minimal service, so that the rest of the program cannot hide an effect.

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
use scopegate_listener::{DrainOutcome, Limits, Listener, RequestBody};
use tokio::sync::mpsc::UnboundedSender;

pub(crate) const HEADER_TIMEOUT: Duration = Duration::from_millis(300);

pub(crate) const IDLE_TIMEOUT: Duration = Duration::from_millis(900);

pub(crate) const LIMITS: Limits = Limits::new()
    .header_timeout(HEADER_TIMEOUT)
    .idle_timeout(IDLE_TIMEOUT)
    .max_connections(NonZeroUsize::MIN)
    .drain_deadline(Duration::from_millis(300));

/// A response body with the bytes of a refusal that hyper writes itself.
pub(crate) const REFUSAL: &[u8] = b"HTTP/1.1 431 Too Large\r\nconnection: close\r\ncontent-length: 0\r\n\r\n";

/// More than the buffers of both sockets hold.
pub(crate) const DOWNLOAD: usize = 24 * 1024 * 1024;

/// A body that never ends and is silent for longer than every timeout between its parts.
struct Events(Pin<Box<tokio::time::Sleep>>);

impl Events {
    fn body() -> TestBody {
        Either::Right(Self(Box::pin(tokio::time::sleep(PAUSE))))
    }
}

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

const PAUSE: Duration = Duration::from_millis(1_200);

type TestBody = Either<Full<Bytes>, Events>;

async fn respond(request: Request<RequestBody>) -> Result<Response<TestBody>, Infallible> {
    let body: Bytes = match request.uri().path() {
        "/events" => return Ok(Response::new(Events::body())),
        "/looks-like-a-refusal" => Bytes::from_static(REFUSAL),
        "/download" => vec![b'x'; DOWNLOAD].into(),
        "/panic" => panic!("on purpose"),
        "/slow" => {
            tokio::time::sleep(Duration::from_millis(200)).await;
            Bytes::from_static(b"slow")
        }
        "/never" => std::future::pending().await,
        _ => Bytes::from_static(b"ok"),
    };
    Ok(Response::new(Either::Left(Full::new(body))))
}

/// Serves until a stop is sent. The thread returns how it ended.
pub(crate) fn start(limits: Limits) -> (SocketAddr, UnboundedSender<()>, JoinHandle<DrainOutcome>) {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    let listener = {
        let _context = runtime.enter();
        Listener::bind(([127, 0, 0, 1], 0).into()).unwrap()
    };
    let address = listener.local_addr().unwrap();
    let (stop, mut stopped) = tokio::sync::mpsc::unbounded_channel();
    let serving = std::thread::spawn(move || {
        let stop = async move || match stopped.recv().await {
            Some(()) => {}
            None => std::future::pending().await,
        };
        runtime.block_on(listener.limits(limits).serve(service_fn(respond), stop))
    });
    (address, stop, serving)
}

/// Sends bytes and reads to the end. Returns the response and the duration.
pub(crate) fn exchange(address: SocketAddr, request: &str) -> (String, Duration) {
    let begin = Instant::now();
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    (String::from_utf8_lossy(&answer).into_owned(), begin.elapsed())
}

pub(crate) fn get(path: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
}

/// One frame of HTTP/2: its type, flags and payload.
pub(crate) fn frame(stream: &mut TcpStream) -> io::Result<(u8, u8, Vec<u8>)> {
    let mut head = [0; 9];
    stream.read_exact(&mut head)?;
    let length = u32::from_be_bytes([0, head[0], head[1], head[2]]);
    let mut payload = vec![0; usize::try_from(length).unwrap()];
    stream.read_exact(&mut payload)?;
    Ok((head[3], head[4], payload))
}

/// Reads the head of a response and returns the bytes of its body that came with it.
pub(crate) fn read_head(stream: &mut TcpStream) -> usize {
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

/// Opens a connection of HTTP/2 and sends a GET as stream 1. Its windows are the defaults of RFC
/// 9113: 65,535 bytes.
pub(crate) fn get_over_http2(address: SocketAddr, path: &str) -> TcpStream {
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
pub(crate) fn window_update(stream: u8, bytes: u32) -> Vec<u8> {
    [&[0, 0, 4, 8, 0, 0, 0, 0, stream][..], &bytes.to_be_bytes()].concat()
}
