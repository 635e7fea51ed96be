//! The shutdown of a listener.

use std::io::Write;
use std::net::TcpStream;
use std::time::Duration;

use scopegate_listener::DrainOutcome;

use crate::support::{LIMITS, exchange, frame, get, start};

#[test]
fn drain_answers_request_in_progress() {
    let (address, stop, serving) = start(LIMITS);
    let slow = std::thread::spawn(move || exchange(address, &get("/slow").replace("close", "keep-alive")).0);
    std::thread::sleep(Duration::from_millis(50));
    stop.send(()).unwrap();
    assert_eq!(serving.join().unwrap(), DrainOutcome::Complete);
    assert!(slow.join().unwrap().ends_with("slow"));
    assert!(TcpStream::connect(address).is_err());
}

#[test]
fn http2_drain_sends_goaway_and_answers_request() {
    const HEADERS: &[u8] = b"\0\0\x0c\x01\x05\0\0\0\x01\x82\x86\x04\x05/slow\x01\x01a";
    const DATA: u8 = 0;
    const PING: u8 = 6;
    const GOAWAY: u8 = 7;
    let (address, stop, serving) = start(LIMITS.drain_deadline(Duration::from_mins(1)));
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
    assert_eq!(serving.join().unwrap(), DrainOutcome::Complete);
}

#[test]
fn drain_ends_at_its_deadline() {
    let (address, stop, serving) = start(LIMITS);
    std::thread::spawn(move || exchange(address, &get("/never")));
    std::thread::sleep(Duration::from_millis(50));
    stop.send(()).unwrap();
    assert_eq!(serving.join().unwrap(), DrainOutcome::DeadlineExpired);
}

#[test]
fn second_signal_ends_at_once() {
    let (address, stop, serving) = start(LIMITS.drain_deadline(Duration::from_mins(1)));
    std::thread::spawn(move || exchange(address, &get("/never")));
    std::thread::sleep(Duration::from_millis(50));
    stop.send(()).unwrap();
    std::thread::sleep(Duration::from_millis(50));
    stop.send(()).unwrap();
    assert_eq!(serving.join().unwrap(), DrainOutcome::Forced);
}
