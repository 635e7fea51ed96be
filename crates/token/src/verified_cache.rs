//! Caches the values that were made from verified tokens.

mod kept;

use std::fmt;
use std::hash::BuildHasher;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use ahash::RandomState;
use quick_cache::OptionsBuilder;
use quick_cache::sync::Cache;
use scopegate_domain::{Claims, Timestamp, Verified};

pub use self::kept::{CachedToken, HeapSize};
use self::kept::{Counted, TokenText, Weigher};
use crate::revoked::IssueLimit;
use crate::{PayloadBuffer, RevocationsOutdated, RevokedSet, TokenRevoked, Verifier, VerifyError};

/// A verifier that caches its results.
///
/// A token is verified once. Until it expires, the value made from it (`V`) is found by its text. A
/// hit compares the whole text, and checks times, keys and revocation again.
///
/// | rule | how |
/// |---|---|
/// | only verified tokens are kept | only the code after the verification adds an entry |
/// | one cache for each policy | each verifier has its own, and shares it with no other |
/// | two tokens are never mixed up | found by a hash with random seeds, then compared whole |
/// | `exp`, `nbf`, `iat` | checked by the function that verification calls |
/// | keys | a token verified before the keys changed is verified again |
/// | revocation | checked at every token; the last answer is valid until the set grows |
/// | recent revocations are not known | checked at every token: see [`RevokedSet::accept`] |
/// | memory | bounded in bytes; entries without recent use are evicted |
/// | secrets | a token's text is wiped when it leaves, and nothing prints it |
///
/// The permissions of the token and the age of its user's login are not checked here: the policy
/// checks both at each request.
///
/// ```
/// use std::sync::Arc;
/// use scopegate_domain::{AccessTokenClaims, Lifetime, Secret, Timestamp};
/// use scopegate_token::{
///     HeapSize, RevokedSet, Signer, SigningKey, SubjectClaim, TokenRejected, TokenRules, VerifiedCache, Verifier,
/// };
///
/// struct Subject(String);
///
/// impl HeapSize for Subject {
///     fn heap_bytes(&self) -> usize {
///         self.0.capacity()
///     }
/// }
///
/// let key = SigningKey::hs256(&Secret::new(String::from("a secret text of thirty-two bytes")))?;
/// let verifier = Arc::new(Verifier::new(TokenRules::shared_secret(), key.verifying_key()));
/// let revoked = Arc::new(RevokedSet::new(SubjectClaim::Username));
/// let cache = VerifiedCache::new(verifier, revoked, 1024 * 1024);
///
/// let now = Timestamp::from_unix(1_700_000_000);
/// let claims = AccessTokenClaims::new("johndoe", now, Lifetime::from_minutes(30));
/// let token = Signer::new(TokenRules::shared_secret(), key).issue(&claims)?;
///
/// assert!(cache.find(token.expose(), now).is_none());
/// let subject = cache.verify::<TokenRejected>(token.expose(), now, |claims| {
///     Ok(Subject(claims.subject().unwrap_or_default().to_owned()))
/// })?;
/// assert_eq!(subject.0, "johndoe");
/// assert!(cache.find(token.expose(), now).is_some());
/// assert!(cache.find(token.expose(), now + Lifetime::from_minutes(30)).is_none());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct VerifiedCache<V, S = RandomState> {
    verifier: Arc<Verifier>,
    revoked: Arc<RevokedSet>,
    /// `None` if the cache has no capacity.
    known: Option<Shelf<V, S>>,
    evictions: Arc<AtomicU64>,
}

type Shelf<V, S> = Cache<TokenText, Arc<CachedToken<V>>, Weigher, S, Counted>;

/// The number of cached tokens, and their size.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct CacheStats {
    /// The number of tokens.
    pub entries: usize,
    /// The size in bytes, including the tables of the cache.
    pub bytes: u64,
    /// The total number of evicted tokens.
    pub evictions: u64,
}

impl<V: HeapSize> VerifiedCache<V> {
    /// Creates a cache of at most this number of bytes around a verifier. With 0 bytes it caches
    /// nothing, and every token is verified.
    #[must_use]
    pub fn new(verifier: Arc<Verifier>, revoked: Arc<RevokedSet>, bytes: usize) -> Self {
        Self::with_hasher(verifier, revoked, bytes, RandomState::new())
    }
}

impl<V: HeapSize, S: BuildHasher + Clone> VerifiedCache<V, S> {
    fn with_hasher(verifier: Arc<Verifier>, revoked: Arc<RevokedSet>, bytes: usize, hasher: S) -> Self {
        let evictions = Arc::<AtomicU64>::default();
        let options = OptionsBuilder::new()
            .estimated_items_capacity(bytes / kept::USUAL_BYTES)
            .weight_capacity(bytes.try_into().unwrap_or(u64::MAX))
            .build();
        let options = options.ok().filter(|_| bytes > 0);
        let counted = Counted(Arc::clone(&evictions));
        Self {
            verifier,
            revoked,
            known: options.map(|options| Cache::with_options(options, Weigher, hasher, counted)),
            evictions,
        }
    }

