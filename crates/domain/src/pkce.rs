//! Proof key for code exchange: [RFC 7636](https://www.rfc-editor.org/rfc/rfc7636), method `S256`.

use std::fmt;

use crate::Secret;

/// The `code_challenge` of a request: the SHA-256 digest of the verifier. The method `plain` does
/// not exist.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct CodeChallenge([u8; 32]);

impl CodeChallenge {
    /// Creates a challenge from its bytes.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

/// The `code_verifier` of a client: 43 to 128 unreserved characters ([RFC 7636, section
/// 4.1](https://www.rfc-editor.org/rfc/rfc7636#section-4.1)).
///
/// ```
/// use scopegate_domain::CodeVerifier;
///
/// let verifier = CodeVerifier::parse("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk").unwrap();
/// assert_eq!(format!("{verifier:?}"), "CodeVerifier(..)");
/// assert!(CodeVerifier::parse("short").is_err());
/// ```
pub struct CodeVerifier(Secret<String>);

impl CodeVerifier {
    /// Checks a text.
    ///
    /// # Errors
    ///
    /// [`InvalidCodeVerifier`] for another length or another character.
    pub fn parse(text: &str) -> Result<Self, InvalidCodeVerifier> {
        let is_unreserved = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~');
        if (43..=128).contains(&text.len()) && text.bytes().all(is_unreserved) {
            Ok(Self(Secret::new(text.to_owned())))
        } else {
            Err(InvalidCodeVerifier)
        }
    }

    /// The text.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.0.expose()
    }
}

impl fmt::Debug for CodeVerifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CodeVerifier(..)")
    }
}

/// The text is not a `code_verifier`. The error does not repeat it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`code_verifier` must have 43 to 128 of the characters A-Z, a-z, 0-9, `-`, `.`, `_` and `~`")]
#[non_exhaustive]
pub struct InvalidCodeVerifier;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn length_and_characters_are_those_of_the_rfc() {
        for length in [43, 44, 127, 128] {
            assert!(CodeVerifier::parse(&"a".repeat(length)).is_ok(), "{length}");
        }
        for length in [0, 1, 42, 129, 1_000] {
            assert!(CodeVerifier::parse(&"a".repeat(length)).is_err(), "{length}");
        }
        for character in (0..=255).map(char::from) {
            let is_allowed = character.is_ascii_alphanumeric() || "-._~".contains(character);
            let text = format!("{}{character}", "a".repeat(60));
            assert_eq!(CodeVerifier::parse(&text).is_ok(), is_allowed, "{character:?}");
        }
    }
}
