//! Limits the instructions of each call on the hot path, as valgrind counts them.
//!
//! A clock would not show these regressions. A limit is the count and a tenth, because compilers
//! and processors differ. A change that needs more instructions raises the limit and states why.

use std::hint::black_box;

use gungraun::{Callgrind, EventKind, LibraryBenchmarkConfig, library_benchmark, library_benchmark_group, main};
use scopegate_domain::{Claims, ScopeLayout};
use scopegate_instructions::{NOW, Policy, Seen, Token};
use scopegate_policy::{PresentedCredentials, authorize};
use scopegate_store::{Users as _, UsersCache};

fn at_most(instructions: u64) -> LibraryBenchmarkConfig {
    let mut callgrind = Callgrind::default();
    callgrind.hard_limits([(EventKind::Ir, instructions)]);
    let mut config = LibraryBenchmarkConfig::default();
    config.tool(callgrind);
    config
}

#[library_benchmark(config = at_most(18_700))]
#[bench::good(Token::good())]
fn verify(mut token: Token) -> (bool, Token) {
    let is_good = token
        .verifier
        .verify(black_box(&token.text), NOW, &mut token.scratch)
        .is_ok();
    (is_good, token)
}

#[library_benchmark(config = at_most(15_800))]
#[bench::forged(Token::forged())]
fn refuse(mut token: Token) -> (bool, Token) {
    let is_bad = token
        .verifier
        .verify(black_box(&token.text), NOW, &mut token.scratch)
        .is_err();
    (is_bad, token)
}

#[library_benchmark(config = at_most(630))]
#[bench::seen(Seen::new())]
fn remember(seen: Seen) -> (bool, Seen) {
    let is_known = seen.cache.find(black_box(&seen.text), NOW).is_some();
    (is_known, seen)
}

#[library_benchmark(config = at_most(2_720))]
#[bench::eight(Token::payload())]
fn claims(payload: Vec<u8>) -> (bool, Vec<u8>) {
    let is_good = Claims::parse(black_box(&payload), ScopeLayout::Text).is_ok();
    (is_good, payload)
}

#[library_benchmark(config = at_most(410))]
#[bench::tutorial(Policy::new())]
fn decide(policy: Policy) -> (bool, Policy) {
    let presented = PresentedCredentials::new(NOW)
        .with_token(&policy.facts, "johndoe")
        .with_user(policy.user.clone());
    let operation = policy.table.operations().first();
    let is_allowed = operation.is_some_and(|operation| authorize(black_box(operation), &presented).is_ok());
    drop(presented);
    (is_allowed, policy)
}

#[library_benchmark(config = at_most(430))]
#[bench::cached(scopegate_instructions::users())]
fn user(users: UsersCache) -> (bool, UsersCache) {
    let is_cached = users.cached_by_id(black_box("u1")).is_some();
    (is_cached, users)
}

#[library_benchmark(config = at_most(5_630))]
#[bench::request(scopegate_instructions::start_log())]
fn log(_: ()) {
    scopegate_instructions::trace_request();
}

library_benchmark_group!(name = hot_path; benchmarks = verify, refuse, remember, claims, decide, user, log);
main!(library_benchmark_groups = hot_path);
