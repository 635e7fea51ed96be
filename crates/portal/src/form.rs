//! The fields of a form: [RFC 6749, appendix B](https://www.rfc-editor.org/rfc/rfc6749#appendix-B).

use http::HeaderMap;
use scopegate_gate::{media_type, urlencoded};
use scopegate_grant::Params;

/// Most fields of one form.
const MAX_FIELDS: usize = 1000;

/// The character sets that a client may name. The bytes are read as UTF-8 regardless. Java clients
/// name ISO-8859-1 and send ASCII, which is equal in all of these.
const CHARSETS: [&str; 4] = ["utf-8", "utf8", "us-ascii", "iso-8859-1"];

/// The reason why a body is not a form.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum FormError {
    /// A character set that is not one of [`CHARSETS`].
    #[error("the body must be UTF-8; leave `charset` out of the Content-Type")]
    Charset,
    /// A body with a content coding, such as a compression.
    #[error("the body must not be encoded")]
    Encoded,
    /// `%` without two hexadecimal digits.
    #[error("a parameter has a `%` without two hexadecimal digits; write `%` as `%25`")]
    Escape,
    /// Another media type than that of a form.
    #[error("the body must be application/x-www-form-urlencoded")]
    MediaType,
    /// Bytes that are not text.
    #[error("a parameter is not UTF-8")]
    NotText,
    /// Parameters in the query of the URL ([RFC 6749, section
    /// 2.3.1](https://www.rfc-editor.org/rfc/rfc6749#section-2.3.1)): it is in the logs of proxies.
    #[error("parameters must be in the body, not in the query of the URL")]
    Query,
    /// More than [`MAX_FIELDS`].
    #[error("the body has more than {MAX_FIELDS} parameters; send each parameter of the request once")]
    TooManyFields,
}

/// Checks that the headers are those of a form. The RFC has one media type and one encoding.
pub(crate) fn expect_form(headers: &HeaderMap) -> Result<(), FormError> {
    if media_type::is_encoded(headers) {
        return Err(FormError::Encoded);
    }
    let content_type = media_type::of(headers).unwrap_or_default();
    if !media_type::essence(content_type).eq_ignore_ascii_case("application/x-www-form-urlencoded") {
        return Err(FormError::MediaType);
    }
    let is_known = |charset: &str| CHARSETS.iter().any(|known| charset.eq_ignore_ascii_case(known));
    if !media_type::parameters(content_type, "charset").all(is_known) {
        return Err(FormError::Charset);
    }
    Ok(())
}

