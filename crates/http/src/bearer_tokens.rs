//! Bearer tokens of one scheme: who verifies them, what is remembered of them, and which were taken back.

use std::fmt;
use std::sync::Arc;

use metrics::{Counter, Gauge, Unit, counter, describe_counter, describe_gauge, gauge};
use scopegate_domain::{Claims, Scope, Timestamp, Verified};
use scopegate_policy::{OperationTable, SchemeId};
use scopegate_token::{RevokedSet, SubjectNames, TokenRules, VerifiedCache, Verifier};

use crate::accepted::{Accepted, Brought};
use crate::refusal::Unaccepted;
use crate::shadow::Beside;

/// How bearer tokens of a scheme are verified: for [`GateBuilder::bearer`](crate::GateBuilder::bearer), which takes a
/// [`Verifier`] alone as well.
///
/// A token that was verified before is not verified again while it is valid, its key is trusted and it was not taken back:
/// see [`VerifiedCache`].
///
/// ```
/// use std::sync::Arc;
/// use scopegate_http::BearerTokens;
/// use scopegate_http::domain::Secret;
/// use scopegate_http::token::{RevokedSet, SigningKey, SubjectNames, TokenRules, Verifier};
///
/// let key = SigningKey::hs256(&Secret::new(String::from("a secret text of thirty-two bytes")))?;
/// let verifier = Verifier::new(TokenRules::tutorial(), key.verifying_key());
/// let revoked = Arc::new(RevokedSet::new(SubjectNames::Usernames));
/// let tokens = BearerTokens::new(verifier).cache_bytes(1024 * 1024).revoked(Arc::clone(&revoked));
/// # let _ = tokens;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
#[must_use = "it takes effect where a gate is given it"]
pub struct BearerTokens {
    verifier: Arc<Verifier>,
    revoked: Arc<RevokedSet>,
    cache_bytes: usize,
}

impl BearerTokens {
    /// How much is remembered unless something else is said: some eight thousand tokens.
    pub const CACHE_BYTES: usize = 8 * 1024 * 1024;

    /// Tokens that this verifier accepts; none of them was taken back.
    pub fn new(verifier: impl Into<Arc<Verifier>>) -> Self {
        Self {
            verifier: verifier.into(),
            revoked: Arc::new(RevokedSet::new(SubjectNames::UserIds)),
            cache_bytes: Self::CACHE_BYTES,
        }
    }

    /// Remembers at most so many bytes of verified tokens; none, and each request verifies its token anew, where it is 0.
    pub const fn cache_bytes(mut self, bytes: usize) -> Self {
        self.cache_bytes = bytes;
        self
    }

    /// Refuses the tokens of this set, which may change while the gate serves.
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

/// Says who is meant by a token's subject.
type NameSubject = Box<dyn Fn(&str) -> Arc<str> + Send + Sync>;

/// Judges the bearer tokens of one scheme of one gate.
///
/// INVARIANT: its cache holds what tokens bring by this gate's policy and for this scheme, and nobody else reads it. Held by
/// tests/it/remembered.rs, `each_verifier_remembers_for_itself`.
pub(crate) struct TokenJudge {
    cache: VerifiedCache<Brought>,
    /// Who is meant by a subject; none where it is whom it names.
    subjects: Option<NameSubject>,
    /// The most that its tokens bring, whatever they say; none where that is not limited.
    ceiling: Option<Scope>,
    /// None where nothing is remembered.
    metrics: Option<CacheMetrics>,
}

/// For whom a token is verified.
#[derive(Clone, Copy)]
pub(crate) struct Wanted<'r> {
    pub(crate) table: &'r OperationTable,
    pub(crate) scheme: SchemeId,
    /// Whether the scheme's credentials speak for somebody.
    pub(crate) has_subject: bool,
    /// The proposed policy, where one is asked beside.
    pub(crate) beside: Option<&'r Beside>,
}

impl TokenJudge {
    /// Takes the handles of the metrics.
    pub(crate) fn new(scheme: &str, tokens: BearerTokens) -> Self {
        let metrics = (tokens.cache_bytes > 0).then(|| CacheMetrics::new(scheme));
        Self {
            cache: VerifiedCache::new(tokens.verifier, tokens.revoked, tokens.cache_bytes),
            subjects: None,
            ceiling: None,
            metrics,
        }
    }

