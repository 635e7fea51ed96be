//! The answer to a token that was verified before.

mod kept;

use std::fmt;
use std::hash::BuildHasher;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use ahash::RandomState;
use quick_cache::OptionsBuilder;
use quick_cache::sync::Cache;
use scopegate_domain::{Claims, Timestamp, Verified};

use self::kept::{Counted, TokenText, Weigher};
pub use self::kept::{HeapBytes, Known};
use crate::{RevokedSet, Scratch, TokenRevoked, Verifier, VerifyError};

/// A verifier that remembers what it made of tokens.
///
/// A token is verified once; until it expires, what was made of it then (`V`) is found by its text. Nothing is trusted for being
/// found: at every hit the whole text was compared, and times, keys and revocation are looked at anew.
///
/// | rule | how |
/// |---|---|
/// | only what was verified is kept | it is put in behind the verification, by nobody else |
/// | one cache for each policy | each verifier has its own, and hands it to nobody |
/// | two tokens are never mixed up | found by a hash with random seeds, then compared whole |
/// | `exp`, `nbf`, `iat` | checked by the function that verification calls |
/// | keys | what was verified before the keys changed is verified again |
/// | revocation | asked at every token; where the set has not grown since the last answer, that stands |
/// | memory | bounded in bytes; what was not asked for makes room |
/// | secrets | a token's text is wiped when it leaves, and nothing prints it |
///
/// What the token may do is not asked here, and how long ago its user logged in is not either: those who decide do so at each
/// request.
///
/// ```
/// use std::sync::Arc;
/// use scopegate_domain::{AccessTokenClaims, Lifetime, Secret, Timestamp};
/// use scopegate_token::{
///     HeapBytes, RevokedSet, Signer, SigningKey, SubjectNames, TokenRejected, TokenRules, VerifiedCache, Verifier,
/// };
///
/// struct Subject(String);
///
/// impl HeapBytes for Subject {
///     fn heap_bytes(&self) -> usize {
///         self.0.capacity()
///     }
/// }
///
/// let key = SigningKey::hs256(&Secret::new(String::from("a secret text of thirty-two bytes")))?;
/// let verifier = Arc::new(Verifier::new(TokenRules::tutorial(), key.verifying_key()));
/// let revoked = Arc::new(RevokedSet::new(SubjectNames::Usernames));
/// let cache = VerifiedCache::new(verifier, revoked, 1024 * 1024);
///
/// let now = Timestamp::from_unix(1_700_000_000);
/// let claims = AccessTokenClaims::new("johndoe", now, Lifetime::from_minutes(30));
/// let token = Signer::new(TokenRules::tutorial(), key).issue(&claims)?;
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
    /// None where nothing is to be kept.
    known: Option<Shelf<V, S>>,
    evictions: Arc<AtomicU64>,
}

type Shelf<V, S> = Cache<TokenText, Arc<Known<V>>, Weigher, S, Counted>;

/// What a cache holds now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct CacheFigures {
    /// Tokens.
    pub entries: usize,
    /// Bytes, what the tables of the cache need for each of them included.
    pub bytes: u64,
    /// Tokens that had to make room for others, ever.
    pub evictions: u64,
}

impl<V: HeapBytes> VerifiedCache<V> {
    /// A cache of at most so many bytes before a verifier; of none where they are 0, and then every token is verified.
    #[must_use]
    pub fn new(verifier: Arc<Verifier>, revoked: Arc<RevokedSet>, bytes: usize) -> Self {
        Self::with_hasher(verifier, revoked, bytes, RandomState::new())
    }
}

impl<V: HeapBytes, S: BuildHasher + Clone> VerifiedCache<V, S> {
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

    /// What was made of a token, where it was verified before and is as good now.
    ///
    /// It says nothing of a token that it does not know or that has become bad: [`VerifiedCache::verify`] does. What is asked for
    /// may be any bytes, text or not: nothing but a token was ever put in.
    #[must_use]
    pub fn find(&self, token: impl AsRef<[u8]>, now: Timestamp) -> Option<Arc<Known<V>>> {
        let token = token.as_ref();
        let cache = self.known.as_ref()?;
        let known = cache.get(token)?;
        // SECURITY: all that can make a good token bad is asked here, or it would stay good until it makes room. Held by the
        // tests of these names below.
        if known.is_good(&self.verifier, &self.revoked, now) {
            return Some(known);
        }
        cache.remove(token);
        None
    }

    /// Verifies a token whatever is known of it, and keeps what `make` makes of its claims.
    ///
    /// # Errors
    ///
    /// [`VerifyError`] names the rule that it breaks, [`TokenRevoked`] says that it was taken back, or what `make` says. Nothing is
    /// kept then.
    pub fn verify<E: From<VerifyError> + From<TokenRevoked>>(
        &self,
        token: &str,
        now: Timestamp,
        make: impl FnOnce(&Verified<Claims<'_>>) -> Result<V, E>,
    ) -> Result<Arc<Known<V>>, E> {
        // SECURITY: before the keys and the set are looked at: what changes meanwhile has another number. Held by
        // `what_changes_while_a_token_is_verified_counts`.
        let stamp = kept::Stamp {
            keys: self.verifier.key_epoch(),
            revoked: self.revoked.version(),
        };
        let mut scratch = Scratch::new();
        let claims = self.verifier.verify(token, now, &mut scratch)?;
        if self.revoked.has(&claims) {
            return Err(TokenRevoked.into());
        }
        let known = Arc::new(Known::new(make(&claims)?, &claims, stamp));
        if let Some(cache) = &self.known {
            cache.insert(TokenText::new(token), Arc::clone(&known));
        }
        Ok(known)
    }

    /// What it holds now.
    #[must_use]
    pub fn figures(&self) -> CacheFigures {
        let known = self.known.as_ref();
        CacheFigures {
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

/// Why a token is not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[expect(
    clippy::exhaustive_enums,
    reason = "it is not genuine or not valid, or it was taken back"
)]
pub enum TokenRejected {
    /// It was taken back.
    #[error(transparent)]
    Revoked(#[from] TokenRevoked),
    /// It breaks a rule.
    #[error(transparent)]
    Verify(#[from] VerifyError),
}

#[cfg(test)]
mod tests;
