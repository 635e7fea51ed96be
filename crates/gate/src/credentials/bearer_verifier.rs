//! Bearer tokens of one scheme: their verifier, their cache and the set of revoked tokens.

use std::fmt;
use std::sync::Arc;

use metrics::{Counter, Gauge, Unit, counter, describe_counter, describe_gauge, gauge};
use scopegate_domain::{ClaimNames, Claims, InvalidClaimName, Scope, Timestamp, TokenClaims, Verified};
use scopegate_policy::{OperationTable, SchemeId};
use scopegate_token::{RevokedSet, SubjectClaim, TokenRules, VerifiedCache, Verifier};

use crate::credentials::accepted::{AcceptedCredential, CredentialFacts};
use crate::refusal::CredentialError;
use crate::shadow::ShadowEvaluator;

/// The verification of bearer tokens of one scheme: for
/// [`GateBuilder::bearer`](crate::GateBuilder::bearer), which takes a [`Verifier`] alone as well.
///
/// A verified token is cached while it is valid, its key is trusted and it is not revoked: see
/// [`VerifiedCache`].
///
/// ```
/// use std::sync::Arc;
/// use scopegate_gate::BearerTokens;
/// use scopegate_gate::domain::Secret;
/// use scopegate_gate::token::{RevokedSet, SigningKey, SubjectClaim, TokenRules, Verifier};
///
/// let key = SigningKey::hs256(&Secret::new(String::from("a secret text of thirty-two bytes")))?;
/// let verifier = Verifier::new(TokenRules::shared_secret(), key.verifying_key());
/// let revoked = Arc::new(RevokedSet::new(SubjectClaim::Username));
/// let tokens = BearerTokens::new(verifier).cache_bytes(1024 * 1024).revoked(Arc::clone(&revoked));
/// # let _ = tokens;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
#[must_use = "it takes effect in `GateBuilder::bearer`"]
pub struct BearerTokens {
    verifier: Arc<Verifier>,
    revoked: Arc<RevokedSet>,
    kept_claims: Vec<String>,
    cache_bytes: usize,
}

impl BearerTokens {
    /// The default size of the cache in bytes: about seven thousand tokens.
    pub const CACHE_BYTES: usize = 8 * 1024 * 1024;

    /// Accepts the tokens of this verifier. No token is revoked.
    pub fn new(verifier: impl Into<Arc<Verifier>>) -> Self {
        Self {
            verifier: verifier.into(),
            revoked: Arc::new(RevokedSet::new(SubjectClaim::UserId)),
            kept_claims: Vec::new(),
            cache_bytes: Self::CACHE_BYTES,
        }
    }

    /// Sets the size of the cache in bytes. Default: [`Self::CACHE_BYTES`]. With 0 each request
    /// verifies its token again.
    pub const fn cache_bytes(mut self, bytes: usize) -> Self {
        self.cache_bytes = bytes;
        self
    }

    /// Keeps the claim of this name for [`Permit::claim`](crate::Permit::claim). May be called for
    /// several claims. Default: none.
    ///
    /// The claim is optional, and its value can be any JSON. A handler chooses the type:
    ///
    /// ```
    /// use scopegate_gate::{BearerTokens, Permit};
    /// # use scopegate_gate::domain::{ReadClaimError, Secret};
    /// # use scopegate_gate::token::{SigningKey, TokenRules, Verifier};
    ///
    /// fn tenant(permit: &Permit) -> Result<Option<u64>, ReadClaimError> {
    ///     permit.claim("tenant")
    /// }
    ///
    /// # let key = SigningKey::hs256(&Secret::new(String::from("a secret text of thirty-two bytes")))?;
    /// # let verifier = Verifier::new(TokenRules::shared_secret(), key.verifying_key());
    /// let tokens = BearerTokens::new(verifier).keep_claim("tenant").keep_claim("plan");
    /// # let _ = (tokens, tenant);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// A token is refused with 401 and `invalid_token` if its kept claims are longer than
    /// [`ClaimNames::MAX_VALUES`] in total. The log names the cause. The values of a cached token
    /// are in the memory of the cache.
    ///
    /// [`GateBuilder::build`](crate::GateBuilder::build) refuses more than [`ClaimNames::MAX`]
    /// names, a name that is given twice, and the name of a claim that the gate reads itself. The
    /// permit has methods for those, such as [`Permit::issuer`](crate::Permit::issuer).
    pub fn keep_claim(mut self, name: impl Into<String>) -> Self {
        self.kept_claims.push(name.into());
        self
    }

