//! The baseline of whole servers: hyper's HTTP/1 alone, with one response to every request.
//!
//! Reads the response of another server from standard input, and prints its own address. The
//! runtime, the options of the socket and of hyper are those of `scopegate serve`. It has no timer,
//! no limit and no router.

#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a yardstick ends where it cannot go on"
)]

use std::convert::Infallible;
use std::io::{self, Read};

use bytes::Bytes;
use http::header::{CONTENT_LENGTH, DATE};
use http::{HeaderMap, HeaderName, HeaderValue, Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};

/// The response to every request.
#[derive(Clone)]
struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    body: Bytes,
}

impl Answer {
    /// The response in these bytes. hyper itself adds its date and its length.
    fn read(bytes: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(bytes).ok()?;
        let (head, body) = text.split_once("\r\n\r\n")?;
        let mut lines = head.split("\r\n");
        let status = lines.next()?.split(' ').nth(1)?.parse().ok()?;
        let mut headers = HeaderMap::new();
        for line in lines {
            let (name, value) = line.split_once(": ")?;
            headers.append(name.parse::<HeaderName>().ok()?, HeaderValue::from_str(value).ok()?);
        }
        headers.remove(CONTENT_LENGTH);
        headers.remove(DATE);
        Some(Self {
            status,
            headers,
            body: Bytes::copy_from_slice(body.as_bytes()),
        })
    }

    fn response(&self) -> Response<Full<Bytes>> {
        let mut response = Response::new(Full::new(self.body.clone()));
        *response.status_mut() = self.status;
        for (name, value) in &self.headers {
            response.headers_mut().append(name, value.clone());
        }
        response
    }
}

fn main() {
    let mut bytes = Vec::new();
    io::stdin().read_to_end(&mut bytes).unwrap();
    let answer = Answer::read(&bytes).unwrap();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    runtime.unwrap().block_on(serve(answer));
}

async fn serve(answer: Answer) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    println!("{}", listener.local_addr().unwrap());
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        tokio::spawn(converse(stream, answer.clone()));
    }
}

async fn converse(stream: TcpStream, answer: Answer) {
    stream.set_nodelay(true).unwrap();
    let service = service_fn(|_: Request<Incoming>| std::future::ready(Ok::<_, Infallible>(answer.response())));
    // An error here is a client that has gone.
    let _ = http1::Builder::new()
        .serve_connection(TokioIo::new(stream), service)
        .await;
}
