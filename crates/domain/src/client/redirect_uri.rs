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
            "http" => check_authority(rest, |host| LOOPBACK.contains(&host))?,
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

    /// Returns who can receive an answer at this URI.
    ///
    /// ```
    /// use scopegate_domain::{RedirectUri, RedirectUriKind};
    ///
    /// let kind = |text| RedirectUri::parse(text).map(|uri| uri.kind());
    /// assert_eq!(kind("https://app.example/cb"), Ok(RedirectUriKind::Https));
    /// assert_eq!(kind("http://localhost/cb"), Ok(RedirectUriKind::Loopback));
    /// assert_eq!(kind("com.example.app:/cb"), Ok(RedirectUriKind::PrivateUse));
    /// ```
    #[must_use]
    pub fn kind(&self) -> RedirectUriKind {
        match self.0.split_once(':') {
            Some(("https", _)) => RedirectUriKind::Https,
            Some(("http", _)) => RedirectUriKind::Loopback,
            _ => RedirectUriKind::PrivateUse,
        }
    }

    /// Whether an answer may be sent to the URI of a request: the bytes are equal. If this URI is
    /// `http` on a loopback host, the port may differ or be absent ([RFC 8252, section
    /// 7.3](https://www.rfc-editor.org/rfc/rfc8252#section-7.3)).
    ///
    /// The hosts `127.0.0.1`, `[::1]` and `localhost` are each only themselves. `sent` is compared
    /// and never parsed into another form.
    ///
    /// ```
    /// use scopegate_domain::RedirectUri;
    ///
    /// let program = RedirectUri::parse("http://127.0.0.1/callback").unwrap();
    /// assert!(program.accepts("http://127.0.0.1:51004/callback"));
    /// assert!(!program.accepts("http://localhost:51004/callback"));
    /// assert!(!program.accepts("http://127.0.0.1:51004/callback/"));
    /// ```
    #[must_use]
    pub fn accepts(&self, sent: &str) -> bool {
        let is_same_loopback = || split_loopback(sent).is_some_and(|sent| split_loopback(&self.0) == Some(sent));
        self.0 == sent || (sent.len() <= Self::MAX_LEN && is_same_loopback())
    }
}

/// The kind of a redirect URI, which determines who can receive an answer there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(
    clippy::exhaustive_enums,
    reason = "a new scheme must be handled where a client could be impersonated"
)]
pub enum RedirectUriKind {
    /// `https`: the owner of the host.
    Https,
    /// `http` on a loopback host: any program of the device.
    Loopback,
    /// A private-use scheme: any program of the device.
    PrivateUse,
}

impl RedirectUriKind {
    /// Whether any program of the device can receive the answer, and so act as the client.
    #[must_use]
    pub const fn is_impersonable(self) -> bool {
        matches!(self, Self::Loopback | Self::PrivateUse)
    }
}

/// The hosts of RFC 8252, section 7.3, as they are written in a URI. Each is only itself.
const LOOPBACK: [&str; 3] = ["127.0.0.1", "[::1]", "localhost"];

/// Splits a loopback URI into the host and all that follows the port. `None` if the text has
/// another form. The port is the only part that is left out.
fn split_loopback(text: &str) -> Option<(&str, &str)> {
    let after = text.strip_prefix("http://")?;
    let (host, rest) = LOOPBACK
        .iter()
        .find_map(|host| Some((*host, after.strip_prefix(host)?)))?;
    let (port, tail) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
    is_empty_or_port(port).then_some((host, tail))
}

/// Whether the text is empty, or a colon and a number from 1 to 65535 without leading zeros.
fn is_empty_or_port(text: &str) -> bool {
    let Some(digits) = text.strip_prefix(':') else {
        return text.is_empty();
    };
    let is_canonical = !digits.starts_with('0') && digits.bytes().all(|byte| byte.is_ascii_digit());
    is_canonical && digits.parse::<u16>().is_ok()
}

fn check_authority(rest: &str, host_is_allowed: impl Fn(&str) -> bool) -> Result<(), InvalidRedirectUri> {
    let after = rest.strip_prefix("//").ok_or(InvalidRedirectUri::Relative)?;
    let authority = after.split(['/', '?']).next().unwrap_or_default();
    if authority.contains('@') {
        return Err(InvalidRedirectUri::Userinfo);
    }
    let end = match authority.strip_prefix('[') {
        // The bracket counts, so the end is one byte behind the closing one.
        Some(inner) => inner.find(']').ok_or(InvalidRedirectUri::Host)? + 2,
        None => authority.find(':').unwrap_or(authority.len()),
    };
    let (host, port) = authority.split_at_checked(end).ok_or(InvalidRedirectUri::Host)?;
    if host.is_empty() || !is_empty_or_port(port) {
        return Err(InvalidRedirectUri::Host);
    }
    if host_is_allowed(host) {
        Ok(())
    } else {
        Err(InvalidRedirectUri::Scheme)
    }
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
            ("http://[::1]evil.example/", InvalidRedirectUri::Host),
            ("http://[::1/", InvalidRedirectUri::Host),
            ("http://::1/", InvalidRedirectUri::Host),
            ("http://localhost:+80/", InvalidRedirectUri::Host),
            ("http://localhost:080/", InvalidRedirectUri::Host),
            ("http://localhost:0/", InvalidRedirectUri::Host),
            ("http://localhost:/", InvalidRedirectUri::Host),
            ("https://a.example:65536/", InvalidRedirectUri::Host),
            ("https://[/", InvalidRedirectUri::Host),
            ("https://a.example/\r\nX: y", InvalidRedirectUri::Character),
        ] {
            assert_eq!(RedirectUri::parse(text), Err(fault), "{text}");
        }
        assert!(RedirectUri::parse("http://[::1]:8000/x").is_ok());
    }
}
