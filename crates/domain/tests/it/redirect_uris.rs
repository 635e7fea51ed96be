//! Redirect URIs of requests, compared with the registered one.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod hostile;

use hostile::{BARE, FIXED, HOST, IDN, IPV4, IPV6, LOCAL, PORT, PRIVATE, QUERY, REFUSED, ROOT, WEB};
use proptest::prelude::*;
use scopegate_domain::RedirectUri;

fn registered(text: &str) -> RedirectUri {
    RedirectUri::parse(text).unwrap()
}

#[test]
fn hostile_redirect_uris_are_refused() {
    let mut rows = 0;
    for (text, all) in REFUSED {
        let uri = registered(text);
        assert!(uri.accepts(text), "{text}");
        for sent in *all {
            assert!(!uri.accepts(sent), "{text} accepts {sent:?}");
            rows += 1;
        }
    }
    assert!(rows >= 200, "{rows}");
}

#[test]
fn long_uri_is_refused() {
    let path = "a".repeat(2_048 - "http://127.0.0.1/".len());
    let text = format!("http://127.0.0.1/{path}");
    let uri = registered(&text);
    assert!(uri.accepts(&text));
    assert!(!uri.accepts(&format!("{text}a")));
    assert!(!uri.accepts(&format!("http://127.0.0.1:1/{path}")));
    let shorter = path.get(2..).unwrap();
    assert!(registered(&format!("http://127.0.0.1/{shorter}")).accepts(&format!("http://127.0.0.1:1/{shorter}")));
}

#[test]
fn every_port_of_a_loopback_uri_is_accepted() {
    for text in [IPV4, IPV6, LOCAL, FIXED, BARE] {
        let uri = registered(text);
        let (host, tail) = parts(text);
        assert!(uri.accepts(&format!("{host}{tail}")));
        for port in 0..=65_536 {
            assert_eq!(
                uri.accepts(&format!("{host}:{port}{tail}")),
                (1..=65_535).contains(&port),
                "{text} {port}"
            );
        }
    }
}

/// Returns what is before the port and after it.
fn parts(text: &str) -> (&str, &str) {
    let text_after = text.strip_prefix("http://").unwrap();
    let host = ["127.0.0.1", "[::1]", "localhost"]
        .into_iter()
        .find(|host| text_after.starts_with(host));
    let (host, rest) = text.split_at("http://".len() + host.unwrap().len());
    (
        host,
        rest.trim_start_matches(|character: char| character == ':' || character.is_ascii_digit()),
    )
}

proptest! {
    /// Each accepted text is the registered one, or differs from it in the port alone.
    #[test]
    fn only_the_port_of_a_loopback_uri_may_differ(
        number in 0_usize..12,
        place: prop::sample::Index,
        cut in 0_usize..3,
        with in "[:/?#@.%0-9a-z\\[\\]]{0,3}|:[0-9]{1,5}|\\PC",
    ) {
        let all = [WEB, QUERY, PORT, ROOT, HOST, IDN, IPV4, IPV6, LOCAL, FIXED, BARE, PRIVATE];
        let text = all[number];
        let place = place.index(text.len() + 1);
        let end = (place + cut).min(text.len());
        let sent = format!("{}{with}{}", text.get(..place).unwrap(), text.get(end..).unwrap());
        let is_accepted = registered(text).accepts(&sent);
        let is_expected = sent == text || (6..=10).contains(&number) && {
            let (host, tail) = parts(text);
            let port = sent.strip_prefix(host).and_then(|rest| rest.strip_suffix(tail));
            port.is_some_and(|port| match port.strip_prefix(':') {
                Some(digits) => digits.parse::<u16>().is_ok_and(|number| number > 0 && number.to_string() == digits),
                None => port.is_empty(),
            })
        };
        prop_assert_eq!(is_accepted, is_expected, "{} {}", text, sent);
    }

    #[test]
    fn other_text_is_refused(sent in "\\PC{0,40}") {
        for text in [WEB, IPV4, PRIVATE] {
            prop_assert!(!registered(text).accepts(&sent));
        }
    }
}
