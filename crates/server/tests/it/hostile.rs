//! The listener of the built program under hostile requests, each byte for byte on a socket of its
//! own.
//!
//! Every answer gets the same checks: no 5xx, a label in the log, no internal detail, no secret.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test may fail, and reads its own tables"
)]

mod authorized;
mod bodies;
mod framing;
#[path = "../../../http/tests/it/targets.rs"]
mod targets;

use serde_json::Value;

use crate::support::{Answer, Server};

/// A secret that requests contain and that no answer may contain.
const CANARY: &str = "hunter2-canary";
/// Texts that only internal errors contain.
const INSIDE: [&str; 9] = [
    "panicked", "src/", "::", "Error(", "Error {", "Some(", "/root", "/work", "RUST_",
];
const FORM: &str = "Content-Type: application/x-www-form-urlencoded\r\n";
const LOGIN: &str = "grant_type=password&client_id=demo-app&username=johndoe&password=secret";

fn rfc() -> Server {
    Server::start(&["--demo", "--profile", "rfc"], &[])
}

fn tutorial() -> Server {
    Server::start(&["--demo"], &[])
}

/// A request with these header lines (each with its line end) and a body.
fn request(line: &str, headers: &str, body: &[u8]) -> Vec<u8> {
    let head = format!("{line}\r\nHost: api.example\r\nConnection: close\r\n{headers}\r\n");
    [head.as_bytes(), body].concat()
}

fn post(headers: &str, body: &[u8]) -> Vec<u8> {
    post_to("/token", headers, body)
}

fn post_to(path: &str, headers: &str, body: &[u8]) -> Vec<u8> {
    request(
        &format!("POST {path} HTTP/1.1"),
        &format!("{headers}Content-Length: {}\r\n", body.len()),
        body,
    )
}

/// Sends a request and applies the common checks to the answer.
fn ask(server: &Server, request: &[u8]) -> Answer {
    let answer = server.exchange(request);
    let what = request.escape_ascii().to_string().chars().take(300).collect::<String>();
    assert!((200..500).contains(&answer.status), "{what}: {answer:?}");
    assert_clean(&what, &answer);
    answer
}

fn assert_clean(what: &str, answer: &Answer) {
    // hyper itself refuses a head that is not a request, without a body and without an id.
    let is_hypers = matches!(answer.status, 400 | 431) && answer.body.is_empty();
    assert!(
        is_hypers || answer.header("x-request-id").is_some_and(|id| id.len() == 25),
        "{what}: {answer:?}"
    );
    assert!(
        is_hypers || answer.header("x-content-type-options") == Some("nosniff"),
        "{what}"
    );
    let values: Vec<&str> = answer.headers.iter().map(|(_, value)| value.as_str()).collect();
    let head = values.join(
        "
",
    );
    assert!(
        !head.contains(CANARY) && !answer.body.contains(CANARY),
        "{what}: {answer:?}"
    );
    if answer.status >= 400 {
        for word in INSIDE {
            assert!(
                !head.contains(word) && !answer.body.contains(word),
                "{what}: `{word}` in {answer:?}"
            );
        }
    }
}

fn token(server: &Server, scope: &str) -> String {
    let answer = ask(server, &post(FORM, format!("{LOGIN}&scope={scope}").as_bytes()));
    let body: Value = serde_json::from_str(&answer.body).expect("JSON");
    body["access_token"].as_str().expect("a token").to_owned()
}

