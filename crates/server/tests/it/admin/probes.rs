//! The probes for health and readiness.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::Command;
use std::time::Duration;

use sqlx::{Connection, SqliteConnection};

use crate::admin::fixture::AdminFixture;
use crate::support::{Answer, Server};

const LOGIN: &str = "username=johndoe&password=secret&scope=me+items";

/// The head of a login whose body follows later.
fn login_head() -> String {
    format!(
        "POST /token HTTP/1.1\r\nHost: a\r\nContent-Type: application/x-www-form-urlencoded\r\nConnection: close\r\n\
         Content-Length: {}\r\n\r\n",
        LOGIN.len()
    )
}

#[test]
fn admin_listener_is_absent_by_default() {
    let server = Server::start(&["--demo"], &[]);
    for path in ["/healthz", "/readyz", "/metrics"] {
        let answer = server.exchange(format!("GET {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").as_bytes());
        assert_eq!(answer.status, 404, "{path} on the public listener");
    }
}

#[test]
fn the_host_is_named_once() {
    let fixture = AdminFixture::start(&[]);
    for (target, hosts, status) in [
        ("/healthz", "", "400"),
        ("/healthz", "Host: a\r\n", "200"),
        ("/healthz", "Host: a\r\nHost: a\r\n", "400"),
        ("/healthz", "Host: a,b\r\n", "400"),
        ("/healthz", "Host: a b\r\n", "400"),
        ("/healthz", "Host:\r\n", "400"),
        ("/healthz", "Host: a:x\r\n", "400"),
        ("http://a/healthz", "Host: a\r\n", "200"),
        ("http://a/healthz", "Host: b\r\n", "400"),
        ("http://a/healthz", "", "400"),
        ("http://u@a/healthz", "Host: u@a\r\n", "400"),
    ] {
        let mut stream = TcpStream::connect(fixture.admin()).unwrap();
        let request = format!("GET {target} HTTP/1.1\r\n{hosts}Connection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        assert!(
            answer.starts_with(&format!("HTTP/1.1 {status} ")),
            "{hosts:?}: {answer}"
        );
    }
}

#[test]
fn only_reading_and_only_what_is_there() {
    let fixture = AdminFixture::start(&[]);
    for path in ["/healthz", "/readyz", "/metrics"] {
        let answer = fixture.ask("GET", path);
        assert_eq!(answer.status, 200, "{path}");
        assert_eq!(answer.header("cache-control"), Some("no-store"));
        assert!(
            answer
                .headers
                .iter()
                .all(|(name, _)| !name.starts_with("access-control"))
        );
        let head = fixture.ask("HEAD", path);
        assert_eq!((head.status, head.body.as_str()), (200, ""));
        assert!(head.header("content-length").is_some());
        for method in ["POST", "PUT", "DELETE", "OPTIONS", "PROPFIND"] {
            let refused = fixture.ask(method, path);
            assert_eq!(
                (refused.status, refused.header("allow")),
                (405, Some("GET, HEAD")),
                "{method}"
            );
        }
    }
    for path in [
        "/",
        "/healthz/",
        "//healthz",
        "/HEALTHZ",
        "/status/",
        "/%68ealthz",
        "/token",
        "/openapi.json",
    ] {
        assert_eq!(fixture.ask("GET", path).status, 404, "{path}");
    }
}

#[test]
fn silent_supervisors_do_not_stay() {
    let fixture = AdminFixture::start(&[]);
    let silent: Vec<TcpStream> = (0..40).map(|_| TcpStream::connect(fixture.admin()).unwrap()).collect();
    // There are 16 slots. Each connection is closed when its time is over.
    assert_eq!(fixture.ask("GET", "/healthz").status, 200);
    drop(silent);
}

#[test]
fn draining_is_not_ready_and_still_alive() {
    let mut fixture = AdminFixture::start(&["--drain-deadline", "60s"]);
    fixture.wait_for("/readyz", 200, "ready\n");
    let mut slow = fixture.server.connect();
    let (early, late) = LOGIN.split_at(10);
    slow.write_all(login_head().as_bytes()).unwrap();
    slow.write_all(early.as_bytes()).unwrap();
    std::thread::sleep(Duration::from_millis(100));
    let id = fixture.server.process.id().to_string();
    assert!(Command::new("kill").args(["-TERM", &id]).status().unwrap().success());

    fixture.wait_for("/readyz", 503, "draining\n");
    assert_eq!(fixture.ask("GET", "/healthz").status, 200);
    assert!(
        TcpStream::connect(fixture.server.address).is_err(),
        "new clients go elsewhere"
    );

    slow.write_all(late.as_bytes()).unwrap();
    let mut answer = Vec::new();
    slow.read_to_end(&mut answer).unwrap();
    assert_eq!(Answer::parse(&answer).status, 200, "what was under way is answered");
    assert!(fixture.server.process.wait().unwrap().success());
    assert!(TcpStream::connect(fixture.admin()).is_err());
}

#[test]
fn a_broken_database_is_not_ready_and_recovers() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("scopegate.db");
    let fixture = AdminFixture::start(&["--database", &format!("sqlite:{}", path.display())]);
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let mut other = runtime
        .block_on(SqliteConnection::connect(&format!("sqlite:{}", path.display())))
        .unwrap();
    let mut run = |sql: &'static str| {
        runtime.block_on(sqlx::query(sql).execute(&mut other)).unwrap();
    };
    fixture.wait_for("/readyz", 200, "ready\n");

    // The database can still be read, but not written.
    run("BEGIN IMMEDIATE");
    fixture.wait_for("/readyz", 503, "the database does not answer\n");
    run("ROLLBACK");
    fixture.wait_for("/readyz", 200, "ready\n");

    run("ALTER TABLE users RENAME TO elsewhere");
    fixture.wait_for("/readyz", 503, "the database does not answer\n");
    assert_eq!(fixture.ask("GET", "/healthz").status, 200);
    run("ALTER TABLE elsewhere RENAME TO users");
    fixture.wait_for("/readyz", 200, "ready\n");
}
