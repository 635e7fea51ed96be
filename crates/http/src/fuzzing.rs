//! Entry points for the fuzzers of `fuzz/`, and for the replay of their findings. Each panics if a
//! property does not hold.

use std::collections::BTreeMap;

use base64_simd::STANDARD;
use bytes::Bytes;
use futures_util::FutureExt as _;
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue};
pub use scopegate_gate::fuzzing::{challenge, grammar, oracle, paths};
use scopegate_grant::{ClientCredentials, Params};
use serde::Deserialize;

use crate::query_shape::QueryShape;
use crate::{Profile, basic, form, query};

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

/// A query type that the fuzzer parses.
#[derive(Debug, Deserialize)]
struct RecordedRequest {
    text: Option<String>,
    #[serde(default)]
    list: Vec<String>,
    number: Option<i32>,
}

/// Parses a query and compares each field with the value that the oracle finds under its name.
fn query(input: &str) {
    let decode = |raw: &str| {
        let decoded = oracle::decode(raw.as_bytes(), true);
        decoded.unwrap_or_else(|fault| String::from_utf8_lossy(fault.as_bytes()).into_owned())
    };
    let pairs: Vec<(String, String)> = input
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .map(|(name, value)| (decode(name), decode(value)))
        .collect();
    let all = |name: &str| {
        pairs
            .iter()
            .filter(|pair| pair.0 == name)
            .map(|pair| pair.1.clone())
            .collect::<Vec<_>>()
    };
    let number = all("number").pop().map(|number| number.parse::<i32>());
    match query::read::<RecordedRequest>(input, &QueryShape::default()) {
        Ok(asked) => {
            assert_eq!(asked.text, all("text").pop());
            assert_eq!(asked.list, all("list"));
            assert_eq!(asked.number.map(Ok), number);
        }
        Err(fault) => assert!(number.is_some_and(|number| number.is_err()), "{fault:?}"),
    }
}

/// Checks the body of a form, urlencoded or multipart, and a query. The values accepted under the
/// RFC are those of a reader of the URL standard. They are the same after they are written and read
/// again.
pub fn form(input: &[u8]) {
    if let Ok(text) = std::str::from_utf8(input) {
        query(text);
    }
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
