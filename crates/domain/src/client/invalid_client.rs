//! The combinations of settings that no client may have.

use crate::{Client, ClientKind, GrantType, InvalidDisplayName, Scope, check_display_name};

/// A rule that the settings of a client break.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidClient {
    /// The default scope contains what the client may not have.
    #[error("default scope `{0}` is not within the scope of the client; add it to the scope, or leave it out")]
    DefaultScope(Scope),
    /// A first-party client that any program can impersonate: its users must see the page.
    #[error(
        "a first-party client needs a redirect URI with `https`, because any program can act as this client; add one, or leave out the right"
    )]
    FirstPartyImpersonable,
    /// The name.
    #[error("name of the client {0}")]
    Name(#[from] InvalidDisplayName),
    /// The optional scope contains what the client may not have.
    #[error("optional scope `{0}` is not within the scope of the client; add it to the scope, or leave it out")]
    OptionalScope(Scope),
    /// A public client has the client credentials grant: any program could act as it.
    #[error("a public client cannot have the grant `client_credentials`; make it confidential, or leave out the grant")]
    PublicWithClientCredentials,
    /// A public client may introspect tokens: any program could.
    #[error("a public client cannot introspect tokens; make it confidential, or leave out the right")]
    PublicWithIntrospection,
    /// A public client has a secret.
    #[error("a public client cannot have a secret; make it confidential, or leave out the secret")]
    PublicWithSecret,
    /// The age of a token family is zero or longer than [`Client::MAX_REFRESH_AGE`].
    #[error("the refresh age is between 1 second and 365 days; choose one of these")]
    RefreshAge,
    /// The idle time of a token family is zero or longer than its age.
    #[error("the refresh idle time is between 1 second and the refresh age; choose one of these")]
    RefreshIdle,
    /// The client has more than [`Client::MAX_REDIRECT_URIS`] redirect URIs, or URIs after a
    /// logout.
    #[error("a client has at most {} redirect URIs; remove one first", Client::MAX_REDIRECT_URIS)]
    TooManyRedirectUris,
    /// The client has more than [`Client::MAX_SECRETS`] secrets.
    #[error("a client has at most {} secrets; remove one first", Client::MAX_SECRETS)]
    TooManySecrets,
}

impl Client {
    /// Checks that the settings fit together.
    ///
    /// # Errors
    ///
    /// [`InvalidClient`] names the first rule that they break.
    pub fn check(&self) -> Result<(), InvalidClient> {
        self.faults().next().map_or(Ok(()), Err)
    }

    /// Checks the settings that replace those of `old`. A fault that `old` also has is accepted, so
    /// that the other settings of a client of an earlier release can be changed.
    ///
    /// # Errors
    ///
    /// [`InvalidClient`] names the first rule that only this client breaks.
    pub fn check_change(&self, old: &Self) -> Result<(), InvalidClient> {
        let is_new = |fault: &InvalidClient| !old.faults().any(|other| other == *fault);
        self.faults().find(is_new).map_or(Ok(()), Err)
    }