    /// The rules of the tokens.
    pub(crate) fn rules(&self) -> &TokenRules {
        self.cache.verifier().rules()
    }

    /// Tokens whose subjects are those of somebody else.
    #[cfg(feature = "remote-issuers")]
    pub(crate) fn naming(mut self, subjects: impl Fn(&str) -> Arc<str> + Send + Sync + 'static) -> Self {
        self.subjects = Some(Box::new(subjects));
        self
    }

    /// Tokens that bring no more scopes than these.
    #[cfg(feature = "remote-issuers")]
    pub(crate) fn within(mut self, ceiling: Option<Scope>) -> Self {
        self.ceiling = ceiling;
        self
    }

    /// What a token brings, where it is good: as it was found out before, or verified now.
    pub(crate) fn accept(&self, wanted: Wanted<'_>, token: &str, now: Timestamp) -> Result<Accepted, Unaccepted> {
        match self.recall(token.as_bytes(), now) {
            Some(accepted) => Ok(accepted),
            None => self.verify(wanted, token, now),
        }
    }

    /// What was found out before of a token that is still good; of anything else, nothing.
    pub(crate) fn recall(&self, token: &[u8], now: Timestamp) -> Option<Accepted> {
        let known = self.cache.find(token, now)?;
        if let Some(metrics) = &self.metrics {
            metrics.hits.increment(1);
        }
        Some(Accepted::of_token(known))
    }

    /// What a token brings that is not known.
    // The room for the payload lies on the stack of what this calls, and must not become a part of a request's future.
    #[inline(never)]
    pub(crate) fn verify(&self, wanted: Wanted<'_>, token: &str, now: Timestamp) -> Result<Accepted, Unaccepted> {
        if let Some(metrics) = &self.metrics {
            metrics.misses.increment(1);
        }
        let known = self.cache.verify(token, now, |claims| self.brought(wanted, claims))?;
        if let Some(metrics) = &self.metrics {
            metrics.measure(&self.cache);
        }
        Ok(Accepted::of_token(known))
    }

    fn brought(&self, wanted: Wanted<'_>, claims: &Verified<Claims<'_>>) -> Result<Brought, Unaccepted> {
        // SECURITY: what is remembered of a token is within the ceiling already (`no_more_than_the_ceiling_is_brought`).
        let world = |table: &OperationTable, scheme| match &self.ceiling {
            None => table.token_world(scheme, claims),
            Some(ceiling) => table.token_world_within(scheme, claims, ceiling),
        };
        let beside = wanted.beside.and_then(|beside| beside.world(wanted.scheme, world));
        let meant = |subject: &str| match &self.subjects {
            Some(name) => name(subject),
            None => Arc::from(subject),
        };
        Ok(Brought {
            world: world(wanted.table, wanted.scheme)?,
            beside,
            subject: claims.subject().filter(|_| wanted.has_subject).map(meant),
        })
    }
}

impl fmt::Debug for TokenJudge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.cache.fmt(f)
    }
}

/// What is counted of remembered tokens; the scheme is one of the declaration.
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
        describe_counter!(HITS, "Tokens that were known from an earlier request and still good.");
        describe_counter!(MISSES, "Tokens that had to be verified.");
        describe_counter!(EVICTIONS, "Verified tokens that made room for others.");
        describe_gauge!(ENTRIES, "Verified tokens that are remembered.");
        describe_gauge!(BYTES, Unit::Bytes, "Memory of the verified tokens that are remembered.");
        let scheme = || scheme.to_owned();
        Self {
            hits: counter!(HITS, "scheme" => scheme()),
            misses: counter!(MISSES, "scheme" => scheme()),
            evictions: counter!(EVICTIONS, "scheme" => scheme()),
            entries: gauge!(ENTRIES, "scheme" => scheme()),
            bytes: gauge!(BYTES, "scheme" => scheme()),
        }
    }

    /// After a token was verified, which is dear beside this.
    #[expect(clippy::as_conversions, clippy::cast_precision_loss, reason = "far below 2^53")]
    fn measure(&self, cache: &VerifiedCache<Brought>) {
        let figures = cache.figures();
        self.entries.set(figures.entries as f64);
        self.bytes.set(figures.bytes as f64);
        self.evictions.absolute(figures.evictions);
    }
}
