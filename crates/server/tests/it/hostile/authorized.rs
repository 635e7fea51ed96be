//! The guard of an operation protects every spelling of its path.

use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::{Config, TestRunner};
use scopegate_http::fuzzing::oracle::{self, Named};

use crate::hostile::targets::targets;
use crate::hostile::{ask, request, rfc, token, tutorial};

/// The demo's table: method, template, scopes (`None`: public), and a text in the body of its 200.
const TABLE: [(&str, &str, Option<&[&str]>, &str); 19] = [
    ("GET", "/users/me/", Some(&["me"]), "\"full_name\""),
    ("HEAD", "/users/me/", Some(&["me"]), ""),
    ("GET", "/users/me/items/", Some(&["items", "me"]), "\"item_id\""),
    ("HEAD", "/users/me/items/", Some(&["items", "me"]), ""),
    ("GET", "/status/", Some(&[]), "{\"status\":\"ok\"}"),
    ("HEAD", "/status/", Some(&[]), ""),
    ("POST", "/token", None, ""),
    ("GET", "/openapi.json", None, "{\"openapi\""),
    ("HEAD", "/openapi.json", None, ""),
    ("GET", "/docs", None, "swagger-ui"),
    ("HEAD", "/docs", None, ""),
    ("GET", "/redoc", None, "redoc.standalone"),
    ("HEAD", "/redoc", None, ""),
    ("GET", "/docs/oauth2-redirect", None, "oauth2-redirect.js"),
    ("HEAD", "/docs/oauth2-redirect", None, ""),
    ("GET", "/docs/assets/{file}", None, ""),
    ("HEAD", "/docs/assets/{file}", None, ""),
    ("GET", "/", None, ""),
    ("HEAD", "/", None, ""),
];

const PATHS: &[&str] = &[
    "/users/me/",
    "/users/me/items/",
    "/status/",
    "/users/me",
    "/users/me/items",
    "/status",
    "/token",
    "/openapi.json",
    "/docs",
    "/docs/assets/docs.js",
    "/docs/assets/../../users/me/",
];

/// The statuses that a request may have by the oracle. The oracle knows neither the table of routes
/// nor the server.
fn expected(method: &str, target: &str, scopes: Option<&[&str]>) -> (Vec<u16>, &'static str) {
    let table = TABLE.map(|(method, template, ..)| (method, template));
    let raw = target.split(['?', '#']).next().unwrap_or_default();
    match oracle::name(&table, method, raw) {
        Named::Entry(entry, values) => match (TABLE[entry].2, scopes) {
            (None, _) if method == "POST" => (vec![400, 415], ""),
            (None, _) if TABLE[entry].1 == "/" => (vec![307], ""),
            (None, _) if values.iter().any(|file| file != "docs.js") => (vec![404], ""),
            (None, _) => (vec![200], TABLE[entry].3),
            (Some(_), None) => (vec![401], ""),
            (Some(asked), Some(held)) if asked.iter().all(|scope| held.contains(scope)) => (vec![200], TABLE[entry].3),
            (Some(_), Some(_)) => (vec![403], ""),
        },
        Named::Elsewhere(_) => (vec![307], ""),
        Named::OtherMethods(_) => (vec![405], ""),
        Named::Nothing => (vec![404], ""),
    }
}

/// Bytes that a request target cannot contain: [RFC 3986, appendix
/// A](https://www.rfc-editor.org/rfc/rfc3986#appendix-A). hyper refuses some of them and accepts
/// others.
fn is_invalid_target(target: &str) -> bool {
    target
        .bytes()
        .any(|byte| !byte.is_ascii_graphic() || b"\"<>\\^`{|}".contains(&byte))
}

#[test]
fn every_answered_target_was_authorized() {
    let server = rfc();
    let grants: [&[&str]; 3] = [&["me"], &["items"], &["items", "me"]];
    let tokens = grants.map(|scopes| token(&server, &scopes.join("+")));
    let strategy = (
        targets(PATHS),
        proptest::option::weighted(0.2, select(&["a=/users/me/", "access_token=x", "?", "%00=%ff"][..])),
        select(&["GET", "GET", "GET", "POST", "HEAD", "DELETE", "TRACE", "get"][..]),
        proptest::option::weighted(0.8, 0..grants.len()),
    );
    let mut runner = TestRunner::new(Config::with_cases(800));
    let ran = runner.run(&strategy, |(target, query, method, grant)| {
        let target = query.map_or_else(|| target.clone(), |query| format!("{target}?{query}"));
        let credential = grant.map_or_else(String::new, |grant| {
            format!("Authorization: Bearer {}\r\n", tokens[grant])
        });
        let answer = ask(
            &server,
            &request(&format!("{method} {target} HTTP/1.1"), &credential, b""),
        );
        if is_invalid_target(&target) && answer.status == 400 && answer.body.is_empty() {
            return Ok(());
        }
        let (statuses, body) = expected(method, &target, grant.map(|grant| grants[grant]));
        prop_assert!(
            statuses.contains(&answer.status),
            "{} {}: {:?}, {:?}",
            method,
            target,
            statuses,
            answer
        );
        prop_assert!(
            answer.body.contains(body) || method == "HEAD",
            "{} {}: {}",
            method,
            target,
            answer.body
        );
        Ok(())
    });
    ran.unwrap_or_else(|fault| panic!("{fault}"));
}

