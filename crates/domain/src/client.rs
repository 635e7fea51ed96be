//! Clients: programs that request tokens. [RFC 6749, section
//! 2](https://www.rfc-editor.org/rfc/rfc6749#section-2).

use std::fmt;
use std::str::FromStr;

use subtle::ConstantTimeEq;

use crate::{ClientId, GrantType, Scope};

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

/// The SHA-256 digest of a client's secret. Scopegate generates secrets with 256 bits of entropy,
/// so a plain digest is enough.
#[derive(Clone, Copy)]
pub struct SecretDigest([u8; 32]);

impl SecretDigest {
    /// Creates a digest from its bytes.
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

impl PartialEq for SecretDigest {
    fn eq(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

impl Eq for SecretDigest {}

impl fmt::Debug for SecretDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretDigest(..)")
    }
}

/// A registered client: its identity and the maximum that it can be granted.
///
/// ```
/// use scopegate_domain::{Client, ClientId, ClientKind, GrantType};
///
/// let client = Client::public(ClientId::parse("demo-app")?, "The demo")
///     .with_grant_types([GrantType::Password])
///     .with_scope("me items".parse()?);
/// assert_eq!(client.kind(), ClientKind::Public);
/// assert!(client.may_use(GrantType::Password));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Client {
    id: ClientId,
    name: String,
    secret: Option<SecretDigest>,
    redirect_uris: Vec<RedirectUri>,
    grant_types: Vec<GrantType>,
    scope: Scope,
    may_introspect: bool,
}

impl Client {
    /// Creates a public client: it has no secret, and no scope and no grant type yet.
    #[must_use]
    pub fn public(id: ClientId, name: impl Into<String>) -> Self {
        Self {
            id,
            name: name.into(),
            secret: None,
            redirect_uris: Vec::new(),
            grant_types: Vec::new(),
            scope: Scope::EMPTY,
            may_introspect: false,
        }
    }

    /// A client with a secret that may do nothing yet.
    #[must_use]
    pub fn confidential(id: ClientId, name: impl Into<String>, secret: SecretDigest) -> Self {
        Self {
            secret: Some(secret),
            ..Self::public(id, name)
        }
    }

    /// Sets the redirect URIs. Default: none.
    #[must_use]
    pub fn with_redirect_uris(mut self, uris: impl IntoIterator<Item = RedirectUri>) -> Self {
        self.redirect_uris = uris.into_iter().collect();
        self
    }

    /// Sets the grant types that the client may use. Default: none.
    #[must_use]
    pub fn with_grant_types(mut self, grant_types: impl IntoIterator<Item = GrantType>) -> Self {
        self.grant_types = grant_types.into_iter().collect();
        self
    }

    /// Sets the ceiling: the largest scope that the client can be granted, for any user. Default:
    /// no scope.
    #[must_use]
    pub fn with_scope(mut self, scope: Scope) -> Self {
        self.scope = scope;
        self
    }

    /// Sets whether the client may introspect tokens. Default: false.
    #[must_use]
    pub const fn with_introspection(mut self, allowed: bool) -> Self {
        self.may_introspect = allowed;
        self
    }

    /// Sets the secret. It replaces an earlier one and makes the client confidential.
    #[must_use]
    pub const fn with_secret(mut self, secret: SecretDigest) -> Self {
        self.secret = Some(secret);
        self
    }

    /// Returns the id of the client.
    #[must_use]
    pub const fn id(&self) -> &ClientId {
        &self.id
    }

    /// Returns the name of the client for people.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns [`ClientKind::Confidential`] if there is a secret, else [`ClientKind::Public`].
    #[must_use]
    pub const fn kind(&self) -> ClientKind {
        if self.secret.is_some() {
            ClientKind::Confidential
        } else {
            ClientKind::Public
        }
    }

    /// The digest of the secret of a confidential client.
    #[must_use]
    pub const fn secret(&self) -> Option<&SecretDigest> {
        self.secret.as_ref()
    }

    /// The places that an answer may be sent to.
    #[must_use]
    pub fn redirect_uris(&self) -> &[RedirectUri] {
        &self.redirect_uris
    }

    /// Returns the grant types that the client may use.
    #[must_use]
    pub fn grant_types(&self) -> &[GrantType] {
        &self.grant_types
    }

    /// Whether the client may use this grant type.
    #[must_use]
    pub fn may_use(&self, grant_type: GrantType) -> bool {
        self.grant_types.contains(&grant_type)
    }

    /// The ceiling.
    #[must_use]
    pub const fn scope(&self) -> &Scope {
        &self.scope
    }

    /// Whether the client may introspect tokens.
    #[must_use]
    pub const fn may_introspect(&self) -> bool {
        self.may_introspect
    }
}

