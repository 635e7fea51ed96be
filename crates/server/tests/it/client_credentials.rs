//! A service gets a token for itself: from `client add` to the answers of the API.

#![expect(clippy::indexing_slicing, clippy::unwrap_used, reason = "a test may fail")]

use base64_simd::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::{Value, json};

use crate::shell::Shell;
use crate::support::{Answer, Server};

const DATABASE: &str = "sqlite:a.db";

fn database(shell: &Shell) -> String {
    format!("sqlite:{}", shell.path().join("a.db").display())
}

/// Adds the service `billing`, and returns its secret.
fn add_service(shell: &Shell) -> String {
    let added = shell.add_client("billing", &["--grant", "client_credentials", "--scope", "me items"]);
    added.json()["client_secret"].as_str().unwrap().to_owned()
}

/// Requests a token with these credentials in the header.
fn token(server: &Server, id: &str, secret: &str, form: &str) -> (Answer, Value) {
    let pair = STANDARD.encode_to_string(format!("{id}:{secret}"));
    let head =
        "POST /token HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Type: application/x-www-form-urlencoded";
    let length = form.len();
    let request = format!("{head}\r\nAuthorization: Basic {pair}\r\nContent-Length: {length}\r\n\r\n{form}");
    let answer = server.exchange(request.as_bytes());
    let body = serde_json::from_str(&answer.body).unwrap();
    (answer, body)
}

fn claims(token: &Value) -> Value {
    let payload = token.as_str().unwrap().split('.').nth(1).unwrap();
    let payload = URL_SAFE_NO_PAD.decode_to_vec(payload).unwrap();
    serde_json::from_slice(&payload).unwrap()
}

#[test]
fn service_gets_a_token_for_itself_in_both_profiles() {
    let shell = Shell::new();
    let secret = add_service(&shell);
    for profile in ["rfc", "tutorial"] {
        let server = Server::start(&["--database", &database(&shell), "--profile", profile], &[]);
        let (answer, body) = token(
            &server,
            "billing",
            &secret,
            "grant_type=client_credentials&scope=items+admin",
        );
        assert_eq!(answer.status, 200, "{body}");
        assert_eq!(
            (&body["scope"], &body["token_type"]),
            (&json!("items"), &json!("Bearer"))
        );
        assert_eq!(body.get("refresh_token"), None);
        let claims = claims(&body["access_token"]);
        assert_eq!(
            (&claims["sub"], &claims["client_id"]),
            (&json!("billing"), &json!("billing"))
        );
        assert!(claims["jti"].is_string() && claims["iat"].is_i64(), "{claims}");

        // The demo's operations are about users, and a client is none.
        let bearer = body["access_token"].as_str().unwrap();
        let request =
            format!("GET /status/ HTTP/1.1\r\nHost: a\r\nConnection: close\r\nAuthorization: Bearer {bearer}\r\n\r\n");
        assert_eq!(server.exchange(request.as_bytes()).status, 401);

        let (answer, body) = token(&server, "billing", "wrong", "grant_type=client_credentials");
        assert_eq!((answer.status, &body["error"]), (401, &json!("invalid_client")));
        assert!(answer.header("www-authenticate").unwrap().starts_with("Basic "));
        let (answer, body) = token(&server, "billing", &secret, "grant_type=client_credentials&scope=admin");
        assert_eq!((answer.status, &body["error"]), (400, &json!("invalid_scope")));
    }
}

#[test]
fn too_many_scopes_name_their_limit() {
    let shell = Shell::new();
    let secret = add_service(&shell);
    let server = Server::start(&["--database", &database(&shell)], &[]);
    let form = format!("grant_type=client_credentials&scope=me{}", "+me".repeat(299));
    let (answer, body) = token(&server, "billing", &secret, &form);
    assert_eq!((answer.status, &body["error"]), (400, &json!("invalid_scope")));
    let expected = "scope has 300 scope tokens; at most 256 are possible";
    assert_eq!(body["error_description"], expected);
}

