//! Verifying a token with each algorithm, beside the primitive that nobody can do without and beside jsonwebtoken.

use criterion::{Criterion, criterion_group, criterion_main};
use scopegate_benches::{Limit, Race, TokenFixture};
use scopegate_token::{Algorithm, Scratch};
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

/// What ours may take at most, in times of the limit.
const fn at_most(algorithm: Algorithm) -> f64 {
    // A hash is so short that the claims show beside it.
    if algorithm.is_symmetric() { 1.6 } else { 1.05 }
}

/// What a forged token may take at most, in times of a good one.
const FORGED: f64 = 1.02;

fn race(criterion: &mut Criterion, name: &'static str, algorithm: Algorithm) {
    scopegate_benches::jsonwebtoken_on_ring();
    let fixture = TokenFixture::of(algorithm);
    let (message, _) = fixture.signed();
    let signature = fixture.signature();
    let forged = fixture.forged();
    let (key, validation) = fixture.jsonwebtoken();
    let (mut scratch, mut scratch_for_forged) = (Scratch::new(), Scratch::new());
    Race::new(name)
        .lane("limit: ring and base64-simd", || fixture.limit())
        .lane("ring alone", || fixture.raw(message.as_bytes(), &signature))
        .lane_within("ours", Limit::Ratio(at_most(algorithm)), || {
            fixture
                .verifier()
                .verify(fixture.token(), fixture.now(), &mut scratch)
                .is_ok()
        })
        .lane_within("ours, forged", Limit::Ratio(at_most(algorithm) * FORGED), || {
            fixture
                .verifier()
                .verify(&forged, fixture.now(), &mut scratch_for_forged)
                .is_err()
        })
        .lane("jsonwebtoken on ring", || {
            jsonwebtoken::decode::<Claims>(fixture.token(), key, validation).is_ok()
        })
        .run(criterion);
}

fn every_algorithm(criterion: &mut Criterion) {
    for (name, algorithm) in [
        ("verify HS256", Algorithm::Hs256),
        ("verify HS384", Algorithm::Hs384),
        ("verify HS512", Algorithm::Hs512),
        ("verify RS256", Algorithm::Rs256),
        ("verify RS384", Algorithm::Rs384),
        ("verify RS512", Algorithm::Rs512),
        ("verify PS256", Algorithm::Ps256),
        ("verify PS384", Algorithm::Ps384),
        ("verify PS512", Algorithm::Ps512),
        ("verify ES256", Algorithm::Es256),
        ("verify ES384", Algorithm::Es384),
        ("verify EdDSA", Algorithm::EdDsa),
    ] {
        race(criterion, name, algorithm);
    }
}

criterion_group! { name = verify; config = scopegate_benches::criterion(); targets = every_algorithm }
criterion_main!(verify);
