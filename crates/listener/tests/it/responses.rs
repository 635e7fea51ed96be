//! Responses and panics of the service.

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::support::{LIMITS, REFUSAL, Server, exchange, get, within_a_minute};

#[tokio::test(start_paused = true)]
async fn panic_ends_only_its_connection() {
    let server = Server::start(LIMITS);
    assert_eq!(exchange(server.connect(1), &get("/panic")).await.0, "");
    assert!(exchange(server.connect(2), &get("/")).await.0.ends_with("\r\n\r\n2"));
}

#[tokio::test(start_paused = true)]
async fn response_bytes_are_never_edited() {
    let server = Server::start(LIMITS);
    let (response, _) = exchange(server.connect(1), &get("/looks-like-a-refusal")).await;
    assert!(
        response.as_bytes().ends_with(&[b"\r\n\r\n", REFUSAL].concat()),
        "{response}"
    );
}

#[tokio::test(start_paused = true)]
async fn refused_head_gets_complete_response() {
    let server = Server::start(LIMITS);
    let (mut read, mut write) = tokio::io::split(server.connect(1));
    let sending = async {
        // More than the pipe holds: the server must read it after the refusal.
        write.write_all(&vec![b'\r'; 20_000]).await.unwrap();
    };
    let mut response = String::new();
    let exchange = async { tokio::join!(sending, read.read_to_string(&mut response)) };
    let ((), read) = within_a_minute(exchange).await;
    read.unwrap();
    // hyper's own bytes: the listener adds no header.
    assert!(
        response.starts_with("HTTP/1.1 400 Bad Request\r\nconnection: close\r\ncontent-length: 0\r\n"),
        "{response}"
    );
    assert!(response.ends_with("\r\n\r\n"), "{response}");
}
