//! Loads a server over several connections. Each sends its next request after its response.
//!
//! `client ADDRESS CONNECTIONS EXPECTED REQUEST` opens the connections and sends one request on
//! each. Then it obeys the lines of standard input. `COUNT SECONDS` sends this number of requests,
//! or sends for this time, whichever ends first. It prints the number of responses, the seconds,
//! and the median and 99th percentile of the microseconds to a response. Every response has the
//! expected status and the length of the first to its request. A REQUEST of the form `@FILE` is a
//! file of requests, separated by NUL bytes: each is sent once, and after the last one the first
//! again. A refresh token in a response replaces the one in its request, so that each is used once.

#![expect(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a client that loads a server ends where it cannot go on"
)]

use std::io;
use std::time::Duration;

use futures_util::future::join_all;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::Instant;

/// The begin of a refresh token, and the length of the whole.
const REFRESH_TOKEN: (&[u8], usize) = (b"sgrt_", 100);

/// A request that is sent again and again.
struct Asked {
    bytes: Vec<u8>,
    /// The place of a refresh token in it.
    token: Option<usize>,
    /// Length of each answer. `None`: there was none yet.
    length: Option<usize>,
}

/// A connection and its requests.
struct Line {
    stream: TcpStream,
    requests: Vec<Asked>,
    next: usize,
    /// Begin of each answer's first line.
    expected: Vec<u8>,
    buffer: Vec<u8>,
}

impl Asked {
    fn new(bytes: Vec<u8>) -> Self {
        Self {
            token: token_in(&bytes),
            bytes,
            length: None,
        }
    }
}

/// The place of a refresh token.
fn token_in(bytes: &[u8]) -> Option<usize> {
    let (begin, length) = REFRESH_TOKEN;
    let place = bytes.windows(begin.len()).position(|window| window == begin)?;
    (place + length <= bytes.len()).then_some(place)
}

impl Line {
    async fn open(address: &str, expected: &str, requests: Vec<Vec<u8>>) -> Self {
        let stream = TcpStream::connect(address).await.unwrap();
        stream.set_nodelay(true).unwrap();
        let mut line = Self {
            stream,
            requests: requests.into_iter().map(Asked::new).collect(),
            next: 0,
            expected: format!("HTTP/1.1 {expected} ").into_bytes(),
            buffer: vec![0; 64 * 1024],
        };
        line.ask().await;
        line
    }

    /// Reads the first response to a request by its `Content-Length`. Returns its length.
    async fn first_length(&mut self) -> usize {
        let mut read = 0;
        loop {
            read += self.read(read).await;
            let Some(end) = self.buffer[..read].windows(4).position(|window| window == b"\r\n\r\n") else {
                continue;
            };
            self.check();
            let head = std::str::from_utf8(&self.buffer[..end]).unwrap();
            let length = head.split("\r\n").find_map(|line| {
                let (name, value) = line.split_once(": ")?;
                let is_length = name.eq_ignore_ascii_case("content-length");
                is_length.then(|| value.parse::<usize>().unwrap())
            });
            let length = end + 4 + length.unwrap();
            while read < length {
                read += self.read(read).await;
            }
            return length;
        }
    }

    async fn read(&mut self, read: usize) -> usize {
        let count = self.stream.read(&mut self.buffer[read..]).await.unwrap();
        assert!(count > 0, "the server closed the connection");
        count
    }

    /// Sends the next request and reads the response.
    async fn ask(&mut self) {
        let asked = self.next % self.requests.len();
        self.next += 1;
        self.stream.write_all(&self.requests[asked].bytes).await.unwrap();
        let length = match self.requests[asked].length {
            None => self.first_length().await,
            Some(length) => {
                let mut read = 0;
                while read < length {
                    read += self.read(read).await;
                    self.check();
                }
                assert_eq!(read, length, "an answer is as long as the first");
                length
            }
        };
        let request = &mut self.requests[asked];
        request.length = Some(length);
        if let Some(to) = request.token
            && let Some(from) = token_in(&self.buffer[..length])
        {
            let len = REFRESH_TOKEN.1;
            request.bytes[to..to + len].copy_from_slice(&self.buffer[from..from + len]);
        }
    }

    fn check(&self) {
        let begin = &self.buffer[..200];
        assert!(begin.starts_with(&self.expected), "{}", String::from_utf8_lossy(begin));
    }

    /// Sends requests until the end. Returns the microseconds to each response.
    async fn load(&mut self, count: usize, end: Instant) -> Vec<f64> {
        let mut times = Vec::new();
        let mut before = Instant::now();
        while times.len() < count && before < end {
            self.ask().await;
            let now = Instant::now();
            times.push((now - before).as_secs_f64() * 1e6);
            before = now;
        }
        times
    }
}

/// The requests of the argument.
fn requests(argument: &str) -> Vec<Vec<u8>> {
    let text = match argument.strip_prefix('@') {
        Some(file) => std::fs::read(file).unwrap(),
        None => argument.as_bytes().to_vec(),
    };
    text.split(|byte| *byte == 0).map(<[u8]>::to_vec).collect()
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let [_, address, connections, expected, request] = arguments.as_slice() else {
        panic!("client ADDRESS CONNECTIONS EXPECTED REQUEST");
    };
    let connections: usize = connections.parse().unwrap();
    let requests = requests(request);
    let open = (0..connections).map(|line| {
        let own = requests.iter().skip(line % requests.len()).step_by(connections);
        Line::open(address, expected, own.cloned().collect())
    });
    let mut lines = join_all(open).await;
    println!("ready");
    for order in io::stdin().lines() {
        let order = order.unwrap();
        let (count, seconds) = order.split_once(' ').unwrap();
        let count = count.parse::<usize>().unwrap().div_ceil(connections);
        let begin = Instant::now();
        let end = begin + Duration::from_secs_f64(seconds.parse().unwrap());
        let times = join_all(lines.iter_mut().map(|line| line.load(count, end))).await;
        let seconds = begin.elapsed().as_secs_f64();
        let mut times = times.concat();
        times.sort_unstable_by(f64::total_cmp);
        let at = |percent| times[times.len() * percent / 100];
        println!("{} {seconds} {} {}", times.len(), at(50), at(99));
    }
}
