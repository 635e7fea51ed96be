//! The endpoints of the authorization server.

use scopegate_domain::Issuer;
use scopegate_grant::{AccessTokens, AuthorizationServer};
use scopegate_http::GateBuilder;
use scopegate_portal::{IntrospectionEndpoint, PublishedKeys, RevocationEndpoint, ServerMetadata, TokenEndpoint};

use crate::config::Settings;
use crate::demo;
use crate::key_refresh::KeyRefresh;
use crate::profile::Profile;

/// The path of the introspection endpoint.
const INTROSPECTION_PATH: &str = "/introspect";

/// The path of the revocation endpoint.
const REVOCATION_PATH: &str = "/revoke";

/// The endpoints, before they are registered at a gate.
pub(super) struct Endpoints {
    server: AuthorizationServer,
    token: TokenEndpoint,
    introspection: IntrospectionEndpoint,
    revocation: RevocationEndpoint,
    /// `None` if a shared secret signs: it has no public key.
    keys: Option<PublishedKeys>,
}

impl Endpoints {
    pub(super) fn new(
        settings: &Settings,
        server: AuthorizationServer,
        tokens: AccessTokens,
        live: Option<&KeyRefresh>,
    ) -> Self {
        let proxies = || settings.trusted_proxies.clone();
        Self {
            token: TokenEndpoint::new(demo::TOKEN_PATH, server.clone()).trusted_proxies(proxies()),
            introspection: IntrospectionEndpoint::new(INTROSPECTION_PATH, tokens.clone()).trusted_proxies(proxies()),
            revocation: RevocationEndpoint::new(REVOCATION_PATH, tokens).trusted_proxies(proxies()),
            keys: live.map(|live| live.published.clone()),
            server,
        }
    }

    /// Registers the endpoints, and the metadata that lists them. A reload refreshes the metadata.
    pub(super) fn register(
        self,
        gate: GateBuilder,
        profile: Profile,
        issuer: &Issuer,
    ) -> anyhow::Result<(GateBuilder, Option<ServerMetadata>)> {
        let metadata = self.metadata(issuer);
        let gate = gate
            .site(profile.token_endpoint(self.token)?)
            .site(self.introspection)
            .site(self.revocation);
        let gate = self.keys.into_iter().fold(gate, GateBuilder::site);
        let gate = metadata.iter().cloned().fold(gate, GateBuilder::site);
        Ok((gate, metadata))
    }

    fn metadata(&self, issuer: &Issuer) -> Option<ServerMetadata> {
        let metadata = ServerMetadata::new(issuer, &self.server, &self.token)?
            .introspection(&self.introspection)
            .revocation(&self.revocation);
        Some(match &self.keys {
            Some(keys) => metadata.keys(keys),
            None => metadata,
        })
    }
}
