//! Entry points for the fuzzers of `fuzz/`, and for the replay of their findings. Each panics if a
//! property does not hold.

use std::collections::BTreeMap;

use base64_simd::STANDARD;
use bytes::Bytes;
use futures_util::FutureExt as _;
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue};
use scopegate_gate::Profile;
use scopegate_grant::{ClientCredentials, Params};

use crate::{basic, form};

const PROFILES: [Profile; 2] = [Profile::Rfc, Profile::Tutorial];

/// Checks the value of an `Authorization` header. A token or a pair that was read is the same after
/// it is written and read again. No value is both.
pub fn bearer(input: &[u8]) {
    let has_bearer = scopegate_gate::fuzzing::bearer(input);
    let Ok(value) = HeaderValue::from_bytes(input) else {
        return;
    };
    let headers = HeaderMap::from_iter([(AUTHORIZATION, value)]);
    if let ClientCredentials::Basic { id, secret } = basic::read(&headers) {
        basic_again(&id, secret.expose());
        assert!(!has_bearer);
    }
}

fn basic_again(id: &str, secret: &str) {
    let encode = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
    let pair = STANDARD.encode_to_string(format!("{}:{}", encode(id), encode(secret)));
    let Ok(value) = HeaderValue::try_from(format!("Basic {pair}")) else {
        unreachable!("base64 is a valid header")
    };
    match basic::read(&HeaderMap::from_iter([(AUTHORIZATION, value)])) {
        ClientCredentials::Basic { id: again, secret: its } => assert!(again == id && its.expose() == secret),
        other => unreachable!("a pair was written, and {other:?} read"),
    }
}

/// Checks the body of a form, urlencoded or multipart. The values accepted under the
/// RFC are those of a reader of the URL standard. They are the same after they are written and read
/// again.
pub fn form(input: &[u8]) {
    for content_type in ["application/x-www-form-urlencoded", "multipart/form-data; boundary=b"] {
        for profile in PROFILES {
            let _ = read(content_type, input, profile);
        }
    }
    let Some(params) = read("application/x-www-form-urlencoded", input, Profile::Rfc) else {
        return;
    };
    let fields: Vec<_> = form_urlencoded::parse(input).into_owned().collect();
    let written = form_urlencoded::Serializer::new(String::new())
        .extend_pairs(&fields)
        .finish();
    let again = read("application/x-www-form-urlencoded", written.as_bytes(), Profile::Rfc);
    let last: BTreeMap<String, String> = fields.into_iter().collect();
    // A few suffice: each look-up goes through all fields.
    for (name, value) in last.iter().take(20) {
        let value = (!value.is_empty()).then_some(value.as_str());
        assert_eq!(params.text(name), value);
        assert_eq!(again.as_ref().and_then(|again| again.text(name)), value);
    }
}

fn read(content_type: &'static str, body: &[u8], profile: Profile) -> Option<Params> {
    let headers = HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_static(content_type))]);
    let body = Bytes::copy_from_slice(body);
    form::read(&headers, &body, profile).now_or_never()?.ok()
}
