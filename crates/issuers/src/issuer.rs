//! A foreign issuer, with a verifier for the tokens that it signs.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use scopegate_domain::{Audience, ClaimLayout, ClaimNames, Issuer, Lifetime, Scope, ScopeToken};
use scopegate_token::{JwksError, JwksPolicy, KeyError, KeySet, TokenRules, TokenType, Verifier};

use crate::discovery::{self, Discovery};
use crate::fetch::{Endpoint, HttpFetcher};
use crate::refresh::{JwksLocation, KeySink, KeyTtl, Refresh, RefreshPolicy, Renewal};
use crate::remote_error::RemoteError;
use crate::setup_error::RemoteSetupError;
use crate::subject_mapping::SubjectMapping;

/// A foreign issuer of JWTs. Its tokens are verified by the keys that it publishes, and by no other
/// keys.
///
/// It sends no request before the first token comes, or [`RemoteIssuer::fetch`] is called. While
/// it has no keys, the gate returns 503 with `Retry-After` for its tokens. No access is granted,
/// and no client discards a valid token.
///
/// | | default | why |
/// |---|---|---|
/// | kind of token | [RFC 9068](https://www.rfc-editor.org/rfc/rfc9068) | [`jwt`](RemoteIssuerBuilder::jwt) for issuers that do not follow it |
/// | TTL of keys | `max-age` of the response, from 1 min to 1 h; 5 min without `max-age` | stale keys are fetched again while requests use them |
/// | stale keys during an outage | used for a day | an outage of the issuer is none here, and a revoked key expires |
/// | unknown `kid` | fetched at once: 4 times, and then once in 10 s | a new key works at once, and a flood of made-up ones causes few requests |
/// | timeout of a caller | 3 s | |
///
/// A `kid` that is not among keys of the last 10 s is unknown (401). If the issuer did not answer,
/// it is 503.
///
/// ```
/// use scopegate_issuers::RemoteIssuer;
/// use scopegate_domain::{Audience, Issuer};
///
/// let issuer = Issuer::parse("https://id.example")?;
/// let remote = RemoteIssuer::builder(issuer, Audience::parse("https://api.example")?).build()?;
/// // Gate::builder(catalog).issuer("oauth", remote)
/// # let _ = remote;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct RemoteIssuer(Arc<Shared>);

struct Shared {
    issuer: Issuer,
    verifier: Arc<Verifier>,
    refresh: Refresh,
    subjects: SubjectMapping,
    ceiling: Option<Scope>,
    token_cache_bytes: Option<usize>,
}

impl RemoteIssuer {
    /// Creates issuers with the default settings from a list that is separated by commas, such as a
    /// value of the environment. Each issuer and the audience are exactly as in the tokens.
    ///
    /// ```
    /// use scopegate_issuers::RemoteIssuer;
    ///
    /// let issuers = RemoteIssuer::list("https://id.example, https://sso.example", "https://api.example")?;
    /// assert_eq!(issuers.len(), 2);
    /// # Ok::<(), scopegate_issuers::RemoteSetupError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`RemoteSetupError`] if a text is not an identifier, or an issuer cannot be fetched.
    pub fn list(issuers: &str, audience: &str) -> Result<Vec<Self>, RemoteSetupError> {
        let audience = Audience::parse(audience)?;
        let issuer = |text: &str| Self::builder(Issuer::parse(text.trim())?, audience.clone()).build();
        issuers.split(',').map(issuer).collect()
    }

    /// Creates a builder for tokens of this issuer with this audience.
    pub fn builder(issuer: Issuer, audience: Audience) -> RemoteIssuerBuilder {
        RemoteIssuerBuilder {
            issuer,
            audience,
            layout: None,
            accepts_absent_type: false,
            leeway: Lifetime::from_seconds(0),
            jwks_uri: None,
            discovery: Discovery::default(),
            fetcher: None,
            subjects: SubjectMapping::default(),
            ceiling: None,
            kept_claims: Vec::new(),
            token_cache_bytes: None,
            policy: RefreshPolicy {
                key_ttl: KeyTtl {
                    min: Duration::from_mins(1),
                    default: Duration::from_mins(5),
                    max: Duration::from_hours(1),
                },
                stale_keys_for: Duration::from_hours(24),
                burst: 4,
                interval: Duration::from_secs(10),
                timeout: Duration::from_secs(3),
            },
        }
    }

