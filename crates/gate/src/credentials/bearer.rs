//! Bearer tokens out of a request: [RFC 6750, section
//! 2.1](https://www.rfc-editor.org/rfc/rfc6750#section-2.1).
//!
//! Only the header is read. A token in the query or in a form would end up in logs and histories,
//! and RFC 9700, section 4.3.2, forbids it.

use http::HeaderMap;

use crate::credentials::authorization::{self, Authorization};
use crate::dialect::Dialect;

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

/// Reads the token.
pub(crate) fn read<'h>(headers: &'h HeaderMap, dialect: &Dialect) -> Bearer<'h> {
    raw(headers, dialect).map_or_else(|nothing| nothing, |text| token(text, dialect))
}

/// Returns the text after `Bearer`, without a check of its syntax.
///
/// # Errors
///
/// [`Bearer`] states why there is no text.
pub(crate) fn raw<'h>(headers: &'h HeaderMap, dialect: &Dialect) -> Result<&'h [u8], Bearer<'h>> {
    match authorization::read(headers, dialect) {
        Authorization::Of(scheme, rest) if scheme.eq_ignore_ascii_case(b"bearer") => Ok((dialect.trim)(rest)),
        Authorization::Absent | Authorization::Of(..) => Err(Bearer::Absent),
        Authorization::Several => Err(Bearer::Ambiguous),
    }
}

/// Returns the token, if the text has the syntax of one: `credentials = "Bearer" 1*SP b64token`.
pub(crate) fn token<'t>(text: &'t [u8], dialect: &Dialect) -> Bearer<'t> {
    match std::str::from_utf8(text) {
        Ok(token) if (dialect.is_bearer_token)(token) => Bearer::Token(token),
        _ => Bearer::Malformed,
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;
    use http::header::AUTHORIZATION;
    use proptest::prelude::*;

    use super::*;
    use crate::dialect::RepeatedAuthorization;

    fn headers(values: &[&[u8]]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(AUTHORIZATION, HeaderValue::from_bytes(value).unwrap());
        }
        headers
    }

    /// A dialect that refuses little.
    fn lax() -> Dialect {
        Dialect {
            repeated_authorization: RepeatedAuthorization::First,
            is_bearer_token: |_| true,
            ..Dialect::rfc()
        }
    }

    #[test]
    fn scheme_ends_at_the_first_space() {
        let cases: [(&[u8], Bearer<'_>); 11] = [
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
            (b"Bearer \xFF", Bearer::Malformed),
        ];
        for (value, expected) in cases {
            assert_eq!(
                read(&headers(&[value]), &lax()),
                expected,
                "{:?}",
                value.escape_ascii().to_string()
            );
        }
        assert_eq!(read(&headers(&[b"Basic x", b"Bearer y"]), &lax()), Bearer::Absent);
        assert_eq!(read(&headers(&[b"Bearer x", b"Bearer y"]), &lax()), Bearer::Token("x"));
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
                read(&headers(&[value]), &Dialect::rfc()),
                expected,
                "{:?}",
                value.escape_ascii().to_string()
            );
        }
        assert_eq!(
            read(&headers(&[b"Bearer x", b"Bearer x"]), &Dialect::rfc()),
            Bearer::Ambiguous
        );
        assert_eq!(
            read(&headers(&[b"Basic x", b"Bearer x"]), &Dialect::rfc()),
            Bearer::Ambiguous
        );
        assert_eq!(read(&HeaderMap::new(), &Dialect::rfc()), Bearer::Absent);
    }

    proptest! {
        #[test]
        fn read_token_is_part_of_the_header(value in proptest::collection::vec(0x20u8..=0xFF, 0..40)) {
            prop_assume!(!value.contains(&0x7F));
            let headers = headers(&[&value]);
            for dialect in [Dialect::rfc(), lax()] {
                if let Bearer::Token(token) = read(&headers, &dialect) {
                    prop_assert!(value.get(..6).is_some_and(|scheme| scheme.eq_ignore_ascii_case(b"bearer")));
                    prop_assert!(String::from_utf8_lossy(&value).contains(token));
                }
            }
        }
    }
}
