//! Doors for the fuzzers of `fuzz/`, and for the replay of what they found. Each panics where a property does not hold.

use std::collections::HashMap;

use bytes::Bytes;
use futures_util::FutureExt as _;
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue};
use scopegate_grant::Params;

use crate::bearer::{self, Bearer};
use crate::{Profile, form};

const PROFILES: [Profile; 2] = [Profile::Rfc, Profile::Tutorial];

/// The value of an `Authorization` header: a token that is read out of it is the same one after it was written again.
pub fn bearer(input: &[u8]) {
    let Ok(value) = HeaderValue::from_bytes(input) else {
        return;
    };
    let headers = HeaderMap::from_iter([(AUTHORIZATION, value)]);
    for profile in PROFILES {
        let Bearer::Token(token) = bearer::read(&headers, profile) else {
            continue;
        };
        let Ok(value) = HeaderValue::from_bytes(format!("Bearer {token}").as_bytes()) else {
            unreachable!("a part of a header can stand in a header")
        };
        let written = HeaderMap::from_iter([(AUTHORIZATION, value)]);
        assert_eq!(bearer::read(&written, profile), Bearer::Token(token));
    }
}

/// The body of a form, urlencoded or multipart: what is accepted under the RFC is what the reader of the URL standard
/// finds, and is the same after it was written again.
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
    let last: HashMap<String, String> = fields.into_iter().collect();
    for (name, value) in &last {
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
