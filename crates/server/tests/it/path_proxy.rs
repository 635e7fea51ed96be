//! A proxy that removes the path of the issuer, as that of docs/operations.md does.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use crate::support::Answer;

/// The path of the issuer.
pub(crate) const PATH: &str = "/tenant";

/// A proxy in front of a server that starts later. It ends with the test.
pub(crate) struct PathProxy {
    address: SocketAddr,
    state: &'static State,
}

/// What its threads share.
#[derive(Default)]
struct State {
    server: OnceLock<SocketAddr>,
    /// How many of the next answers of `/token` are lost.
    lost: AtomicU32,
}

impl PathProxy {
    /// Listens, so that the issuer is known before the server starts.
    pub(crate) fn listen() -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = listener.local_addr().unwrap();
        let state: &State = Box::leak(Box::default());
        std::thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                std::thread::spawn(move || state.server.get().map(|server| forward(client, *server, &state.lost)));
            }
        });
        Self { address, state }
    }

    /// The issuer: the URL of the proxy with its path.
    pub(crate) fn issuer(&self) -> String {
        format!("http://{}{PATH}", self.address)
    }

    /// Sets the server behind the proxy.
    pub(crate) fn lead_to(&self, server: SocketAddr) {
        self.state.server.set(server).unwrap();
    }

    /// Loses the next answers of `/token`: the server decides, and the client reads nothing.
    pub(crate) fn lose_tokens(&self, count: u32) {
        self.state.lost.store(count, Ordering::Relaxed);
    }

    /// Whether all answers that it loses are lost.
    pub(crate) fn has_lost(&self) -> bool {
        self.state.lost.load(Ordering::Relaxed) == 0
    }

    /// The answer to a request of this method for a path of the proxy.
    pub(crate) fn ask(&self, method: &str, path: &str) -> Answer {
        let mut stream = TcpStream::connect(self.address).unwrap();
        let length = if method == "POST" { "Content-Length: 0\r\n" } else { "" };
        write!(stream, "{method} {path} HTTP/1.1\r\nHost: a\r\n{length}\r\n").unwrap();
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes).unwrap();
        Answer::parse(&bytes)
    }
}

/// Forwards one request. A path outside of the issuer is not found.
fn forward(mut client: TcpStream, server: SocketAddr, lost: &AtomicU32) -> io::Result<()> {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        client.read_exact(&mut byte)?;
        head.extend(byte);
    }
    let head = String::from_utf8_lossy(&head).into_owned();
    let Some((method, rest)) = head.split_once(&format!(" {PATH}/")) else {
        return client.write_all(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    };
    let headers = rest
        .split_inclusive("\r\n")
        .filter(|line| !line.to_lowercase().starts_with("connection:"));
    let rest: String = headers.collect();
    let rest = rest.replacen("\r\n", "\r\nConnection: close\r\n", 1);
    let mut upstream = TcpStream::connect(server)?;
    write!(upstream, "{method} /{rest}")?;
    let (mut body, mut sink) = (client.try_clone()?, upstream.try_clone()?);
    std::thread::spawn(move || io::copy(&mut body, &mut sink));
    let mut answer = Vec::new();
    upstream.read_to_end(&mut answer)?;
    let is_of_token = method == "POST" && rest.starts_with("token ");
    let fewer = |left: u32| left.checked_sub(1);
    if !is_of_token || lost.fetch_update(Ordering::Relaxed, Ordering::Relaxed, fewer).is_err() {
        client.write_all(&answer)?;
    }
    client.shutdown(Shutdown::Both)
}
