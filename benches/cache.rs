//! A cached token, compared with the saved work: its verification and the collection of its facts.

use criterion::{Criterion, criterion_group, criterion_main};
use scopegate_benches::{Limit, Race, RememberedTokens};

const BYTES: usize = 8 * 1024 * 1024;

fn race(criterion: &mut Criterion, name: &'static str, make: fn(usize) -> RememberedTokens) {
    let tokens = || {
        let tokens = make(BYTES);
        assert!(tokens.verify());
        tokens
    };
    let (alone, among_others, among_revocations) = (tokens(), tokens(), tokens());
    among_others.fill(5_000);
    assert!(among_others.verify());
    among_revocations.revoke_others(10_000);
    let at_most = Limit::Nanoseconds(150.0);
    let (token, copy) = alone.token();
    Race::new(name)
        .lane("verified, and its facts made", || alone.verify())
        .lane_within("seen before", at_most, || alone.find().is_some())
        .lane_within("seen before, among 5,000 others", at_most, || {
            among_others.find().is_some()
        })
        .lane_within("seen before, 10,000 are revoked", at_most, || {
            among_revocations.find().is_some()
        })
        .lane("the whole text compared", || {
            std::hint::black_box(token) == std::hint::black_box(copy)
        })
        .run(criterion);
}

fn hs256(criterion: &mut Criterion) {
    race(criterion, "cache HS256", RememberedTokens::hs256);
}

fn es256(criterion: &mut Criterion) {
    race(criterion, "cache ES256", RememberedTokens::es256);
}

criterion_group! { name = cache; config = scopegate_benches::criterion(); targets = hs256, es256 }
criterion_main!(cache);
