//! Another issuer, and the tokens that it signs.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use scopegate_domain::{Audience, ClaimLayout, Issuer, Lifetime, Scope, ScopeToken};
use scopegate_token::{JwksError, JwksUse, KeyError, KeySet, TokenRules, TokenType, Verifier};

use crate::discovery::{self, Discovery};
use crate::fetch::{Endpoint, HttpFetcher};
use crate::refresh::{JwksLocation, KeySink, KeyTtl, Refresh, RefreshPolicy, Renewal};
use crate::remote_error::RemoteError;
use crate::setup_error::RemoteSetupError;
use crate::subject_mapping::SubjectMapping;

/// An issuer beside our own: its tokens are verified by the keys that it publishes, and by no others.
///
/// Nobody is asked until the first token comes, or [`RemoteIssuer::fetch`] is called. While there are no keys the answer to its
/// tokens is 503 with `Retry-After`: nothing can be said of them, so nobody is let in, and no client throws a good token away.
///
/// | | default | why |
/// |---|---|---|
/// | kind of token | [RFC 9068](https://www.rfc-editor.org/rfc/rfc9068) | [`jwt`](RemoteIssuerBuilder::jwt) for issuers that do not follow it |
/// | keys are good for | what their owner says (`max-age`), 1 min to 1 h; 5 min where nothing is said | then they are fetched again beside the requests |
/// | while the owner is down | the old ones, for a day | an outage elsewhere is none here, and a key that was taken back does not live for ever |
/// | unknown `kid` | asked for at once: 4 times, and then once in 10 s | a new key works at once, and a flood of made-up ones reaches nobody |
/// | a request waits | 3 s | |
///
/// A `kid` that is not among keys of the last 10 s is unknown (401); where the issuer could not be asked it is 503.
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
    /// Begins one: tokens of this issuer that are meant for this audience.
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
            token_cache_bytes: None,
            policy: RefreshPolicy {
                age: KeyTtl {
                    least: Duration::from_mins(1),
                    usual: Duration::from_mins(5),
                    most: Duration::from_hours(1),
                },
                keep: Duration::from_hours(24),
                burst: 4,
                interval: Duration::from_secs(10),
                timeout: Duration::from_secs(3),
            },
        }
    }

    /// The issuer.
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

// SECURITY: a secret in a document that everybody can read is none: keys that could also sign are left out
// (`a_secret_that_everybody_can_read_is_no_key`).
impl KeySink for Verifier {
    fn take(&self, jwks: &[u8]) -> Result<(), JwksError> {
        let jwks = KeySet::from_jwks(jwks, JwksUse::FETCHED)?;
        for fault in jwks.skipped() {
            if *fault == KeyError::DuplicateId {
                tracing::warn!(%fault, "a key of an issuer is a duplicate and is ignored");
            } else {
                tracing::debug!(%fault, "a key of an issuer cannot be used");
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

/// Collects what a [`RemoteIssuer`] is made of.
#[derive(Debug)]
#[must_use = "it is made by `build`"]
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
    policy: RefreshPolicy,
    token_cache_bytes: Option<usize>,
}

impl RemoteIssuerBuilder {
    /// Sets the memory for its verified tokens, in bytes. Default: that of the gate's own tokens.
    pub const fn cache_bytes(mut self, bytes: usize) -> Self {
        self.token_cache_bytes = Some(bytes);
        self
    }

    /// Takes tokens by [`TokenRules::jwt`] in place of RFC 9068, with scopes and client where the layout says.
    pub fn jwt(mut self, layout: impl Into<ClaimLayout>) -> Self {
        self.layout = Some(layout.into());
        self
    }

    /// Accepts tokens without `typ`, which RFC 7519, section 5.1 makes optional. Default: no. Only with
    /// [`jwt`](Self::jwt): RFC 9068 requires `typ`.
    pub const fn absent_type(mut self) -> Self {
        self.accepts_absent_type = true;
        self
    }

    /// With a leeway for clocks that differ, of at most a minute.
    pub const fn leeway(mut self, leeway: Lifetime) -> Self {
        self.leeway = leeway;
        self
    }

    /// Fetches the keys at this URL, without asking the issuer where they are.
    pub fn jwks_uri(mut self, url: impl Into<String>) -> Self {
        self.jwks_uri = Some(url.into());
        self
    }

    /// Looks for the issuer's document there.
    pub const fn discovery(mut self, discovery: Discovery) -> Self {
        self.discovery = discovery;
        self
    }

    /// Asks by it.
    pub fn fetcher(mut self, fetcher: HttpFetcher) -> Self {
        self.fetcher = Some(fetcher);
        self
    }

    /// Means these by subjects.
    pub const fn map_subjects(mut self, subjects: SubjectMapping) -> Self {
        self.subjects = subjects;
        self
    }

    /// Lets its tokens bring these scopes at most, none where there is none in it. What they say beyond that is dropped before
    /// anything is decided, as if the token did not say it: a scope by its own name, before it implies another.
    pub fn scopes(mut self, ceiling: impl IntoIterator<Item = ScopeToken>) -> Self {
        self.ceiling = Some(ceiling.into_iter().collect());
        self
    }

    /// How long keys are good for: at least, and at most, whatever their owner says.
    pub fn key_ttl(mut self, least: Duration, most: Duration) -> Self {
        let ages = &mut self.policy.age;
        (ages.least, ages.most) = (least.min(most), most);
        ages.usual = ages.usual.clamp(ages.least, ages.most);
        self
    }

    /// How long keys are used while their owner cannot be asked.
    pub const fn stale_keys_for(mut self, time: Duration) -> Self {
        self.policy.keep = time;
        self
    }

    /// How often the issuer is asked at most: so many times at once, and then once in each interval.
    pub const fn rate_limit(mut self, burst: u32, interval: Duration) -> Self {
        (self.policy.burst, self.policy.interval) = (burst, interval);
        self
    }

    /// How long a request waits for keys.
    pub const fn timeout(mut self, time: Duration) -> Self {
        self.policy.timeout = time;
        self
    }

    /// Made. Nobody is asked yet.
    ///
    /// # Errors
    ///
    /// [`RemoteSetupError`] where the issuer or the URL is none that can be fetched, the leeway is too long, or
    /// [`absent_type`](Self::absent_type) is set without [`jwt`](Self::jwt).
    pub fn build(self) -> Result<RemoteIssuer, RemoteSetupError> {
        discovery::check(&self.issuer)?;
        let place = match self.jwks_uri {
            Some(url) => JwksLocation::Known(Endpoint::parse(&url)?),
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
        let verifier = Arc::new(Verifier::new(rules.with_leeway(self.leeway)?, KeySet::default()));
        let keys: Arc<dyn KeySink> = Arc::<Verifier>::clone(&verifier);
        Ok(RemoteIssuer(Arc::new(Shared {
            refresh: Refresh::new(&self.issuer, place, fetcher, self.policy, keys),
            issuer: self.issuer,
            verifier,
            subjects: self.subjects,
            ceiling: self.ceiling,
            token_cache_bytes: self.token_cache_bytes,
        })))
    }
}
