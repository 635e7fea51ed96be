//! What a format of refusals can change, and what it cannot.

use http::{HeaderMap, Method, Response, StatusCode};
use scopegate_gate::policy::{Guard, Operation};
use scopegate_gate::{
    Catalog, Dialect, Gate, RefusalContext, RefusalFormat, RefusalKind, RefusalSchema, RequestHead, ScopeToken,
    SecurityScheme,
};
use scopegate_token::{SigningKey, TokenRules, Verifier};
use serde_json::json;

const READ: ScopeToken = ScopeToken::from_static("read");

/// Writes `no` with one status; `None` is that of the RFCs.
struct No(Option<StatusCode>);

impl RefusalFormat for No {
    fn body(&self, _: &RefusalContext<'_>) -> Vec<u8> {
        b"no".to_vec()
    }

    fn schema(&self) -> RefusalSchema {
        RefusalSchema::new("No", "text/plain", json!({ "type": "string" }))
    }

    fn status(&self, _: RefusalKind, status: StatusCode) -> StatusCode {
        self.0.unwrap_or(status)
    }
}

async fn refusal(dialect: Dialect, format: Option<No>) -> Response<bytes::Bytes> {
    let catalog = Catalog::builder()
        .scheme("login", SecurityScheme::oauth2_password("token"))
        .scope(READ, "");
    let key = SigningKey::es256_generate().unwrap();
    let gate = Gate::builder(catalog.build().unwrap())
        .dialect(dialect)
        .bearer("login", Verifier::new(TokenRules::shared_secret(), key.verifying_key()))
        .operation(Operation::get("/x").guard(Guard::requires([READ])));
    let gate = match format {
        Some(format) => gate.refusals(format),
        None => gate,
    };
    let (method, headers) = (Method::GET, HeaderMap::new());
    let gate = gate.build().unwrap();
    gate.authorize(&RequestHead::new(&method, "/x", &headers))
        .await
        .unwrap_err()
}

#[tokio::test]
async fn a_format_cannot_answer_a_success() {
    for (status, answered) in [
        (Some(StatusCode::OK), 401),
        (Some(StatusCode::FOUND), 401),
        (Some(StatusCode::NOT_FOUND), 404),
        (None, 401),
    ] {
        let refusal = refusal(Dialect::rfc(), Some(No(status))).await;
        assert_eq!(refusal.status().as_u16(), answered);
        assert_eq!(refusal.body(), "no");
        assert_eq!(refusal.headers()["content-type"], "text/plain");
        assert!(refusal.headers().contains_key("www-authenticate"));
    }
}

#[tokio::test]
async fn a_dialect_has_a_format_of_its_own() {
    let dialect = Dialect {
        refusals: &No(Some(StatusCode::OK)),
        ..Dialect::rfc()
    };
    let of_dialect = refusal(dialect, None).await;
    assert_eq!(
        (of_dialect.status().as_u16(), &of_dialect.body()[..]),
        (401, &b"no"[..])
    );
    let of_gate = refusal(dialect, Some(No(Some(StatusCode::NOT_FOUND)))).await;
    assert_eq!(of_gate.status(), 404);
}
