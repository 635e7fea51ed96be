//! Verifying a token, beside the primitive that nobody can do without and beside jsonwebtoken.

use criterion::{Criterion, criterion_group, criterion_main};
use scopegate_benches::{Limit, Race, TokenFixture, jsonwebtoken_on_ring};
use scopegate_token::Scratch;
use serde::Deserialize;

/// The claims as an application of jsonwebtoken would read them.
#[derive(Deserialize)]
#[expect(dead_code, reason = "reading them is what is measured")]
struct Claims {
    iss: String,
    aud: String,
    sub: String,
    client_id: String,
    scope: String,
    iat: i64,
    exp: i64,
    jti: String,
}

fn race(criterion: &mut Criterion, name: &'static str, fixture: &TokenFixture, at_most: f64) {
    jsonwebtoken_on_ring::install();
    let (message, _) = fixture.signed();
    let signature = fixture.signature();
    let forged = fixture.forged();
    let (key, validation) = fixture.jsonwebtoken();
    let (mut scratch, mut scratch_for_forged) = (Scratch::new(), Scratch::new());
    Race::new(name)
        .lane("limit: ring and base64-simd", || fixture.limit())
        .lane("ring alone", || fixture.raw(message.as_bytes(), &signature))
        .lane_within("ours", Limit::Ratio(at_most), || {
            fixture
                .verifier()
                .verify(fixture.token(), fixture.now(), &mut scratch)
                .is_ok()
        })
        .lane("ours, forged", || {
            fixture
                .verifier()
                .verify(&forged, fixture.now(), &mut scratch_for_forged)
                .is_err()
        })
        .lane("jsonwebtoken", || {
            jsonwebtoken::decode::<Claims>(fixture.token(), key, validation).is_ok()
        })
        .run(criterion);
}

fn hs256(criterion: &mut Criterion) {
    race(criterion, "verify HS256", &TokenFixture::hs256(), 2.0);
}

fn es256(criterion: &mut Criterion) {
    race(criterion, "verify ES256", &TokenFixture::es256(), 1.1);
}

criterion_group! { name = verify; config = scopegate_benches::criterion(); targets = hs256, es256 }
criterion_main!(verify);
