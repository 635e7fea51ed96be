//! The shutdown of a listener.

use std::time::Duration;

use scopegate_listener::DrainOutcome;
use tokio::io::AsyncWriteExt;
use tokio::time::{Instant, sleep};

use crate::http2::{DATA, GOAWAY, Peer};
use crate::support::{DRAIN_DEADLINE, GET, LIMITS, Server, exchange, get, read_head};

/// Lets every task run.
async fn settle() {
    sleep(Duration::from_millis(10)).await;
}

#[tokio::test(start_paused = true)]
async fn drain_answers_request_in_progress() {
    let server = Server::start(LIMITS);
    let request = get("/slow").replace("close", "keep-alive");
    let client = server.connect(1);
    let slow = tokio::spawn(async move { exchange(client, &request).await.0 });
    settle().await;
    assert_eq!(server.stop().await, DrainOutcome::Complete);
    let response = slow.await.unwrap();
    assert!(
        response.contains("connection: close\r\n") && response.ends_with("slow"),
        "{response}"
    );
}

#[tokio::test(start_paused = true)]
async fn drain_answers_connections_in_the_backlog() {
    let server = Server::start(LIMITS);
    let clients = [1, 2, 3].map(|port| server.connect(port));
    let requests = clients.map(|client| tokio::spawn(async move { exchange(client, &get("/")).await.0 }));
    // No task ran so far, so no connection is accepted.
    assert_eq!(server.stop().await, DrainOutcome::Complete);
    for request in requests {
        let response = request.await.unwrap();
        assert!(response.starts_with("HTTP/1.1 200"), "{response}");
    }
}

#[tokio::test(start_paused = true)]
async fn http2_drain_sends_goaway_and_answers_request() {
    let server = Server::start(LIMITS);
    let mut peer = Peer::connect(server.connect(1)).await;
    peer.get(1, "/slow").await;
    settle().await;
    server.signal();
    let (mut has_early_goaway, mut body) = (false, Vec::new());
    while let Ok((kind, _, payload)) = peer.frame().await {
        match kind {
            DATA => body.extend(payload),
            GOAWAY => has_early_goaway |= body.is_empty(),
            _ => {}
        }
    }
    assert_eq!(body, b"slow");
    assert!(has_early_goaway);
}

#[tokio::test(start_paused = true)]
async fn drain_ends_at_its_deadline() {
    let server = Server::start(LIMITS);
    let mut client = server.connect(1);
    client.write_all(get("/never").as_bytes()).await.unwrap();
    settle().await;
    let begin = Instant::now();
    assert_eq!(server.stop().await, DrainOutcome::DeadlineExpired);
    let time = begin.elapsed();
    assert!(
        time >= DRAIN_DEADLINE && time < DRAIN_DEADLINE + Duration::from_secs(1),
        "{time:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn idle_connection_does_not_delay_the_drain() {
    let server = Server::start(LIMITS);
    let mut client = server.connect(1);
    client.write_all(GET.as_bytes()).await.unwrap();
    read_head(&mut client).await;
    let begin = Instant::now();
    assert_eq!(server.stop().await, DrainOutcome::Complete);
    assert!(begin.elapsed() < Duration::from_secs(1), "{:?}", begin.elapsed());
}

#[tokio::test(start_paused = true)]
async fn half_a_head_is_not_waited_for() {
    let server = Server::start(LIMITS);
    let mut client = server.connect(1);
    client.write_all(b"GET / HT").await.unwrap();
    settle().await;
    let begin = Instant::now();
    assert_eq!(server.stop().await, DrainOutcome::Complete);
    assert!(begin.elapsed() < Duration::from_secs(2), "{:?}", begin.elapsed());
}

#[tokio::test(start_paused = true)]
async fn rest_of_a_head_may_arrive_during_the_drain() {
    let server = Server::start(LIMITS);
    let mut client = server.connect(1);
    let (begin, rest) = GET.split_at(8);
    client.write_all(begin.as_bytes()).await.unwrap();
    sleep(Duration::from_secs(5)).await;
    server.signal();
    sleep(Duration::from_millis(500)).await;
    let (response, _) = exchange(client, rest).await;
    assert!(
        response.starts_with("HTTP/1.1 200") && response.contains("connection: close"),
        "{response}"
    );
    assert_eq!(server.outcome().await, DrainOutcome::Complete);
}

#[tokio::test(start_paused = true)]
async fn second_signal_ends_at_once() {
    let server = Server::start(LIMITS);
    let mut client = server.connect(1);
    client.write_all(get("/never").as_bytes()).await.unwrap();
    settle().await;
    server.signal();
    settle().await;
    let begin = Instant::now();
    assert_eq!(server.stop().await, DrainOutcome::Forced);
    assert!(begin.elapsed() < Duration::from_secs(1), "{:?}", begin.elapsed());
}
