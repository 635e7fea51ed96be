//! Peers that hold connections and send nothing useful. A correct client runs next to each kind.

#![expect(clippy::disallowed_methods, reason = "waiting has to end")]
#![expect(clippy::indexing_slicing, clippy::unwrap_used, reason = "a test may fail")]

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use crate::support::{Answer, Server};
use rustix::process::{Pid, Resource, Rlimit, getrlimit, prlimit};

const STATUS: &[u8] = b"GET /status/ HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
const KEPT: &[u8] = b"GET /status/ HTTP/1.1\r\nHost: a\r\n\r\n";
const FORM: &str = "Host: a\r\nContent-Type: application/x-www-form-urlencoded\r\n";
const LOGIN: &str = "grant_type=password&username=johndoe&password=secret&scope=me";

/// Time limits that are too long to end anything in a test.
const PATIENT: [&str; 7] = [
    "--demo",
    "--header-timeout",
    "5m",
    "--body-timeout",
    "5m",
    "--idle-timeout",
    "5m",
];

fn patient(more: &[&str]) -> Server {
    Server::start(&[&PATIENT, more].concat(), &[])
}

fn read_to_end(stream: &mut TcpStream) -> Answer {
    let mut bytes = Vec::new();
    let _ = stream.read_to_end(&mut bytes);
    Answer::parse(&bytes)
}

fn open(server: &Server, count: usize, said: &[u8]) -> Vec<TcpStream> {
    let open = |_| {
        let mut stream = server.connect();
        let _ = stream.write_all(said);
        stream
    };
    (0..count).map(open).collect()
}

/// A new correct client gets its response. [`Server::connect`] waits for a minute at most.
fn assert_serves(server: &Server) {
    assert_eq!(server.exchange(STATUS).status, 401);
}

fn slow_body() -> Vec<u8> {
    format!("POST /token HTTP/1.1\r\n{FORM}Content-Length: 60\r\n\r\ngrant").into_bytes()
}

