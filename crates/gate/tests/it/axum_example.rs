//! The example for axum guards its routes, and its refusals have challenges.

#[path = "../../examples/axum.rs"]
#[expect(dead_code, reason = "the program of the example is not called")]
mod example;

use axum::body::{Body, to_bytes};
use http::header::{CONTENT_TYPE, WWW_AUTHENTICATE};
use http::{Request, Response};
use tower::ServiceExt as _;

use self::example::{app, policy};
use crate::tokens::{bearer, key, rules};

async fn send(method: &str, path: &str, token: Option<&str>, body: &str) -> Response<Body> {
    let mut request = Request::builder()
        .method(method)
        .uri(path)
        .header("host", "api.example");
    if let Some(token) = token {
        request = request.header("authorization", token);
    }
    let request = request
        .header(CONTENT_TYPE, "application/json")
        .body(Body::from(body.to_owned()))
        .unwrap();
    app(&policy(&key()).unwrap()).oneshot(request).await.unwrap()
}

async fn text(response: Response<Body>) -> String {
    String::from_utf8(to_bytes(response.into_body(), 1024).await.unwrap().to_vec()).unwrap()
}

#[tokio::test]
async fn guarded_route_needs_its_scope() {
    let read = bearer(rules(), "reports:read");
    let response = send("GET", "/reports/1", Some(&read), "").await;
    assert_eq!(response.status(), 200);
    assert_eq!(text(response).await, "report 1, for u1");
    let response = send("POST", "/reports", Some(&read), "\"title\"").await;
    assert_eq!(response.status(), 403);
    let challenge = response.headers()[WWW_AUTHENTICATE].to_str().unwrap();
    assert!(
        challenge.contains("insufficient_scope") && challenge.contains("reports:write"),
        "{challenge}"
    );
    let write = bearer(rules(), "reports:write");
    assert_eq!(send("POST", "/reports", Some(&write), "\"title\"").await.status(), 201);
}

#[tokio::test]
async fn request_without_token_gets_a_challenge() {
    assert_eq!(send("GET", "/status", None, "").await.status(), 200);
    let response = send("GET", "/reports/1", None, "").await;
    assert_eq!(response.status(), 401);
    assert_eq!(
        response.headers()[WWW_AUTHENTICATE],
        r#"Bearer realm="Scopegate", scope="reports:read""#
    );
    let forged = format!("{}x", bearer(rules(), "reports:read"));
    assert_eq!(send("GET", "/reports/1", Some(&forged), "").await.status(), 401);
    assert_eq!(send("GET", "/unknown", None, "").await.status(), 404);
}
