//! Entry points for the fuzzers of `fuzz/`, and for the replay of their findings. Each panics if a
//! property does not hold.

mod at_once;
mod page_requests;
mod strict_text;
mod token_form;

use std::collections::BTreeMap;

use base64_simd::STANDARD;
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue};
use scopegate_gate::Dialect;
use scopegate_grant::{ClientCredentials, Params};

use crate::{basic, form};

pub use self::page_requests::{authorize_query, login_form};
pub use self::token_form::token_form;

/// Checks the value of an `Authorization` header. A token or a pair that was read is the same after
/// it is written and read again. No value is both.
pub fn bearer(input: &[u8]) {
    let has_bearer = scopegate_gate::fuzzing::bearer(input, &Dialect::rfc());
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

/// Checks the body of a form. The accepted values are those of a reader of the URL standard. They
/// are the same after they are written and read again.
pub fn form(input: &[u8]) {
    let Some(params) = read(input) else {
        return;
    };
    let fields: Vec<_> = form_urlencoded::parse(input).into_owned().collect();
    let written = form_urlencoded::Serializer::new(String::new())
        .extend_pairs(&fields)
        .finish();
    let again = read(written.as_bytes());
    let last: BTreeMap<String, String> = fields.into_iter().collect();
    // A few suffice: each look-up goes through all fields.
    for (name, value) in last.iter().take(20) {
        let value = (!value.is_empty()).then_some(value.as_str());
        assert_eq!(params.text(name), value);
        assert_eq!(again.as_ref().and_then(|again| again.text(name)), value);
    }
}

fn read(body: &[u8]) -> Option<Params> {
    let content_type = HeaderValue::from_static("application/x-www-form-urlencoded");
    form::read(&HeaderMap::from_iter([(CONTENT_TYPE, content_type)]), body).ok()
}
