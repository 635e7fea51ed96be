//! `scopegate client check` and `/authorize` of the running program have one verdict on a request.

#![expect(clippy::indexing_slicing, reason = "a test may fail")]

use serde_json::Value;

use crate::people::{CHALLENGE, encode, parameter};
use crate::shell::Shell;
use crate::support::{OWN_AUDIENCE, Server};

const URI: &str = "https://app.example/cb";

/// The verdict on a request.
#[derive(Debug, PartialEq, Eq)]
enum Verdict {
    /// A page, never a redirect.
    Page,
    /// The error that the client receives, with its description.
    Redirect(String, String),
    /// The login page.
    Login,
}

fn fixture() -> (Shell, Server) {
    let shell = Shell::new();
    for (id, more) in [
        ("app", &["--redirect-uri", URI, "--scope", "me items"][..]),
        (
            "two",
            &[
                "--redirect-uri",
                URI,
                "--redirect-uri",
                "http://127.0.0.1/cb",
                "--scope",
                "me",
                "--default-scope",
                "me",
            ],
        ),
    ] {
        let line = ["client", "add", id, "--id", id, "--public", "--database", "sqlite:a.db"];
        let grant = ["--grant", "authorization_code"];
        let added = shell.run(&[&line[..], &grant, more].concat());
        assert_eq!(added.status, 0, "{}", added.stderr);
    }
    let machine = ["--confidential", "--grant", "client_credentials", "--scope", "me"];
    let line = [
        "client",
        "add",
        "machine",
        "--id",
        "machine",
        "--database",
        "sqlite:a.db",
    ];
    assert_eq!(shell.run(&[&line[..], &machine].concat()).status, 0);
    let database = format!("sqlite:{}", shell.path().join("a.db").display());
    let server = Server::start(&["--database", &database], &[]);
    (shell, server)
}

