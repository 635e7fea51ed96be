#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| scopegate_domain::fuzzing::redirect_uri(input));
