//! A shadow policy next to the demo's: its metrics, its log lines, and that it decides nothing.

use std::io::Write as _;

use serde_json::{Value, json};
use tempfile::NamedTempFile;

use crate::admin::fixture::AdminFixture;
use crate::admin::metrics::bearer;

/// Creates a file with this text.
pub(crate) fn file(text: &str) -> NamedTempFile {
    let mut file = NamedTempFile::new().expect("a file");
    file.write_all(text.as_bytes()).expect("room");
    file
}

fn start(policy: &str) -> AdminFixture {
    let file = file(policy);
    let path = file.path().to_str().expect("a path");
    AdminFixture::start(&["--log-format", "json", "--shadow-policy", path])
}

/// It requires more at `/users/me/`, other scopes at `/users/me/items/` and nothing at `/status/`.
/// It also has an operation that the demo does not have.
pub(crate) fn proposed() -> String {
    let guarded = |scopes: &[&str]| json!({ "get": { "security": [{ "OAuth2PasswordBearer": scopes }] } });
    let flows = json!({ "password": { "tokenUrl": "token", "scopes": { "me": "", "items": "", "more": "" } } });
    let document = json!({
        "openapi": "3.1.0",
        "info": { "title": "Proposed", "version": "2" },
        "components": { "securitySchemes": { "OAuth2PasswordBearer": { "type": "oauth2", "flows": flows } } },
        "paths": {
            "/users/me/": guarded(&["me", "items"]),
            "/users/me/items/": guarded(&["me"]),
            "/status/": { "get": { "security": [] } },
            "/new/": guarded(&["more"]),
        },
    });
    document.to_string()
}

fn outcome(route: &str, outcome: &str) -> String {
    format!(r#"scopegate_shadow_decisions_total{{method="GET",route="{route}",outcome="{outcome}"}}"#)
}

#[test]
fn divergences_are_counted_without_effect_on_responses() {
    let fixture = start(&proposed());
    let get = |path: &str, headers: &str| fixture.call("GET", path, headers, "").status;
    let (me, both) = (bearer(&fixture.token("me")), bearer(&fixture.token("me+items")));
    for (path, headers, status) in [
        ("/users/me/", &me, 200),
        ("/users/me/", &me, 200),
        ("/users/me/", &both, 200),
        ("/users/me/", &String::new(), 401),
        ("/users/me/items/", &me, 401),
        ("/users/me/items/", &both, 200),
        ("/status/", &String::new(), 401),
        ("/status/", &bearer("no.good.token"), 401),
        ("/status/", &me, 200),
        ("/new/", &both, 404),
    ] {
        assert_eq!(get(path, headers), status, "{path}");
    }
    let samples = fixture.samples();
    for (route, expected) in [
        ("/users/me/", [2, 2, 0, 0, 0]),
        ("/users/me/items/", [1, 0, 1, 0, 0]),
        ("/status/", [1, 0, 2, 0, 0]),
    ] {
        for (name, count) in ["same", "would_deny", "would_allow", "unknown", "unknown_operation"]
            .iter()
            .zip(expected)
        {
            assert_eq!(samples.count(&outcome(route, name)), count, "{route} {name}");
        }
    }
    let told: Vec<Value> = fixture
        .stop()
        .iter()
        .filter(|line| line.contains("the shadow policy would decide differently"))
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect();
    let flips: Vec<[&str; 4]> = told
        .iter()
        .map(|flip| ["operation", "running", "proposed", "missing"].map(|name| flip[name].as_str().expect("a text")))
        .collect();
    assert_eq!(
        flips,
        [
            ["GET /users/me/", "allow", "insufficient_scope", "items"],
            ["GET /users/me/items/", "insufficient_scope", "allow", "items"],
            ["GET /status/", "unauthenticated", "allow", "user"],
        ]
    );
}

/// The document that the demo writes describes exactly what the demo does.
#[test]
fn the_demos_own_document_never_flips() {
    let document = AdminFixture::start(&[]).call("GET", "/openapi.json", "", "").body;
    let fixture = start(&document);
    let (me, both) = (bearer(&fixture.token("me")), bearer(&fixture.token("me+items")));
    for path in ["/users/me/", "/users/me/items/", "/status/"] {
        for headers in ["", &*bearer("no.good.token"), &*me, &*both] {
            fixture.call("GET", path, headers, "");
        }
    }
    let samples = fixture.samples();
    for path in ["/users/me/", "/users/me/items/", "/status/"] {
        assert_eq!(samples.count(&outcome(path, "same")), 4, "{path}");
    }
}

#[test]
fn the_servers_own_document_has_no_operation_of_its_own_as_a_shadow() {
    let plain = AdminFixture::start(&[]);
    let document = plain.call("GET", "/openapi.json", "", "").body;
    drop(plain);
    assert!(document.contains("\"/token\""), "{document}");
    let told = start(&document).stop();
    let line = told.iter().find(|line| line.contains("only_proposed")).expect("a line");
    assert!(line.contains("\"only_proposed\":\"\""), "{line}");
}