    /// Returns the issuer.
    #[must_use]
    pub fn issuer(&self) -> &Issuer {
        &self.0.issuer
    }

    /// Fetches the keys if there are none. Each request calls it; a program that must not start
    /// without the keys of this issuer calls it at its start.
    ///
    /// # Errors
    ///
    /// [`RemoteError`] if there are no usable keys when the timeout of a request ends.
    pub async fn fetch(&self) -> Result<(), RemoteError> {
        self.0.refresh.ready().await
    }

    /// Fetches the keys again, for a token whose key is unknown.
    ///
    /// # Errors
    ///
    /// [`RemoteError`] if the issuer did not answer: the key may be its own.
    pub async fn renew(&self) -> Result<Renewal, RemoteError> {
        self.0.refresh.renew().await
    }

    /// Returns the memory for its verified tokens, in bytes, if it was set.
    #[must_use]
    pub fn token_cache_bytes(&self) -> Option<usize> {
        self.0.token_cache_bytes
    }

    /// Returns the verifier of its tokens. It has the keys that were fetched last.
    #[must_use]
    pub fn verifier(&self) -> &Arc<Verifier> {
        &self.0.verifier
    }

    /// Returns the scopes that its tokens can have at most, if they are limited.
    #[must_use]
    pub fn ceiling(&self) -> Option<&Scope> {
        self.0.ceiling.as_ref()
    }

    /// Returns the local subject for a `sub` of this issuer.
    #[must_use]
    pub fn subject(&self, subject: &str) -> Arc<str> {
        self.0.subjects.map(&self.0.issuer, subject)
    }
}

// SECURITY: a published key is public, so symmetric and private keys are skipped. Tested by
// http/tests/it/issuers/together.rs, `published_secret_is_not_a_key`.
impl KeySink for Verifier {
    fn take(&self, jwks: &[u8]) -> Result<(), JwksError> {
        let jwks = KeySet::from_jwks(jwks, JwksPolicy::PUBLIC_ONLY)?;
        for fault in jwks.skipped() {
            if *fault == KeyError::DuplicateId {
                tracing::warn!(%fault, "ignored duplicate key of issuer");
            } else {
                tracing::debug!(%fault, "ignored unusable key of issuer");
            }
        }
        self.replace_keys(jwks.into_keys());
        Ok(())
    }
}

impl fmt::Debug for RemoteIssuer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RemoteIssuer")
            .field("issuer", &self.0.issuer)
            .finish_non_exhaustive()
    }
}

/// Builds a [`RemoteIssuer`].
#[derive(Debug)]
#[must_use = "call `build` to get the `RemoteIssuer`"]
pub struct RemoteIssuerBuilder {
    issuer: Issuer,
    audience: Audience,
    layout: Option<ClaimLayout>,
    accepts_absent_type: bool,
    leeway: Lifetime,
    jwks_uri: Option<String>,
    discovery: Discovery,
    fetcher: Option<HttpFetcher>,
    subjects: SubjectMapping,
    ceiling: Option<Scope>,
    kept_claims: Vec<String>,
    policy: RefreshPolicy,
    token_cache_bytes: Option<usize>,
}

impl RemoteIssuerBuilder {
    /// Sets the memory for its verified tokens, in bytes. Default: that of the gate's own tokens.
    pub const fn cache_bytes(mut self, bytes: usize) -> Self {
        self.token_cache_bytes = Some(bytes);
        self
    }

    /// Verifies tokens by [`TokenRules::jwt`] instead of RFC 9068. The layout names the claims of
    /// scopes and client.
    pub fn jwt(mut self, layout: impl Into<ClaimLayout>) -> Self {
        self.layout = Some(layout.into());
        self
    }

    /// Accepts tokens without `typ`, which RFC 7519, section 5.1 makes optional. Default: no. Only
    /// with [`jwt`](Self::jwt): RFC 9068 requires `typ`.
    pub const fn absent_type(mut self) -> Self {
        self.accepts_absent_type = true;
        self
    }

    /// Sets the leeway for clocks that differ, at most a minute. Default: none.
    pub const fn leeway(mut self, leeway: Lifetime) -> Self {
        self.leeway = leeway;
        self
    }

