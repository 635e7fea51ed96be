//! User names and passwords in a header: [RFC 7617](https://www.rfc-editor.org/rfc/rfc7617).

use scopegate_domain::Secret;

use crate::credentials::credential::Credential;
use crate::dialect::Dialect;

/// Reads a user's name and password from the text after `Basic`; the name ends at the first colon
/// ([RFC 7617, section 2](https://www.rfc-editor.org/rfc/rfc7617#section-2)).
///
/// The text is UTF-8, as our challenge states.
// SECURITY: only one base64 spelling is accepted, and control characters are refused, so that two
// readers understand the same. Tested by `a_user_has_one_spelling`.
pub(crate) fn user(encoded: &[u8], dialect: &Dialect) -> Option<Credential> {
    let pair = decode((dialect.trim)(encoded))?;
    let (name, password) = split(&pair)?;
    let (name, password) = (std::str::from_utf8(name).ok()?, std::str::from_utf8(password).ok()?);
    let is_text = |text: &str| !text.contains(char::is_control) && (dialect.is_basic_text)(text);
    (is_text(name) && is_text(password)).then(|| Credential::new(password.to_owned()).with_username(name))
}

/// Decodes the text after `Basic`; `None` if it is not base64 with padding.
#[must_use]
pub fn decode(encoded: &[u8]) -> Option<Secret<Vec<u8>>> {
    base64_simd::STANDARD.decode_to_vec(encoded).ok().map(Secret::new)
}

/// Splits a decoded pair at its first colon.
#[must_use]
pub fn split(pair: &Secret<Vec<u8>>) -> Option<(&[u8], &[u8])> {
    let mut parts = pair.expose().splitn(2, |byte| *byte == b':');
    Some((parts.next()?, parts.next()?))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A dialect of ASCII.
    fn ascii() -> Dialect {
        Dialect {
            is_basic_text: str::is_ascii,
            ..Dialect::rfc()
        }
    }

    fn user_of(pair: impl AsRef<[u8]>, dialect: Dialect) -> Option<(String, String)> {
        let credential = user(base64_simd::STANDARD.encode_to_string(pair).as_bytes(), &dialect)?;
        let name = credential.username().unwrap_or_default().to_owned();
        Some((name, credential.secret().expose().clone()))
    }

    #[test]
    fn a_users_name_ends_at_the_first_colon() {
        for (text, name, password) in [
            ("a:b", "a", "b"),
            ("a:b:c", "a", "b:c"),
            (":b", "", "b"),
            ("a:", "a", ""),
            ("a+b:%41", "a+b", "%41"),
        ] {
            for dialect in [Dialect::rfc(), ascii()] {
                assert_eq!(
                    user_of(text, dialect),
                    Some((name.to_owned(), password.to_owned())),
                    "{text}"
                );
            }
        }
        assert_eq!(user_of("é:ü", Dialect::rfc()), Some(("é".to_owned(), "ü".to_owned())));
        assert_eq!(user_of("é:ü", ascii()), None);
    }

    #[test]
    fn a_user_has_one_spelling() {
        for encoded in [
            "",
            "!",
            "YTpi!",
            "YT pi",
            "YTpiYw",
            "YTpiYx==",
            "YTpiYw===",
            "YWI=",
            "-_-_",
        ] {
            for dialect in [Dialect::rfc(), ascii()] {
                assert!(user(b"YTpi", &dialect).is_some(), "the one spelling of `a:b`");
                assert!(user(encoded.as_bytes(), &dialect).is_none(), "{encoded}");
            }
        }
        for pair in [
            &b"a\0:b"[..],
            b"a:b\n",
            b"a\x7f:b",
            b"\xff:b",
            b"a:\xc3",
            "a:\u{85}".as_bytes(),
        ] {
            assert_eq!(user_of(pair, Dialect::rfc()), None, "{pair:?}");
        }
    }

    proptest! {
        #[test]
        fn any_user_comes_back(name in "[^:\\p{Cc}]{0,20}", password in "\\PC{0,20}") {
            prop_assert_eq!(user_of(format!("{name}:{password}"), Dialect::rfc()), Some((name, password)));
        }
    }
}
