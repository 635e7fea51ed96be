#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| scopegate_portal::fuzzing::login_form(input));
