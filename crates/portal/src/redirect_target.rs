//! Where a redirect URI leads, as pages show it and as headers name it.

use scopegate_domain::{RedirectUri, RedirectUriKind};

/// The host or the scheme of a redirect URI, in ASCII.
///
/// ```
/// use scopegate_gate::domain::RedirectUri;
/// use scopegate_portal::RedirectTarget;
///
/// let web = RedirectUri::parse("https://app.example:8443/callback?a=b")?;
/// assert_eq!(RedirectTarget::of(&web).shown(), "app.example:8443");
/// let native = RedirectUri::parse("com.example.app:/callback")?;
/// assert_eq!(RedirectTarget::of(&native).shown(), "com.example.app:");
/// # Ok::<(), scopegate_gate::domain::InvalidRedirectUri>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RedirectTarget<'u> {
    /// The scheme with its colon.
    scheme: &'u str,
    /// Host and port, for `https` and `http`.
    authority: Option<&'u str>,
}

impl<'u> RedirectTarget<'u> {
    /// Returns the target of a redirect URI.
    #[must_use]
    pub fn of(uri: &'u RedirectUri) -> Self {
        let text = uri.as_str();
        let end = text.find(':').map_or(text.len(), |colon| colon + 1);
        let (scheme, rest) = text.split_at_checked(end).unwrap_or((text, ""));
        let is_web = uri.kind() != RedirectUriKind::PrivateUse;
        let after = rest.strip_prefix("//").filter(|_| is_web);
        let authority = after.and_then(|after| after.split(['/', '?']).next());
        Self { scheme, authority }
    }

    /// Returns the text for people: host and port, or a private-use scheme with its colon.
    #[must_use]
    pub fn shown(&self) -> &'u str {
        self.authority.unwrap_or(self.scheme)
    }

    /// Whether the answer goes to a program on the same device: the host is a loopback host.
    #[must_use]
    pub fn is_loopback(&self) -> bool {
        // `RedirectUri` accepts `http` for loopback hosts only.
        self.scheme == "http:" || matches!(self.host(), "localhost" | "127.0.0.1" | "[::1]")
    }

    /// Whether the answer goes to an application that registered a scheme at the operating system.
    #[must_use]
    pub const fn is_private_use(&self) -> bool {
        self.authority.is_none()
    }

    /// Returns the source expression of the target for a `Content-Security-Policy`: the origin, or
    /// the scheme alone if the policy has no form for the host.
    ///
    /// It contains only letters, digits and `+-._:/`, so it never ends its directive.
    #[must_use]
    pub fn policy_source(&self) -> String {
        let is_host = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b':');
        match self.authority {
            // The grammar of the policy has no literals of IPv6, and a host may contain characters
            // that would end the directive.
            Some(authority) if authority.bytes().all(is_host) => format!("{}//{authority}", self.scheme),
            _ => self.scheme.to_owned(),
        }
    }

    fn host(&self) -> &'u str {
        let authority = self.authority.unwrap_or_default();
        let end = authority.rfind(':').filter(|_| !authority.ends_with(']'));
        end.and_then(|end| authority.get(..end)).unwrap_or(authority)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn target_names_host_or_scheme() {
        for (uri, shown, source, is_loopback) in [
            ("https://app.example", "app.example", "https://app.example", false),
            (
                "https://app.example/a?b=//c",
                "app.example",
                "https://app.example",
                false,
            ),
            (
                "https://xn--bcher-kva.example:8443/",
                "xn--bcher-kva.example:8443",
                "https://xn--bcher-kva.example:8443",
                false,
            ),
            ("https://[2001:db8::1]/cb", "[2001:db8::1]", "https:", false),
            (
                "https://localhost:8443/cb",
                "localhost:8443",
                "https://localhost:8443",
                true,
            ),
            (
                "http://127.0.0.1:51004/cb",
                "127.0.0.1:51004",
                "http://127.0.0.1:51004",
                true,
            ),
            ("http://[::1]:51004/cb", "[::1]:51004", "http:", true),
            ("http://[::1]/cb", "[::1]", "http:", true),
            ("https://a;script-src/cb", "a;script-src", "https:", false),
            ("https://*/cb", "*", "https:", false),
            ("com.example.app:/cb", "com.example.app:", "com.example.app:", false),
            ("com.example.app://cb/x", "com.example.app:", "com.example.app:", false),
        ] {
            let uri = RedirectUri::parse(uri).unwrap();
            let target = RedirectTarget::of(&uri);
            assert_eq!(
                (target.shown(), target.policy_source().as_str()),
                (shown, source),
                "{uri}"
            );
            assert_eq!(target.is_loopback(), is_loopback, "{uri}");
            assert_eq!(target.is_private_use(), uri.as_str().starts_with("com."), "{uri}");
        }
    }
}