    /// Returns the value made from a token, if the token was verified before and is still valid.
    ///
    /// The method returns no reason for a token that is unknown or has become invalid;
    /// [`VerifiedCache::verify`] does. The text may be any bytes, because only tokens were added.
    #[must_use]
    pub fn find(&self, token: impl AsRef<[u8]>, now: Timestamp) -> Option<Arc<CachedToken<V>>> {
        let token = token.as_ref();
        let cache = self.known.as_ref()?;
        let limit = self.revoked.issue_limit();
        let known = cache.get(token)?;
        if !limit.is_none() {
            return self.find_within(limit, known, now);
        }
        // SECURITY: all checks that can make a valid token invalid are here, or it would stay valid
        // until its eviction. Tested by the tests of these names below.
        if known.is_valid(&self.verifier, &self.revoked, now) {
            return Some(known);
        }
        cache.remove(token);
        None
    }

    /// Returns a cached token that is valid and accepted. It stays cached if it is only valid,
    /// because it may be accepted again.
    #[cold]
    fn find_within(
        &self,
        limit: IssueLimit,
        known: Arc<CachedToken<V>>,
        now: Timestamp,
    ) -> Option<Arc<CachedToken<V>>> {
        let is_accepted = limit.accepts(known.issued_at()) && known.is_valid(&self.verifier, &self.revoked, now);
        is_accepted.then_some(known)
    }

    /// Whether a token is cached and valid, and not accepted.
    fn is_outdated(&self, limit: IssueLimit, token: &str, now: Timestamp) -> bool {
        let known = self.known.as_ref().and_then(|cache| cache.get(token.as_bytes()));
        known.is_some_and(|known| {
            !limit.accepts(known.issued_at()) && known.is_valid(&self.verifier, &self.revoked, now)
        })
    }

    /// Verifies a token, cached or not, and caches the value that `make` returns for its claims.
    ///
    /// # Errors
    ///
    /// [`VerifyError`] names the broken rule, [`TokenRevoked`] reports a revocation,
    /// [`RevocationsOutdated`] that recent revocations are not known, and `make` may return its own
    /// error. Nothing is cached then.
    pub fn verify<E: From<VerifyError> + From<TokenRevoked> + From<RevocationsOutdated>>(
        &self,
        token: &str,
        now: Timestamp,
        make: impl FnOnce(&Verified<Claims<'_>>) -> Result<V, E>,
    ) -> Result<Arc<CachedToken<V>>, E> {
        // SECURITY: read before the keys and the set are checked: a change in between has another
        // number. Tested by `what_changes_while_a_token_is_verified_counts`.
        let stamp = kept::CacheVersions {
            keys: self.verifier.key_epoch(),
            revoked: self.revoked.version(),
        };
        let limit = self.revoked.issue_limit();
        // No signature is verified again for the requests of an outage.
        if !limit.is_none() && self.is_outdated(limit, token, now) {
            return Err(RevocationsOutdated.into());
        }
        let mut scratch = PayloadBuffer::new();
        let claims = self.verifier.verify(token, now, &mut scratch)?;
        if self.revoked.has(&claims) {
            return Err(TokenRevoked.into());
        }
        if !limit.accepts(claims.issued_at()) {
            return Err(RevocationsOutdated.into());
        }
        let known = Arc::new(CachedToken::new(make(&claims)?, &claims, stamp));
        if let Some(cache) = &self.known {
            cache.insert(TokenText::new(token), Arc::clone(&known));
        }
        Ok(known)
    }

    /// The present size and counts.
    #[must_use]
    pub fn figures(&self) -> CacheStats {
        let known = self.known.as_ref();
        CacheStats {
            entries: known.map_or(0, Cache::len),
            bytes: known.map_or(0, Cache::weight),
            evictions: self.evictions.load(Ordering::Relaxed),
        }
    }

    /// The verifier.
    #[must_use]
    pub const fn verifier(&self) -> &Arc<Verifier> {
        &self.verifier
    }
}

impl<V, S> fmt::Debug for VerifiedCache<V, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VerifiedCache")
            .field("is_on", &self.known.is_some())
            .finish_non_exhaustive()
    }
}

/// The reasons why a token is not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[expect(
    clippy::exhaustive_enums,
    reason = "it is not genuine or not valid, or it was revoked or may have been"
)]
pub enum TokenRejected {
    /// The token may have been revoked.
    #[error(transparent)]
    Outdated(#[from] RevocationsOutdated),
    /// The token was revoked.
    #[error(transparent)]
    Revoked(#[from] TokenRevoked),
    /// The token breaks a rule.
    #[error(transparent)]
    Verify(#[from] VerifyError),
}

#[cfg(test)]
mod tests;