/// A value that is repeated in a header stays one header.
#[test]
fn no_value_splits_an_answer() {
    for server in [rfc(), tutorial()] {
        for query in [
            "%0d%0aSet-Cookie:%20a=b",
            "%c4%8d%c4%8aSet-Cookie:a",
            "%E5%98%8A%E5%98%8DSet-Cookie:a",
            "\u{10d}\u{10a}Set-Cookie:a",
        ] {
            for path in ["/status", "/users/me", "/token/", "/docs/"] {
                let answer = ask(&server, &request(&format!("GET {path}?{query} HTTP/1.1"), "", b""));
                let location = answer.header("location").expect("a redirect");
                assert!(location.is_ascii() && location.starts_with('.'), "{location}");
                let leads_to = answer.redirected(path).expect("a redirect");
                assert!(leads_to.starts_with(path.trim_end_matches('/')), "{leads_to}");
                assert!(answer.header("set-cookie").is_none());
            }
        }
        let answer = ask(&server, &request("GET /status%0d%0aSet-Cookie:a=b HTTP/1.1", "", b""));
        assert_eq!((answer.status, answer.header("set-cookie")), (404, None));
        let named = ask(&server, &request("GET /status HTTP/1.1", "X-Request-Id: mine\r\n", b""));
        assert_ne!(named.header("x-request-id"), Some("mine"));
    }
}

/// Each place that may carry a secret carries one, and no answer contains it.
#[test]
fn no_answer_repeats_a_secret() {
    let basic = |pair: &str| base64_simd::STANDARD.encode_to_string(pair);
    let canary = basic(&format!("{CANARY}:{CANARY}"));
    for server in [rfc(), tutorial()] {
        for target in ["/users/me/", "/users/me", "/nothing", "/token", "/openapi.json"] {
            for headers in [
                format!("Authorization: Bearer {CANARY}\r\n"),
                format!("Authorization: Bearer {CANARY} {CANARY}\r\n"),
                format!("Authorization: Basic {canary}\r\n"),
                format!("Authorization: {CANARY}\r\n"),
                format!("Authorization: Bearer {CANARY}\r\nAuthorization: Bearer {CANARY}\r\n"),
                format!("Cookie: session={CANARY}\r\nX-Api-Key: {CANARY}\r\nX-Request-Id: {CANARY}\r\n"),
            ] {
                ask(&server, &request(&format!("GET {target} HTTP/1.1"), &headers, b""));
            }
        }
        for (headers, fields) in [
            (
                "",
                format!("grant_type=password&client_id=demo-app&username={CANARY}&password={CANARY}"),
            ),
            (
                "",
                format!("grant_type=password&client_id=demo-app&client_secret={CANARY}&username=a&password={CANARY}"),
            ),
            (
                "",
                format!("grant_type=password&client_id={CANARY}&username=a&password={CANARY}&password={CANARY}"),
            ),
            (
                "",
                format!("grant_type=password&username=a&password={CANARY}&scope=%22{CANARY}"),
            ),
            (
                "",
                format!("grant_type=refresh_token&refresh_token={CANARY}&client_id=demo-app"),
            ),
            (
                "",
                format!("grant_type=authorization_code&code={CANARY}&code_verifier={CANARY}&client_id=demo-app"),
            ),
            ("", format!("{CANARY}={CANARY}")),
            (
                &*format!("Authorization: Basic {canary}\r\n"),
                format!("{LOGIN}-{CANARY}"),
            ),
        ] {
            ask(&server, &post(&format!("{FORM}{headers}"), fields.as_bytes()));
        }
    }
}

#[test]
fn pages_cannot_be_framed_sniffed_or_named_in_a_referer() {
    let server = tutorial();
    for path in ["/docs", "/redoc", "/docs/oauth2-redirect", "/docs/assets/docs.js"] {
        let answer = ask(&server, &request(&format!("GET {path} HTTP/1.1"), "", b""));
        let policy = answer.header("content-security-policy").expect("a policy");
        assert!(
            policy.starts_with("default-src 'none'") && policy.contains("frame-ancestors 'none'"),
            "{path}"
        );
        assert_eq!(answer.header("x-frame-options"), Some("DENY"), "{path}");
        assert_eq!(answer.header("referrer-policy"), Some("no-referrer"), "{path}");
    }
    let refused = ask(
        &server,
        &request("GET /users/me/ HTTP/1.1", "Authorization: Bearer x\r\n", b""),
    );
    assert_eq!(
        (refused.status, refused.header("cache-control")),
        (401, Some("no-store"))
    );
    let answer = ask(&server, &post(FORM, LOGIN.as_bytes()));
    assert_eq!((answer.status, answer.header("cache-control")), (200, Some("no-store")));
}
