//! The example that mounts the gate as a service of axum.

#[path = "../../examples/axum_service.rs"]
#[expect(dead_code, reason = "the program of the example is not called")]
mod example;

use axum::body::{Body, to_bytes};
use http::{Request, Response};
use scopegate_http::domain::{
    AccessTokenClaims, Audience, ClientId, Clock, Issuer, Lifetime, ScopeToken, Secret, SystemClock, TokenId,
};
use scopegate_http::token::{Signer, SigningKey, TokenRules};
use tower_service::Service as _;

use self::example::{app, gate};

fn key() -> SigningKey {
    SigningKey::hs256(&Secret::new("a secret text of thirty-two bytes".to_owned())).unwrap()
}

fn bearer(scope: &str) -> String {
    let issuer = Issuer::parse("https://id.example").unwrap();
    let rules = TokenRules::rfc9068(issuer, Audience::parse("https://api.example").unwrap());
    let claims = AccessTokenClaims::new("u1", SystemClock.now(), Lifetime::from_minutes(5))
        .with_scopes([scope.parse::<ScopeToken>().unwrap()])
        .with_client_id(ClientId::parse("app").unwrap())
        .with_token_id(TokenId::parse("t1").unwrap());
    format!("Bearer {}", Signer::new(rules, key()).issue(&claims).unwrap().expose())
}

async fn send(method: &str, path: &str, authorization: Option<&str>) -> (Response<()>, String) {
    let mut request = Request::builder()
        .method(method)
        .uri(path)
        .header("host", "api.example");
    if let Some(authorization) = authorization {
        request = request.header("authorization", authorization);
    }
    let mut service = app(&gate(&key()).unwrap());
    let response = service.call(request.body(Body::empty()).unwrap()).await.unwrap();
    let (parts, body) = response.into_parts();
    let body = to_bytes(body, 10_000).await.unwrap();
    (
        Response::from_parts(parts, ()),
        String::from_utf8(body.to_vec()).unwrap(),
    )
}

#[tokio::test]
async fn gate_answers_what_the_router_does_not_have() {
    let (response, body) = send("GET", "/status", None).await;
    assert_eq!((response.status().as_u16(), &*body), (200, "up"));
    assert!(
        !response.headers().contains_key("x-request-id"),
        "not a response of the gate"
    );
    let (_, body) = send("GET", "/reports/7", Some(&bearer("reports:read"))).await;
    assert_eq!(body, "report 7, for u1");
    let other = bearer("reports:write");
    for (method, path, authorization, status) in [
        ("GET", "/reports/1", Some(&*other), 403),
        ("GET", "/reports/1", None, 401),
        ("GET", "/reports/1", Some("Bearer x.y.z"), 401),
        ("POST", "/reports/1", None, 405),
        ("GET", "/secrets", None, 404),
        ("GET", "/openapi.json", None, 200),
    ] {
        let (response, _) = send(method, path, authorization).await;
        assert_eq!(response.status(), status, "{method} {path}");
        assert!(response.headers().contains_key("x-request-id"), "{method} {path}");
        assert_eq!(
            response.headers().contains_key("www-authenticate"),
            matches!(status, 401 | 403),
            "{method} {path}"
        );
    }
}