    /// Sets the revoked tokens, which may change while the gate serves. Default: none.
    pub fn revoked(mut self, revoked: Arc<RevokedSet>) -> Self {
        self.revoked = revoked;
        self
    }
}

impl From<Verifier> for BearerTokens {
    fn from(verifier: Verifier) -> Self {
        Self::new(verifier)
    }
}

impl From<Arc<Verifier>> for BearerTokens {
    fn from(verifier: Arc<Verifier>) -> Self {
        Self::new(verifier)
    }
}

/// Maps the subject of a token to a local subject.
type NameSubject = Box<dyn Fn(&str) -> Arc<str> + Send + Sync>;

/// Verifies the bearer tokens of one scheme of one gate.
///
/// INVARIANT: its cache contains facts under the policy of this gate and for this scheme, and
/// nothing else reads it. Tested by `http/tests/it/remembered.rs`,
/// `each_verifier_remembers_for_itself`.
pub(crate) struct BearerVerifier {
    cache: VerifiedCache<CredentialFacts>,
    /// Maps subjects; `None` if a subject is the local one.
    subjects: Option<NameSubject>,
    /// The scopes that its tokens can have at most; `None` without a limit.
    ceiling: Option<Scope>,
    /// `None` if there is no cache.
    metrics: Option<CacheMetrics>,
}

/// The context of a verification.
#[derive(Clone, Copy)]
pub(crate) struct VerificationContext<'r> {
    pub(crate) table: &'r OperationTable,
    pub(crate) scheme: SchemeId,
    /// Whether credentials of the scheme have a subject.
    pub(crate) has_subject: bool,
    /// The proposed policy, if there is one.
    pub(crate) shadow: Option<&'r ShadowEvaluator>,
}

impl BearerVerifier {
    /// Creates the verifier, and registers its metrics. It also keeps the claims of the gate.
    ///
    /// # Errors
    ///
    /// [`InvalidClaimName`] names the claim that cannot be kept.
    pub(crate) fn new(scheme: &str, tokens: BearerTokens, of_gate: &ClaimNames) -> Result<Self, InvalidClaimName> {
        let metrics = (tokens.cache_bytes > 0).then(|| CacheMetrics::new(scheme));
        let of_rules = tokens.verifier.rules().kept_claims();
        let own = ClaimNames::new(of_rules.iter().chain(tokens.kept_claims.iter().map(String::as_str)))?;
        let names = joined(&own, of_gate)?;
        let verifier = if names == *of_rules {
            tokens.verifier
        } else {
            Arc::new(Arc::unwrap_or_clone(tokens.verifier).with_kept_claims(names))
        };
        Ok(Self {
            cache: VerifiedCache::new(verifier, tokens.revoked, tokens.cache_bytes),
            subjects: None,
            ceiling: None,
            metrics,
        })
    }

    /// Returns the rules of the tokens.
    pub(crate) fn rules(&self) -> &TokenRules {
        self.cache.verifier().rules()
    }

    /// Sets the map of subjects. Default: none.
    #[cfg(feature = "remote-issuers")]
    pub(crate) fn naming(mut self, subjects: impl Fn(&str) -> Arc<str> + Send + Sync + 'static) -> Self {
        self.subjects = Some(Box::new(subjects));
        self
    }

    /// Sets the scopes that tokens can have at most. Default: no limit.
    #[cfg(feature = "remote-issuers")]
    pub(crate) fn within(mut self, ceiling: Option<Scope>) -> Self {
        self.ceiling = ceiling;
        self
    }

    /// Returns the facts of a valid token, from the cache or after its verification.
    pub(crate) fn accept(
        &self,
        wanted: VerificationContext<'_>,
        token: &str,
        now: Timestamp,
    ) -> Result<AcceptedCredential, CredentialError> {
        match self.recall(token.as_bytes(), now) {
            Some(accepted) => Ok(accepted),
            None => self.verify(wanted, token, now),
        }
    }

    /// Returns the facts of a valid token in the cache.
    pub(crate) fn recall(&self, token: &[u8], now: Timestamp) -> Option<AcceptedCredential> {
        let known = self.cache.find(token, now)?;
        if let Some(metrics) = &self.metrics {
            metrics.hits.increment(1);
        }
        Some(AcceptedCredential::of_token(known))
    }

