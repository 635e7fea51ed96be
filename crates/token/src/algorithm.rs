//! Signature algorithms: [RFC 7518, section 3.1](https://www.rfc-editor.org/rfc/rfc7518#section-3.1).

use std::fmt;

/// A signature algorithm that is allowed. A key has exactly one; a token that names another is refused.
///
/// `none` is not among the values, so nothing can be verified with it.
///
/// ```
/// use scopegate_token::Algorithm;
///
/// assert_eq!(Algorithm::find("ES256"), Some(Algorithm::Es256));
/// assert_eq!(Algorithm::find("none"), None);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Algorithm {
    /// ECDSA on P-256 with SHA-256.
    Es256,
    /// HMAC with SHA-256.
    Hs256,
}

impl Algorithm {
    /// The algorithm of this name, compared byte for byte.
    #[must_use]
    pub fn find(name: &str) -> Option<Self> {
        match name {
            "ES256" => Some(Self::Es256),
            "HS256" => Some(Self::Hs256),
            _ => None,
        }
    }

    /// As it is spelled in a header.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Es256 => "ES256",
            Self::Hs256 => "HS256",
        }
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
