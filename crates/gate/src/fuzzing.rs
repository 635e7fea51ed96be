//! Entry points for the fuzzers of `fuzz/`, and for the replay of their findings. Each panics if a
//! property does not hold.

mod forwarded;
pub mod grammar;
pub mod oracle;

use std::net::IpAddr;
use std::sync::LazyLock;

use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderName, HeaderValue};

use self::oracle::Named;
use crate::challenge::Challenge;
use crate::credentials::bearer::{self, Bearer};
use crate::dialect::Dialect;
use crate::path;
use crate::routes::{Lookup, Routes};
use crate::trusted_proxies::TrustedProxies;

/// Checks the value of an `Authorization` header. A token that was read is the same after it is
/// written and read again. Returns whether this dialect finds a bearer credential.
#[must_use]
pub fn bearer(input: &[u8], dialect: &Dialect) -> bool {
    let Ok(value) = HeaderValue::from_bytes(input) else {
        return false;
    };
    let headers = HeaderMap::from_iter([(AUTHORIZATION, value)]);
    let found = bearer::read(&headers, dialect);
    if let Bearer::Token(token) = found {
        let Ok(value) = HeaderValue::from_bytes(format!("Bearer {token}").as_bytes()) else {
            unreachable!("a part of a header is a header")
        };
        let written = HeaderMap::from_iter([(AUTHORIZATION, value)]);
        assert_eq!(bearer::read(&written, dialect), Bearer::Token(token));
    }
    found != Bearer::Absent
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
            Lookup::Redirect(location) => {
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

/// Checks the lines of an input: a peer, the trusted proxies, and then the values of
/// `X-Forwarded-For`. The client is that of the oracle. A text before the others that is not an
/// address changes nothing. An address there is found only behind trusted proxies.
pub fn forwarded_for(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else {
        return;
    };
    let mut lines = text.lines();
    let (peer, networks) = (lines.next().map(str::parse::<IpAddr>), lines.next().unwrap_or_default());
    let (Some(Ok(peer)), Ok(proxies)) = (peer, networks.parse::<TrustedProxies>()) else {
        return;
    };
    assert_eq!(proxies.to_string().parse().as_ref(), Ok(&proxies));
    let lines: Vec<_> = lines.filter(|line| is_visible(line)).collect();
    let client = proxies.client(peer, &forwarded_by(&lines));
    assert_eq!(client, forwarded::client(networks, peer, &lines));
    let behind = |first: &str| {
        let longer = [&[first][..], &lines].concat();
        proxies.client(peer, &forwarded_by(&longer))
    };
    assert_eq!(behind("unknown"), client);
    let first = IpAddr::from([203, 0, 113, 9]);
    let found = behind("203.0.113.9");
    assert!(found == client || found == first, "{found}");
}

/// Whether a line is the value of a header that can be read as text.
fn is_visible(line: &str) -> bool {
    line.bytes().all(|byte| matches!(byte, b' '..=b'~' | b'\t'))
}

fn forwarded_by(lines: &[&str]) -> HeaderMap {
    let name = HeaderName::from_static("x-forwarded-for");
    let values = lines.iter().filter_map(|line| HeaderValue::from_str(line).ok());
    let mut headers = HeaderMap::new();
    for value in values {
        headers.append(name.clone(), value);
    }
    headers
}

/// Routes that are easily confused.
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
