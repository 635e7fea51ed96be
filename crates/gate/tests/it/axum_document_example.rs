//! The example for axum guards its routes by its OpenAPI document.

#[path = "../../examples/axum_document.rs"]
#[expect(dead_code, reason = "the program of the example is not called")]
mod example;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse as _, Response};
use http::header::{ACCESS_CONTROL_ALLOW_ORIGIN, ALLOW, LOCATION, WWW_AUTHENTICATE};
use http::{Method, StatusCode};
use tower::ServiceExt as _;

use self::example::{DOCUMENT, app, gate};
use crate::tokens::{bearer, key, rules};

const KEY: &str = "a key of a partner";

/// The credentials of a request: a token with scopes, and the key of a partner.
#[derive(Clone, Copy)]
struct Sent {
    scope: Option<&'static str>,
    key: Option<&'static str>,
}

const NOTHING: Sent = Sent { scope: None, key: None };
const READ: Sent = Sent {
    scope: Some("reports:read"),
    key: None,
};
const WRITE: Sent = Sent {
    scope: Some("reports:write"),
    key: None,
};
const BOTH: Sent = Sent {
    scope: Some("reports:read reports:write"),
    key: None,
};

async fn send_to(app: Router, method: &str, path: &str, sent: Sent) -> Response {
    let mut request = Request::builder()
        .method(method)
        .uri(path)
        .header("host", "api.example");
    if let Some(scope) = sent.scope {
        request = request.header("authorization", bearer(rules(), scope));
    }
    if let Some(key) = sent.key {
        request = request.header("x-key", key);
    }
    app.oneshot(request.body(Body::empty()).unwrap()).await.unwrap()
}

async fn send(method: &str, path: &str, sent: Sent) -> Response {
    send_to(app(&gate(DOCUMENT, &key()).unwrap()), method, path, sent).await
}

async fn text(response: Response) -> String {
    String::from_utf8(to_bytes(response.into_body(), 1024).await.unwrap().to_vec()).unwrap()
}

fn challenge(response: &Response) -> &str {
    response.headers()[WWW_AUTHENTICATE].to_str().unwrap()
}

#[tokio::test]
async fn handler_gets_the_permit_of_its_operation() {
    let response = send("GET", "/v1/reports/7", READ).await;
    assert_eq!(text(response).await, "report 7, for u1");
    assert_eq!(text(send("GET", "/v1/status", NOTHING).await).await, "up");
}

