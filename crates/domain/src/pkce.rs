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

/// The `code_verifier` of a client: 43 to 128 visible characters of ASCII ([RFC 7636, section
/// 4.1](https://www.rfc-editor.org/rfc/rfc7636#section-4.1)).
///
/// The RFC lets a client use the unreserved characters only. Some clients send base64 with `+`, `/`
/// and `=`, and only the digest of the text is compared.
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
        if (43..=128).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic()) {
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
#[error("`code_verifier` must have 43 to 128 visible characters of ASCII")]
#[non_exhaustive]
pub struct InvalidCodeVerifier;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn length_and_characters_are_limited() {
        for length in [43, 44, 127, 128] {
            assert!(CodeVerifier::parse(&"a".repeat(length)).is_ok(), "{length}");
        }
        for length in [0, 1, 42, 129, 1_000] {
            assert!(CodeVerifier::parse(&"a".repeat(length)).is_err(), "{length}");
        }
        for character in (0..=255).map(char::from) {
            let is_allowed = ('!'..='~').contains(&character);
            let text = format!("{}{character}", "a".repeat(60));
            assert_eq!(CodeVerifier::parse(&text).is_ok(), is_allowed, "{character:?}");
        }
        // As `git-credential-oauth` 0.4.2 makes it.
        assert!(CodeVerifier::parse("Kx/9+8mZ3bq0cUuH0yqv1mXh0e0y3V9n8Qd2b1y7p0c=").is_ok());
    }
}