/// Forms of a request target: [RFC 9112, section 3.2](https://www.rfc-editor.org/rfc/rfc9112#section-3.2).
#[test]
fn every_form_of_target_meets_the_same_guards() {
    let server = rfc();
    let me = format!("Authorization: Bearer {}\r\n", token(&server, "me"));
    for (line, status) in [
        ("GET /users/me/ HTTP/1.1", 200),
        ("GET http://api.example/users/me/ HTTP/1.1", 200),
        ("GET gopher://API.example/users/me/ HTTP/1.1", 200),
        ("GET http://api.example/users/me/items/ HTTP/1.1", 403),
        ("GET http://api.example/users/me HTTP/1.1", 307),
        ("GET http://api.example/nothing HTTP/1.1", 404),
        ("GET http://evil.example/users/me/ HTTP/1.1", 400),
        ("GET http://api.example:1/users/me/ HTTP/1.1", 400),
        ("GET http://u:p@api.example/users/me/ HTTP/1.1", 400),
        ("GET http://evil.example HTTP/1.1", 400),
        ("GET http:///users/me/ HTTP/1.1", 400),
        ("GET evil.example:80 HTTP/1.1", 400),
        ("GET users/me/ HTTP/1.1", 400),
        ("GET //evil.example/users/me/ HTTP/1.1", 404),
        ("GET ///users/me/ HTTP/1.1", 404),
        ("GET /users/me/#/docs HTTP/1.1", 200),
        ("GET /docs#/users/me/ HTTP/1.1", 200),
        ("GET ?/users/me/ HTTP/1.1", 400),
        ("GET * HTTP/1.1", 404),
        ("OPTIONS * HTTP/1.1", 404),
        ("OPTIONS /users/me/ HTTP/1.1", 405),
        ("TRACE /users/me/ HTTP/1.1", 405),
        ("CONNECT evil.example:80 HTTP/1.1", 400),
        ("CONNECT /users/me/ HTTP/1.1", 405),
        ("get /users/me/ HTTP/1.1", 405),
        ("GE(T /users/me/ HTTP/1.1", 400),
        ("GET  /users/me/ HTTP/1.1", 400),
        ("GET /users/me/  HTTP/1.1", 400),
        ("GET\t/users/me/ HTTP/1.1", 400),
        ("GET /users /me/ HTTP/1.1", 400),
        ("GET /users/me/ HTTP/1.2", 400),
        ("GET /users/me/ HTTP/2.0", 400),
        ("GET /users/me/ http/1.1", 400),
        ("GET /users/me/", 400),
        ("GET /users/me/\0 HTTP/1.1", 400),
    ] {
        let answer = ask(&server, &request(line, &me, b""));
        assert_eq!(answer.status, status, "{line}: {answer:?}");
        if status == 307 {
            assert_eq!(answer.header("location"), Some("./me/"), "{line}");
        }
        assert!(!answer.body.contains("evil.example"), "{line}");
    }
    let raw = [
        b"GET /users/\xff/ HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n".as_slice(),
        b"",
    ]
    .concat();
    assert_eq!(ask(&server, &raw).status, 400);
}

#[test]
fn the_host_is_named_once_and_used_for_nothing() {
    for server in [rfc(), tutorial()] {
        for (hosts, status) in [
            ("Host: evil.example\r\n", 307),
            ("Host:\r\n", 400),
            ("", 400),
            ("Host: a\r\nHost: a\r\n", 400),
            ("Host: a\r\nhost: evil.example\r\n", 400),
            ("Host: a b\r\n", 400),
            ("Host: a/docs\r\n", 400),
            ("Host: user@a\r\n", 400),
            ("Host: a:b\r\n", 400),
            ("Host: a:+1\r\n", 400),
            ("Host: a:65536\r\n", 400),
            ("Host: [::1]:x\r\n", 400),
            ("Host: [::g]\r\n", 400),
            ("Host: [::1]:80\r\n", 307),
            ("Host: a,b\r\n", 400),
            ("Host: a, a\r\n", 400),
            ("Host: a:80,b:80\r\n", 400),
            (
                "Host: a\r\nX-Forwarded-Host: evil.example\r\nForwarded: host=evil.example\r\n",
                307,
            ),
        ] {
            let answer = ask(
                &server,
                format!("GET /status HTTP/1.1\r\n{hosts}Connection: close\r\n\r\n").as_bytes(),
            );
            assert_eq!(answer.status, status, "{hosts:?}");
            assert!(answer.header("x-request-id").is_some(), "{hosts:?}");
            assert!(
                answer.header("location").is_none_or(|location| location == "./status/"),
                "{answer:?}"
            );
        }
        // An authority in the target does not replace a missing `Host` (RFC 9112, section 3.2).
        for (target, host, status) in [
            ("http://a/status", "Host: a\r\n", 307),
            ("http://a/status", "", 400),
            ("http://a,b/status", "Host: a,b\r\n", 400),
            ("http://a/status", "Host: b\r\n", 400),
        ] {
            let request = format!("GET {target} HTTP/1.1\r\n{host}Connection: close\r\n\r\n");
            assert_eq!(ask(&server, request.as_bytes()).status, status, "{target} {host:?}");
        }
        let document = ask(
            &server,
            b"GET /openapi.json HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n",
        );
        assert!(!document.body.contains("evil.example"));
    }
}
