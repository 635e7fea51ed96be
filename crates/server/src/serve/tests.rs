//! The loop with a service of four lines, where a whole program would hide what is tested.

#![expect(clippy::disallowed_methods, reason = "what is tested is how long things take")]

use std::convert::Infallible;
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::num::NonZeroUsize;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use hyper::service::service_fn;
use hyper::{Request, Response};
use tokio::sync::mpsc::UnboundedSender;

use super::*;

pub(super) const LIMITS: Limits = Limits {
    header_timeout: Duration::from_millis(300),
    body_timeout: Duration::from_millis(300),
    idle_timeout: Duration::from_millis(900),
    body_limit: NonZeroUsize::MIN,
    max_connections: NonZeroUsize::MIN,
    drain_deadline: Duration::from_millis(300),
};

async fn answer(request: Request<Arriving>) -> Result<Response<String>, Infallible> {
    let answer = match request.uri().path() {
        "/panic" => panic!("on purpose"),
        "/slow" => {
            tokio::time::sleep(Duration::from_millis(200)).await;
            "slow"
        }
        "/never" => std::future::pending().await,
        _ => "ok",
    };
    Ok(Response::new(answer.to_owned()))
}

/// Serves until it is told to stop; the thread answers how it ended.
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

/// Sends bytes, reads to the end, and says how long it took.
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
