#![no_main]

#[path = "../../crates/policy/tests/it/oracle/requirement_machine.rs"]
mod requirement_machine;

libfuzzer_sys::fuzz_target!(|input: &[u8]| requirement_machine::requirement(input));
