#![no_main]

#[path = "../../crates/token/tests/it/oracle/differential.rs"]
#[allow(dead_code, reason = "others ask it for more")]
mod differential;
#[path = "../../crates/token/tests/it/oracle/jsonwebtoken_on_ring.rs"]
mod jsonwebtoken_on_ring;
#[path = "../../crates/token/tests/it/oracle/shaped.rs"]
#[allow(dead_code, reason = "others ask it for more")]
mod shaped;
#[path = "../../crates/token/tests/it/oracle/strict.rs"]
mod strict;

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    differential::differential(input);
});