/// A redirect URI: an absolute URI without a fragment ([RFC 6749, section
/// 3.1.2](https://www.rfc-editor.org/rfc/rfc6749#section-3.1.2)).
///
/// Accepted are `https`, `http` on a loopback host, and private-use schemes with a dot in their
/// name ([RFC 8252, section 7](https://www.rfc-editor.org/rfc/rfc8252#section-7)). All other
/// schemes are refused, for example `javascript:`.
///
/// ```
/// use scopegate_domain::RedirectUri;
///
/// assert!(RedirectUri::parse("https://app.example/callback").is_ok());
/// assert!(RedirectUri::parse("http://127.0.0.1:8000/docs/oauth2-redirect").is_ok());
/// assert!(RedirectUri::parse("com.example.app:/callback").is_ok());
/// assert!(RedirectUri::parse("http://app.example/callback").is_err());
/// assert!(RedirectUri::parse("javascript:alert(1)").is_err());
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct RedirectUri(String);

impl RedirectUri {
    /// The maximum length of a URI, in bytes.
    pub const MAX_LEN: usize = 2048;

    /// Checks a URI.
    ///
    /// # Errors
    ///
    /// [`InvalidRedirectUri`] names the rule that the URI breaks.
    pub fn parse(text: &str) -> Result<Self, InvalidRedirectUri> {
        if text.len() > Self::MAX_LEN {
            return Err(InvalidRedirectUri::TooLong);
        }
        if !text
            .bytes()
            .all(|byte| matches!(byte, 0x21..=0x7E) && !matches!(byte, b'"' | b'<' | b'>' | b'\\'))
        {
            return Err(InvalidRedirectUri::Character);
        }
        if text.contains('#') {
            return Err(InvalidRedirectUri::Fragment);
        }
        let (scheme, rest) = text.split_once(':').ok_or(InvalidRedirectUri::Relative)?;
        match scheme {
            "https" => check_authority(rest, |_| true)?,
            "http" => check_authority(rest, is_loopback)?,
            _ if is_private_use(scheme) => {}
            _ => return Err(InvalidRedirectUri::Scheme),
        }
        Ok(Self(text.to_owned()))
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn check_authority(rest: &str, host_is_allowed: impl Fn(&str) -> bool) -> Result<(), InvalidRedirectUri> {
    let after = rest.strip_prefix("//").ok_or(InvalidRedirectUri::Relative)?;
    let authority = after.split(['/', '?']).next().unwrap_or_default();
    if authority.contains('@') {
        return Err(InvalidRedirectUri::Userinfo);
    }
    let (host, port) = match authority.strip_prefix('[').and_then(|inner| inner.split_once(']')) {
        Some((host, port)) => (host, port.strip_prefix(':')),
        None => match authority.split_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (authority, None),
        },
    };
    if host.is_empty() || port.is_some_and(|port| port.parse::<u16>().is_err()) {
        return Err(InvalidRedirectUri::Host);
    }
    if host_is_allowed(host) {
        Ok(())
    } else {
        Err(InvalidRedirectUri::Scheme)
    }
}

fn is_loopback(host: &str) -> bool {
    matches!(host, "localhost" | "127.0.0.1" | "::1")
}

fn is_private_use(scheme: &str) -> bool {
    scheme.contains('.')
        && scheme.starts_with(|first: char| first.is_ascii_alphabetic())
        && scheme
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.'))
}

impl fmt::Display for RedirectUri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for RedirectUri {
    type Err = InvalidRedirectUri;

    fn from_str(text: &str) -> Result<Self, InvalidRedirectUri> {
        Self::parse(text)
    }
}

/// The reason that a text is not a redirection URI.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidRedirectUri {
    /// A character that is not allowed in a URI.
    #[error("redirect URI contains a character that no URI may contain")]
    Character,
    /// A fragment: RFC 6749, section 3.1.2.
    #[error("redirect URI must not have a fragment")]
    Fragment,
    /// The host is missing, or the port is invalid.
    #[error("redirect URI has no valid host and port")]
    Host,
    /// The URI is not absolute.
    #[error("redirect URI must be absolute")]
    Relative,
    /// The URI scheme is not one of the accepted schemes.
    #[error("redirect URI must be `https`, `http` on a loopback host, or a private-use scheme with a dot")]
    Scheme,
    /// The URI is longer than [`RedirectUri::MAX_LEN`].
    #[error("redirect URI is longer than {} bytes", RedirectUri::MAX_LEN)]
    TooLong,
    /// A user or a password in the authority.
    #[error("redirect URI must not name a user")]
    Userinfo,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_rule_refuses() {
        for (text, fault) in [
            ("https://a.example/#x", InvalidRedirectUri::Fragment),
            ("https://user@a.example/", InvalidRedirectUri::Userinfo),
            ("https:///x", InvalidRedirectUri::Host),
            ("https://a.example:99999/", InvalidRedirectUri::Host),
            ("/callback", InvalidRedirectUri::Relative),
            ("https:a", InvalidRedirectUri::Relative),
            ("data:text/html,x", InvalidRedirectUri::Scheme),
            ("http://localhost.evil.example/", InvalidRedirectUri::Scheme),
            ("http://[::2]/", InvalidRedirectUri::Scheme),
            ("https://a.example/\r\nX: y", InvalidRedirectUri::Character),
        ] {
            assert_eq!(RedirectUri::parse(text), Err(fault), "{text}");
        }
        assert!(RedirectUri::parse("http://[::1]:8000/x").is_ok());
    }
}
