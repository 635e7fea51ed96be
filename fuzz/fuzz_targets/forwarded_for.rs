#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| scopegate_http::fuzzing::forwarded_for(input));
