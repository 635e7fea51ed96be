//! Entry points for the fuzzers of `fuzz/`, and for the replay of their findings. Each panics if a
//! property does not hold.

use bytes::Bytes;
use futures_util::FutureExt as _;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderValue};

use crate::{form, gate_dialect};

/// Checks the value of an `Authorization` header in the dialect of the tutorial.
pub fn bearer(input: &[u8]) {
    let _ = scopegate_gate::fuzzing::bearer(input, &gate_dialect());
}

/// Checks the body of a login, urlencoded or multipart. A field is the same after it is written and
/// read again.
pub fn form(input: &[u8]) {
    for content_type in ["application/x-www-form-urlencoded", "multipart/form-data; boundary=b"] {
        let Some(fields) = read(content_type, input) else {
            continue;
        };
        let written = fields.to_urlencoded();
        let again = read("application/x-www-form-urlencoded", &written);
        assert_eq!(again.map(|again| again.to_urlencoded()), Some(written));
    }
}

fn read(content_type: &'static str, body: &[u8]) -> Option<form::Fields> {
    let headers = HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_static(content_type))]);
    let body = Bytes::copy_from_slice(body);
    form::read(&headers, &body).now_or_never()?.ok()
}
