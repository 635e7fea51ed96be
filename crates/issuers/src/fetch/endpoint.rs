//! The URL of a foreign document.

use std::fmt;
use std::net::IpAddr;

use http::Uri;
use http::uri::{Authority, PathAndQuery, Scheme};

/// The maximum length of a URL, in bytes.
const MAX_LEN: usize = 2048;

/// The URL of a document: scheme, host, optional port, and path, without a user, password or
/// fragment. `http` is accepted here; the fetcher allows it only on allowed loopback addresses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Endpoint {
    uri: Uri,
    is_secure: bool,
    host: String,
    port: u16,
}

impl Endpoint {
    pub(crate) fn parse(text: &str) -> Result<Self, InvalidEndpoint> {
        if text.len() > MAX_LEN {
            return Err(InvalidEndpoint::TooLong);
        }
        // The parser drops a fragment silently.
        if text.contains('#') {
            return Err(InvalidEndpoint::Fragment);
        }
        let uri: Uri = text.parse().map_err(|_| InvalidEndpoint::Syntax)?;
        let is_secure = match uri.scheme() {
            Some(scheme) if *scheme == Scheme::HTTPS => true,
            Some(scheme) if *scheme == Scheme::HTTP => false,
            _ => return Err(InvalidEndpoint::Scheme),
        };
        let authority = uri.authority().ok_or(InvalidEndpoint::Host)?;
        if authority.as_str().contains('@') {
            return Err(InvalidEndpoint::User);
        }
        let host = authority.host();
        let host = host
            .strip_prefix('[')
            .and_then(|host| host.strip_suffix(']'))
            .unwrap_or(host);
        if host.is_empty() {
            return Err(InvalidEndpoint::Host);
        }
        let host = host.to_ascii_lowercase();
        let usual = if is_secure { 443 } else { 80 };
        let port = port(authority, usual).ok_or(InvalidEndpoint::Syntax)?;
        Ok(Self {
            uri,
            is_secure,
            host,
            port,
        })
    }

    /// Returns whether the scheme is `https`.
    pub(crate) const fn is_secure(&self) -> bool {
        self.is_secure
    }

    /// Returns the host: a name, or an address without brackets.
    pub(crate) fn host(&self) -> &str {
        &self.host
    }

    /// Returns the host, if it is an address.
    pub(crate) fn address(&self) -> Option<IpAddr> {
        self.host.parse().ok()
    }

    pub(crate) const fn port(&self) -> u16 {
        self.port
    }

    /// Returns the value of the header `Host`.
    pub(crate) fn authority(&self) -> &str {
        self.uri.authority().map(Authority::as_str).unwrap_or_default()
    }

    /// Returns the target for the request line.
    pub(crate) fn path_and_query(&self) -> &str {
        self.uri.path_and_query().map_or("/", PathAndQuery::as_str)
    }
}

/// Returns the port of an authority, or `usual` if it has none; `None` if the port is not valid.
/// The parser accepts a port that is not a number or is too large.
fn port(authority: &Authority, usual: u16) -> Option<u16> {
    let digits = match authority.as_str().strip_prefix(authority.host())? {
        "" => return Some(usual),
        rest => rest.strip_prefix(':')?,
    };
    let is_number = digits.bytes().all(|byte| byte.is_ascii_digit());
    digits.parse().ok().filter(|port| is_number && *port > 0)
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.uri.fmt(f)
    }
}

/// The reason why a URL is not fetched.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidEndpoint {
    /// A fragment, which never leaves the client.
    #[error("URL has a fragment")]
    Fragment,
    /// The URL has no host.
    #[error("URL has no host")]
    Host,
    /// A query, which is not allowed here.
    #[error("URL has a query")]
    Query,
    /// The scheme is neither `https` nor `http`.
    #[error("URL does not begin with `https://`")]
    Scheme,
    /// The text is not a URL.
    #[error("not a URL")]
    Syntax,
    /// The URL is longer than 2,048 bytes.
    #[error("URL is longer than {MAX_LEN} bytes")]
    TooLong,
    /// A user, perhaps with a password.
    #[error("URL names a user")]
    User,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn url_is_split_into_parts() {
        let cases = [
            ("https://id.example", "id.example", 443, "/"),
            ("https://ID.example:8443/a?b=c", "id.example", 8443, "/a?b=c"),
            ("http://127.0.0.1:80/x", "127.0.0.1", 80, "/x"),
            ("https://[2001:db8::1]/", "2001:db8::1", 443, "/"),
        ];
        for (text, host, port, path) in cases {
            let endpoint = Endpoint::parse(text).unwrap();
            assert_eq!(
                (endpoint.host(), endpoint.port(), endpoint.path_and_query()),
                (host, port, path)
            );
        }
    }

    #[test]
    fn malformed_url_is_rejected() {
        let long = format!("https://a.example/{}", "x".repeat(MAX_LEN));
        let cases = [
            ("", InvalidEndpoint::Syntax),
            ("/jwks", InvalidEndpoint::Scheme),
            ("id.example", InvalidEndpoint::Scheme),
            ("file:///etc/passwd", InvalidEndpoint::Syntax),
            ("ftp://a.example/", InvalidEndpoint::Scheme),
            ("gopher://127.0.0.1:6379/_x", InvalidEndpoint::Scheme),
            ("https://a.example/#x", InvalidEndpoint::Fragment),
            ("https://a.example#@b.example/", InvalidEndpoint::Fragment),
            ("https://u@a.example/", InvalidEndpoint::User),
            ("https://a.example:443@b.example/", InvalidEndpoint::User),
            ("https://a.example:0/", InvalidEndpoint::Syntax),
            ("https://a.example:/", InvalidEndpoint::Syntax),
            ("https://a.example:99999/", InvalidEndpoint::Syntax),
            ("https://a.example:+443/", InvalidEndpoint::Syntax),
            ("https://[::1]x:443/", InvalidEndpoint::Syntax),
            ("https://a.example\\@b.example/", InvalidEndpoint::Syntax),
            ("https://a.example/\r\nHost: b", InvalidEndpoint::Syntax),
            ("https://a.example/a b", InvalidEndpoint::Syntax),
            (&long, InvalidEndpoint::TooLong),
        ];
        for (text, fault) in cases {
            assert_eq!(Endpoint::parse(text), Err(fault), "{text}");
        }
    }
}
