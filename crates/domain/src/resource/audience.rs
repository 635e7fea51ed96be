//! The audience of a resource: an absolute URI.

use std::net::{IpAddr, Ipv6Addr};

use crate::{Audience, InvalidIdentifier};

impl Audience {
    /// Checks the audience of a resource: an absolute URI without a fragment ([RFC 8707, section
    /// 2](https://www.rfc-editor.org/rfc/rfc8707#section-2)). It is `https`, or `http` on a
    /// loopback host. Scheme and host become lower case; all other bytes stay as they are.
    ///
    /// ```
    /// use scopegate_domain::{Audience, InvalidAudience};
    ///
    /// assert_eq!(Audience::of_resource("HTTPS://Api.Example/Ships")?.as_str(), "https://api.example/Ships");
    /// assert_eq!(Audience::of_resource("http://api.example/"), Err(InvalidAudience::Plain));
    /// # Ok::<(), InvalidAudience>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`InvalidAudience`] names the rule that the text breaks.
    pub fn of_resource(text: &str) -> Result<Self, InvalidAudience> {
        if let Some(byte) = text.bytes().find(|byte| !is_of_uri(*byte)) {
            let is_in_host = host_of(text).bytes().any(|byte| !byte.is_ascii());
            return Err(if is_in_host {
                InvalidAudience::HostName
            } else {
                InvalidAudience::Byte { byte }
            });
        }
        if !has_whole_escapes(text) {
            return Err(InvalidAudience::Escape);
        }
        if text.contains('#') {
            return Err(InvalidAudience::Fragment);
        }
        let (scheme, rest) = text.split_once("://").ok_or(InvalidAudience::Relative)?;
        let scheme = scheme.to_ascii_lowercase();
        let end = rest.find(['/', '?']).unwrap_or(rest.len());
        let (authority, path) = rest.split_at(end);
        if authority.contains('@') {
            return Err(InvalidAudience::UserInfo);
        }
        let authority = authority.to_ascii_lowercase();
        let is_loopback = check_authority(&authority)?;
        match scheme.as_str() {
            "https" => {}
            "http" if is_loopback => {}
            "http" => return Err(InvalidAudience::Plain),
            _ => return Err(InvalidAudience::Scheme),
        }
        Ok(Self::parse(&format!("{scheme}://{authority}{path}"))?)
    }
}

/// Whether a URI may contain the byte ([RFC 3986, appendix
/// A](https://www.rfc-editor.org/rfc/rfc3986#appendix-A)).
const fn is_of_uri(byte: u8) -> bool {
    byte.is_ascii_graphic() && !matches!(byte, b'"' | b'<' | b'>' | b'\\' | b'^' | b'`' | b'{' | b'|' | b'}')
}

/// Returns the text between `://` and the path.
fn host_of(text: &str) -> &str {
    let rest = text.split_once("://").map_or("", |(_, rest)| rest);
    rest.split(['/', '?', '#']).next().unwrap_or_default()
}

/// Whether each `%` is followed by two hexadecimal digits ([RFC 3986, section
/// 2.1](https://www.rfc-editor.org/rfc/rfc3986#section-2.1)).
fn has_whole_escapes(text: &str) -> bool {
    let is_escape = |after: &str| matches!(after.as_bytes(), [high, low, ..] if high.is_ascii_hexdigit() && low.is_ascii_hexdigit());
    text.split('%').skip(1).all(is_escape)
}

/// Checks host and port, and returns whether the host is a loopback one.
fn check_authority(authority: &str) -> Result<bool, InvalidAudience> {
    let (host, port) = if let Some(inner) = authority.strip_prefix('[') {
        let (host, port) = inner.split_once(']').ok_or(InvalidAudience::Host)?;
        let host: Ipv6Addr = host.parse().map_err(|_| InvalidAudience::Host)?;
        (Err(host), port)
    } else {
        let (host, port) = authority.split_at(authority.find(':').unwrap_or(authority.len()));
        (Ok(host), port)
    };
    let is_port = |digits: &str| digits.bytes().all(|byte| byte.is_ascii_digit()) && digits.parse::<u16>().is_ok();
    if !port.is_empty() && !port.strip_prefix(':').is_some_and(is_port) {
        return Err(InvalidAudience::Host);
    }
    let is_of_name = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_');
    match host {
        Err(address) => Ok(address.is_loopback()),
        Ok(name) if name.is_empty() || !name.bytes().all(is_of_name) => Err(InvalidAudience::Host),
        Ok(name) => Ok(name == "localhost" || name.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())),
    }
}

/// The reason why a text is not the audience of a resource, with the remedy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidAudience {
    /// A byte that no URI contains.
    #[error("byte 0x{byte:02x} is not allowed in a URI; write it as `%{byte:02X}`, or remove it")]
    Byte {
        /// The byte.
        byte: u8,
    },
    /// A `%` without two hexadecimal digits.
    #[error("it has a `%` without two hexadecimal digits; write `%25` for a percent sign")]
    Escape,
    /// The URI has a fragment.
    #[error("it has a fragment; remove it from `#` on")]
    Fragment,
    /// The host is missing or is not a name or address, or the port is not a number up to 65535.
    #[error("it has no valid host and port; write it like `https://api.example/ships`")]
    Host,
    /// A host name beyond ASCII ([RFC 3490](https://www.rfc-editor.org/rfc/rfc3490)).
    #[error("its host has letters beyond ASCII; write it in its ASCII form, such as `xn--bcher-kva.example`")]
    HostName,
    /// The text is longer than an identifier may be.
    #[error("it is longer than 512 bytes; use a shorter URI")]
    Length,
    /// `http` at a host other than this one.
    #[error("it is `http` on a host that is not a loopback one; use `https`")]
    Plain,
    /// The URI is not absolute.
    #[error("it is not an absolute URI; write it like `https://api.example/ships`")]
    Relative,
    /// A URI scheme other than `https` and `http`.
    #[error("its scheme is not `https`; use `https`")]
    Scheme,
    /// A user or a password in the authority.
    #[error("it names a user before `@`; remove that part")]
    UserInfo,
}

impl From<InvalidIdentifier> for InvalidAudience {
    fn from(fault: InvalidIdentifier) -> Self {
        match fault {
            InvalidIdentifier::Byte { byte, .. } => Self::Byte { byte },
            InvalidIdentifier::Empty => Self::Relative,
            InvalidIdentifier::TooLong => Self::Length,
        }
    }
}
