//! The host of a request: [RFC 9112, section
//! 3.2](https://www.rfc-editor.org/rfc/rfc9112#section-3.2) and [RFC 9113, section
//! 8.3.1](https://www.rfc-editor.org/rfc/rfc9113#section-8.3.1).
//!
//! Nothing here uses the host. But a proxy may have read a request with two hosts, or a malformed
//! one, as another request, so it is refused. All entry points call [`is_clear`].

use std::net::Ipv6Addr;

use http::header::HOST;
use http::uri::Authority;
use http::{HeaderMap, Request, Version};

/// The authority of the request, from the request target or `:authority`, as the entry point knows
/// it.
#[derive(Clone, Copy, Debug)]
#[expect(
    clippy::exhaustive_enums,
    reason = "an entry point knows the authority, or it was refused"
)]
pub enum TargetAuthority<'r> {
    /// The authority, or `None` if the request has none.
    Known(Option<&'r Authority>),
    /// A warp filter refused it: it differs from `Host`, or `Host` is malformed.
    Refused,
}

/// Whether a request from a socket has exactly one well-formed host, by [RFC 9112, section
/// 3.2](https://www.rfc-editor.org/rfc/rfc9112#section-3.2) and [RFC 9113, section
/// 8.3.1](https://www.rfc-editor.org/rfc/rfc9113#section-8.3.1).
///
/// A gate checks its own requests. Call this function in a listener without a gate.
#[must_use]
pub fn names_one_host<B>(request: &Request<B>) -> bool {
    let authority = TargetAuthority::Known(request.uri().authority());
    is_clear(authority, request.headers(), Some(request.version()))
}

/// Returns whether a request has exactly one well-formed host. `version` is that of a request from
/// a socket: HTTP/1.1 must have a `Host`, also with an authority in its target, and HTTP/2 one of
/// the two.
pub(crate) fn is_clear(authority: TargetAuthority<'_>, headers: &HeaderMap, version: Option<Version>) -> bool {
    let mut values = headers.get_all(HOST).into_iter();
    let (host, second) = (values.next(), values.next());
    // An empty host has no meaning in an `http` or `https` URI (RFC 9110, section 4.2.1).
    if second.is_some() || host.is_some_and(|host| !is_host(host.as_bytes())) {
        return false;
    }
    let host = host.map(http::HeaderValue::as_bytes);
    match (authority, host) {
        (TargetAuthority::Known(None), None) => !matches!(version, Some(Version::HTTP_11 | Version::HTTP_2)),
        (TargetAuthority::Known(Some(_)), None) if version == Some(Version::HTTP_11) => false,
        (TargetAuthority::Known(None), Some(_)) => true,
        (TargetAuthority::Known(Some(authority)), host) => {
            let is_same = |host: &[u8]| host.eq_ignore_ascii_case(authority.as_str().as_bytes());
            is_host(authority.as_str().as_bytes()) && host.is_none_or(is_same)
        }
        // The host is well-formed, so warp refused it because it differs.
        (TargetAuthority::Refused, _) => false,
    }
}

/// `uri-host [ ":" port ]`: an authority without user information, and without a comma.
///
/// The grammar allows a comma in a name, but `a,b` is what a proxy makes of two `Host` fields
/// (RFC 9110, section 5.3).
fn is_host(value: &[u8]) -> bool {
    is_plain(value) || is_literal_or_name(value)
}

/// Returns whether it is a name or an IPv4 address, with or without a port. Nearly all are, and
/// this does not copy the value as the parser of authorities does.
fn is_plain(value: &[u8]) -> bool {
    let mut parts = value.splitn(2, |byte| *byte == b':');
    let name = parts.next().unwrap_or_default();
    let is_name = !name.is_empty()
        && name
            .iter()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.'));
    is_name && parts.next().is_none_or(is_port)
}

/// Whether the port is valid. The grammar allows an empty one.
fn is_port(port: &[u8]) -> bool {
    let is_number = port.iter().all(u8::is_ascii_digit);
    let number = str::from_utf8(port).map(str::parse::<u16>);
    port.is_empty() || is_number && matches!(number, Ok(Ok(_)))
}

