//! Loads a server over several connections. Each sends its next request after its response.
//!
//! `client ADDRESS CONNECTIONS EXPECTED REQUEST` opens the connections and sends one request on
//! each. Then it obeys the lines of standard input. `COUNT SECONDS` sends this number of requests,
//! or sends for this time, whichever ends first. It prints the number of responses, the seconds,
//! and the median and 99th percentile of the microseconds to a response. Every response has the
//! expected status and the length of the first. A REQUEST of the form `@FILE` is a file of
//! requests, separated by NUL bytes: each is sent once, and after the last one the first again.

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

/// A connection and its requests.
struct Line {
    stream: TcpStream,
    requests: Vec<Vec<u8>>,
    next: usize,
    /// Begin of each answer's first line.
    expected: Vec<u8>,
    /// Length of each answer.
    length: usize,
    buffer: Vec<u8>,
}

impl Line {
    async fn open(address: &str, expected: &str, requests: Vec<Vec<u8>>) -> Self {
        let stream = TcpStream::connect(address).await.unwrap();
        stream.set_nodelay(true).unwrap();
        let mut line = Self {
            stream,
            requests,
            next: 0,
            expected: format!("HTTP/1.1 {expected} ").into_bytes(),
            length: usize::MAX,
            buffer: vec![0; 64 * 1024],
        };
        line.send().await;
        line.length = line.first_length().await;
        line
    }

    /// Sends the next request.
    async fn send(&mut self) {
        let request = &self.requests[self.next % self.requests.len()];
        self.stream.write_all(request).await.unwrap();
        self.next += 1;
    }

    /// Reads the first response by its `Content-Length`.
    async fn first_length(&mut self) -> usize {
        let mut read = 0;
        loop {
            let count = self.stream.read(&mut self.buffer[read..]).await.unwrap();
            assert!(count > 0, "the server closed the connection");
            read += count;
            let text = std::str::from_utf8(&self.buffer[..read]).unwrap();
            if let Some((head, _)) = text.split_once("\r\n\r\n") {
                self.check();
                let length = head.split("\r\n").find_map(|line| {
                    let (name, value) = line.split_once(": ")?;
                    let is_length = name.eq_ignore_ascii_case("content-length");
                    is_length.then(|| value.parse::<usize>().unwrap())
                });
                let length = head.len() + 4 + length.unwrap();
                if read >= length {
                    return length;
                }
            }
        }
    }

    /// Sends a request and reads the response.
    async fn ask(&mut self) {
        self.send().await;
        let mut read = 0;
        while read < self.length {
            let count = self.stream.read(&mut self.buffer[read..]).await.unwrap();
            assert!(count > 0, "the server closed the connection");
            read += count;
        }
        assert_eq!(read, self.length, "an answer is as long as the first");
        self.check();
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
