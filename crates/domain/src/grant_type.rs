//! The grant types of OAuth 2.0.

use std::fmt;
use std::str::FromStr;

/// A value of `grant_type` that this server supports ([RFC 6749, section
/// 1.3](https://www.rfc-editor.org/rfc/rfc6749#section-1.3)).
///
/// ```
/// use scopegate_domain::GrantType;
///
/// assert_eq!("client_credentials".parse(), Ok(GrantType::ClientCredentials));
/// assert_eq!(GrantType::Password.as_str(), "password");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(
    clippy::exhaustive_enums,
    reason = "a new grant must be handled where grants are distinguished"
)]
pub enum GrantType {
    /// A code that a user allowed the client to have: [RFC 6749, section
    /// 4.1](https://www.rfc-editor.org/rfc/rfc6749#section-4.1).
    AuthorizationCode,
    /// A client requests a token for itself, without a user: [RFC 6749, section
    /// 4.4](https://www.rfc-editor.org/rfc/rfc6749#section-4.4).
    ClientCredentials,
    /// The resource owner's password: [RFC 6749, section
    /// 4.3](https://www.rfc-editor.org/rfc/rfc6749#section-4.3).
    Password,
    /// A refresh token: [RFC 6749, section 6](https://www.rfc-editor.org/rfc/rfc6749#section-6).
    RefreshToken,
}

impl GrantType {
    /// All grant types, in the order in which metadata lists them.
    pub const ALL: &[Self] = &[
        Self::AuthorizationCode,
        Self::ClientCredentials,
        Self::Password,
        Self::RefreshToken,
    ];

    /// Returns the value of `grant_type`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AuthorizationCode => "authorization_code",
            Self::ClientCredentials => "client_credentials",
            Self::Password => "password",
            Self::RefreshToken => "refresh_token",
        }
    }
}

impl fmt::Display for GrantType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for GrantType {
    type Err = UnknownGrantType;

    fn from_str(text: &str) -> Result<Self, UnknownGrantType> {
        Self::ALL
            .iter()
            .copied()
            .find(|grant_type| grant_type.as_str() == text)
            .ok_or(UnknownGrantType)
    }
}

/// The text names no grant type of this server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown grant type")]
#[expect(clippy::exhaustive_structs, reason = "a name can be unknown only in this way")]
pub struct UnknownGrantType;
