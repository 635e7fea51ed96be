//! Verifying a token with each algorithm: the lanes of `../verify.rs`, and jwt-simple.

use criterion::{Criterion, criterion_group, criterion_main};
use scopegate_benches::{ALGORITHMS, Verification};
use scopegate_peers::JwtSimple;

fn allocations(call: &mut dyn FnMut()) -> u64 {
    allocation_counter::measure(call).count_total
}

fn every_algorithm(criterion: &mut Criterion) {
    for (name, algorithm) in ALGORITHMS {
        let verification = Verification::new(algorithm);
        let fixture = verification.fixture();
        let peer = JwtSimple::new(algorithm, fixture);
        assert!(
            peer.verify(fixture.token()) && !peer.verify(&fixture.forged()),
            "{name}"
        );
        verification
            .race(name)
            .lane("jwt-simple, pure Rust", || peer.verify(fixture.token()))
            .counting(allocations)
            .run(criterion);
    }
}

criterion_group! { name = verify; config = scopegate_benches::criterion(); targets = every_algorithm }
criterion_main!(verify);
