//! Tests of patterns of server URLs.

use super::*;

fn variables(name: &str) -> Option<Vec<String>> {
    let values: &[&str] = match name {
        "scheme" => &["https", "http"],
        "region" => &["eu", "us"],
        "port" => &["443", "8443"],
        "base" => &["v1", "v2/beta"],
        "empty" => &["", "v1"],
        "whole" => &["https://api.example/v7"],
        _ => return None,
    };
    Some(values.iter().map(|value| (*value).to_owned()).collect())
}

/// Returns the rest of a path after the address, or the reason why there is none.
fn rest(url: &str, host: &str, path: &str) -> Result<String, &'static str> {
    let servers = Written::new(url, variables).servers();
    let mut here = servers
        .iter()
        .filter(|server| host.is_empty() || server.has_host(host))
        .peekable();
    here.peek().ok_or("another host")?;
    let ends = here.flat_map(|server| server.path_ends(path)).max();
    ends.map(|end| path.split_at(end).1.to_owned()).ok_or("another path")
}

type Row = (
    &'static str,
    &'static str,
    &'static str,
    Result<&'static str, &'static str>,
);

/// Address, host, path of a request, and the rest of the path.
const REQUESTS: &[Row] = &[
    (
        "https://api.example/house/v3",
        "api.example",
        "/house/v3/lamps",
        Ok("/lamps"),
    ),
    ("https://api.example/house/v3/", "api.example", "/house/v3", Ok("")),
    (
        "https://api.example/house/v3",
        "",
        "/house/v3x/lamps",
        Err("another path"),
    ),
    ("https://api.example", "other.example", "/lamps", Err("another host")),
    ("https://API.example:443", "api.example", "/lamps", Ok("/lamps")),
    (
        "https://user:word@api.example/v1",
        "api.example",
        "/v1/lamps",
        Ok("/lamps"),
    ),
    (
        "https://{region}:word@api.example",
        "api.example",
        "/lamps",
        Ok("/lamps"),
    ),
    (
        "https://api.example/@house",
        "api.example",
        "/@house/lamps",
        Ok("/lamps"),
    ),
    ("https://api.example", "api.example:443", "/lamps", Ok("/lamps")),
    ("https://api.example:8443", "api.example", "/lamps", Err("another host")),
    ("//api.example/v1", "api.example", "/v1/lamps", Ok("/lamps")),
    ("/v1", "any.example", "/v1/lamps", Ok("/lamps")),
    ("v1/", "any.example", "/v1/lamps", Ok("/lamps")),
    ("../v1", "any.example", "/v1/lamps", Ok("/lamps")),
    (".", "any.example", "/lamps", Ok("/lamps")),
    ("", "any.example", "/lamps", Ok("/lamps")),
    (
        "https://api.example/a%20b?x#y",
        "api.example",
        "/a b/lamps",
        Ok("/lamps"),
    ),
    (
        "{scheme}://{region}.api.example/v{n}",
        "eu.api.example",
        "/v12/lamps",
        Ok("/lamps"),
    ),
    (
        "{scheme}://{region}.api.example/v{n}",
        "xx.api.example",
        "/v12/lamps",
        Err("another host"),
    ),
    (
        "{scheme}://{region}.api.example/v{n}",
        "eu.api.example",
        "/v/lamps",
        Err("another path"),
    ),
    (
        "https://{tenant}.example:{port}/",
        "shop.example",
        "/lamps",
        Ok("/lamps"),
    ),
    (
        "https://{tenant}.example:{port}/",
        "shop.example:8443",
        "/lamps",
        Ok("/lamps"),
    ),
    (
        "https://{tenant}.example:{port}/",
        "shop.example:9",
        "/lamps",
        Err("another host"),
    ),
    (
        "https://api.example/{base}",
        "api.example",
        "/v2/beta/lamps",
        Ok("/lamps"),
    ),
    ("https://api.example/{base}", "api.example", "/v1/lamps", Ok("/lamps")),
    (
        "https://api.example/{base}",
        "api.example",
        "/v3/lamps",
        Err("another path"),
    ),
    ("{whole}", "api.example", "/v7/lamps", Ok("/lamps")),
    ("{whole}", "other.example", "/v7/lamps", Err("another host")),
    (
        "https://{a}{b}.example/v{c}{d}",
        "shop.example",
        "/v12/lamps",
        Ok("/lamps"),
    ),
    ("https://api.example/{empty}", "api.example", "/lamps", Ok("/lamps")),
    ("https://api.example/{empty}", "api.example", "/v1/lamps", Ok("/lamps")),
    (
        "https://api.example/{empty}/x",
        "api.example",
        "/v1/x/lamps",
        Ok("/lamps"),
    ),
    ("{any}/v1", "any.example", "/v1/lamps", Ok("/lamps")),
    ("{any}", "any.example", "/lamps", Ok("/lamps")),
];

#[test]
fn an_address_is_recognised_in_a_request() {
    for (url, host, path, expected) in REQUESTS {
        assert_eq!(
            rest(url, host, path).as_deref(),
            expected.as_ref().map(|rest| *rest),
            "{url} {host} {path}"
        );
    }
}

#[test]
fn many_variables_are_compared_in_little_time() {
    let url = format!("https://x/{}", "{a}b".repeat(2_000));
    let path = format!("/{}", "ab".repeat(2_000));
    assert_eq!(rest(&url, "x", &path).as_deref(), Ok(""));
    let url = format!("https://{}", "{a}".repeat(5_000));
    assert_eq!(rest(&url, &"a".repeat(5_000), "/lamps").as_deref(), Ok("/lamps"));
}

#[test]
fn many_values_make_few_addresses() {
    let many = |_: &str| Some((0..100).map(|number| format!("a/{number}")).collect());
    assert_eq!(
        Written::new("https://{a}/{b}/{c}/{d}", many).servers().len(),
        MAX_ADDRESSES
    );
}
