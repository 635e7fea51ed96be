//! The kinds of applications, and how long each can refresh its tokens.

use super::{Client, ClientKind, RedirectUriKind};
use crate::Lifetime;

/// The kind of an application: the place in which it runs, by its registration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "each kind has its own lifetimes")]
pub enum ApplicationKind {
    /// A public client with an `https` redirect URI: it runs in a browser.
    Browser,
    /// A client with a secret: it runs at a server.
    Confidential,
    /// Another public client: it runs on the device of the user.
    Native,
}

/// How long a token family can be refreshed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "a family is limited by these two")]
pub struct RefreshLifetimes {
    /// The maximum time between two refreshes.
    pub idle: Lifetime,
    /// The age from which no refresh is possible. Rotation does not extend it.
    pub age: Lifetime,
}

const fn days(count: u32) -> Lifetime {
    Lifetime::from_minutes(count * 24 * 60)
}

impl ApplicationKind {
    /// Returns the default lifetimes. Those of a browser application are short, because scripts of
    /// the page can read its tokens ([RFC 10017](https://www.rfc-editor.org/rfc/rfc10017)).
    #[must_use]
    pub const fn refresh_lifetimes(self) -> RefreshLifetimes {
        let (idle, age) = match self {
            Self::Browser => (days(1), days(14)),
            Self::Confidential => (days(30), days(365)),
            Self::Native => (days(30), days(180)),
        };
        RefreshLifetimes { idle, age }
    }
}

impl Client {
    /// Returns the kind of the application, which follows from its redirect URIs and its method of
    /// authentication. A public client with URIs of several kinds is a browser application.
    ///
    /// ```
    /// use scopegate_domain::{ApplicationKind, Client, ClientId, RedirectUri};
    ///
    /// let program = Client::public(ClientId::parse("tool")?, "A tool");
    /// let program = program.with_redirect_uris([RedirectUri::parse("http://127.0.0.1/cb")?]);
    /// assert_eq!(program.application_kind(), ApplicationKind::Native);
    /// let page = program.with_redirect_uris([RedirectUri::parse("https://app.example/cb")?]);
    /// assert_eq!(page.application_kind(), ApplicationKind::Browser);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn application_kind(&self) -> ApplicationKind {
        let has_https = || {
            self.redirect_uris()
                .iter()
                .any(|uri| uri.kind() == RedirectUriKind::Https)
        };
        match self.kind() {
            ClientKind::Confidential => ApplicationKind::Confidential,
            ClientKind::Public if has_https() => ApplicationKind::Browser,
            ClientKind::Public => ApplicationKind::Native,
        }
    }

    /// Whether any program can act as the client: all its redirect URIs are on the device of the
    /// user.
    #[must_use]
    pub fn is_impersonable(&self) -> bool {
        let uris = self.redirect_uris();
        !uris.is_empty() && uris.iter().all(|uri| uri.kind().is_impersonable())
    }

    /// Returns the registered lifetimes of token families, else those of the kind of application.
    /// The idle time is never longer than the age.
    #[must_use]
    pub fn refresh_lifetimes(&self) -> RefreshLifetimes {
        let default = self.application_kind().refresh_lifetimes();
        let age = self.refresh_age().unwrap_or(default.age);
        let idle = self.refresh_idle().unwrap_or(default.idle).min(age);
        RefreshLifetimes { idle, age }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ClientAuthMethod, ClientId, RedirectUri};

    fn client(uris: &[&str]) -> Client {
        let uris = uris.iter().map(|uri| RedirectUri::parse(uri).unwrap());
        Client::public(ClientId::parse("c1").unwrap(), "").with_redirect_uris(uris)
    }

    #[test]
    fn kind_follows_from_registration() {
        let (https, loopback, private) = ("https://a.example/", "http://[::1]/", "com.example:/cb");
        for (uris, kind, is_impersonable) in [
            (&[][..], ApplicationKind::Native, false),
            (&[loopback, private], ApplicationKind::Native, true),
            (&[loopback, https], ApplicationKind::Browser, false),
        ] {
            let client = client(uris);
            assert_eq!(client.application_kind(), kind, "{uris:?}");
            assert_eq!(client.is_impersonable(), is_impersonable, "{uris:?}");
            let confidential = client.with_auth_method(ClientAuthMethod::SecretPost);
            assert_eq!(confidential.application_kind(), ApplicationKind::Confidential);
        }
    }

    #[test]
    fn idle_time_is_within_the_age() {
        let lifetimes = |idle, age| {
            let client = client(&[]).with_refresh_idle(idle).with_refresh_age(age);
            let RefreshLifetimes { idle, age } = client.refresh_lifetimes();
            (idle, age)
        };
        let hour = Lifetime::from_minutes(60);
        assert_eq!(lifetimes(None, None), (days(30), days(180)));
        assert_eq!(lifetimes(Some(hour), None), (hour, days(180)));
        assert_eq!(lifetimes(None, Some(hour)), (hour, hour));
        assert_eq!(lifetimes(Some(days(2)), Some(hour)), (hour, hour));
    }
}
