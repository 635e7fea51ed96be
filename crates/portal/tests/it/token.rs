//! The token endpoint at a gate without a web framework.

use std::sync::Arc;

use bytes::Bytes;
use http::{Request, Response};
use scopegate_domain::{Audience, Issuer};
use scopegate_gate::policy::{Binding, Fact, Rule};
use scopegate_gate::{Catalog, Gate, GateBuilder, GateError, Guard, Operation, RequestHead, SecurityScheme};
use scopegate_portal::TokenEndpoint;
use scopegate_portal::grant::AuthorizationServer;
use scopegate_store::{MemoryStore, Store};
use scopegate_token::{Signer, SigningKey, TokenRules, Verifier};
use serde_json::Value;

fn builder() -> GateBuilder {
    let catalog = Catalog::builder().scheme("login", SecurityScheme::oauth2_password("token"));
    let catalog = catalog.build().unwrap();
    let issuer = Issuer::parse("https://id.example").unwrap();
    let rules = TokenRules::rfc9068(issuer, Audience::parse("https://api.example").unwrap());
    let key = SigningKey::es256_generate().unwrap();
    let verifier = Verifier::new(rules.clone(), key.verifying_key());
    let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
    let server = AuthorizationServer::builder(store, Signer::new(rules, key), catalog.clone());
    Gate::builder(catalog)
        .bearer("login", verifier)
        .site(TokenEndpoint::new("/token", server.password_grant(true).build()))
}

async fn ask(gate: &Gate, content_type: &str, body: &'static str) -> Response<Bytes> {
    let request = Request::post("/token")
        .header("content-type", content_type)
        .body(())
        .unwrap();
    let head = RequestHead::of(&request);
    let routed = match gate.route(&head) {
        Ok(routed) => routed,
        Err(refusal) => panic!("the endpoint has a route: {refusal:?}"),
    };
    assert!(routed.site_reads_body());
    let mut answer = routed.answer_site(&head, Bytes::from_static(body.as_bytes())).await;
    routed.finish(&mut answer);
    answer
}

#[tokio::test]
async fn token_endpoint_answers_at_its_path() {
    let gate = builder().build().unwrap();
    let form = "application/x-www-form-urlencoded";
    let login = "grant_type=password&client_id=nobody&username=a&password=b";
    for (content_type, body, status, error) in [
        ("application/json", "{}", 415, "invalid_request"),
        (form, "grant_type=x", 400, "unsupported_grant_type"),
        (form, login, 400, "invalid_client"),
    ] {
        let answer = ask(&gate, content_type, body).await;
        let told: Value = serde_json::from_slice(answer.body()).unwrap();
        assert_eq!(answer.status().as_u16(), status, "{body}");
        assert_eq!(told.get("error").and_then(Value::as_str), Some(error), "{body}");
        assert!(answer.headers().contains_key("x-request-id"));
    }
}

#[test]
fn requirement_that_issued_tokens_never_meet_is_refused() {
    let guard = Guard::authenticated().depends_on(&Guard::rule(Rule::Fact(Fact::Bound(Binding::Dpop))));
    let operation = Operation::get("/x").guard(guard);
    match builder().operation(operation).build() {
        Err(GateError::NoProducer { fact, .. }) => assert_eq!(fact, "bound=dpop"),
        other => panic!("{other:?}"),
    }
}
