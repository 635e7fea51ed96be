//! How a client authenticates: [RFC 6749, section
//! 2.3](https://www.rfc-editor.org/rfc/rfc6749#section-2.3).

use std::fmt;
use std::str::FromStr;

/// Whether a client can keep a secret ([RFC 6749, section
/// 2.1](https://www.rfc-editor.org/rfc/rfc6749#section-2.1)).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "the RFC knows these two")]
pub enum ClientKind {
    /// The client can keep a secret and authenticates with it.
    Confidential,
    /// The client runs on the user's device: a page, a program, an app.
    Public,
}

/// The registered method of authentication of a client (`token_endpoint_auth_method` of
/// [RFC 7591, section 2](https://www.rfc-editor.org/rfc/rfc7591#section-2)). The kind of the client
/// follows from it.
///
/// ```
/// use scopegate_domain::{ClientAuthMethod, ClientKind};
///
/// assert_eq!("client_secret_post".parse(), Ok(ClientAuthMethod::SecretPost));
/// assert_eq!(ClientAuthMethod::SecretPost.kind(), ClientKind::Confidential);
/// assert_eq!(ClientAuthMethod::None.as_str(), "none");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(
    clippy::exhaustive_enums,
    reason = "a new method must be handled where a client authenticates"
)]
pub enum ClientAuthMethod {
    /// The client does not authenticate: it is public.
    None,
    /// The secret is in the `Authorization` header, by HTTP Basic.
    SecretBasic,
    /// The secret is the parameter `client_secret` of the form.
    SecretPost,
    /// The secret is in the header or in the form, as clients of earlier releases send it.
    AnySecret,
}

impl ClientAuthMethod {
    /// All methods.
    pub const ALL: &[Self] = &[Self::None, Self::SecretBasic, Self::SecretPost, Self::AnySecret];

    /// The methods of RFC 7591, which a client can be registered with.
    pub const REGISTERED: &[Self] = &[Self::SecretBasic, Self::SecretPost, Self::None];

    /// Returns the name. `client_secret_any` is a name of this project; the others are those of
    /// RFC 7591.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::SecretBasic => "client_secret_basic",
            Self::SecretPost => "client_secret_post",
            Self::AnySecret => "client_secret_any",
        }
    }

    /// Returns [`ClientKind::Public`] for [`ClientAuthMethod::None`], else
    /// [`ClientKind::Confidential`].
    #[must_use]
    pub const fn kind(self) -> ClientKind {
        match self {
            Self::None => ClientKind::Public,
            Self::SecretBasic | Self::SecretPost | Self::AnySecret => ClientKind::Confidential,
        }
    }

    /// Returns whether the secret may be in the `Authorization` header.
    #[must_use]
    pub const fn allows_header(self) -> bool {
        matches!(self, Self::SecretBasic | Self::AnySecret)
    }

    /// Returns whether the secret may be in the form.
    #[must_use]
    pub const fn allows_form(self) -> bool {
        matches!(self, Self::SecretPost | Self::AnySecret)
    }
}

impl fmt::Display for ClientAuthMethod {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for ClientAuthMethod {
    type Err = UnknownAuthMethod;

    fn from_str(text: &str) -> Result<Self, UnknownAuthMethod> {
        let named = Self::ALL.iter().copied().find(|method| method.as_str() == text);
        named.ok_or(UnknownAuthMethod)
    }
}

/// The text names no method of this server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown method of client authentication")]
#[expect(clippy::exhaustive_structs, reason = "a name can be unknown only in this way")]
pub struct UnknownAuthMethod;
