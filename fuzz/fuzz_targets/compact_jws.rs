#![no_main]

#[path = "../../crates/token/tests/it/oracle/shaped.rs"]
#[allow(dead_code, reason = "others ask it for more")]
mod shaped;

// The bytes as they are, and what they say about a token.
libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    scopegate_token::fuzzing::compact_jws(input);
    scopegate_token::fuzzing::compact_jws(shaped::token_of(input).as_bytes());
});
