//! Settings of a gate for API keys, tickets and tokens of other issuers.

use std::sync::Arc;

use scopegate_gate::{ApiKeys, FindApiKey};

use super::GateBuilder;
use crate::credential::Tickets;
#[cfg(feature = "remote-issuers")]
use crate::issuers::{Introspection, RemoteIssuer};

impl GateBuilder {
    /// Accepts API keys as credentials of this scheme of the catalog. The application finds them by
    /// their digests.
    ///
    /// ```
    /// use scopegate_http::credential::{AuthenticatedCredential, FindApiKey};
    /// use scopegate_http::domain::{ApiKeyLocation, SecretDigest};
    /// use scopegate_http::store::StoreError;
    /// use scopegate_http::testing::TestClient;
    /// use scopegate_http::token::{ClientSecret, SystemRandomSource};
    /// use scopegate_http::{Catalog, Gate, Guard, Permit, SecurityScheme, get};
    ///
    /// /// Your table. Here it has one row.
    /// struct Keys(SecretDigest);
    ///
    /// impl FindApiKey for Keys {
    ///     async fn find_api_key(&self, digest: &SecretDigest) -> Result<Option<AuthenticatedCredential>, StoreError> {
    ///         Ok((*digest == self.0).then(|| AuthenticatedCredential::of_subject("ada")))
    ///     }
    /// }
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let key = ClientSecret::generate(&SystemRandomSource)?; // shown once; its digest is stored
    /// let scheme = SecurityScheme::api_key(ApiKeyLocation::Header, "X-API-Key");
    /// let gate = Gate::builder(Catalog::builder().scheme("key", scheme).build()?)
    ///     .api_keys("key", Keys(key.digest()))
    ///     .operation(get("/me").guard(Guard::authenticated()).then(|permit: Permit| async move {
    ///         permit.subject().unwrap_or_default().to_owned()
    ///     }))
    ///     .build()?;
    /// let client = TestClient::new(gate);
    /// assert_eq!(client.get("/me").header("x-api-key", key.expose()).send().await.text(), "ada");
    /// assert_eq!(client.get("/me").header("x-api-key", "other").send().await.status(), 401);
    /// # Ok(())
    /// # }
    /// ```
    pub fn api_keys(self, scheme: impl Into<String>, keys: impl FindApiKey) -> Self {
        self.verifier(scheme, Arc::new(ApiKeys::new(keys)))
    }

    /// Accepts one-time tickets as credentials of this scheme of the catalog, and stores them for
    /// handlers that take `State<Arc<Tickets>>`, such as
    /// [`issue_ticket`](crate::credential::issue_ticket).
    pub fn tickets(self, scheme: impl Into<String>, tickets: Tickets) -> Self {
        let tickets = Arc::new(tickets);
        self.verifier(scheme, Arc::<Tickets>::clone(&tickets)).state(tickets)
    }

    /// Accepts the tokens of another issuer as credentials of this scheme, in addition to those of
    /// a [`bearer`](Self::bearer) and of further issuers. Each token is verified only by the keys
    /// of the issuer that it names.
    #[cfg(feature = "remote-issuers")]
    pub fn issuer(mut self, scheme: impl Into<String>, issuer: RemoteIssuer) -> Self {
        self.gate = self.gate.issuer(scheme, issuer);
        self
    }

    /// Accepts opaque tokens that an issuer reports as active as credentials of this scheme, in
    /// addition to JWTs of other issuers. (Alone for its scheme, an [`Introspection`] can also be a
    /// [`verifier`](Self::verifier): then it is queried for every token.)
    #[cfg(feature = "remote-issuers")]
    pub fn introspection(mut self, scheme: impl Into<String>, introspection: Introspection) -> Self {
        self.gate = self.gate.introspection(scheme, introspection);
        self
    }

    /// Accepts the tokens of several issuers, as [`GateBuilder::issuer`] does for one.
    ///
    /// ```
    /// use scopegate_http::issuers::RemoteIssuer;
    /// use scopegate_http::{Catalog, Gate, SecurityScheme};
    ///
    /// let catalog = Catalog::builder().scheme("login", SecurityScheme::http_bearer()).build()?;
    /// // Two values of the environment.
    /// let issuers = RemoteIssuer::list("https://id.example,https://sso.example", "https://api.example")?;
    /// let gate = Gate::builder(catalog).issuers("login", issuers).build()?;
    /// # let _ = gate;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[cfg(feature = "remote-issuers")]
    pub fn issuers(self, scheme: impl Into<String>, issuers: impl IntoIterator<Item = RemoteIssuer>) -> Self {
        let scheme = scheme.into();
        issuers
            .into_iter()
            .fold(self, |gate, issuer| gate.issuer(scheme.as_str(), issuer))
    }
}
