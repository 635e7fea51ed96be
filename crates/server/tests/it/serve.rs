//! The listener of the built program under incorrect clients, and its shutdown.

#![expect(clippy::disallowed_methods, reason = "what is tested is how long things take")]

use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::Command;
use std::time::{Duration, Instant};

use crate::support::{Answer, Server, at_most};

const STATUS: &[u8] = b"GET /status/ HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
const LOGIN: &str = "grant_type=password&username=johndoe&password=secret&scope=me";

fn login() -> Vec<u8> {
    let head = "POST /token HTTP/1.1\r\nHost: a\r\nContent-Type: application/x-www-form-urlencoded\r\n";
    format!(
        "{head}Connection: close\r\nContent-Length: {}\r\n\r\n{LOGIN}",
        LOGIN.len()
    )
    .into_bytes()
}

fn read_to_end(stream: &mut TcpStream) -> Vec<u8> {
    let mut bytes = Vec::new();
    let _ = stream.read_to_end(&mut bytes);
    bytes
}

#[test]
fn slow_heads_are_cut_off() {
    let server = Server::start(&["--demo", "--header-timeout", "300ms"], &[]);
    let start = Instant::now();
    let mut dripping = server.connect();
    // Each byte arrives in time, but the whole head does not.
    for byte in STATUS.iter().take(20) {
        if dripping.write_all(&[*byte]).is_err() {
            break;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    assert_eq!(read_to_end(&mut dripping), b"", "no answer to half a head");
    assert!(
        start.elapsed() < at_most(Duration::from_secs(5)),
        "{:?}",
        start.elapsed()
    );
    assert_eq!(server.exchange(STATUS).status, 401);
}

fn send(server: &Server, signal: &str) {
    let id = server.process.id().to_string();
    let status = Command::new("kill").args([signal, &id]).status();
    assert!(status.is_ok_and(|status| status.success()));
}

#[test]
fn a_signal_lets_the_request_under_way_be_answered() {
    for signal in ["-TERM", "-INT"] {
        let mut server = Server::start(&["--demo"], &[]);
        let mut login_under_way = server.connect();
        login_under_way.write_all(&login()).unwrap();
        // A bcrypt hash takes longer than this.
        std::thread::sleep(Duration::from_millis(50));
        send(&server, signal);
        let answer = Answer::parse(&read_to_end(&mut login_under_way));
        assert_eq!(answer.status, 200, "{signal}");
        let status = server.process.wait().unwrap();
        assert!(status.success(), "{signal}: {status}");
    }
}

#[test]
fn a_forced_stop_has_a_status_other_than_zero() {
    for signals in [&["-TERM", "-TERM"][..], &["-TERM"]] {
        let mut server = Server::start(&["--demo", "--drain-deadline", "2s"], &[]);
        let mut body_under_way = server.connect();
        let head = "POST /token HTTP/1.1\r\nHost: a\r\nContent-Type: application/x-www-form-urlencoded\r\n\
            Content-Length: 100\r\n\r\n";
        body_under_way.write_all(head.as_bytes()).unwrap();
        std::thread::sleep(Duration::from_millis(100));
        for signal in signals {
            send(&server, signal);
            std::thread::sleep(Duration::from_millis(100));
        }
        let status = server.process.wait().unwrap();
        assert_eq!(status.code(), Some(2), "{signals:?}");
    }
}

#[test]
fn hangup_with_refused_settings_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("scopegate.toml");
    let database = folder.path().join("scopegate.db");
    let good = format!("database = \"sqlite:{}\"\n", database.display());
    std::fs::write(&config, &good).unwrap();
    let mut server = Server::start(&["--config", config.to_str().unwrap()], &[]);
    for wrong in [
        Some("token_lifetime = "),
        Some("nonsense = 1\n"),
        Some("token_lifetime = \"never\"\n"),
        Some("shadow_policy = \"none.json\"\n"),
        Some("database = \"sqlite:none/scopegate.db\"\n"),
        None,
    ] {
        match wrong {
            Some(wrong) => std::fs::write(&config, wrong).unwrap(),
            None => std::fs::remove_file(&config).unwrap(),
        }
        for _ in 0..2 {
            send(&server, "-HUP");
            std::thread::sleep(Duration::from_millis(100));
        }
        let answer = server.exchange(b"GET /docs HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
        assert_eq!(answer.status, 200, "{wrong:?}");
    }
    std::fs::write(&config, &good).unwrap();
    send(&server, "-HUP");
    send(&server, "-TERM");
    assert!(server.process.wait().unwrap().success());
}

#[test]
fn a_silent_connection_does_not_hold_up_the_end() {
    let mut server = Server::start(&["--demo", "--drain-deadline", "500ms"], &[]);
    let mut half = server.connect();
    half.write_all(b"GET /status/ HTTP/1.1\r\n").unwrap();
    std::thread::sleep(Duration::from_millis(100));
    let begin = Instant::now();
    let id = server.process.id().to_string();
    assert!(Command::new("kill").args(["-INT", &id]).status().unwrap().success());
    let status = server.process.wait().unwrap();
    assert!(status.success(), "half a head is not a request: {status}");
    assert!(
        begin.elapsed() < at_most(Duration::from_secs(5)),
        "{:?}",
        begin.elapsed()
    );
}

#[test]
fn a_body_over_the_limit_is_413() {
    let server = Server::start(&["--demo", "--body-limit", "1000"], &[]);
    let head =
        "POST /token HTTP/1.1\r\nHost: a\r\nContent-Type: application/x-www-form-urlencoded\r\nConnection: close\r\n";
    let body = "x".repeat(1_001);
    let declared = format!("{head}Content-Length: 1001\r\n\r\n{body}");
    assert_eq!(server.exchange(declared.as_bytes()).status, 413);
    // The body is announced but never sent: the response does not wait for it.
    assert_eq!(
        server
            .exchange(format!("{head}Content-Length: 99999999\r\n\r\n").as_bytes())
            .status,
        413
    );
    let chunked = format!("{head}Transfer-Encoding: chunked\r\n\r\n3e9\r\n{body}\r\n0\r\n\r\n");
    assert_eq!(server.exchange(chunked.as_bytes()).status, 413);
    assert_eq!(server.exchange(&login()).status, 200);
}

#[test]
fn a_body_that_does_not_come_is_not_waited_for() {
    let server = Server::start(&["--demo", "--body-timeout", "300ms"], &[]);
    let head =
        "POST /token HTTP/1.1\r\nHost: a\r\nContent-Type: application/x-www-form-urlencoded\r\nConnection: close\r\n";
    let begin = Instant::now();
    let answer = server.exchange(format!("{head}Content-Length: 60\r\n\r\ngrant").as_bytes());
    assert!(
        begin.elapsed() < at_most(Duration::from_secs(5)),
        "{:?}",
        begin.elapsed()
    );
    assert!((400..500).contains(&answer.status), "{answer:?}");
}

#[test]
fn old_and_new_ways_of_asking() {
    let server = Server::start(&["--demo"], &[]);
    let old = server.exchange(b"GET /status/ HTTP/1.0\r\n\r\n");
    assert_eq!(
        (old.status, old.header("www-authenticate")),
        (401, Some("Bearer")),
        "HTTP/1.0 closes by itself"
    );
    assert_eq!(old.body, r#"{"detail":"Not authenticated"}"#);

    let pipelined = [b"GET /status/ HTTP/1.1\r\nHost: a\r\n\r\n".as_slice(), STATUS].concat();
    let mut stream = server.connect();
    stream.write_all(&pipelined).unwrap();
    let answers = String::from_utf8(read_to_end(&mut stream)).unwrap();
    assert_eq!(answers.matches("HTTP/1.1 401").count(), 2, "{answers}");

    // HTTP/2 by prior knowledge: the server answers the preface and empty settings with settings
    // (frame type 4).
    let mut stream = server.connect();
    stream
        .write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0")
        .unwrap();
    let mut frame = [0; 9];
    stream.read_exact(&mut frame).unwrap();
    assert_eq!(frame.get(3), Some(&4), "{frame:?}");
}

#[test]
fn nonsense_is_refused_and_forgotten() {
    let server = Server::start(&["--demo"], &[]);
    for nonsense in [
        &b"\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03"[..],
        b"GET\r\n\r\n",
        b"\0\0\0\0\0\0\0\0\r\n\r\n",
        b"GET /status/ HTTP/9.9\r\n\r\n",
        b"GET /status/ HTTP/1.1\r\nHost a\r\n\r\n",
        b"GET /status/ HTTP/1.1\r\nHost: a\r\nContent-Length: x\r\n\r\n",
        b"POST /token HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
        b"POST /token HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    ] {
        let mut stream = server.connect();
        let _ = stream.write_all(nonsense);
        stream.shutdown(std::net::Shutdown::Write).unwrap();
        let answer = Answer::parse(&read_to_end(&mut stream));
        assert!(
            answer.status == 0 || (400..500).contains(&answer.status),
            "{nonsense:?}: {answer:?}"
        );
    }
    let fields = format!("GET /status/ HTTP/1.1\r\nHost: a\r\nX: {}\r\n\r\n", "x".repeat(100_000));
    assert_eq!(server.exchange(fields.as_bytes()).status, 431);
    let many = format!("GET /status/ HTTP/1.1\r\nHost: a\r\n{}\r\n", "X: x\r\n".repeat(200));
    assert_eq!(server.exchange(many.as_bytes()).status, 431);
    assert_eq!(server.exchange(STATUS).status, 401);
}

/// Scripts of a configured page read refusals too. A preflight needs no credential; `/docs` is for
/// people.
#[test]
fn configured_origins_may_call_by_script() {
    let server = Server::start(&["--demo", "--cors-origin", "https://app.example"], &[]);
    let ask = |method: &str, path: &str, origin: &str| {
        let head = format!("{method} {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\nOrigin: {origin}\r\n");
        server.exchange(format!("{head}Access-Control-Request-Method: GET\r\n\r\n").as_bytes())
    };
    for (method, path, status) in [
        ("OPTIONS", "/users/me/", 204),
        ("GET", "/users/me/", 401),
        ("GET", "/nothing", 404),
        ("OPTIONS", "/token", 204),
    ] {
        let answer = ask(method, path, "https://app.example");
        assert_eq!(answer.status, status, "{method} {path}");
        assert_eq!(
            answer.header("access-control-allow-origin"),
            Some("https://app.example")
        );
        assert_eq!(
            ask(method, path, "https://evil.example").header("access-control-allow-origin"),
            None
        );
    }
    assert_eq!(
        ask("GET", "/docs", "https://app.example").header("access-control-allow-origin"),
        None
    );
}