    /// Sets the URL of the keys. Default: the one of the issuer's metadata document.
    pub fn jwks_uri(mut self, url: impl Into<String>) -> Self {
        self.jwks_uri = Some(url.into());
        self
    }

    /// Sets the location of the issuer's metadata document. Default: [`Discovery::Either`].
    pub const fn discovery(mut self, discovery: Discovery) -> Self {
        self.discovery = discovery;
        self
    }

    /// Sets the HTTP client for discovery and key requests. Default: that of
    /// [`HttpFetcher::builder`] without changes.
    pub fn fetcher(mut self, fetcher: HttpFetcher) -> Self {
        self.fetcher = Some(fetcher);
        self
    }

    /// Sets how subjects of this issuer map to local subjects. Default: `issuer#sub`.
    pub const fn map_subjects(mut self, subjects: SubjectMapping) -> Self {
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

    /// Keeps the claim of this name for handlers. May be called for several claims. Default: none.
    /// A token whose kept claims are longer than [`ClaimNames::MAX_VALUES`] is refused.
    pub fn keep_claim(mut self, name: impl Into<String>) -> Self {
        self.kept_claims.push(name.into());
        self
    }

    /// Sets the minimum and the maximum TTL of keys. The `max-age` of the response is clamped to
    /// them. Default: 1 min and 1 h.
    pub fn key_ttl(mut self, min: Duration, max: Duration) -> Self {
        let ttl = &mut self.policy.key_ttl;
        (ttl.min, ttl.max) = (min.min(max), max);
        ttl.default = ttl.default.clamp(ttl.min, ttl.max);
        self
    }

    /// Sets how long keys are used while the issuer does not answer. Default: 24 h.
    pub const fn stale_keys_for(mut self, time: Duration) -> Self {
        self.policy.stale_keys_for = time;
        self
    }

    /// Limits the rate of fetches: this number at once, and then one in each interval. Default: 4,
    /// and 10 s.
    pub const fn rate_limit(mut self, burst: u32, interval: Duration) -> Self {
        (self.policy.burst, self.policy.interval) = (burst, interval);
        self
    }

    /// Sets the maximum time that a caller waits for keys. Default: 3 s.
    pub const fn timeout(mut self, time: Duration) -> Self {
        self.policy.timeout = time;
        self
    }

    /// Builds the `RemoteIssuer`. It sends no request yet.
    ///
    /// # Errors
    ///
    /// [`RemoteSetupError`] if the issuer or the URL cannot be fetched, the leeway is too long, a
    /// claim cannot be kept, or [`absent_type`](Self::absent_type) is set without
    /// [`jwt`](Self::jwt).
    pub fn build(self) -> Result<RemoteIssuer, RemoteSetupError> {
        discovery::check(&self.issuer)?;
        let location = match self.jwks_uri {
            Some(url) => JwksLocation::Url(Endpoint::parse(&url)?),
            None => JwksLocation::Discovered(self.issuer.clone(), self.discovery),
        };
        let fetcher = self.fetcher.map_or_else(|| HttpFetcher::builder().build(), Ok)?;
        let rules = match self.layout {
            None if self.accepts_absent_type => return Err(RemoteSetupError::AbsentType),
            None => TokenRules::rfc9068(self.issuer.clone(), self.audience),
            Some(layout) => {
                let rules = TokenRules::jwt(self.issuer.clone(), self.audience).with_layout(layout);
                if self.accepts_absent_type {
                    rules.with_token_types([TokenType::Jwt, TokenType::AccessToken, TokenType::Absent])
                } else {
                    rules
                }
            }
        };
        let rules = rules
            .with_leeway(self.leeway)?
            .with_kept_claims(ClaimNames::new(self.kept_claims)?);
        let verifier = Arc::new(Verifier::new(rules, KeySet::default()));
        let keys: Arc<dyn KeySink> = Arc::<Verifier>::clone(&verifier);
        Ok(RemoteIssuer(Arc::new(Shared {
            refresh: Refresh::new(&self.issuer, location, fetcher, self.policy, keys),
            issuer: self.issuer,
            verifier,
            subjects: self.subjects,
            ceiling: self.ceiling,
            token_cache_bytes: self.token_cache_bytes,
        })))
    }
}