/// The same for IPv6 addresses and for names with rarer characters.
fn is_literal_or_name(value: &[u8]) -> bool {
    let Ok(text) = str::from_utf8(value) else { return false };
    let (is_host, rest) = if let Some(inside) = text.strip_prefix('[') {
        let Some((address, rest)) = inside.split_once(']') else {
            return false;
        };
        (address.parse::<Ipv6Addr>().is_ok(), rest)
    } else {
        let (name, rest) = text.split_at(text.find(':').unwrap_or(text.len()));
        let is_name = !name.contains(['@', '[', ']', ',']) && Authority::try_from(name).is_ok();
        (is_name, rest)
    };
    is_host && (rest.is_empty() || rest.strip_prefix(':').is_some_and(|port| is_port(port.as_bytes())))
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;
    use proptest::prelude::*;

    use super::*;

    fn headers(values: &[&[u8]]) -> HeaderMap {
        let values = values.iter().map(|value| HeaderValue::from_bytes(value).unwrap());
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(HOST, value);
        }
        headers
    }

    const NONE: TargetAuthority<'_> = TargetAuthority::Known(None);

    #[test]
    fn one_host_is_named_and_it_is_one() {
        for good in [
            "a",
            "api.example:8000",
            "127.0.0.1:80",
            "[::1]:80",
            "xn--e1afmkfd.example",
            "a:",
            "a:65535",
            "[2001:db8::1]",
            "under_score.example",
        ] {
            assert!(
                is_clear(NONE, &headers(&[good.as_bytes()]), Some(Version::HTTP_11)),
                "{good}"
            );
        }
        for bad in [
            &b"a b"[..],
            b"a/b",
            b"a?b",
            b"a#b",
            b"user@a",
            b"\xFF",
            b"a:b:c",
            b"[::1",
            b"<a>",
            b"",
            b"a:b",
            b"a:+1",
            b"a:65536",
            b"a:80:80",
            b"[::1]:x",
            b"[::1]:99999",
            b"[::1]80",
            b"[::g]",
            b"[fe80::1%25eth0]",
            b"[v1.x]",
            b":80",
            b"a,b",
            b"a, b",
            b"a,a",
            b"a,",
            b",",
            b"a:80,b:80",
            b"[::1],a",
        ] {
            assert!(
                !is_clear(NONE, &headers(&[bad]), Some(Version::HTTP_10)),
                "{}",
                bad.escape_ascii()
            );
        }
        assert!(!is_clear(NONE, &headers(&[b"a", b"a"]), None));
    }

    #[test]
    fn a_request_over_a_socket_must_name_one_unless_it_is_of_http_1_0() {
        let none = HeaderMap::new();
        for (version, is_good) in [
            (None, true),
            (Some(Version::HTTP_10), true),
            (Some(Version::HTTP_11), false),
            (Some(Version::HTTP_2), false),
        ] {
            assert_eq!(is_clear(NONE, &none, version), is_good, "{version:?}");
        }
    }

    #[test]
    fn http_1_1_must_have_the_field_also_with_an_absolute_target() {
        let authority = Authority::from_static("a.example");
        let known = TargetAuthority::Known(Some(&authority));
        for (version, is_good) in [
            (None, true),
            (Some(Version::HTTP_10), true),
            (Some(Version::HTTP_11), false),
            (Some(Version::HTTP_2), true),
        ] {
            assert_eq!(is_clear(known, &HeaderMap::new(), version), is_good, "{version:?}");
        }
    }

    #[test]
    fn the_authority_of_the_target_is_the_host() {
        let parse = |text: &str| Authority::try_from(text).unwrap();
        for (authority, host, is_good) in [
            ("a.example", &[][..], true),
            ("a.example", &[&b"a.example"[..]], true),
            ("a.example", &[b"A.Example"], true),
            ("a.example", &[b""], false),
            ("a.example", &[b"b.example"], false),
            ("a.example:80", &[b"a.example"], false),
            ("a.example", &[b"a.example", b"a.example"], false),
            ("u@a.example", &[], false),
            ("u:p@a.example", &[b"a.example"], false),
            ("a.example:99999", &[], false),
        ] {
            let authority = parse(authority);
            for version in [None, Some(Version::HTTP_10), Some(Version::HTTP_2)] {
                let known = TargetAuthority::Known(Some(&authority));
                assert_eq!(
                    is_clear(known, &headers(host), version),
                    is_good,
                    "{authority} {host:?}"
                );
            }
        }
        for host in [&b""[..], b"a.example", b"a b"] {
            assert!(!is_clear(TargetAuthority::Refused, &headers(&[host]), None));
        }
    }

    proptest! {
        #[test]
        fn what_is_plain_is_an_authority(value in "[-a-z0-9.:@%/_]{0,12}|[a-z.]{1,5}:[0-9]{0,7}") {
            prop_assert!(!is_plain(value.as_bytes()) || Authority::try_from(value.as_bytes()).is_ok());
        }

        #[test]
        fn names_and_ports_are_plain(name in "[-a-zA-Z0-9.]{1,12}", port in proptest::option::of(any::<u16>())) {
            let value = port.map_or_else(|| name.clone(), |port| format!("{name}:{port}"));
            prop_assert!(is_plain(value.as_bytes()), "{}", value);
        }
    }
}
