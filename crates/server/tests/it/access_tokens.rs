//! Introspection and revocation of tokens at a running server.

#![expect(clippy::disallowed_methods, reason = "a test waits for another process")]
#![expect(clippy::indexing_slicing, clippy::unwrap_used, reason = "a test may fail")]

use std::time::{Duration, Instant};

use base64_simd::STANDARD;
use serde_json::{Value, json};

use crate::shell::Shell;
use crate::support::{Answer, OWN_API, OWN_AUDIENCE, Server, at_most};

/// A database with a service and a resource server, and their secrets.
struct TokenFixture {
    shell: Shell,
    billing: String,
    api: String,
}

impl TokenFixture {
    fn new() -> Self {
        let shell = Shell::new();
        let add = |id: &str, options: &[&str]| {
            let added = shell.add_client(id, options);
            assert!(!added.stderr.contains("grant"), "{}", added.stderr);
            added.json()["client_secret"].as_str().unwrap().to_owned()
        };
        let billing = add("billing", &["--grant", "client_credentials", "--scope", "me items"]);
        let api = add("api", &["--introspect"]);
        Self { shell, billing, api }
    }

    fn serve(&self) -> Server {
        let database = format!("sqlite:{}", self.shell.path().join("a.db").display());
        let issuer = ["--issuer", "https://id.example"];
        Server::start(
            &[&["--database", &database, "--revocation-age", "1s"], &issuer[..]].concat(),
            &[],
        )
    }

    fn token(&self, server: &Server) -> String {
        let (_, body) = post(
            server,
            "/token",
            ("billing", &self.billing),
            "grant_type=client_credentials&scope=items",
        );
        body["access_token"].as_str().unwrap().to_owned()
    }

    fn introspect(&self, server: &Server, token: &str) -> Value {
        let (answer, body) = post(server, "/introspect", ("api", &self.api), &format!("token={token}"));
        assert_eq!(answer.status, 200, "{body}");
        assert_eq!(answer.header("cache-control"), Some("no-store"));
        body
    }
}

/// Posts a form with the credentials of a client. The body is null if there is none.
fn post(server: &Server, path: &str, (id, secret): (&str, &str), form: &str) -> (Answer, Value) {
    let pair = STANDARD.encode_to_string(format!("{id}:{secret}"));
    let head = "Host: a\r\nConnection: close\r\nContent-Type: application/x-www-form-urlencoded";
    let length = form.len();
    let request = format!(
        "POST {path} HTTP/1.1\r\n{head}\r\nAuthorization: Basic {pair}\r\nContent-Length: {length}\r\n\r\n{form}"
    );
    let answer = server.exchange(request.as_bytes());
    let body = serde_json::from_str(&answer.body).unwrap_or_default();
    (answer, body)
}

fn inactive() -> Value {
    json!({ "active": false })
}

