//! All endpoints for people of one site, as one value.

use std::sync::Arc;

use scopegate_gate::SiteEndpoint;
use scopegate_grant::AuthorizationServer;

use crate::portal_site::PortalSite;
use crate::{AccountEndpoint, AuthorizeEndpoint, ConsentEndpoint, LoginEndpoint, LogoutEndpoint, Stylesheet};

/// The endpoints at which users log in, consent, see their account and log out, with the
/// stylesheet of their pages.
///
/// ```
/// use std::sync::Arc;
///
/// use scopegate_gate::domain::{Audience, Issuer};
/// use scopegate_gate::store::MemoryStore;
/// use scopegate_gate::token::{Signer, SigningKey, SystemRandomSource, TokenRules};
/// use scopegate_gate::{Catalog, Gate, GateBuilder};
/// use scopegate_portal::grant::{AuthorizationServer, SecretRings, ServerSecrets};
/// use scopegate_portal::{PeopleEndpoints, PortalSite};
///
/// let issuer = Issuer::parse("https://id.example")?;
/// let rules = TokenRules::rfc9068(issuer.clone(), Audience::parse("https://api.example")?);
/// let signer = Signer::new(rules, SigningKey::es256_generate()?);
/// let catalog = Catalog::builder().build()?;
/// let secrets = Arc::new(ServerSecrets::new(SecretRings::generate(&SystemRandomSource)?));
/// let server = AuthorizationServer::builder(Arc::new(MemoryStore::new()), signer, catalog.clone());
/// let server = server.code_grant(issuer.clone(), secrets).build();
///
/// let site = PortalSite::new(&issuer).ok_or("a URL")?;
/// let people = PeopleEndpoints::new(&site, &server).ok_or("the code grant is on")?;
/// let gate = people.into_sites().into_iter().fold(Gate::builder(catalog), GateBuilder::site).build()?;
/// # let _ = gate;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct PeopleEndpoints {
    authorize: AuthorizeEndpoint,
    login: LoginEndpoint,
    consent: ConsentEndpoint,
    logout: LogoutEndpoint,
    account: AccountEndpoint,
}

impl PeopleEndpoints {
    /// Creates the endpoints of a site. `None` if the code grant of the server is not enabled.
    #[must_use]
    pub fn new(site: &PortalSite, server: &AuthorizationServer) -> Option<Self> {
        let (endpoint, accounts) = (server.authorization_endpoint()?, server.user_accounts()?);
        Some(Self {
            authorize: AuthorizeEndpoint::new(site, endpoint.clone()),
            login: LoginEndpoint::new(site, endpoint.clone()),
            consent: ConsentEndpoint::new(site, endpoint),
            logout: LogoutEndpoint::new(site, accounts.clone()),
            account: AccountEndpoint::new(site, accounts),
        })
    }

    /// Returns the authorization endpoint, for the metadata.
    #[must_use]
    pub const fn authorize(&self) -> &AuthorizeEndpoint {
        &self.authorize
    }

    /// Returns all endpoints, to register them at a gate.
    #[must_use]
    pub fn into_sites(self) -> Vec<Arc<dyn SiteEndpoint>> {
        vec![
            Arc::new(self.authorize),
            Arc::new(self.login),
            Arc::new(self.consent),
            Arc::new(self.logout),
            Arc::new(self.account),
            Arc::new(Stylesheet::new()),
        ]
    }
}
