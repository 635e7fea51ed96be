//! The example accepts tokens of another provider.

use crate::issuers::common::{AUDIENCE, LocalIssuer, ask, fetcher, key, token};

#[path = "../../../examples/other_issuer.rs"]
#[expect(dead_code, reason = "the example is a program with a `main`")]
mod other_issuer;

#[tokio::test]
async fn example_accepts_tokens_of_another_provider() {
    let (good, other) = (key("1"), key("1"));
    let issuer = LocalIssuer::start(Some(&good)).await;
    let gate = other_issuer::gate(issuer.name.as_str(), AUDIENCE, fetcher()).unwrap();
    let subject = format!("{}#ada", issuer.name);
    let (status, _, body) = ask(&gate, "/reports/7", &token(&issuer.name, &good, "ada")).await;
    assert_eq!((status, body), (200, format!("\"report 7 for {subject}\"")));
    assert_eq!(
        ask(&gate, "/reports/7", &token(&issuer.name, &other, "ada")).await.0,
        401
    );
    assert_eq!(ask(&gate, "/reports/7", "").await.0, 401);
}

#[test]
fn the_example_is_short() {
    let source = include_str!("../../../examples/other_issuer.rs");
    let lines = source.lines().filter(|line| !line.starts_with("//!"));
    assert!(lines.count() < 40);
}
