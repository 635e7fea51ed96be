//! The metadata of the authorization server and of the API, at a running server.

#![expect(clippy::unwrap_used, reason = "a test may fail")]

mod walk;

use serde_json::{Value, json};

use crate::support::{Answer, OWN_API, OWN_AUDIENCE, Server};

const SERVER: &str = "/.well-known/oauth-authorization-server";
const RESOURCE: &str = "/.well-known/oauth-protected-resource";

fn get(server: &Server, path: &str, headers: &str) -> Answer {
    let request = format!("GET {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n{headers}\r\n");
    server.exchange(request.as_bytes())
}

fn document(server: &Server, path: &str) -> Value {
    let answer = get(server, path, "");
    assert_eq!(answer.status, 200, "{path}: {}", answer.body);
    assert_eq!(answer.header("content-type"), Some("application/json"));
    serde_json::from_str(&answer.body).unwrap()
}

/// A folder with a configuration whose own resource has this audience.
fn with_audience(audience: &str) -> (tempfile::TempDir, String) {
    let folder = tempfile::tempdir().unwrap();
    let config = std::fs::read_to_string(OWN_API)
        .unwrap()
        .replace(OWN_AUDIENCE, audience);
    let document = OWN_API.replace("scopegate.toml", "tutorial.toml");
    std::fs::copy(document, folder.path().join("tutorial.toml")).unwrap();
    let path = folder.path().join("scopegate.toml");
    std::fs::write(&path, config).unwrap();
    let path = path.display().to_string();
    (folder, path)
}

fn serve(arguments: &[&str]) -> Server {
    Server::start(&[&["--database", "sqlite::memory:"], arguments].concat(), &[])
}

#[test]
fn metadata_names_what_exists() {
    let issuer = "https://id.example/tenant";
    let (_folder, config) = with_audience("https://api.example/v1/");
    let server = serve(&["--issuer", issuer, "--config", &config, "--password-grant"]);
    let metadata = document(&server, &format!("{SERVER}/tenant"));
    let secrets = json!(["client_secret_basic", "client_secret_post"]);
    let methods = json!(["client_secret_basic", "client_secret_post", "none"]);
    let expected = json!({
        "issuer": issuer,
        "token_endpoint": format!("{issuer}/token"),
        "token_endpoint_auth_methods_supported": methods,
        "grant_types_supported": ["client_credentials", "password"],
        "response_types_supported": [],
        "scopes_supported": ["items", "me"],
        "jwks_uri": format!("{issuer}/.well-known/jwks.json"),
        "introspection_endpoint": format!("{issuer}/introspect"),
        "introspection_endpoint_auth_methods_supported": secrets,
        "revocation_endpoint": format!("{issuer}/revoke"),
        "revocation_endpoint_auth_methods_supported": methods,
    });
    assert_eq!(metadata, expected);
    // Each endpoint answers at its path behind a proxy that removes that of the issuer.
    for (member, url) in metadata.as_object().unwrap() {
        let Some(path) = url.as_str().and_then(|url| url.strip_prefix(issuer)) else {
            continue;
        };
        let status = if member == "jwks_uri" { 200 } else { 405 };
        let status = if path.is_empty() { 404 } else { status };
        let path = if path.is_empty() { SERVER } else { path };
        assert_eq!(get(&server, path, "").status, status, "{member}");
    }

    let resource = document(&server, &format!("{RESOURCE}/v1"));
    let expected = json!({
        "resource": "https://api.example/v1/",
        "authorization_servers": [issuer],
        "scopes_supported": ["me", "items"],
        "bearer_methods_supported": ["header"],
    });
    assert_eq!(resource, expected);
    let refused = get(&server, "/users/me/", "");
    let challenge = refused.header("www-authenticate").unwrap();
    let named = format!("resource_metadata=\"https://api.example{RESOURCE}/v1\"");
    assert!(refused.status == 401 && challenge.contains(&named), "{challenge}");
}

#[test]
fn headers_of_a_request_change_no_byte() {
    let server = serve(&["--issuer", "https://id.example"]);
    for path in [SERVER, RESOURCE] {
        let plain = get(&server, path, "");
        assert_eq!(plain.status, 200);
        for headers in [
            "X-Forwarded-Host: evil.example\r\nX-Forwarded-Proto: http\r\n",
            "Forwarded: host=evil.example;proto=http\r\n",
            "X-Forwarded-Prefix: /evil\r\n",
        ] {
            assert_eq!(get(&server, path, headers).body, plain.body, "{headers}");
        }
        let request = format!("GET {path} HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n");
        assert_eq!(server.exchange(request.as_bytes()).body, plain.body);
        let tag = plain.header("etag").unwrap();
        assert_eq!(get(&server, path, &format!("If-None-Match: {tag}\r\n")).status, 304);
    }
}

#[test]
fn audience_without_url_has_no_metadata() {
    let (issuer, audience) = (["--issuer", "https://id.example"], ["--audience", "my api"]);
    let server = Server::start(&[&["--demo", "--profile", "rfc"], &issuer[..], &audience].concat(), &[]);
    assert_eq!(get(&server, SERVER, "").status, 200);
    assert_eq!(get(&server, RESOURCE, "").status, 404);
    let refused = get(&server, "/users/me/", "");
    assert!(
        !refused
            .header("www-authenticate")
            .unwrap()
            .contains("resource_metadata")
    );
}

#[test]
fn the_tutorial_has_the_metadata_of_its_server_only() {
    let server = Server::start(&["--demo"], &[]);
    let metadata = document(&server, SERVER);
    let address = server.address;
    assert_eq!(metadata["issuer"], format!("http://{address}"));
    assert_eq!(metadata.get("jwks_uri"), None);
    assert_eq!(get(&server, RESOURCE, "").status, 404);
    assert_eq!(
        get(&server, "/users/me/", "").header("www-authenticate"),
        Some("Bearer")
    );
}

/// The token endpoint has the grants of the metadata and no other.
#[test]
fn grants_outside_the_metadata_are_refused() {
    let exchange = "urn:ietf:params:oauth:grant-type:token-exchange";
    let names = [
        "client_credentials",
        "password",
        "authorization_code",
        "refresh_token",
        "implicit",
        exchange,
    ];
    for option in [&[][..], &["--password-grant"]] {
        let server = serve(option);
        let metadata = document(&server, SERVER);
        let supported = metadata["grant_types_supported"].as_array().unwrap();
        for name in names {
            let form = format!("grant_type={name}&client_id=nobody&username=a&password=b");
            let head = "Host: a\r\nConnection: close\r\nContent-Type: application/x-www-form-urlencoded";
            let length = form.len();
            let request = format!("POST /token HTTP/1.1\r\n{head}\r\nContent-Length: {length}\r\n\r\n{form}");
            let answer = server.exchange(request.as_bytes());
            let is_unknown_client = answer.body.contains("invalid_client");
            // An unknown client learns nothing about a grant that is known and not offered.
            let is_known = ["client_credentials", "password"].contains(&name);
            assert_eq!(
                (answer.status, is_unknown_client),
                (400, is_known),
                "{name}: {}",
                answer.body
            );
            if !is_known {
                assert!(
                    answer.body.contains("unsupported_grant_type"),
                    "{name}: {}",
                    answer.body
                );
                assert!(!supported.contains(&json!(name)));
            }
        }
        let offered: Vec<&str> = supported.iter().filter_map(Value::as_str).collect();
        assert_eq!(offered.contains(&"password"), !option.is_empty());
    }
}