fn running(server: &Server, query: &str) -> Verdict {
    let request = format!("GET /authorize?{query} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    let answer = server.exchange(request.as_bytes());
    // To a private-use scheme or a loopback address, the page has a link.
    match (answer.status, answer.header("location")) {
        (303, Some(location)) => {
            let value = |name| parameter(location, name).unwrap();
            Verdict::Redirect(value("error"), value("error_description"))
        }
        (200, None) if answer.body.contains("action=\"/login\"") => Verdict::Login,
        (status, location) => {
            assert!(matches!((status, location), (400 | 414, None)), "{status}: {query}");
            Verdict::Page
        }
    }
}

fn explained(shell: &Shell, client: &str, query: &str) -> Verdict {
    let url = format!("/authorize?{query}");
    let line = [
        "client",
        "check",
        client,
        &url,
        "--database",
        "sqlite:a.db",
        "--format",
        "json",
    ];
    let run = shell.run(&line);
    let found: Value = serde_json::from_str(&run.stdout).unwrap();
    let problems = found["problems"].as_array().unwrap();
    assert_eq!(problems.is_empty(), run.status == 0, "{query}");
    assert_eq!(found["accepted"].as_bool(), Some(problems.is_empty()), "{query}");
    let Some(first) = problems.first() else {
        return Verdict::Login;
    };
    let Some(error) = first["error"].as_str() else {
        return Verdict::Page;
    };
    Verdict::Redirect(error.to_owned(), first["message"].as_str().unwrap().to_owned())
}

/// Requests that differ from the usual one in parameters.
#[expect(clippy::too_many_lines, reason = "a table")]
fn queries() -> Vec<String> {
    let (long, longest) = ("x".repeat(513), "x".repeat(8 * 1024));
    let short = CHALLENGE.get(1..).unwrap();
    let changes: &[&[(&str, &str)]] = &[
        &[],
        &[("scope", "me items admin")],
        &[("scope", "items")],
        &[("scope", "offline_access me")],
        &[("scope", "offline_access")],
        &[("scope", "openid")],
        &[("scope", "")],
        &[("scope", "me  items")],
        &[("scope", "me \"")],
        &[("scope", "me\u{0}")],
        &[("client_id", "")],
        &[("client_id", "machine")],
        &[("client_id", "nobody")],
        &[("client_id", "caf\u{e9}")],
        &[("client_id", "two"), ("redirect_uri", "")],
        &[("client_id", "two"), ("scope", "")],
        &[("client_id", "two"), ("scope", "items")],
        &[("client_id", "two"), ("redirect_uri", "http://127.0.0.1:4711/cb")],
        &[("client_id", "two"), ("redirect_uri", "http://localhost/cb")],
        &[("redirect_uri", "")],
        &[("redirect_uri", "https://app.example/cb/")],
        &[("redirect_uri", "https://app.example/cb?a=b")],
        &[("redirect_uri", "javascript:alert(1)")],
        &[("redirect_uri", "https://app.example/c%62")],
        &[("response_type", "")],
        &[("response_type", "token")],
        &[("response_type", "code id_token")],
        &[("code_challenge", "")],
        &[("code_challenge", short)],
        &[("code_challenge_method", "")],
        &[("code_challenge_method", "plain")],
        &[("state", &long)],
        &[("state", "a\r\nb")],
        &[("nonce", &long)],
        &[("nonce", "a\tb")],
        &[("prompt", "login consent")],
        &[("prompt", "none login")],
        &[("prompt", "create")],
        &[("max_age", "0")],
        &[("max_age", "-1")],
        &[("max_age", "99999999999")],
        &[("resource", OWN_AUDIENCE)],
        &[("resource", "https://api.example/other")],
        &[("resource", "/relative")],
        &[("resource", "https://api.example#f")],
        &[("request", "eyJ")],
        &[("request_uri", "urn:x")],
        &[("registration", "{}")],
        &[("authorization_details", "[]")],
        &[("dpop_jkt", "x")],
        &[("response_mode", "query")],
        &[("response_mode", "fragment")],
        &[("unknown", &longest)],
        &[("unknown", "a\u{7f}")],
        &[("response_type", "token"), ("scope", "openid"), ("resource", "x")],
        &[("scope", "openid"), ("resource", "https://other.example")],
    ];
    let mut queries: Vec<String> = changes.iter().map(|changes| query(changes)).collect();
    let usual = query(&[]);
    let more = [
        "scope=me",
        "state=b",
        "client_id=app",
        "redirect_uri=https%3A%2F%2Fapp.example%2Fcb",
        "unknown=1&unknown=1",
        "nonce=%FF",
        "nonce=%zz",
        "x=%",
        "resource=https%3A%2F%2Fapi.example&resource=https%3A%2F%2Fapi.example",
        "a&=b&&",
    ];
    queries.extend(more.iter().map(|more| format!("{usual}&{more}")));
    queries
}

#[test]
fn explanation_agrees_with_the_endpoint() {
    let (shell, server) = fixture();
    let queries = queries();
    let mut logins = 0;
    for query in &queries {
        let client = parameter(&format!("?{query}"), "client_id").filter(|id| id == "two");
        let client = client.as_deref().unwrap_or("app");
        let verdict = running(&server, query);
        assert_eq!(explained(&shell, client, query), verdict, "{query}");
        logins += usize::from(verdict == Verdict::Login);
    }
    assert!(
        queries.len() >= 60 && logins >= 9 && logins * 2 < queries.len(),
        "{logins}"
    );
}

/// The usual request with these parameters in addition or instead.
fn query(changes: &[(&str, &str)]) -> String {
    let usual = [
        ("response_type", "code"),
        ("client_id", "app"),
        ("redirect_uri", URI),
        ("scope", "me"),
        ("state", "a state"),
        ("code_challenge", CHALLENGE),
        ("code_challenge_method", "S256"),
    ];
    let kept = usual
        .iter()
        .filter(|(name, _)| changes.iter().all(|(other, _)| other != name));
    encode(&kept.chain(changes).copied().collect::<Vec<_>>())
}
