//! Bearer tokens out of a request: [RFC 6750, section
//! 2.1](https://www.rfc-editor.org/rfc/rfc6750#section-2.1).
//!
//! Only the header is read. A token in the query or in a form would end up in logs and histories,
//! and RFC 9700, section 4.3.2, forbids it.

use http::HeaderMap;

use crate::Profile;
use crate::credentials::authorization::{self, Authorization};

/// The result of reading a bearer token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Bearer<'h> {
    /// No credential of this scheme: no header, or one of another scheme.
    Absent,
    /// Something that may be a token.
    Token(&'h str),
    /// The scheme is right, but the rest cannot be a token.
    Malformed,
    /// More than one `Authorization` header: which of them counts is not for us to guess.
    Ambiguous,
}

/// Reads the token by the rules of a profile.
pub(crate) fn read(headers: &HeaderMap, profile: Profile) -> Bearer<'_> {
    raw(headers, profile).map_or_else(|nothing| nothing, |text| token(text, profile))
}

/// Returns the text after `Bearer`, without a check of its syntax.
///
/// # Errors
///
/// [`Bearer`] states why there is no text.
pub(crate) fn raw(headers: &HeaderMap, profile: Profile) -> Result<&[u8], Bearer<'_>> {
    match authorization::read(headers, profile) {
        Authorization::Of(scheme, rest) if scheme.eq_ignore_ascii_case(b"bearer") => {
            Ok(authorization::trim(rest, profile))
        }
        Authorization::Absent | Authorization::Of(..) => Err(Bearer::Absent),
        Authorization::Several => Err(Bearer::Ambiguous),
    }
}

/// Returns the token, if the text has the syntax of one: `credentials = "Bearer" 1*SP b64token`.
/// FastAPI accepts any text after the space.
pub(crate) fn token(text: &[u8], profile: Profile) -> Bearer<'_> {
    match (std::str::from_utf8(text), profile) {
        (Ok(token), Profile::Rfc) if is_b64token(token) => Bearer::Token(token),
        (Ok(token), Profile::Tutorial) => Bearer::Token(token),
        _ => Bearer::Malformed,
    }
}

/// `b64token = 1*( ALPHA / DIGIT / "-" / "." / "_" / "~" / "+" / "/" ) *"="`
fn is_b64token(text: &str) -> bool {
    let body = text.trim_end_matches('=');
    // Without an early exit the compiler compares sixteen bytes at a time, and a token has
    // hundreds.
    let odd = body
        .bytes()
        .fold(0, |odd, byte| odd | u8::from(!is_b64token_byte(byte)));
    !body.is_empty() && odd == 0
}

/// Returns whether a token may contain a byte before its last `=`. Uses few comparisons, for the
/// same reason.
const fn is_b64token_byte(byte: u8) -> bool {
    let is_letter = (byte | 0x20).wrapping_sub(b'a') < 26;
    // `-`, `.`, `/` and the digits follow each other.
    let is_between = byte.wrapping_sub(b'-') <= b'9' - b'-';
    is_letter || is_between || matches!(byte, b'_' | b'~' | b'+')
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;
    use http::header::AUTHORIZATION;
    use proptest::prelude::*;

    use super::*;

    fn headers(values: &[&[u8]]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(AUTHORIZATION, HeaderValue::from_bytes(value).unwrap());
        }
        headers
    }

    #[test]
    fn the_tutorial_splits_at_the_first_space() {
        let cases: [(&[u8], Bearer<'_>); 12] = [
            (b"", Bearer::Absent),
            (b"Bearer", Bearer::Token("")),
            (b"bEARER x", Bearer::Token("x")),
            (b"Bearer   x  ", Bearer::Token("x")),
            (b"Bearer \t x \t", Bearer::Token("x")),
            (b"Bearer a b", Bearer::Token("a b")),
            (b"Bearerx", Bearer::Absent),
            (b"Bearer\tx", Bearer::Absent),
            (b" Bearer x", Bearer::Absent),
            (b"Basic Og==", Bearer::Absent),
            (b"Bearer \xA0x\x85", Bearer::Token("x")),
            (b"Bearer \xFF", Bearer::Malformed),
        ];
        for (value, expected) in cases {
            assert_eq!(
                read(&headers(&[value]), Profile::Tutorial),
                expected,
                "{:?}",
                value.escape_ascii().to_string()
            );
        }
        assert_eq!(
            read(&headers(&[b"Basic x", b"Bearer y"]), Profile::Tutorial),
            Bearer::Absent
        );
        assert_eq!(
            read(&headers(&[b"Bearer x", b"Bearer y"]), Profile::Tutorial),
            Bearer::Token("x")
        );
    }

    #[test]
    fn a_token_has_the_bytes_of_its_grammar() {
        for byte in 0..=u8::MAX {
            let allowed = byte.is_ascii_alphanumeric() || b"-._~+/".contains(&byte);
            assert_eq!(is_b64token_byte(byte), allowed, "{byte}");
        }
    }

    #[test]
    fn the_rfc_knows_one_header_and_one_grammar() {
        let cases: [(&[u8], Bearer<'_>); 10] = [
            (b"", Bearer::Absent),
            (b"Bearer", Bearer::Malformed),
            (b"BEARER a.b-c_d~e+f/g==", Bearer::Token("a.b-c_d~e+f/g==")),
            (b"Bearer   x", Bearer::Token("x")),
            (b"Bearer a b", Bearer::Malformed),
            (b"Bearer =", Bearer::Malformed),
            (b"Bearer a=b", Bearer::Malformed),
            (b"Bearer\tx", Bearer::Absent),
            (b"Bearer \xC3\xA9", Bearer::Malformed),
            (b"Basic Og==", Bearer::Absent),
        ];
        for (value, expected) in cases {
            assert_eq!(
                read(&headers(&[value]), Profile::Rfc),
                expected,
                "{:?}",
                value.escape_ascii().to_string()
            );
        }
        assert_eq!(
            read(&headers(&[b"Bearer x", b"Bearer x"]), Profile::Rfc),
            Bearer::Ambiguous
        );
        assert_eq!(
            read(&headers(&[b"Basic x", b"Bearer x"]), Profile::Rfc),
            Bearer::Ambiguous
        );
        assert_eq!(read(&HeaderMap::new(), Profile::Rfc), Bearer::Absent);
    }

    proptest! {
        #[test]
        fn read_token_is_part_of_the_header(value in proptest::collection::vec(0x20u8..=0xFF, 0..40)) {
            prop_assume!(!value.contains(&0x7F));
            let headers = headers(&[&value]);
            for profile in [Profile::Rfc, Profile::Tutorial] {
                if let Bearer::Token(token) = read(&headers, profile) {
                    prop_assert!(value.get(..6).is_some_and(|scheme| scheme.eq_ignore_ascii_case(b"bearer")));
                    prop_assert!(String::from_utf8_lossy(&value).contains(token));
                }
            }
        }
    }
}
