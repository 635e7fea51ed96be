#![no_main]

#[path = "../../crates/analysis/tests/it/policy_pairs.rs"]
mod policy_pairs;

libfuzzer_sys::fuzz_target!(|input: &[u8]| policy_pairs::policy_pairs(input));
