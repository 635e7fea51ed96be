//! API keys out of a request: from a header, the query or a cookie.

use http::{HeaderMap, HeaderName};

use crate::cookie;
use crate::credentials::credential::Credential;
use crate::credentials::credential::Extracted;
use crate::urlencoded;

/// The key in a header of this name.
pub(crate) fn in_header(headers: &HeaderMap, name: &HeaderName) -> Extracted {
    let values = headers.get_all(name).into_iter();
    only(values.map(|value| text(value.as_bytes())))
}

/// The key in a parameter of this name, both written as in a form.
pub(crate) fn in_query(query: &str, name: &str) -> Extracted {
    let pairs = query.split('&').map(|pair| pair.split_once('=').unwrap_or((pair, "")));
    let named = pairs.filter(|(found, _)| urlencoded::decode(found.as_bytes()).is_some_and(|found| found == name));
    only(named.map(|(_, value)| urlencoded::decode(value.as_bytes())))
}

/// The key in a cookie of this name, in whichever of the `Cookie` headers.
pub(crate) fn in_cookie(headers: &HeaderMap, name: &str) -> Extracted {
    let named = cookie::pairs(headers).filter(|(found, _)| *found == name.as_bytes());
    only(named.map(|(_, value)| text(value)))
}

// SECURITY: a key that is sent twice is refused, because two readers could use different ones.
// Tested by `a_key_that_is_given_twice_is_ambiguous`.
fn only(mut values: impl Iterator<Item = Option<String>>) -> Extracted {
    match (values.next(), values.next()) {
        (None, _) => Extracted::Absent,
        (Some(_), Some(_)) => Extracted::Ambiguous,
        (Some(value), None) => Extracted::new(value.map(Credential::new)),
    }
}

fn text(bytes: &[u8]) -> Option<String> {
    std::str::from_utf8(bytes).ok().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;
    use http::header::COOKIE;

    use super::*;

    const NAME: HeaderName = HeaderName::from_static("x-key");

    fn headers(name: &HeaderName, values: &[&[u8]]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(name, HeaderValue::from_bytes(value).unwrap());
        }
        headers
    }

    /// The result, in a form that tests can compare.
    #[derive(Debug, PartialEq, Eq)]
    enum Key {
        Absent,
        Ambiguous,
        Malformed,
        Text(String),
    }

    fn of(text: &str) -> Key {
        Key::Text(text.to_owned())
    }

    fn seen(found: Extracted) -> Key {
        match found {
            Extracted::Absent => Key::Absent,
            Extracted::Ambiguous => Key::Ambiguous,
            Extracted::Malformed => Key::Malformed,
            Extracted::Credential(credential) => of(credential.secret().expose()),
        }
    }

    #[test]
    fn each_place_of_a_key_is_read() {
        assert_eq!(seen(in_header(&headers(&NAME, &[]), &NAME)), Key::Absent);
        assert_eq!(seen(in_header(&headers(&NAME, &[b"k"]), &NAME)), of("k"));
        assert_eq!(seen(in_header(&headers(&NAME, &[b"\xE9"]), &NAME)), Key::Malformed);
        for (query, expected) in [
            ("", Key::Absent),
            ("a=k", Key::Absent),
            ("KEY=k", Key::Absent),
            ("key", of("")),
            ("key=k", of("k")),
            ("a=1&key=a%20b%3D+c&b=2", of("a b= c")),
            ("%6bey=k", of("k")),
            ("key=%FF", Key::Malformed),
            ("key=a=b", of("a=b")),
        ] {
            assert_eq!(seen(in_query(query, "key")), expected, "{query}");
        }
        for (cookies, expected) in [
            (&[][..], Key::Absent),
            (&[&b"a=1; b=2"[..]], Key::Absent),
            (&[b"key"], Key::Absent),
            (&[b"Key=k"], Key::Absent),
            (&[b"a=1; key=k; b=2"], of("k")),
            (&[b"a=1;key=k=l"], of("k=l")),
            (&[b"a=1", b"key=k"], of("k")),
            (&[b"key="], of("")),
            (&[b"key=\xFF"], Key::Malformed),
        ] {
            assert_eq!(seen(in_cookie(&headers(&COOKIE, cookies), "key")), expected);
        }
    }

    proptest::proptest! {
        #[test]
        fn any_key_comes_back_out_of_a_query(key in "\\PC{0,20}", before in "[a-z]{0,4}=[a-z%+]{0,4}") {
            let pair = form_urlencoded::Serializer::new(String::new()).append_pair("key", &key).finish();
            proptest::prop_assume!(!before.starts_with("key="));
            proptest::prop_assert_eq!(seen(in_query(&format!("{before}&{pair}"), "key")), Key::Text(key));
        }
    }

    #[test]
    fn a_key_that_is_given_twice_is_ambiguous() {
        assert_eq!(seen(in_header(&headers(&NAME, &[b"k", b"k"]), &NAME)), Key::Ambiguous);
        for query in ["key=k&key=k", "key=k&a=1&%6Bey=l", "key&key=k"] {
            assert_eq!(seen(in_query(query, "key")), Key::Ambiguous, "{query}");
        }
        for cookies in [
            &[&b"key=k; key=l"[..]][..],
            &[b"key=k", b"a=1; key=k"],
            &[b"key=; key=k"],
        ] {
            assert_eq!(seen(in_cookie(&headers(&COOKIE, cookies), "key")), Key::Ambiguous);
        }
    }
}
