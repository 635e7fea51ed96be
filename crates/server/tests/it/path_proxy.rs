//! A proxy that removes the path of the issuer, as that of docs/operations.md does.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::OnceLock;

use crate::support::Answer;

/// The path of the issuer.
pub(crate) const PATH: &str = "/tenant";

/// A proxy in front of a server that starts later. It ends with the test.
pub(crate) struct PathProxy {
    address: SocketAddr,
    server: &'static OnceLock<SocketAddr>,
}

impl PathProxy {
    /// Listens, so that the issuer is known before the server starts.
    pub(crate) fn listen() -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = listener.local_addr().unwrap();
        let server: &OnceLock<SocketAddr> = Box::leak(Box::default());
        std::thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                std::thread::spawn(move || server.get().map(|server| forward(client, *server)));
            }
        });
        Self { address, server }
    }

    /// The issuer: the URL of the proxy with its path.
    pub(crate) fn issuer(&self) -> String {
        format!("http://{}{PATH}", self.address)
    }

    /// Sets the server behind the proxy.
    pub(crate) fn lead_to(&self, server: SocketAddr) {
        self.server.set(server).unwrap();
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
fn forward(mut client: TcpStream, server: SocketAddr) -> io::Result<()> {
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
    io::copy(&mut upstream, &mut client)?;
    client.shutdown(Shutdown::Both)
}
