//! The endpoints of the authorization server.

use std::sync::Arc;

use scopegate_domain::Issuer;
use scopegate_grant::{AccessTokens, AuthorizationServer};
use scopegate_http::GateBuilder;
use scopegate_http::site::SiteEndpoint;
use scopegate_portal::{
    IntrospectionEndpoint, PeopleEndpoints, PublishedKeys, ResourceMetadata, RevocationEndpoint, ServerDocument,
    ServerMetadata, TokenEndpoint,
};

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
    people: PeopleEndpoints,
    /// `None` if a shared secret signs: it has no public key.
    keys: Option<PublishedKeys>,
}

impl Endpoints {
    pub(super) fn new(
        settings: &Settings,
        server: AuthorizationServer,
        tokens: AccessTokens,
        people: PeopleEndpoints,
        live: Option<&KeyRefresh>,
    ) -> Self {
        let proxies = || settings.trusted_proxies.clone();
        Self {
            people,
            token: TokenEndpoint::new(demo::TOKEN_PATH, server.clone()).trusted_proxies(proxies()),
            introspection: IntrospectionEndpoint::new(INTROSPECTION_PATH, tokens.clone()).trusted_proxies(proxies()),
            revocation: RevocationEndpoint::new(REVOCATION_PATH, tokens).trusted_proxies(proxies()),
            keys: live.map(|live| live.published.clone()),
            server,
        }
    }

    /// Registers the endpoints, and the documents that list them. A reload refreshes the metadata.
    pub(super) fn register(
        self,
        gate: GateBuilder,
        profile: Profile,
        issuer: &Issuer,
        resource: Option<ResourceMetadata>,
    ) -> anyhow::Result<(GateBuilder, Option<ServerMetadata>)> {
        let metadata = self.metadata(issuer);
        let mut sites: Vec<Arc<dyn SiteEndpoint>> = vec![
            profile.token_endpoint(self.token)?,
            Arc::new(self.introspection),
            Arc::new(self.revocation),
        ];
        sites.extend(self.people.into_sites());
        sites.extend(self.keys.map(|keys| -> Arc<dyn SiteEndpoint> { Arc::new(keys) }));
        sites.extend(
            metadata
                .clone()
                .map(|metadata| -> Arc<dyn SiteEndpoint> { Arc::new(metadata) }),
        );
        sites.extend(resource.map(|resource| -> Arc<dyn SiteEndpoint> { Arc::new(resource) }));
        let gate = if profile.has_server_document() {
            gate.site(ServerDocument::new(issuer, env!("CARGO_PKG_VERSION"), &sites))
        } else {
            gate
        };
        Ok((sites.into_iter().fold(gate, GateBuilder::site), metadata))
    }

    fn metadata(&self, issuer: &Issuer) -> Option<ServerMetadata> {
        let metadata = ServerMetadata::new(issuer, &self.server, &self.token)?
            .authorization(self.people.authorize())
            .introspection(&self.introspection)
            .revocation(&self.revocation);
        Some(match &self.keys {
            Some(keys) => metadata.keys(keys),
            None => metadata,
        })
    }
}