#[test]
fn introspection_has_the_claims_of_a_valid_token() {
    let fixture = TokenFixture::new();
    let server = fixture.serve();
    let token = fixture.token(&server);
    let mut found = fixture.introspect(&server, &token);
    let members = found.as_object_mut().unwrap();
    let (exp, iat) = (members.remove("exp").unwrap(), members.remove("iat").unwrap());
    assert!(exp.as_i64() > iat.as_i64());
    assert!(members.remove("jti").unwrap().is_string());
    let expected = json!({
        "active": true, "scope": "items", "client_id": "billing", "token_type": "Bearer", "sub": "billing",
        "aud": "https://api.example", "iss": "https://id.example",
    });
    assert_eq!(found, expected);

    for token in ["x", "a.b.c", token.trim_start_matches('e'), &format!("{token}x")] {
        let (answer, _) = post(&server, "/introspect", ("api", &fixture.api), &format!("token={token}"));
        assert_eq!(
            (answer.status, answer.body.as_str()),
            (200, r#"{"active":false}"#),
            "{token}"
        );
    }
    // A client without the right, a wrong secret, no token, another method.
    let of_billing = post(
        &server,
        "/introspect",
        ("billing", &fixture.billing),
        &format!("token={token}"),
    );
    assert_eq!(of_billing.1, inactive());
    let (answer, body) = post(&server, "/introspect", ("api", "wrong"), &format!("token={token}"));
    assert_eq!((answer.status, &body["error"]), (401, &json!("invalid_client")));
    let (answer, body) = post(
        &server,
        "/introspect",
        ("api", &fixture.api),
        "token_type_hint=access_token",
    );
    assert_eq!((answer.status, &body["error"]), (400, &json!("invalid_request")));
    for path in ["/introspect", "/revoke"] {
        let request = format!("GET {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
        let answer = server.exchange(request.as_bytes());
        assert_eq!((answer.status, answer.header("allow")), (405, Some("POST")));
    }
}

/// Each endpoint refuses a client alike: with a challenge if the request had the header.
#[test]
fn failed_client_is_challenged_at_each_endpoint() {
    let fixture = TokenFixture::new();
    let server = fixture.serve();
    let mut bodies = Vec::new();
    for (path, form) in [
        ("/token", "grant_type=client_credentials"),
        ("/introspect", "token=x"),
        ("/revoke", "token=x"),
    ] {
        for (id, secret) in [("api", "wrong"), ("unknown", "wrong"), ("api", "")] {
            let (by_header, body) = post(&server, path, (id, secret), form);
            let challenge = by_header.header("www-authenticate").unwrap();
            assert!(
                by_header.status == 401 && challenge.starts_with("Basic "),
                "{path}: {by_header:?}"
            );
            assert_eq!(body["error"], "invalid_client", "{path}");
            let head = "Host: a\r\nConnection: close\r\nContent-Type: application/x-www-form-urlencoded";
            let form = format!("{form}&client_id={id}&client_secret={secret}");
            let length = form.len();
            let request = format!("POST {path} HTTP/1.1\r\n{head}\r\nContent-Length: {length}\r\n\r\n{form}");
            let by_form = server.exchange(request.as_bytes());
            assert_eq!(
                (by_form.status, by_form.header("www-authenticate")),
                (400, None),
                "{path}: {by_form:?}"
            );
            bodies.extend([by_header.body, by_form.body]);
        }
    }
    bodies.dedup();
    assert_eq!(bodies.len(), 1, "{bodies:?}");
}

/// A folder with the configuration `s.toml` of two resources, the user `mary`, the client `app` for
/// both resources, and the resource server `api` of one. Returns the id of the user and the secret.
fn with_two_resources() -> (Shell, Value, String) {
    let shell = Shell::new();
    let write = |name: &str, text: &str| std::fs::write(shell.path().join(name), text).unwrap();
    write(
        "own.toml",
        &std::fs::read_to_string(OWN_API.replace("scopegate.toml", "tutorial.toml")).unwrap(),
    );
    write(
        "ships.toml",
        "title = \"T\"\nversion = \"1\"\n[schemes.oauth]\nkind = \"oauth2\"\nclient_credentials = { token = \"token\" }\n\
         [schemes.oauth.scopes]\nships = \"Use ships.\"\n",
    );
    let table = |audience: &str, document: &str| {
        format!("[[resources]]\naudience = \"{audience}\"\ndocument = \"{document}\"\n")
    };
    let tables = [
        table(OWN_AUDIENCE, "own.toml"),
        table("https://ships.example", "ships.toml"),
    ]
    .concat();
    let database = shell.path().join("a.db");
    let settings = format!(
        "issuer = \"https://id.example\"\ndatabase = \"sqlite:{}\"\npassword_grant = true\n{tables}",
        database.display()
    );
    write("s.toml", &settings);
    let run = |line: &[&str]| {
        let run = shell.run_with(
            &[line, &["--config", "s.toml", "--format", "json"]].concat(),
            "long secret",
            &[],
        );
        run.json()
    };
    let both = [
        "--resource",
        OWN_AUDIENCE,
        "--resource",
        "https://ships.example",
        "--scope",
        "me ships",
    ];
    run(&[
        &["client", "add", "App", "--id", "app", "--public", "--grant", "password"],
        &both[..],
    ]
    .concat());
    let api = run(&["client", "add", "API", "--id", "api", "--confidential", "--introspect"]);
    let api = api["client_secret"].as_str().unwrap().to_owned();
    let user = run(&["user", "add", "mary", "--scope", "me ships", "--password-stdin"]);
    (shell, user["id"].clone(), api)
}

/// The token of a user, for two resources, with each hint of its type.
#[test]
fn introspection_names_the_user_of_a_token() {
    let (shell, user, api) = with_two_resources();
    let server = Server::start(&["--config", shell.path().join("s.toml").to_str().unwrap()], &[]);
    let login = "grant_type=password&client_id=app&username=mary&password=long+secret";
    let head = "Host: a\r\nConnection: close\r\nContent-Type: application/x-www-form-urlencoded";
    let length = login.len();
    let request = format!("POST /token HTTP/1.1\r\n{head}\r\nContent-Length: {length}\r\n\r\n{login}");
    let body: Value = serde_json::from_str(&server.exchange(request.as_bytes()).body).unwrap();
    let token = body["access_token"].as_str().unwrap();
    for hint in [
        "",
        "&token_type_hint=",
        "&token_type_hint=access_token",
        "&token_type_hint=refresh_token",
        "&token_type_hint=x",
    ] {
        let (answer, mut found) = post(&server, "/introspect", ("api", &api), &format!("token={token}{hint}"));
        assert_eq!(answer.status, 200, "{hint}");
        let members = found.as_object_mut().unwrap();
        let (exp, iat) = (members.remove("exp").unwrap(), members.remove("iat").unwrap());
        assert!(exp.as_i64() > iat.as_i64());
        assert!(members.remove("jti").unwrap().is_string());
        let expected = json!({
            "active": true, "scope": "me ships", "client_id": "app", "username": "mary", "token_type": "Bearer",
            "sub": user, "aud": [OWN_AUDIENCE, "https://ships.example"], "iss": "https://id.example",
        });
        assert_eq!(found, expected, "{hint}");
    }
}

#[test]
fn revoked_token_is_refused_by_each_process() {
    let fixture = TokenFixture::new();
    let (server, other) = (fixture.serve(), fixture.serve());
    let (token, kept) = (fixture.token(&server), fixture.token(&server));
    let form = format!("token={token}&token_type_hint=access_token");
    // The token of another client stays valid, and the answer is the same.
    let (answer, _) = post(&server, "/revoke", ("api", &fixture.api), &form);
    assert_eq!((answer.status, answer.body.as_str()), (200, ""));
    assert_eq!(fixture.introspect(&other, &token)["active"], true);

    let (answer, _) = post(&server, "/revoke", ("billing", &fixture.billing), &form);
    assert_eq!((answer.status, answer.body.as_str()), (200, ""));
    assert_eq!(fixture.introspect(&server, &token), inactive());
    let revoked = Instant::now();
    while fixture.introspect(&other, &token) != inactive() {
        assert!(revoked.elapsed() < at_most(Duration::from_secs(2)));
        std::thread::sleep(Duration::from_millis(50));
    }
    assert_eq!(fixture.introspect(&server, &kept)["active"], true);
    assert_eq!(fixture.introspect(&other, &kept)["active"], true);

    // It survives both processes.
    drop((server, other));
    let server = fixture.serve();
    assert_eq!(fixture.introspect(&server, &token), inactive());
    assert_eq!(fixture.introspect(&server, &kept)["active"], true);
    for unknown in ["x", "a.b.c", ""] {
        let (answer, _) = post(
            &server,
            "/revoke",
            ("billing", &fixture.billing),
            &format!("token={unknown}"),
        );
        assert_eq!(answer.status, if unknown.is_empty() { 400 } else { 200 }, "{unknown}");
    }
}

#[test]
fn no_value_passes_for_another_kind() {
    let fixture = TokenFixture::new();
    let server = fixture.serve();
    let token = fixture.token(&server);
    let id = fixture.introspect(&server, &token)["jti"].as_str().unwrap().to_owned();
    let grant = "grant_type=client_credentials&scope=items";
    // Nothing but its own secret authenticates a client.
    for secret in [&token, &id, &fixture.api, ""] {
        let (answer, body) = post(&server, "/token", ("billing", secret), grant);
        assert_eq!(
            (answer.status, &body["error"]),
            (401, &json!("invalid_client")),
            "{secret}"
        );
    }
    for secret in [&token, &id, &fixture.billing, ""] {
        let form = format!("token={token}");
        let (answer, body) = post(&server, "/introspect", ("api", secret), &form);
        assert_eq!(
            (answer.status, &body["error"]),
            (401, &json!("invalid_client")),
            "{secret}"
        );
    }
    // Nothing but an access token is one.
    for other in [&fixture.billing, &fixture.api, &id] {
        assert_eq!(fixture.introspect(&server, other), inactive());
        let form = format!("token={other}&token_type_hint=refresh_token");
        let (answer, _) = post(&server, "/revoke", ("billing", &fixture.billing), &form);
        assert_eq!((answer.status, answer.body.as_str()), (200, ""));
    }
    for other in [
        "refresh_token",
        "code",
        "device_code",
        "subject_token",
        "assertion",
        "password",
    ] {
        let form = format!("grant_type=refresh_token&{other}={token}");
        let (answer, body) = post(&server, "/token", ("billing", &fixture.billing), &form);
        assert_eq!(
            (answer.status, &body["error"]),
            (400, &json!("unauthorized_client")),
            "{other}"
        );
    }
    assert_eq!(
        fixture.introspect(&server, &token)["active"],
        true,
        "nothing was revoked"
    );
}