#[tokio::test]
async fn refusal_has_the_scopes_of_the_document() {
    let response = send("GET", "/v1/reports/7", NOTHING).await;
    assert_eq!(response.status(), 401);
    assert_eq!(challenge(&response), r#"Bearer realm="Reports", scope="reports:read""#);
    let response = send("POST", "/v1/reports", READ).await;
    assert_eq!(response.status(), 403);
    let challenge = challenge(&response);
    assert!(
        challenge.contains(r#"error="insufficient_scope""#) && challenge.ends_with(r#"scope="reports:write""#),
        "{challenge}"
    );
    assert_eq!(send("POST", "/v1/reports", WRITE).await.status(), 200);
}

#[tokio::test]
async fn security_of_an_operation_overrides_that_of_the_document() {
    for (method, path, sent, status) in [
        ("GET", "/v1/reports/7", NOTHING, 401),
        ("GET", "/v1/reports/7", WRITE, 403),
        ("GET", "/v1/status", NOTHING, 200),
        ("POST", "/v1/reports", WRITE, 200),
    ] {
        assert_eq!(send(method, path, sent).await.status(), status, "{method} {path}");
    }
}

#[tokio::test]
async fn get_answers_head_with_the_same_guard() {
    for (path, sent, status) in [
        ("/v1/status", NOTHING, 200),
        ("/v1/reports/7", NOTHING, 401),
        ("/v1/reports/7", WRITE, 403),
        ("/v1/reports/7", READ, 200),
        ("/v1/reports", WRITE, 405),
    ] {
        let response = send("HEAD", path, sent).await;
        assert_eq!(response.status(), status, "{path}");
        assert_eq!(text(response).await, "", "{path}");
    }
}

#[tokio::test]
async fn undeclared_paths_and_methods_are_refused() {
    for path in ["/v1/secrets", "/", "/v1", "/status", "/reports/7", "/v1/reports/7/8"] {
        assert_eq!(send("GET", path, BOTH).await.status(), 404, "{path}");
    }
    let response = send("PATCH", "/v1/reports/7", BOTH).await;
    assert_eq!(response.status(), 405);
    assert_eq!(response.headers()[ALLOW], "GET, HEAD, DELETE");
}

#[tokio::test]
async fn route_without_an_operation_never_runs() {
    let response = send("GET", "/v1/reports/latest", READ).await;
    assert_eq!(response.status(), 404);
    let without_comparison = Router::new()
        .route("/v1/reports/latest", axum::routing::get(|| async { "undocumented" }))
        .layer(gate(DOCUMENT, &key()).unwrap().layer());
    let response = send_to(without_comparison, "GET", "/v1/reports/latest", READ).await;
    assert_eq!(response.status(), 200, "the comparison refuses it");
}

#[tokio::test]
async fn path_with_two_readings_is_refused() {
    for path in [
        "/v1/reports%2F7",
        "/v1%2Freports/7",
        "/v1/exports/..%2Freports%2F7",
        "/v1/exports/../reports/7",
        "/v1/./reports/7",
        "/v1/%2e/reports/7",
        "/v1/reports/%2e%2e",
        "/v1//reports/7",
        "//v1/reports/7",
        "/v1/reports/7%5C8",
        "/v1/reports/%00",
        "/v1/reports/%zz",
        "/v1/rep%6Frts/7",
        "/%761/reports/7",
    ] {
        assert_eq!(send("GET", path, READ).await.status(), 404, "{path}");
    }
    for (path, body) in [
        ("/v1/reports/a%20b", "report a b, for u1"),
        ("/v1/reports/%37", "report 7, for u1"),
        ("/v1/reports/100%25", "report 100%, for u1"),
        ("/v1/reports/%C3%A9", "report \u{e9}, for u1"),
    ] {
        let response = send("GET", path, READ).await;
        assert_eq!(text(response).await, body, "{path}");
    }
}

#[tokio::test]
async fn slash_at_the_end_is_redirected() {
    for (path, location) in [("/v1/status/", "../status"), ("/v1/reports/7/", "../7")] {
        let response = send("GET", path, NOTHING).await;
        assert_eq!(response.status(), 307, "{path}");
        assert_eq!(response.headers()[LOCATION], location);
    }
}

#[tokio::test]
async fn optional_authentication_accepts_anonymous_requests() {
    assert_eq!(text(send("GET", "/v1/greeting", NOTHING).await).await, "hello stranger");
    assert_eq!(text(send("GET", "/v1/greeting", READ).await).await, "hello u1");
    let app = app(&gate(DOCUMENT, &key()).unwrap());
    let request = Request::get("/v1/greeting")
        .header("host", "api.example")
        .header("authorization", "Bearer x");
    let response = app.oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
    assert_eq!(response.status(), 401);
}

#[tokio::test]
async fn schemes_are_alternatives_or_required_together() {
    let key = |sent: Sent| Sent { key: Some(KEY), ..sent };
    let other = |sent: Sent| Sent {
        key: Some("other"),
        ..sent
    };
    for (method, sent, status) in [
        ("GET", NOTHING, 401),
        ("GET", READ, 200),
        ("GET", key(NOTHING), 200),
        ("GET", key(WRITE), 200),
        ("GET", other(READ), 401),
        ("GET", WRITE, 403),
        ("PUT", NOTHING, 401),
        ("PUT", WRITE, 401),
        ("PUT", key(NOTHING), 401),
        ("PUT", key(READ), 403),
        ("PUT", other(WRITE), 401),
        ("PUT", key(WRITE), 200),
    ] {
        let what = (method, sent.scope, sent.key);
        assert_eq!(send(method, "/v1/exports/7", sent).await.status(), status, "{what:?}");
    }
}

#[tokio::test]
async fn check_of_the_document_is_decided_by_code() {
    assert_eq!(send("DELETE", "/v1/reports/7", WRITE).await.status(), 200);
    assert_eq!(send("DELETE", "/v1/reports/7", BOTH).await.status(), 403);
}

/// Answers preflights, and allows scripts to read each response.
async fn cors(request: Request, next: Next) -> Response {
    let mut response = match *request.method() {
        Method::OPTIONS => StatusCode::NO_CONTENT.into_response(),
        _ => next.run(request).await,
    };
    response.headers_mut().insert(
        ACCESS_CONTROL_ALLOW_ORIGIN,
        http::HeaderValue::from_static("https://app.example"),
    );
    response
}

#[tokio::test]
async fn preflight_is_answered_outside_of_the_gate() {
    let guarded = || app(&gate(DOCUMENT, &key()).unwrap());
    assert_eq!(
        send_to(guarded(), "OPTIONS", "/v1/reports/7", NOTHING).await.status(),
        405
    );
    let with_cors = || guarded().layer(from_fn(cors));
    assert_eq!(
        send_to(with_cors(), "OPTIONS", "/v1/reports/7", NOTHING).await.status(),
        204
    );
    let refusal = send_to(with_cors(), "GET", "/v1/reports/7", NOTHING).await;
    assert_eq!(refusal.status(), 401);
    assert_eq!(refusal.headers()[ACCESS_CONTROL_ALLOW_ORIGIN], "https://app.example");
}
