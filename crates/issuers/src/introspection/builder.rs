//! Builds an `Introspection`.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use scopegate_domain::{Audience, ClaimNames, Clock, Issuer, Scope, ScopeToken, Secret, SystemClock};

use super::Introspection;
use super::answer::ExpectedClaims;
use super::cache::IntrospectionCache;
use super::client::{ClientAuthentication, IntrospectionClient};
use crate::discovery::{self, Discovery};
use crate::fetch::{Endpoint, HttpFetcher};
use crate::setup_error::RemoteSetupError;
use crate::subject_mapping::SubjectMapping;

impl Introspection {
    /// Creates a builder for tokens of this issuer with this audience. The client of this id and
    /// secret sends the requests.
    pub fn builder(
        issuer: Issuer,
        audience: Audience,
        client_id: impl Into<String>,
        secret: Secret<String>,
    ) -> IntrospectionBuilder {
        IntrospectionBuilder {
            issuer,
            audience: Some(audience),
            client_id: client_id.into(),
            secret,
            authentication: ClientAuthentication::default(),
            endpoint: None,
            discovery: Discovery::default(),
            fetcher: None,
            clock: Arc::new(SystemClock),
            subjects: SubjectMapping::default(),
            ceiling: None,
            kept_claims: Vec::new(),
            cache_ttl: (60, 5),
            cache_bytes: 4 * 1024 * 1024,
            max_concurrency: 32,
            timeout: Duration::from_secs(5),
        }
    }
}

/// Builds an [`Introspection`].
#[must_use = "call `build` to get the `Introspection`"]
pub struct IntrospectionBuilder {
    issuer: Issuer,
    audience: Option<Audience>,
    client_id: String,
    secret: Secret<String>,
    authentication: ClientAuthentication,
    endpoint: Option<String>,
    discovery: Discovery,
    fetcher: Option<HttpFetcher>,
    clock: Arc<dyn Clock>,
    subjects: SubjectMapping,
    ceiling: Option<Scope>,
    kept_claims: Vec<String>,
    cache_ttl: (u32, u32),
    cache_bytes: usize,
    max_concurrency: usize,
    timeout: Duration,
}

impl IntrospectionBuilder {
    /// Sets the introspection endpoint. Default: the one of the issuer's metadata document.
    pub fn endpoint(mut self, url: impl Into<String>) -> Self {
        self.endpoint = Some(url.into());
        self
    }

    /// Sets the location of the issuer's metadata document. Default: [`Discovery::Either`].
    pub fn discovery(mut self, discovery: Discovery) -> Self {
        self.discovery = discovery;
        self
    }

    /// Sets how the client authenticates. Default: [`ClientAuthentication::Basic`].
    pub fn authentication(mut self, authentication: ClientAuthentication) -> Self {
        self.authentication = authentication;
        self
    }

    /// Accepts responses with any `aud`, and without one. Use it only for an issuer that answers
    /// this client solely about the client's own tokens. With any other issuer, every token that it
    /// issued to any client becomes valid here.
    pub fn any_audience(mut self) -> Self {
        self.audience = None;
        self
    }

    /// Sets the HTTP client for discovery and introspection requests. Default: that of
    /// [`HttpFetcher::builder`] without changes.
    pub fn fetcher(mut self, fetcher: HttpFetcher) -> Self {
        self.fetcher = Some(fetcher);
        self
    }

    /// Sets the clock. Default: the system's.
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// Sets how subjects of this issuer map to local subjects. Default: `issuer#sub`.
    pub fn map_subjects(mut self, subjects: SubjectMapping) -> Self {
        self.subjects = subjects;
        self
    }

    /// Limits the scopes of its tokens to these, or to none if the list is empty. Default: no
    /// limit. Other scopes of a token are dropped before any decision, as if the token did not
    /// have them. A scope is compared by its own name, before it implies another.
    pub fn scopes(mut self, ceiling: impl IntoIterator<Item = ScopeToken>) -> Self {
        self.ceiling = Some(ceiling.into_iter().collect());
        self
    }

    /// Keeps the member of this name of a response as a claim for handlers. May be called for
    /// several claims. Default: none. A token whose kept claims are longer than
    /// [`ClaimNames::MAX_VALUES`] is refused.
    pub fn keep_claim(mut self, name: impl Into<String>) -> Self {
        self.kept_claims.push(name.into());
        self
    }

    /// Sets the TTL of cached answers, in seconds: of valid and of invalid tokens. 0 disables the
    /// cache. Default: 60 and 5.
    pub const fn cache_ttl(mut self, valid: u32, invalid: u32) -> Self {
        self.cache_ttl = (valid, invalid);
        self
    }

    /// Sets the size of the cache for valid tokens, in bytes. That for invalid tokens has the same
    /// size. Default: 4 MiB.
    pub const fn cache_bytes(mut self, bytes: usize) -> Self {
        self.cache_bytes = bytes;
        self
    }

    /// Sets the maximum number of concurrent requests to the issuer. Default: 32.
    pub const fn max_concurrency(mut self, requests: usize) -> Self {
        self.max_concurrency = requests;
        self
    }

    /// Sets the maximum time that a caller waits for an answer. Default: 5 s.
    pub const fn timeout(mut self, time: Duration) -> Self {
        self.timeout = time;
        self
    }

    /// Builds the `Introspection`. It sends no request yet.
    ///
    /// # Errors
    ///
    /// [`RemoteSetupError`] if the URL or the issuer cannot be fetched, or a claim cannot be kept.
    pub fn build(self) -> Result<Introspection, RemoteSetupError> {
        discovery::check(&self.issuer)?;
        let endpoint = self.endpoint.as_deref().map(Endpoint::parse).transpose()?;
        let fetcher = self.fetcher.map_or_else(|| HttpFetcher::builder().build(), Ok)?;
        let client = IntrospectionClient {
            expected: ExpectedClaims {
                issuer: self.issuer.clone(),
                audience: self.audience,
                subjects: self.subjects,
                kept_claims: ClaimNames::new(self.kept_claims)?,
            },
            issuer: self.issuer,
            client_id: self.client_id,
            secret: self.secret,
            authentication: self.authentication,
            endpoint,
            discovery: self.discovery,
            fetcher,
            ceiling: self.ceiling,
            discovered: Arc::default(),
        };
        let cache = IntrospectionCache::new(self.cache_ttl, self.cache_bytes);
        Ok(Introspection::new(
            client,
            cache,
            self.clock,
            self.timeout,
            self.max_concurrency,
        ))
    }
}

impl fmt::Debug for IntrospectionBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IntrospectionBuilder")
            .field("issuer", &self.issuer)
            .finish_non_exhaustive()
    }
}