    fn faults(&self) -> impl Iterator<Item = InvalidClient> {
        let is_public = self.kind() == ClientKind::Public;
        let broken = [
            (is_public && !self.secrets().is_empty(), InvalidClient::PublicWithSecret),
            (
                is_public && self.may_use(GrantType::ClientCredentials),
                InvalidClient::PublicWithClientCredentials,
            ),
            (
                is_public && self.may_introspect(),
                InvalidClient::PublicWithIntrospection,
            ),
            (self.secrets().len() > Self::MAX_SECRETS, InvalidClient::TooManySecrets),
            (
                self.is_first_party() && self.is_impersonable(),
                InvalidClient::FirstPartyImpersonable,
            ),
            (
                [self.redirect_uris(), self.post_logout_redirect_uris()]
                    .iter()
                    .any(|uris| uris.len() > Self::MAX_REDIRECT_URIS),
                InvalidClient::TooManyRedirectUris,
            ),
            (
                self.refresh_age()
                    .is_some_and(|age| age.as_seconds() == 0 || age > Self::MAX_REFRESH_AGE),
                InvalidClient::RefreshAge,
            ),
            (
                self.refresh_idle()
                    .is_some_and(|idle| idle.as_seconds() == 0 || idle > self.refresh_lifetimes().age),
                InvalidClient::RefreshIdle,
            ),
        ];
        let broken = broken
            .into_iter()
            .filter_map(|(is_broken, fault)| is_broken.then_some(fault));
        let beyond = |scope: &Scope| -> Option<Scope> {
            let beyond = scope.iter().filter(|token| !self.scope().contains(token)).cloned();
            let beyond: Scope = beyond.collect();
            (!beyond.is_empty()).then_some(beyond)
        };
        broken
            .chain(beyond(self.optional_scope()).map(InvalidClient::OptionalScope))
            .chain(beyond(self.default_scope()).map(InvalidClient::DefaultScope))
            .chain(check_display_name(self.name()).err().map(InvalidClient::Name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Lifetime;
    use crate::{ClientAuthMethod, ClientId, RedirectUri, RegisteredSecret, SecretDigest};

    fn public() -> Client {
        Client::public(ClientId::parse("c1").unwrap(), "A client").with_scope("a b".parse().unwrap())
    }

    fn secrets(count: u8) -> Vec<RegisteredSecret> {
        let secret = |byte| RegisteredSecret::new(SecretDigest::from_bytes([byte; 32]));
        (0..count).map(secret).collect()
    }

    #[test]
    fn impossible_combination_is_refused() {
        let scope = |text: &str| -> Scope { text.parse().unwrap() };
        let confidential = || public().with_auth_method(ClientAuthMethod::SecretBasic);
        for (client, fault) in [
            (public().with_secrets(secrets(1)), InvalidClient::PublicWithSecret),
            (
                public().with_grant_types([GrantType::ClientCredentials]),
                InvalidClient::PublicWithClientCredentials,
            ),
            (
                public().with_introspection(true),
                InvalidClient::PublicWithIntrospection,
            ),
            (confidential().with_secrets(secrets(3)), InvalidClient::TooManySecrets),
            (
                public().with_default_scope(scope("a c d")),
                InvalidClient::DefaultScope(scope("c d")),
            ),
            (
                public().with_optional_scope(scope("c")),
                InvalidClient::OptionalScope(scope("c")),
            ),
            (
                Client::public(ClientId::parse("c1").unwrap(), "a\u{202e}b"),
                InvalidClient::Name(InvalidDisplayName::Character('\u{202e}')),
            ),
        ] {
            assert_eq!(client.check(), Err(fault), "{client:?}");
        }
        for method in [
            ClientAuthMethod::SecretBasic,
            ClientAuthMethod::SecretPost,
            ClientAuthMethod::AnySecret,
        ] {
            let client = public().with_auth_method(method).with_secrets(secrets(2));
            let client = client
                .with_grant_types(GrantType::ALL.iter().copied())
                .with_introspection(true);
            let client = client.with_default_scope(scope("b")).with_optional_scope(scope("b a"));
            assert_eq!(client.check(), Ok(()), "{method}");
        }
    }

    #[test]
    fn first_party_client_needs_https() {
        let with = |uris: &[&str]| {
            let uris = uris.iter().map(|uri| RedirectUri::parse(uri).unwrap());
            let client = public().with_first_party(true).with_redirect_uris(uris);
            client.check()
        };
        let fault = Err(InvalidClient::FirstPartyImpersonable);
        assert_eq!(with(&["http://127.0.0.1/cb"]), fault);
        assert_eq!(with(&["com.example.app:/cb", "http://localhost/cb"]), fault);
        assert_eq!(with(&["https://app.example/cb"]), Ok(()));
        assert_eq!(with(&["http://localhost/cb", "https://app.example/cb"]), Ok(()));
    }

    #[test]
    fn lifetimes_and_number_of_uris_are_limited() {
        let (zero, hour, year) = (
            Lifetime::from_seconds(0),
            Lifetime::from_minutes(60),
            Client::MAX_REFRESH_AGE,
        );
        let longer = Lifetime::from_seconds(year.as_seconds() + 1);
        for (idle, age, outcome) in [
            (None, Some(zero), Err(InvalidClient::RefreshAge)),
            (None, Some(longer), Err(InvalidClient::RefreshAge)),
            (Some(zero), None, Err(InvalidClient::RefreshIdle)),
            (Some(year), None, Err(InvalidClient::RefreshIdle)),
            (Some(year), Some(hour), Err(InvalidClient::RefreshIdle)),
            (Some(year), Some(year), Ok(())),
            (Some(hour), None, Ok(())),
        ] {
            let client = public().with_refresh_idle(idle).with_refresh_age(age);
            assert_eq!(client.check(), outcome, "{idle:?} {age:?}");
        }
        let uris =
            |count: usize| (0..count).map(|number| RedirectUri::parse(&format!("https://a.example/{number}")).unwrap());
        let too_many = Err(InvalidClient::TooManyRedirectUris);
        assert_eq!(public().with_redirect_uris(uris(32)).check(), Ok(()));
        assert_eq!(public().with_redirect_uris(uris(33)).check(), too_many);
        assert_eq!(public().with_post_logout_redirect_uris(uris(33)).check(), too_many);
    }

    #[test]
    fn change_may_keep_a_fault_and_add_none() {
        let old = public().with_introspection(true);
        let narrower = old.clone().with_scope("a".parse().unwrap());
        assert_eq!(narrower.check_change(&old), Ok(()));
        let worse = old.clone().with_grant_types([GrantType::ClientCredentials]);
        let fault = InvalidClient::PublicWithClientCredentials;
        assert_eq!(worse.check_change(&old), Err(fault));
    }
}
