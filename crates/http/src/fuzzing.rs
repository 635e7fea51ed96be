//! Entry points for the fuzzers of `fuzz/`, and for the replay of their findings. Each panics if a
//! property does not hold.

pub mod grammar;
pub mod oracle;

use std::collections::BTreeMap;
use std::sync::LazyLock;

use base64_simd::STANDARD;
use bytes::Bytes;
use futures_util::FutureExt as _;
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue};
use scopegate_grant::{ClientCredentials, Params};
use serde::Deserialize;

use self::oracle::Named;
use crate::bearer::{self, Bearer};
use crate::query_shape::QueryShape;
use crate::routes::{Lookup, Routes};
use crate::{Challenge, Profile, basic, form, path, query};

const PROFILES: [Profile; 2] = [Profile::Rfc, Profile::Tutorial];

/// Checks the value of an `Authorization` header. A token or a pair that was read is the same after
/// it is written and read again. No value is both.
pub fn bearer(input: &[u8]) {
    let Ok(value) = HeaderValue::from_bytes(input) else {
        return;
    };
    let headers = HeaderMap::from_iter([(AUTHORIZATION, value)]);
    if let ClientCredentials::Basic { id, secret } = basic::read(&headers) {
        basic_again(&id, secret.expose());
        assert_eq!(bearer::read(&headers, Profile::Rfc), Bearer::Absent);
    }
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

fn basic_again(id: &str, secret: &str) {
    let encode = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
    let pair = STANDARD.encode_to_string(format!("{}:{}", encode(id), encode(secret)));
    let Ok(value) = HeaderValue::try_from(format!("Basic {pair}")) else {
        unreachable!("base64 can stand in a header")
    };
    match basic::read(&HeaderMap::from_iter([(AUTHORIZATION, value)])) {
        ClientCredentials::Basic { id: again, secret: its } => assert!(again == id && its.expose() == secret),
        other => unreachable!("a pair was written, and {other:?} read"),
    }
}

/// Checks challenges with any values, each ended by 0xFF. The text follows the grammar and parses
/// back, also with another challenge after it in one line, as proxies join them. A byte that a
/// quoted string cannot contain becomes `?`.
pub fn challenge(input: &[u8]) {
    const SCHEMES: [&str; 5] = ["APIKey", "Basic", "Bearer", "DPoP", "Digest"];
    const NAMES: [&str; 7] = [
        "realm",
        "error",
        "error_description",
        "scope",
        "acr_values",
        "max_age",
        "algs",
    ];
    let (first, rest) = input.split_first().unwrap_or((&0, &[]));
    let scheme = SCHEMES.into_iter().cycle().nth(usize::from(*first)).unwrap_or_default();
    let values = rest.split(|byte| *byte == 0xff).filter(|_| !rest.is_empty());
    let values: Vec<_> = NAMES.into_iter().zip(values.map(String::from_utf8_lossy)).collect();
    let written = values.iter().fold(Challenge::new(scheme), |challenge, (name, value)| {
        challenge.with(name, value)
    });
    let told = |value: &str| -> String {
        let told = |character: char| if matches!(character, ' '..='~') { character } else { '?' };
        value.chars().map(told).collect()
    };
    let parameters = values.iter().map(|(name, value)| ((*name).to_owned(), told(value)));
    let mut expected = grammar::Read::default();
    scheme.clone_into(&mut expected.scheme);
    expected.parameters = parameters.collect();
    let header = written.to_header();
    assert_eq!(grammar::challenges(header.as_bytes()), Some(vec![expected.clone()]));
    let both = [header.as_bytes(), b", ", header.as_bytes()].concat();
    assert_eq!(grammar::challenges(&both), Some(vec![expected.clone(), expected]));
}

/// Checks the path of a request target. The table of routes finds the same entry as the oracle,
/// passes the same values, and redirects no client to another host.
pub fn paths(input: &[u8]) {
    static ROUTES: LazyLock<Routes<usize>> = LazyLock::new(routes);
    let Ok(raw) = std::str::from_utf8(input) else {
        return;
    };
    assert_eq!(path::decode(raw).map(String::from), oracle::decode(input, false).ok());
    for method in ["GET", "POST"] {
        let found = match ROUTES.find(method, raw) {
            Lookup::Elsewhere(location) => {
                assert!(location.starts_with('/') && !location.starts_with("//") && location.is_ascii());
                Named::Elsewhere(oracle::decode(location.as_bytes(), false).unwrap_or_default())
            }
            Lookup::Found(entry, values) => Named::Entry(*entry, values),
            Lookup::OtherMethods(allow) => {
                let allow = allow.to_str().unwrap_or_default();
                Named::OtherMethods(allow.split(", ").map(str::to_owned).collect())
            }
            Lookup::Unknown => Named::Nothing,
        };
        assert_eq!(found, oracle::name(&TABLE, method, raw));
    }
}

/// Neighbours that are easily confused.
const TABLE: [(&str, &str); 10] = [
    ("GET", "/users/me/"),
    ("GET", "/users/{id}/"),
    ("POST", "/users/{name}/"),
    ("GET", "/users/{id}/items"),
    ("GET", "/users/me/items/"),
    ("GET", "/open"),
    ("POST", "/open"),
    ("GET", "/{one}/{two}/{three}"),
    ("GET", "/any/{*rest}"),
    ("POST", "/any/me"),
];

fn routes() -> Routes<usize> {
    let mut routes = Routes::new();
    for (entry, (method, template)) in TABLE.into_iter().enumerate() {
        let added = routes.add(method, template, entry);
        assert_eq!(added, Ok(()), "{template}");
    }
    routes
}

/// What a query may be read as.
#[derive(Debug, Deserialize)]
struct Asked {
    text: Option<String>,
    #[serde(default)]
    list: Vec<String>,
    number: Option<i32>,
}

/// A query: each field is what the oracle finds under its name.
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
    match query::read::<Asked>(input, &QueryShape::default()) {
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
