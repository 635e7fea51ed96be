//! Verifying a token with each algorithm, beside the primitive that nobody can do without and beside jsonwebtoken. jwt-simple is
//! no lane: it brings the crate `rsa`, which may not be among our dependencies; `peers/verify.rs` races it with the same lanes.

use criterion::{Criterion, criterion_group, criterion_main};
use scopegate_benches::{ALGORITHMS, Verification};

fn allocations(call: &mut dyn FnMut()) -> u64 {
    allocation_counter::measure(call).count_total
}

fn every_algorithm(criterion: &mut Criterion) {
    for (name, algorithm) in ALGORITHMS {
        let verification = Verification::new(algorithm);
        verification.race(name).counting(allocations).run(criterion);
    }
}

criterion_group! { name = verify; config = scopegate_benches::criterion(); targets = every_algorithm }
criterion_main!(verify);
