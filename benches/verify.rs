//! Verifies a token with each algorithm, compared with the primitive alone and with jsonwebtoken.
//!
//! jwt-simple is not a lane: it depends on the crate `rsa`, which the workspace forbids.
//! `peers/verify.rs` races it with the same lanes.

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
