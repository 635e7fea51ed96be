//! An issuer with a path, behind a proxy that removes it: every reference leads to the server.

#![expect(clippy::unwrap_used, reason = "a test may fail")]

use serde_json::Value;

use crate::path_proxy::{PATH, PathProxy};
use crate::support::{Server, resolved};

fn start(arguments: &[&str]) -> (PathProxy, Server) {
    let proxy = PathProxy::listen();
    let line = ["--database", "sqlite::memory:", "--issuer", &proxy.issuer()].map(str::to_owned);
    let line: Vec<&str> = line
        .iter()
        .map(String::as_str)
        .chain(arguments.iter().copied())
        .collect();
    let server = Server::start(&line, &[]);
    proxy.lead_to(server.address);
    (proxy, server)
}

/// The values of the attributes of a page that contain an address.
fn references(page: &str) -> Vec<&str> {
    let attributes = [
        " href=\"",
        " src=\"",
        " data-openapi-url=\"",
        " data-oauth2-redirect-url=\"",
    ];
    let behind = attributes.iter().flat_map(|name| page.split(name).skip(1));
    behind.map(|value| value.split('"').next().unwrap()).collect()
}

#[test]
fn references_of_pages_lead_through_the_proxy() {
    let (proxy, _server) = start(&[]);
    let mut count = 0;
    for page in ["/docs", "/redoc", "/docs/oauth2-redirect"] {
        let page = format!("{PATH}{page}");
        let answer = proxy.ask("GET", &page);
        assert_eq!(answer.status, 200, "{page}");
        for reference in references(&answer.body) {
            let target = resolved(&page, reference);
            assert_eq!(proxy.ask("GET", &target).status, 200, "{page}: {reference}");
            count += 1;
        }
    }
    assert!(count > 10, "only {count} references");
}

#[test]
fn redirects_lead_through_the_proxy() {
    let (proxy, _server) = start(&[]);
    for (method, path) in [
        ("GET", "/"),
        ("GET", "/docs/"),
        ("GET", "/users/me"),
        ("GET", "/docs/oauth.json/"),
        ("GET", "/users/me/items?a=b"),
        ("GET", "/.well-known/jwks.json/"),
        ("POST", "/token/"),
        ("POST", "/introspect//"),
    ] {
        let path = format!("{PATH}{path}");
        let answer = proxy.ask(method, &path);
        assert_eq!(answer.status, 307, "{path}");
        let target = answer.redirected(&path).unwrap();
        let status = proxy.ask(method, &target).status;
        assert!(![307, 404].contains(&status), "{path}: {target} answers {status}");
    }
}

/// All texts of a document that are URLs or paths under these members.
fn addresses<'v>(value: &'v Value, found: &mut Vec<&'v str>) {
    match value {
        Value::Object(members) => {
            // Examples are of another server.
            for (name, value) in members.iter().filter(|(name, _)| !name.starts_with("example")) {
                let is_address =
                    name.to_lowercase().ends_with("url") || name.ends_with("endpoint") || name == "jwks_uri";
                match value.as_str() {
                    Some(text) if is_address => found.push(text),
                    _ => addresses(value, found),
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| addresses(item, found)),
        _ => {}
    }
}

#[test]
fn addresses_of_documents_are_those_of_the_issuer() {
    for arguments in [&["--password-grant"][..], &["--profile", "tutorial"]] {
        let (proxy, server) = start(arguments);
        let mut count = 0;
        for path in [
            "/openapi.json",
            "/docs/oauth.json",
            "/.well-known/oauth-authorization-server/tenant",
        ] {
            let request = format!("GET {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
            let answer = server.exchange(request.as_bytes());
            if answer.status == 404 {
                assert!(arguments.contains(&"tutorial"), "{path}");
                continue;
            }
            let document: Value = serde_json::from_str(&answer.body).unwrap();
            let mut found = Vec::new();
            addresses(&document, &mut found);
            for address in found {
                let origin = proxy.issuer().replace(PATH, "");
                // The metadata documents are at the origin of the issuer.
                let is_of_metadata = address == origin && path == "/docs/oauth.json";
                assert!(
                    address.starts_with(&proxy.issuer()) || is_of_metadata,
                    "{path}: {address}"
                );
                count += 1;
            }
            if path == "/openapi.json" {
                assert_eq!(document["servers"][0]["url"], proxy.issuer().as_str());
            }
        }
        assert!(count > 1, "only {count} addresses");
    }
}
