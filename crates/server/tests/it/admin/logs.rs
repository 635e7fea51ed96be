//! The log of requests: one line with the id of the response, and no secret.

use std::collections::BTreeMap;
use std::io::{Read, Write};

use serde_json::Value;
use sqlx::{Connection, SqliteConnection};

use crate::admin::fixture::{AdminFixture, SECRET_KEY};
use crate::admin::metrics::bearer;
use crate::support::Answer;

/// A part of every secret in the requests below.
const MARK: &str = "swordfish";

fn request_id(answer: &Answer) -> String {
    answer.header("x-request-id").expect("a request id").to_owned()
}

/// Sends valid and invalid requests with a secret in every place that can carry one. Returns
/// the responses and a valid token.
fn play(fixture: &AdminFixture) -> (Vec<Answer>, String) {
    let token = fixture.token("me");
    let form = "Content-Type: application/x-www-form-urlencoded\r\n";
    let answers = [
        ("GET", "/users/me/", bearer(&token), ""),
        ("GET", "/users/me/items/", bearer(&token), ""),
        ("GET", "/users/me/", bearer("swordfish"), ""),
        ("GET", "/users/me/", bearer(&format!("{token}swordfish")), ""),
        (
            "GET",
            "/status/?access_token=swordfish",
            "Cookie: session=swordfish\r\n".into(),
            "",
        ),
        ("GET", "/swordfish", "X-Request-Id: swordfish\r\n".into(), ""),
        (
            "swordfish",
            "/status/",
            "Authorization: Basic c3dvcmRmaXNoOnN3b3JkZmlzaA==\r\n".into(),
            "",
        ),
        ("POST", "/token", form.into(), "username=swordfish&password=swordfish"),
        (
            "POST",
            "/token",
            form.into(),
            "username=johndoe&password=swordfish&client_secret=swordfish",
        ),
        ("POST", "/token", form.into(), "swordfish=swordfish"),
        (
            "POST",
            "/token",
            "Content-Type: multipart/form-data; boundary=swordfish\r\n".into(),
            "swordfish",
        ),
        ("GET", "/docs", String::new(), ""),
    ];
    let answers = answers.map(|(method, path, headers, body)| fixture.call(method, path, &headers, body));
    (answers.into(), token)
}

#[test]
fn every_answer_has_its_line() {
    let fixture = AdminFixture::start(&[
        "--log-format",
        "json",
        "--log-level",
        "info,scopegate_http::access=debug",
    ]);
    let (answers, _) = play(&fixture);
    let mut lines = BTreeMap::new();
    for line in fixture.stop() {
        let line: Value = serde_json::from_str(&line).expect("JSON");
        if line["message"] == "answered" {
            assert_eq!(line["spans"].as_array().map(Vec::len), Some(1), "{line}");
            let id = line["span"]["request_id"].as_str().expect("an id").to_owned();
            assert!(
                lines.insert(id, line["span"].clone()).is_none(),
                "two lines of one request"
            );
        }
    }
    assert_eq!(lines.len(), answers.len() + 1, "one more for the login");
    for answer in &answers {
        assert_eq!(lines[&request_id(answer)]["status"], answer.status, "{answer:?}");
    }
    let first = &lines[&request_id(&answers[0])];
    for (field, value) in [
        ("name", "request"),
        ("method", "GET"),
        ("route", "/users/me/"),
        ("operation", "read_users_me"),
        ("decision", "allow"),
        ("user", "johndoe"),
    ] {
        assert_eq!(first[field], value, "{first}");
    }
    assert_eq!(lines[&request_id(&answers[1])]["decision"], "insufficient_scope");
}

#[test]
fn no_secret_is_logged_or_counted() {
    for format in ["human", "json"] {
        let fixture = AdminFixture::start(&["--log-format", format, "--log-level", "info,scopegate=trace"]);
        let (answers, token) = play(&fixture);
        let counted = fixture.ask("GET", "/metrics").body;
        let log = fixture.stop().join("\n");
        let signature = token.rsplit('.').next().expect("a signature");
        for secret in [MARK, SECRET_KEY, signature, "c3dvcmRmaXNo", "$2b$", "$argon2"] {
            assert!(!log.contains(secret), "`{secret}` in the log:\n{log}");
            assert!(!counted.contains(secret), "`{secret}` among the metrics");
            for answer in &answers {
                let told = format!("{:?}{}", answer.headers, answer.body);
                assert!(!told.contains(secret), "`{secret}` in {answer:?}");
            }
        }
        assert!(log.contains("answered") && log.contains("login failed"), "{log}");
    }
}

#[test]
fn a_request_that_fails_can_be_found_at_every_level() {
    let directory = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}", directory.path().join("scopegate.db").display());
    let fixture = AdminFixture::start(&["--database", &url, "--log-level", "error"]);
    let token = fixture.token("me");
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let mut other = SqliteConnection::connect(&url).await.unwrap();
        let rename = sqlx::query("ALTER TABLE users RENAME TO elsewhere");
        rename.execute(&mut other).await.unwrap();
    });
    let failed = [
        fixture.call("GET", "/users/me/", &bearer(&token), ""),
        fixture.log_in("username=johndoe&password=secret"),
    ];
    let log = fixture.stop();
    for answer in failed {
        assert!(answer.status >= 500, "{answer:?}");
        let id = request_id(&answer);
        assert!(
            log.iter().any(|line| line.contains("ERROR") && line.contains(&id)),
            "{id}:\n{log:#?}"
        );
    }
}

/// hyper itself refuses a head that is not a request, so the response has no request id.
#[test]
fn refused_head_is_logged_with_its_peer() {
    let fixture = AdminFixture::start(&["--log-format", "json", "--log-level", "info,scopegate_listener=debug"]);
    let too_large = format!("GET / HTTP/1.1\r\nHost: a\r\nX: {}\r\n\r\n", "x".repeat(70_000));
    let mut peers = Vec::new();
    for (head, status) in [("nonsense\r\n\r\n", 400), (too_large.as_str(), 431)] {
        let mut stream = fixture.server.connect();
        peers.push(stream.local_addr().unwrap().to_string());
        let _ = stream.write_all(head.as_bytes());
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes).unwrap();
        let answer = Answer::parse(&bytes);
        assert_eq!((answer.status, answer.header("x-request-id")), (status, None));
    }
    let lines: Vec<Value> = fixture
        .stop()
        .iter()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect();
    for peer in peers {
        let is_refusal = |line: &&Value| line["message"] == "connection failed" && line["peer"] == peer;
        let line = lines.iter().find(is_refusal).expect("a line of this peer");
        assert!(line["error"].as_str().is_some_and(|error| !error.is_empty()), "{line}");
    }
}
