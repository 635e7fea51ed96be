//! The places that an answer may be sent to: [RFC 6749, section
//! 3.1.2](https://www.rfc-editor.org/rfc/rfc6749#section-3.1.2).

use std::fmt;
use std::str::FromStr;

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