/// Reads the fields of a body.
pub(crate) fn read(headers: &HeaderMap, body: &[u8]) -> Result<Params, FormError> {
    expect_form(headers)?;
    let pairs = body.split(|byte| *byte == b'&').filter(|pair| !pair.is_empty());
    if pairs.clone().nth(MAX_FIELDS).is_some() {
        return Err(FormError::TooManyFields);
    }
    if !urlencoded::has_valid_escapes(body) {
        return Err(FormError::Escape);
    }
    let decode = |raw: &[u8]| urlencoded::decode(raw).ok_or(FormError::NotText);
    let split = |pair: &[u8]| {
        let mut halves = pair.splitn(2, |byte| *byte == b'=').map(decode);
        Ok((
            halves.next().transpose()?.unwrap_or_default(),
            halves.next().transpose()?.unwrap_or_default(),
        ))
    };
    pairs.map(split).collect()
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;
    use http::header::{CONTENT_ENCODING, CONTENT_TYPE};
    use proptest::prelude::*;

    use super::*;

    const URLENCODED: &str = "application/x-www-form-urlencoded";

    fn read_as(content_type: &str, body: impl AsRef<[u8]>) -> Result<Params, FormError> {
        let headers = HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_str(content_type).unwrap())]);
        read(&headers, body.as_ref())
    }

    #[test]
    fn fields_are_split_at_ampersands() {
        let params = read_as(URLENCODED, "&&a&=&b=1=2&c=x;d=y&%75=z&").unwrap();
        assert_eq!(params.text("a"), None);
        assert_eq!(params.text("b"), Some("1=2"));
        assert_eq!(params.text("c"), Some("x;d=y"));
        assert_eq!(params.text("d"), None);
        assert_eq!(params.text("u"), Some("z"));
    }

    #[test]
    fn one_media_type_and_only_text_are_read() {
        assert_eq!(
            read_as("Application/X-WWW-Form-URLencoded ; charset=utf-8", "a=%C3%A9")
                .unwrap()
                .text("a"),
            Some("é")
        );
        for raw in [&b"a=%FF"[..], b"%FF=a", b"a=\xFF"] {
            assert_eq!(read_as(URLENCODED, raw).err(), Some(FormError::NotText));
        }
        for other in [
            "application/json",
            "multipart/form-data; boundary=b",
            "",
            "application/x-www-form-urlencodedx",
        ] {
            assert_eq!(read_as(other, "a=b").err(), Some(FormError::MediaType), "{other}");
        }
    }

    #[test]
    fn other_character_sets_are_refused() {
        for charset in [
            "utf-16",
            "UTF-16LE",
            "windows-1252",
            "\"utf-16\"",
            "",
            "utf-8; charset=utf-16",
        ] {
            let content_type = format!("{URLENCODED}; charset={charset}");
            assert_eq!(
                read_as(&content_type, "a=b").err(),
                Some(FormError::Charset),
                "{charset}"
            );
        }
        for parameters in [
            "",
            ";",
            "; charset=UTF-8",
            ";Charset=\"utf-8\"",
            "; charset=ISO-8859-1",
            "; charset=US-ASCII",
            "; charset=utf8",
            "; boundary=b",
            "; x",
        ] {
            let content_type = format!("{URLENCODED}{parameters}");
            assert!(read_as(&content_type, "a=b").is_ok(), "{parameters}");
            assert_eq!(read_as(&content_type, "a=%E9").err(), Some(FormError::NotText));
        }
    }

    #[test]
    fn malformed_escapes_are_refused() {
        for body in [
            "a=%zz",
            "a=%",
            "a=%4",
            "%=a",
            "a=b&c=%4g",
            "a=%%41",
            "a=%+1",
            "a=%4\u{e9}",
        ] {
            assert_eq!(read_as(URLENCODED, body).err(), Some(FormError::Escape), "{body}");
        }
        assert_eq!(read_as(URLENCODED, "a=%25zz").unwrap().text("a"), Some("%zz"));
    }

    #[test]
    fn two_media_types_or_a_coding_are_refused() {
        let form = (CONTENT_TYPE, HeaderValue::from_static(URLENCODED));
        for (name, value, error) in [
            (CONTENT_TYPE, "application/json", FormError::MediaType),
            (CONTENT_TYPE, URLENCODED, FormError::MediaType),
            (CONTENT_ENCODING, "gzip", FormError::Encoded),
        ] {
            let mut headers = HeaderMap::from_iter([form.clone()]);
            headers.append(name, HeaderValue::from_static(value));
            assert_eq!(read(&headers, b"a=b").err(), Some(error), "{headers:?}");
        }
    }

    #[test]
    fn too_many_fields_are_refused() {
        let read = |number| read_as(URLENCODED, "a&".repeat(number));
        assert_eq!(read(MAX_FIELDS + 1).err(), Some(FormError::TooManyFields));
        assert!(read(MAX_FIELDS).is_ok());
    }

    proptest! {
        #[test]
        fn what_a_browser_encodes_comes_back(name in "\\PC{1,12}", value in "\\PC{1,30}") {
            let body = form_urlencoded::Serializer::new(String::new()).append_pair(&name, &value).finish();
            let params = read_as(URLENCODED, &body).unwrap();
            prop_assert_eq!(params.text(&name), Some(value.as_str()));
        }
    }
}
