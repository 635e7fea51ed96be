//! What a dialect can change, and what it cannot.

use http::{HeaderMap, Method, StatusCode};
use scopegate_gate::policy::{Guard, Operation};
use scopegate_gate::{
    Catalog, Dialect, Gate, RefusalBody, RefusalContext, RefusalKind, RequestHead, ScopeToken, SecurityScheme,
};
use scopegate_token::{SigningKey, TokenRules, Verifier};
use serde_json::json;

const READ: ScopeToken = ScopeToken::from_static("read");

async fn refusal(dialect: Dialect) -> http::Response<bytes::Bytes> {
    let catalog = Catalog::builder()
        .scheme("login", SecurityScheme::oauth2_password("token"))
        .scope(READ, "");
    let key = SigningKey::es256_generate().unwrap();
    let gate = Gate::builder(catalog.build().unwrap())
        .dialect(dialect)
        .bearer("login", Verifier::new(TokenRules::shared_secret(), key.verifying_key()))
        .operation(Operation::get("/x").guard(Guard::requires([READ])))
        .build()
        .unwrap();
    let (method, headers) = (Method::GET, HeaderMap::new());
    gate.authorize(&RequestHead::new(&method, "/x", &headers))
        .await
        .unwrap_err()
}

#[tokio::test]
async fn a_dialect_cannot_turn_a_refusal_into_a_success() {
    type Status = fn(RefusalKind, StatusCode) -> StatusCode;
    let cases: [(Status, u16); 4] = [
        (|_, _| StatusCode::OK, 401),
        (|_, _| StatusCode::FOUND, 401),
        (|_, _| StatusCode::NOT_FOUND, 404),
        (|_, status| status, 401),
    ];
    for (status, answered) in cases {
        let body = |_: &RefusalContext<'_>| RefusalBody {
            media_type: "text/plain",
            json: json!("no"),
        };
        let refusal = refusal(Dialect {
            status,
            body,
            ..Dialect::rfc()
        })
        .await;
        assert_eq!(refusal.status().as_u16(), answered);
        assert_eq!(refusal.body(), "\"no\"");
        assert_eq!(refusal.headers()["content-type"], "text/plain");
        assert!(refusal.headers().contains_key("www-authenticate"));
    }
}
