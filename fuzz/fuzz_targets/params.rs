#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    scopegate_portal::fuzzing::form(input);
    scopegate_fastapi::fuzzing::form(input);
    scopegate_http::fuzzing::query(input);
});
