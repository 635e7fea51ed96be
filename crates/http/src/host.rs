//! Which host a request is meant for: [RFC 9112, section 3.2](https://www.rfc-editor.org/rfc/rfc9112#section-3.2).
//!
//! Nothing here goes by the host. But a request that names two, or none, may have been read as another one by those before
//! us, so it is refused, as the RFC says.

use http::header::HOST;
use http::uri::Authority;
use http::{HeaderMap, Version};

/// Whether it is clear which host a request is meant for. `version` is that of a request that came over a socket: HTTP/1.1
/// must name one.
pub(crate) fn is_clear(headers: &HeaderMap, version: Option<Version>) -> bool {
    let mut values = headers.get_all(HOST).into_iter();
    match (values.next(), values.next()) {
        (None, _) => version != Some(Version::HTTP_11),
        (Some(only), None) => only.is_empty() || is_host(only.as_bytes()),
        (Some(_), Some(_)) => false,
    }
}

/// `uri-host [ ":" port ]`: an authority without user information.
fn is_host(value: &[u8]) -> bool {
    is_plain(value) || !value.contains(&b'@') && Authority::try_from(value).is_ok()
}

/// Whether it is a name or an address of version 4 without a port or with one, as nearly all are: known without reading it as an
/// authority, which copies it.
fn is_plain(value: &[u8]) -> bool {
    let mut parts = value.splitn(2, |byte| *byte == b':');
    let name = parts.next().unwrap_or_default();
    let is_name = !name.is_empty()
        && name
            .iter()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.'));
    is_name
        && parts
            .next()
            .is_none_or(|port| !port.is_empty() && port.iter().all(u8::is_ascii_digit))
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

    #[test]
    fn one_host_is_named_and_it_is_one() {
        for good in [
            "",
            "a",
            "api.example:8000",
            "127.0.0.1:80",
            "[::1]:80",
            "xn--e1afmkfd.example",
        ] {
            assert!(is_clear(&headers(&[good.as_bytes()]), Some(Version::HTTP_11)), "{good}");
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
        ] {
            assert!(
                !is_clear(&headers(&[bad]), Some(Version::HTTP_10)),
                "{}",
                bad.escape_ascii()
            );
        }
        assert!(!is_clear(&headers(&[b"a", b"a"]), None));
    }

    #[test]
    fn only_http_1_1_over_a_socket_must_name_one() {
        let none = HeaderMap::new();
        assert!(!is_clear(&none, Some(Version::HTTP_11)));
        for version in [None, Some(Version::HTTP_10), Some(Version::HTTP_2)] {
            assert!(is_clear(&none, version), "{version:?}");
        }
    }

    proptest! {
        #[test]
        fn what_is_plain_is_an_authority(value in "[-a-z0-9.:@%/_]{0,12}|[a-z.]{1,5}:[0-9]{0,7}") {
            prop_assert!(!is_plain(value.as_bytes()) || Authority::try_from(value.as_bytes()).is_ok());
        }
    }
}