/// Physical memory of the server, in KiB.
fn memory_of(server: &Server) -> usize {
    let status = std::fs::read_to_string(format!("/proc/{}/status", server.process.id())).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

fn open_files(server: &Server) -> usize {
    std::fs::read_dir(format!("/proc/{}/fd", server.process.id()))
        .unwrap()
        .count()
}

fn wait_until(what: &str, is_so: impl Fn() -> bool) {
    let begin = Instant::now();
    while !is_so() {
        assert!(begin.elapsed() < Duration::from_mins(1), "waited in vain: {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn new_connection_evicts_a_silent_one() {
    for said in [
        &b""[..],
        b"GET /status/ HT",
        KEPT,
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0",
    ] {
        let server = patient(&["--max-connections", "8"]);
        let before = open_files(&server);
        let held = open(&server, 20, said);
        for _ in 0..4 {
            assert_serves(&server);
        }
        assert!(open_files(&server) <= before + 8 + 1, "{said:?}");
        drop(held);
    }
}

#[test]
fn slow_body_is_evicted_for_a_new_connection() {
    let server = patient(&["--max-connections", "4"]);
    let mut slow = open(&server, 4, &slow_body());
    assert_serves(&server);
    for stream in &mut slow {
        // A peer that is not evicted yet sends its body late, and gets its response.
        let _ = stream.write_all(&[b'x'; 60]);
        let _ = stream.shutdown(std::net::Shutdown::Write);
    }
    let answers: Vec<u16> = slow.iter_mut().map(|stream| read_to_end(stream).status).collect();
    assert!(answers.contains(&408), "{answers:?}");
    assert!(answers.iter().any(|status| *status != 408), "{answers:?}");
}

#[test]
fn request_in_progress_is_not_evicted() {
    let server = patient(&["--max-connections", "4", "--hashing-slots", "1", "--rehash", "false"]);
    let length = LOGIN.len();
    let login = format!("POST /token HTTP/1.1\r\n{FORM}Connection: close\r\nContent-Length: {length}\r\n\r\n{LOGIN}");
    let mut logins = open(&server, 4, login.as_bytes());
    std::thread::sleep(Duration::from_millis(100));
    let mut newcomers = open(&server, 3, STATUS);
    for login in &mut logins {
        assert_eq!(read_to_end(login).status, 200);
    }
    for newcomer in &mut newcomers {
        assert_eq!(read_to_end(newcomer).status, 401);
    }
}

#[test]
fn a_refused_body_ends_its_connection() {
    let server = Server::start(&["--demo", "--body-limit", "1000", "--body-timeout", "300ms"], &[]);
    let request =
        |length: usize| format!("POST /token HTTP/1.1\r\n{FORM}Content-Length: {length}\r\n\r\n").into_bytes();
    // Bytes after an unread body are not parsed as a request.
    let smuggled = [request(2_000), vec![b'x'; 500], KEPT.to_vec()].concat();
    for (sent, status) in [(request(2_000), 413), (smuggled, 413), (request(60), 408)] {
        let mut stream = server.connect();
        stream.write_all(&sent).unwrap();
        let mut bytes = Vec::new();
        let _ = stream.read_to_end(&mut bytes);
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let answer = Answer::parse(&bytes);
        assert_eq!(answer.status, status, "{text}");
        assert!(
            !answer.body.is_empty() && answer.header("content-length").is_some(),
            "{text}"
        );
        assert_eq!(text.matches("HTTP/1.1").count(), 1, "{text}");
    }
    assert_serves(&server);
}

#[test]
fn peers_that_vanished_are_forgotten() {
    let server = Server::start(
        &[
            "--demo",
            "--header-timeout",
            "300ms",
            "--idle-timeout",
            "300ms",
            "--body-timeout",
            "300ms",
        ],
        &[],
    );
    let before = open_files(&server);
    // These peers send no byte and no end. Only the kernel acknowledges for them.
    let mut vanished = open(&server, 20, b"");
    vanished.extend(open(&server, 20, KEPT));
    vanished.extend(open(&server, 20, &slow_body()));
    assert_serves(&server);
    wait_until("their sockets are closed", || open_files(&server) <= before);
    drop(vanished);
}

#[test]
fn unread_responses_take_no_memory() {
    let server = patient(&[]);
    assert_serves(&server);
    let before = memory_of(&server);
    let many = KEPT.repeat(20_000);
    let floods: Vec<TcpStream> = (0..8)
        .map(|_| {
            let mut stream = server.connect();
            stream.set_write_timeout(Some(Duration::from_millis(500))).unwrap();
            // The write fails where the server stops reading.
            let _ = stream.write_all(&many);
            stream
        })
        .collect();
    assert_serves(&server);
    let grown = memory_of(&server).saturating_sub(before);
    assert!(grown < 64 * 1024, "{grown} KiB for {} floods", floods.len());
}

/// A frame of HTTP/2: [RFC 9113, section 4.1](https://www.rfc-editor.org/rfc/rfc9113#section-4.1).
fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    [&length[1..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
}

/// `GET /status/`, or a `POST` without its body, in HPACK's static table.
fn head(stream: u32, is_whole: bool) -> Vec<u8> {
    let method = if is_whole { 0x82 } else { 0x83 };
    let path = [&[0x04, 8][..], b"/status/"].concat();
    let block = [&[method, 0x86, 0x41, 1, b'a'], &path[..]].concat();
    frame(1, if is_whole { 5 } else { 4 }, stream, &block)
}

#[test]
fn floods_of_http2_streams_are_cut_off() {
    let server = patient(&[]);
    assert_serves(&server);
    let before = memory_of(&server);
    let preface = [b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec(), frame(4, 0, 0, &[])].concat();
    let reset = |stream| [head(stream, true), frame(3, 0, stream, &[0, 0, 0, 8])].concat();
    let unfinished = |stream| head(stream, false);
    let floods: [&dyn Fn(u32) -> Vec<u8>; 2] = [&reset, &unfinished];
    for flood in floods {
        let mut stream = server.connect();
        stream.set_write_timeout(Some(Duration::from_secs(5))).unwrap();
        stream.write_all(&preface).unwrap();
        let numbers = (0..20_000).map(|number| 2 * number + 1);
        for chunk in numbers.collect::<Vec<u32>>().chunks(100) {
            let frames: Vec<u8> = chunk.iter().flat_map(|number| flood(*number)).collect();
            if stream.write_all(&frames).is_err() {
                break;
            }
        }
        assert_serves(&server);
    }
    let grown = memory_of(&server).saturating_sub(before);
    assert!(grown < 64 * 1024, "{grown} KiB");
}

/// Processor time of the server, in ticks.
fn processor_time(server: &Server) -> u64 {
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", server.process.id())).unwrap();
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap().split_whitespace().collect();
    fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap()
}

#[test]
fn server_survives_a_lack_of_file_descriptors() {
    let server = patient(&[]);
    let id = Pid::from_raw(i32::try_from(server.process.id()).unwrap());
    let before = open_files(&server);
    let maximum = getrlimit(Resource::Nofile).maximum;
    let allow = |current| prlimit(id, Resource::Nofile, Rlimit { current, maximum }).unwrap();
    let usual = allow(Some(u64::try_from(before + 4).unwrap()));
    let held = open(&server, 20, b"");
    // Idle connections are evicted in favour of those that send requests.
    assert_serves(&server);
    assert_serves(&server);
    let used = processor_time(&server);
    std::thread::sleep(Duration::from_secs(1));
    let used = processor_time(&server) - used;
    assert!(used < 50, "{used} hundredths of a second: it turns in circles");
    allow(usual.current);
    drop(held);
    assert_serves(&server);
    wait_until("the files are closed", || open_files(&server) <= before);
}
