use http::HeaderValue;

use super::*;

fn client(proxies: &str, peer: &str, forwarded: &[&str]) -> String {
    let proxies: TrustedProxies = proxies.parse().unwrap();
    let mut headers = HeaderMap::new();
    for value in forwarded {
        headers.append(FORWARDED_FOR, HeaderValue::from_str(value).unwrap());
    }
    proxies.client(peer.parse().unwrap(), &headers).to_string()
}

#[test]
fn only_a_trusted_proxy_is_believed() {
    assert_eq!(client("", "192.0.2.1", &["1.1.1.1"]), "192.0.2.1");
    assert_eq!(client("10.0.0.1", "192.0.2.1", &["1.1.1.1"]), "192.0.2.1");
    assert_eq!(client("10.0.0.1", "10.0.0.1", &["1.1.1.1"]), "1.1.1.1");
    assert_eq!(client("10.0.0.1", "::ffff:10.0.0.1", &["1.1.1.1"]), "1.1.1.1");
    assert_eq!(client("::ffff:10.0.0.0/104", "10.9.9.9", &["1.1.1.1"]), "1.1.1.1");
    assert_eq!(client("10.0.0.1", "10.0.0.1", &[]), "10.0.0.1");
}

#[test]
fn networks_that_contain_every_address_are_found() {
    for (proxies, is_every) in [
        ("", false),
        ("10.0.0.0/8, ::1", false),
        ("0.0.0.0/0", true),
        ("203.0.113.7/0", true),
        ("::/0", true),
        ("::ffff:0.0.0.0/96", true),
        ("128.0.0.0/1, 0.0.0.0/1", true),
        ("0.0.0.0/1, 128.0.0.0/2, 192.0.0.0/2, 10.0.0.0/8", true),
        ("0.0.0.0/1, 128.0.0.0/2", false),
        ("::/1, 8000::/1", true),
        ("::/1, 8000::/2", false),
        ("0.0.0.0/1, 8000::/1", false),
    ] {
        let read: TrustedProxies = proxies.parse().unwrap();
        assert_eq!(read.contain_every_address(), is_every, "{proxies}");
    }
}

#[test]
fn the_header_is_read_from_the_right() {
    let proxies = "10.0.0.0/8,2001:db8::/32";
    for (forwarded, expected) in [
        (&["6.6.6.6, 203.0.113.9"][..], "203.0.113.9"),
        (&["6.6.6.6, 203.0.113.9, 10.2.2.2"], "203.0.113.9"),
        (&["6.6.6.6", "203.0.113.9", "10.2.2.2"], "203.0.113.9"),
        (&["6.6.6.6,203.0.113.9 , 2001:db8::7"], "203.0.113.9"),
        (&["10.3.3.3, 10.2.2.2"], "10.3.3.3"),
        (&["203.0.113.9:4711"], "203.0.113.9"),
        (&["[2001:1db8::9]:4711"], "2001:1db8::9"),
        (&["[2001:1db8::9]"], "2001:1db8::9"),
        (&["2001:1db8::9"], "2001:1db8::9"),
        (&["::ffff:203.0.113.9"], "203.0.113.9"),
        (&["203.0.113.9, unknown"], "10.1.1.1"),
        (&["203.0.113.9, unknown, 10.2.2.2"], "10.2.2.2"),
        (&["203.0.113.9,"], "10.1.1.1"),
        (&["203.0.113.9, 1.2.3.4:+5"], "10.1.1.1"),
        (&[""], "10.1.1.1"),
        (&["é"], "10.1.1.1"),
    ] {
        assert_eq!(client(proxies, "10.1.1.1", forwarded), expected, "{forwarded:?}");
    }
}

#[test]
fn networks_are_written_in_the_usual_way() {
    for text in ["", "127.0.0.1", "10.0.0.0/8, ::1", "0.0.0.0/0", "::/0", "fd00::/8"] {
        assert!(text.parse::<TrustedProxies>().is_ok(), "{text}");
    }
    for text in [
        "localhost",
        "10.0.0.0/33",
        "10.0.0.0/",
        "10.0.0.0/+8",
        "::1/129",
        "10.0.0",
        "::ffff:1.2.3.4/64",
    ] {
        assert_eq!(text.parse::<TrustedProxies>(), Err(InvalidProxies), "{text}");
    }
    let edge: TrustedProxies = "10.0.0.0/31, 2001:db8::/127".parse().unwrap();
    for (address, is_trusted) in [
        ("10.0.0.1", true),
        ("10.0.0.2", false),
        ("2001:db8::1", true),
        ("2001:db8::2", false),
    ] {
        assert_eq!(edge.trust(address.parse().unwrap()), is_trusted, "{address}");
    }
}

/// Some proxies and servers treat `_` as `-`, so that a client can add a header that a proxy does
/// not remove.
#[test]
fn other_spellings_of_the_header_are_not_read() {
    let proxies: TrustedProxies = "10.0.0.1".parse().unwrap();
    for name in [
        "x_forwarded_for",
        "x-forwarded_for",
        "x_forwarded-for",
        "forwarded",
        "x-real-ip",
        "client-ip",
    ] {
        let name: HeaderName = name.parse().unwrap();
        let headers = HeaderMap::from_iter([(name, HeaderValue::from_static("1.1.1.1"))]);
        let peer = "10.0.0.1".parse().unwrap();
        assert_eq!(proxies.client(peer, &headers), peer, "{headers:?}");
    }
}
