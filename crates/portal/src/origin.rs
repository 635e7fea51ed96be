//! The origin of a URL, as browsers write it: [RFC 6454, section
//! 6.2](https://www.rfc-editor.org/rfc/rfc6454#section-6.2).

use http::Uri;
use scopegate_domain::Issuer;

/// The origin of the issuer: its pages send their forms to it.
///
/// ```
/// use scopegate_gate::domain::Issuer;
/// use scopegate_portal::SiteOrigin;
///
/// let issuer = Issuer::parse("https://ID.example:443/tenant").unwrap();
/// assert_eq!(SiteOrigin::of(&issuer).unwrap().as_str(), "https://id.example");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SiteOrigin(String);

impl SiteOrigin {
    /// Returns the origin of an issuer: scheme and host in lower case, without the default port.
    /// `None` if the issuer is not an `https` or `http` URL.
    #[must_use]
    pub fn of(issuer: &Issuer) -> Option<Self> {
        let uri: Uri = issuer.as_str().parse().ok()?;
        let (scheme, authority) = (uri.scheme_str()?, uri.authority()?);
        let default_port = match scheme {
            "https" => 443,
            "http" => 80,
            _ => return None,
        };
        let host = authority.host().to_ascii_lowercase();
        let port = authority.port_u16().filter(|port| *port != default_port);
        Some(Self(match port {
            Some(port) => format!("{scheme}://{host}:{port}"),
            None => format!("{scheme}://{host}"),
        }))
    }

    /// Returns the text, as the header `Origin` contains it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether the connection to the origin is encrypted.
    #[must_use]
    pub fn is_https(&self) -> bool {
        self.0.starts_with("https:")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origin_has_no_default_port_and_no_path() {
        for (issuer, origin) in [
            ("https://id.example", Some("https://id.example")),
            ("HTTPS://id.example/", Some("https://id.example")),
            ("https://id.example:8443/a/b", Some("https://id.example:8443")),
            ("http://LocalHost:80", Some("http://localhost")),
            ("http://127.0.0.1:8000", Some("http://127.0.0.1:8000")),
            ("http://[::1]:8000/x", Some("http://[::1]:8000")),
            ("urn:issuer", None),
            ("ftp://id.example", None),
            ("id.example", None),
        ] {
            let issuer = Issuer::parse(issuer).unwrap();
            let found = SiteOrigin::of(&issuer);
            assert_eq!(found.as_ref().map(SiteOrigin::as_str), origin, "{issuer}");
        }
    }
}
