//! Reads the claims of a payload, compared with `serde_json`.

use criterion::{Criterion, criterion_group, criterion_main};
use scopegate_benches::{Race, TokenFixture};
use scopegate_domain::{Claims, ScopeLayout};
use serde::Deserialize;

/// The claims borrowed from the payload: the least that `serde_json` can do.
#[derive(Deserialize)]
#[expect(dead_code, reason = "reading them is what is measured")]
struct Borrowed<'a> {
    iss: &'a str,
    aud: &'a str,
    sub: &'a str,
    client_id: &'a str,
    scope: &'a str,
    iat: i64,
    exp: i64,
    jti: &'a str,
}

fn claims(criterion: &mut Criterion) {
    let payload = TokenFixture::hs256().payload();
    let tutorial = br#"{"sub":"johndoe","scopes":["me","items"],"exp":1893456000}"#;
    Race::new("claims")
        .lane("serde_json, borrowed", || {
            serde_json::from_slice::<Borrowed<'_>>(&payload).is_ok()
        })
        .lane("serde_json, value", || {
            serde_json::from_slice::<serde_json::Value>(&payload).is_ok()
        })
        .lane("ours", || Claims::parse(&payload, ScopeLayout::Text).is_ok())
        .lane("ours, the tutorial's three claims", || {
            Claims::parse(tutorial, ScopeLayout::List).is_ok()
        })
        .run(criterion);
}

criterion_group! { name = benches; config = scopegate_benches::criterion(); targets = claims }
criterion_main!(benches);
