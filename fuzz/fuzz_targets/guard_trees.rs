#![no_main]

#[path = "../../crates/policy/tests/it/oracle/guard_trees.rs"]
mod guard_trees;

libfuzzer_sys::fuzz_target!(|input: &[u8]| guard_trees::guard_trees(input));
