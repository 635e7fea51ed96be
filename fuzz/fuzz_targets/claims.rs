#![no_main]

#[path = "../../crates/token/tests/it/oracle/shaped.rs"]
#[allow(dead_code, reason = "others ask it for more")]
mod shaped;

// The bytes as they are, and what they say about a payload.
libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    scopegate_domain::fuzzing::claims(input);
    scopegate_domain::fuzzing::claims(shaped::payload_of(input).as_bytes());
});
