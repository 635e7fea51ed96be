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
        "grant_types_supported": ["authorization_code", "client_credentials", "password", "refresh_token"],
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "code_challenge_methods_supported": ["S256"],
        "authorization_response_iss_parameter_supported": true,
        "authorization_endpoint": format!("{issuer}/authorize"),
        "scopes_supported": ["items", "me", "offline_access"],
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
        let status = match member.as_str() {
            "authorization_endpoint" => 400,
            "jwks_uri" => 200,
            _ => 405,
        };
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

/// The start names the issuer and its metadata, on standard output and in the log.
#[test]
fn start_prints_what_it_publishes() {
    for (issuer, url) in [
        ("https://id.example", format!("https://id.example{SERVER}")),
        (
            "https://id.example/tenant",
            format!("https://id.example{SERVER}/tenant"),
        ),
    ] {
        let options = ["--database", "sqlite::memory:", "--issuer", issuer];
        let (printed, log) = Server::printed_at_start(&options);
        let lines: Vec<&str> = printed.lines().collect();
        let place = lines
            .iter()
            .position(|line| *line == format!("Issuer: {issuer}"))
            .unwrap();
        assert_eq!(lines.get(place + 1), Some(&&*format!("Metadata: {url}")), "{printed}");
        let listening = log.lines().find(|line| line.contains(" listening")).unwrap();
        let fields = [format!("issuer={issuer} "), format!("metadata=\"{url}\"")];
        assert!(fields.iter().all(|field| listening.contains(field)), "{listening}");
        // The document is at this URL and has this issuer.
        let server = Server::start(&options, &[]);
        let published = document(&server, url.strip_prefix("https://id.example").unwrap());
        assert_eq!(published["issuer"], issuer);
    }
    let (printed, _) = Server::printed_at_start(&["--database", "sqlite::memory:"]);
    let address = crate::support::address_in(&printed).unwrap();
    assert!(
        printed.contains(&format!(
            "\nIssuer: http://{address}\nMetadata: http://{address}{SERVER}\n"
        )),
        "{printed}"
    );
    // The path has an escape, so the document has no place.
    let (printed, _) =
        Server::printed_at_start(&["--database", "sqlite::memory:", "--issuer", "https://id.example/a%20b"]);
    assert!(
        printed.contains("Issuer: https://id.example/a%20b\n") && !printed.contains("Metadata:"),
        "{printed}"
    );
}

/// Requests to each kind of answer that has an address, with the status of each: method, path,
/// headers and form.
fn addressed(issuer_path: &str) -> Vec<(String, u16)> {
    let get = |path: &str| format!("GET {path} HTTP/1.1\r\n");
    let post = |path: &str, head: &str, form: &str| {
        let kind = "Content-Type: application/x-www-form-urlencoded";
        let length = form.len();
        format!("POST {path} HTTP/1.1\r\n{kind}\r\n{head}Content-Length: {length}\r\n\r\n{form}")
    };
    let documents = [
        RESOURCE,
        "/.well-known/jwks.json",
        "/docs/oauth.json",
        "/openapi.json",
        "/docs",
        "/redoc",
    ];
    let documents = documents.map(|path| (get(path), 200));
    let basic = "Authorization: Basic YTpi\r\n";
    let grant = "grant_type=client_credentials";
    let others = [
        (get(&format!("{SERVER}{issuer_path}")), 200),
        (get("/users/me/"), 401),
        (
            get("/users/me/").replace("\r\n", "\r\nAuthorization: Bearer x\r\n"),
            401,
        ),
        (get("/users/me"), 307),
        (get("/nowhere"), 404),
        (get("/introspect"), 405),
        (post("/token", basic, grant), 401),
        (post("/token", "", &format!("{grant}&client_id=a&client_secret=b")), 400),
        (post("/token", basic, "grant_type=unknown"), 400),
        (post("/introspect", basic, "token=x"), 401),
        (post("/revoke", "", "token=x&client_id=a&client_secret=b"), 400),
    ];
    documents.into_iter().chain(others).collect()
}

/// Sends a request with these lines in its head. Returns its status, its headers without those that
/// differ in each answer, and its body.
fn steady(server: &Server, request: &str, target: &str, lines: &str) -> (u16, Vec<(String, String)>, String) {
    let request = request.replacen(" /", &format!(" {target}/"), 1);
    let (first, rest) = request.split_once("\r\n").unwrap();
    let end = if rest.contains("\r\n\r\n") { "" } else { "\r\n" };
    let request = format!("{first}\r\n{lines}Connection: close\r\n{rest}{end}");
    let answer = server.exchange(request.as_bytes());
    let is_steady = |(name, _): &(String, String)| !["date", "x-request-id"].contains(&name.as_str());
    (
        answer.status,
        answer.headers.into_iter().filter(is_steady).collect(),
        answer.body,
    )
}

#[test]
fn headers_of_a_request_change_no_byte() {
    let issuers = ["https://id.example", "https://id.example/tenant"];
    for (issuer, options) in issuers.into_iter().zip([&[][..], &["--trusted-proxy", "127.0.0.1"]]) {
        let server = serve(&[&["--login-throttle", "false", "--issuer", issuer], options].concat());
        for (request, status) in addressed(issuer.strip_prefix("https://id.example").unwrap()) {
            let plain = steady(&server, &request, "", "Host: a\r\n");
            assert_eq!(plain.0, status, "{request}: {plain:?}");
            for (target, lines) in [
                ("", "Host: evil.example\r\n"),
                ("http://evil.example", "Host: evil.example\r\n"),
                (
                    "",
                    "Host: a\r\nX-Forwarded-Host: evil.example\r\nX-Forwarded-Proto: http\r\nX-Forwarded-Port: 1\r\n",
                ),
                (
                    "",
                    "Host: a\r\nForwarded: for=192.0.2.1;host=evil.example;proto=http\r\n",
                ),
                ("", "Host: a\r\nX-Forwarded-Prefix: /evil\r\nX-Script-Name: /evil\r\n"),
                (
                    "",
                    "Host: a\r\nX-Original-URL: /evil\r\nX-Rewrite-URL: /evil\r\nX-Forwarded-For: 192.0.2.1\r\n",
                ),
            ] {
                let answer = steady(&server, &request, target, lines);
                assert_eq!(answer, plain, "{request} with {target} {lines}");
            }
            assert!(!format!("{plain:?}").contains("//a/"), "{request}: {plain:?}");
        }
        for path in [
            &*format!("{SERVER}{}", issuer.strip_prefix("https://id.example").unwrap()),
            RESOURCE,
        ] {
            let plain = get(&server, path, "");
            let tag = plain.header("etag").unwrap();
            assert_eq!(get(&server, path, &format!("If-None-Match: {tag}\r\n")).status, 304);
        }
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
            let is_known = ["authorization_code", "client_credentials", "password", "refresh_token"].contains(&name);
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