#[test]
fn document_offers_the_flow_of_clients() {
    let shell = Shell::new();
    let server = Server::start(&["--database", &database(&shell)], &[]);
    let answer = server.exchange(b"GET /openapi.json HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    let document: Value = serde_json::from_str(&answer.body).unwrap();
    let flows = &document["components"]["securitySchemes"]["OAuth2PasswordBearer"]["flows"];
    assert_eq!(flows["clientCredentials"]["tokenUrl"], "token");
    assert_eq!(flows.get("password"), None);
    let fields = &document["components"]["schemas"]["TokenRequest"]["properties"];
    let grants = ["authorization_code", "client_credentials", "refresh_token"];
    assert_eq!(fields["grant_type"]["enum"], json!(grants));
    assert_eq!(fields.get("password"), None);
}

#[test]
fn public_client_cannot_act_for_itself() {
    let shell = Shell::new();
    for option in [&["--grant", "client_credentials"][..], &["--introspect"]] {
        let line = ["client", "add", "Page", "--public", "--database", DATABASE];
        let run = shell.run(&[&line, option].concat());
        assert!(
            run.complaint(2).starts_with("a public client cannot "),
            "{}",
            run.stderr
        );
    }
    assert!(
        !shell.path().join("a.db").exists(),
        "a refused client creates no database"
    );
}

/// A client that sends a proof expects a bound token. It gets an error, not a bearer token.
#[test]
fn expected_binding_is_refused_by_name() {
    let shell = Shell::new();
    let added = shell.add_client("billing", &["--grant", "client_credentials", "--scope", "me"]);
    let secret = added.json()["client_secret"].as_str().unwrap().to_owned();
    let database = format!("sqlite:{}", shell.path().join("a.db").display());
    let server = Server::start(&["--database", &database, "--issuer", "https://id.example"], &[]);
    let pair = STANDARD.encode_to_string(format!("billing:{secret}"));
    let ask = |header: &str, form: &str| {
        let head = "Host: a\r\nConnection: close\r\nContent-Type: application/x-www-form-urlencoded";
        let length = form.len();
        let request = format!(
            "POST /token HTTP/1.1\r\n{head}\r\nAuthorization: Basic {pair}\r\n{header}Content-Length: {length}\r\n\r\n{form}"
        );
        let answer = server.exchange(request.as_bytes());
        (answer.status, serde_json::from_str::<Value>(&answer.body).unwrap())
    };
    let grant = "grant_type=client_credentials";
    for (header, form) in [
        ("DPoP: a.b.c\r\n", grant.to_owned()),
        ("dpop: \r\n", grant.to_owned()),
        ("", format!("{grant}&dpop_jkt=abc")),
        ("", format!("{grant}&dpop_jkt=")),
    ] {
        let (status, body) = ask(header, &form);
        assert_eq!(
            (status, &body["error"]),
            (400, &json!("invalid_request")),
            "{header}{form}"
        );
        let description = body["error_description"].as_str().unwrap();
        assert!(description.contains("`DPoP` is not supported"), "{description}");
    }
    let (status, body) = ask("", grant);
    assert_eq!((status, &body["token_type"]), (200, &json!("Bearer")));

    // The tutorial ignores fields that it does not know.
    let demo = Server::start(&["--demo"], &[]);
    for (header, field, status) in [("", "&dpop_jkt=abc", 200), ("DPoP: a.b.c\r\n", "", 400)] {
        let head = "Host: a\r\nConnection: close\r\nContent-Type: application/x-www-form-urlencoded";
        let form = format!("username=johndoe&password=secret{field}");
        let length = form.len();
        let request = format!("POST /token HTTP/1.1\r\n{head}\r\n{header}Content-Length: {length}\r\n\r\n{form}");
        assert_eq!(demo.exchange(request.as_bytes()).status, status, "{header}{field}");
    }
}