    /// Verifies a token that is not in the cache.
    // Not inlined: the payload buffer is on the stack of the callee, and must not enlarge the
    // future.
    #[inline(never)]
    pub(crate) fn verify(
        &self,
        wanted: VerificationContext<'_>,
        token: &str,
        now: Timestamp,
    ) -> Result<AcceptedCredential, CredentialError> {
        if let Some(metrics) = &self.metrics {
            metrics.misses.increment(1);
        }
        let known = self.cache.verify(token, now, |claims| self.facts(wanted, claims))?;
        if let Some(metrics) = &self.metrics {
            metrics.measure(&self.cache);
        }
        Ok(AcceptedCredential::of_token(known))
    }

    fn facts(
        &self,
        wanted: VerificationContext<'_>,
        claims: &Verified<Claims<'_>>,
    ) -> Result<CredentialFacts, CredentialError> {
        // SECURITY: the cached facts of a token are within the ceiling already. Tested by
        // `jwt_scopes_are_within_the_ceiling`.
        let token_facts = |table: &OperationTable, scheme| match &self.ceiling {
            None => table.token_facts(scheme, claims),
            Some(ceiling) => table.token_facts_within(scheme, claims, ceiling),
        };
        let shadow = wanted
            .shadow
            .and_then(|shadow| shadow.token_facts(wanted.scheme, token_facts));
        let subject = claims.subject().filter(|_| wanted.has_subject);
        let mapped = subject.zip(self.subjects.as_ref()).map(|(subject, map)| map(subject));
        let mut kept = TokenClaims::of(claims, mapped.as_deref().or(subject));
        // Streams and tickets end when the gate refuses the token, not before.
        if let Some(time) = claims.expires_at() {
            kept = kept.with_expires_at(time + self.rules().leeway());
        }
        Ok(CredentialFacts {
            token_facts: token_facts(wanted.table, wanted.scheme)?,
            shadow,
            claims: Arc::new(kept),
        })
    }
}

/// Returns the claims that a source and its gate keep.
///
/// # Errors
///
/// [`InvalidClaimName`] if there are too many.
pub(crate) fn joined(own: &ClaimNames, of_gate: &ClaimNames) -> Result<ClaimNames, InvalidClaimName> {
    ClaimNames::new(own.union(of_gate).iter())
}

impl fmt::Debug for BearerVerifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.cache.fmt(f)
    }
}

/// The metrics of cached tokens. The label is a declared scheme.
struct CacheMetrics {
    hits: Counter,
    misses: Counter,
    evictions: Counter,
    entries: Gauge,
    bytes: Gauge,
}

impl CacheMetrics {
    fn new(scheme: &str) -> Self {
        const HITS: &str = "scopegate_token_cache_hits_total";
        const MISSES: &str = "scopegate_token_cache_misses_total";
        const EVICTIONS: &str = "scopegate_token_cache_evictions_total";
        const ENTRIES: &str = "scopegate_token_cache_entries";
        const BYTES: &str = "scopegate_token_cache_bytes";
        describe_counter!(HITS, "Valid tokens found in the cache.");
        describe_counter!(MISSES, "Tokens that were not in the cache.");
        describe_counter!(EVICTIONS, "Verified tokens that were evicted from the cache.");
        describe_gauge!(ENTRIES, "Verified tokens in the cache.");
        describe_gauge!(BYTES, Unit::Bytes, "Memory of the verified tokens in the cache.");
        let scheme = || scheme.to_owned();
        Self {
            hits: counter!(HITS, "scheme" => scheme()),
            misses: counter!(MISSES, "scheme" => scheme()),
            evictions: counter!(EVICTIONS, "scheme" => scheme()),
            entries: gauge!(ENTRIES, "scheme" => scheme()),
            bytes: gauge!(BYTES, "scheme" => scheme()),
        }
    }

    /// Called only after a verification, whose cost dominates.
    #[expect(clippy::as_conversions, clippy::cast_precision_loss, reason = "far below 2^53")]
    fn measure(&self, cache: &VerifiedCache<CredentialFacts>) {
        let figures = cache.figures();
        self.entries.set(figures.entries as f64);
        self.bytes.set(figures.bytes as f64);
        self.evictions.absolute(figures.evictions);
    }
}
