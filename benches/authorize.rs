//! A decision, compared with the usual loop over strings.
#![expect(clippy::unwrap_used, reason = "a bench without its fixture is no bench")]

use criterion::{Criterion, criterion_group, criterion_main};
use scopegate_benches::{Limit, ManyScopes, Race, TokenFixture, Tutorial};
use scopegate_policy::{RequestFacts, authorize};
use scopegate_token::PayloadBuffer;

fn decision(criterion: &mut Criterion) {
    let policy = ManyScopes::new();
    Race::new("decision, 2 of 32 scopes out of 64")
        .lane("a loop over strings", || policy.string_loop())
        .lane_within("ours", Limit::Ratio(0.2), || {
            policy.operation().decide(&RequestFacts::of_facts(policy.facts()))
        })
        .run(criterion);
}

fn request(criterion: &mut Criterion) {
    let fixture = TokenFixture::hs256();
    let tutorial = Tutorial::new(&fixture);
    let presented = tutorial.presented();
    let nothing = tutorial.nothing_presented();
    let mut scratch = PayloadBuffer::new();
    let claims = fixture
        .verifier()
        .verify(fixture.token(), fixture.now(), &mut scratch)
        .unwrap();
    Race::new("one request of the tutorial")
        .lane_within("authorize, with its permit", Limit::Nanoseconds(60.0), || {
            authorize(tutorial.operation(), &presented).is_ok()
        })
        .lane("the same, with what is presented", || {
            authorize(tutorial.operation(), &tutorial.presented()).is_ok()
        })
        .lane("authorize, denied", || {
            authorize(tutorial.operation(), &nothing).is_err()
        })
        .lane_within("the facts of a token of two scopes", Limit::Nanoseconds(100.0), || {
            tutorial.table().token_facts(tutorial.scheme(), &claims).is_ok()
        })
        .run(criterion);
}

criterion_group! { name = benches; config = scopegate_benches::criterion(); targets = decision, request }
criterion_main!(benches);
