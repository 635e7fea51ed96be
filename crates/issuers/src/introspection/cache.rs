//! Caches introspection responses for a short time, bounded in bytes.

use std::collections::hash_map::RandomState;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use quick_cache::Weighter;
use quick_cache::sync::{Cache, DefaultLifecycle};
use scopegate_domain::{Lifetime, Secret, Timestamp, TokenClaims};

use super::introspected_token::IntrospectedToken;

/// The size of one entry without its texts, in bytes; an upper estimate.
const ENTRY_BYTES: usize = 256;

/// The usual size of an entry, in bytes: sets the number of shards.
const USUAL_BYTES: usize = 1024;

/// The result of introspection; `None` is a token that is not valid here.
pub(super) type Answer = Option<IntrospectedToken>;

/// A token as a key: compared as a whole in constant time, wiped when it leaves.
pub(super) struct TokenText(Secret<String>);

impl TokenText {
    pub(super) fn new(token: &str) -> Self {
        Self(Secret::new(token.to_owned()))
    }

    pub(super) fn expose(&self) -> &str {
        self.0.expose()
    }
}

impl PartialEq for TokenText {
    fn eq(&self, other: &Self) -> bool {
        self.0.same_as(&other.0)
    }
}

impl Eq for TokenText {}

impl Hash for TokenText {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.expose().hash(state);
    }
}

impl fmt::Debug for TokenText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenText(..)")
    }
}

/// Valid and invalid tokens, in partitions of the same size. So guessed tokens never evict valid
/// ones.
#[derive(Debug)]
pub(super) struct IntrospectionCache {
    ttl: (u32, u32),
    bytes: usize,
    valid: CachePartition,
    invalid: CachePartition,
}

impl IntrospectionCache {
    /// Creates a cache with a TTL in seconds for valid and for invalid tokens, and a size in bytes
    /// for each.
    pub(super) fn new(ttl: (u32, u32), bytes: usize) -> Self {
        Self {
            valid: CachePartition::new(ttl.0, bytes),
            invalid: CachePartition::new(ttl.1, bytes),
            ttl,
            bytes,
        }
    }

    /// Creates an empty cache with the same settings.
    pub(super) fn to_empty(&self) -> Self {
        Self::new(self.ttl, self.bytes)
    }

    /// Returns the answer for a token, if it is still fresh.
    pub(super) fn find(&self, token: &Arc<TokenText>, now: Timestamp) -> Option<Answer> {
        self.valid.find(token, now).or_else(|| self.invalid.find(token, now))
    }

    /// Stores an answer until the TTL or `until`, whichever comes first. It replaces an older
    /// answer for the same token.
    pub(super) fn keep(&self, token: &Arc<TokenText>, answer: &Answer, until: Timestamp, now: Timestamp) {
        let (partition, other) = match answer {
            Some(_) => (&self.valid, &self.invalid),
            None => (&self.invalid, &self.valid),
        };
        other.answers.remove(token);
        partition.keep(token, answer, until, now);
    }
}

/// A part of the cache with a size and a TTL.
struct CachePartition {
    ttl: Lifetime,
    answers: Cache<Arc<TokenText>, CachedAnswer, ByteWeighter, RandomState>,
    /// The Unix time of the next removal of expired answers.
    next_sweep: AtomicI64,
}

#[derive(Clone)]
struct CachedAnswer {
    answer: Answer,
    /// The time of the response. A clock that was set back makes no answer fresh again.
    since: Timestamp,
    until: Timestamp,
}

impl CachedAnswer {
    fn is_fresh(&self, now: Timestamp) -> bool {
        self.since <= now && now < self.until
    }
}

impl CachePartition {
    fn new(seconds: u32, bytes: usize) -> Self {
        Self {
            ttl: Lifetime::from_seconds(seconds),
            // A hash with random seeds, because a client chooses the token.
            answers: Cache::with(
                bytes / USUAL_BYTES,
                u64::try_from(bytes).unwrap_or(u64::MAX),
                ByteWeighter,
                RandomState::new(),
                DefaultLifecycle::default(),
            ),
            next_sweep: AtomicI64::new(i64::MIN),
        }
    }

    fn find(&self, token: &Arc<TokenText>, now: Timestamp) -> Option<Answer> {
        let cached = self.answers.get(token)?;
        cached.is_fresh(now).then_some(cached.answer)
    }

    fn keep(&self, token: &Arc<TokenText>, answer: &Answer, until: Timestamp, now: Timestamp) {
        self.answers.remove(token);
        self.remove_expired(now);
        let cached = CachedAnswer {
            answer: answer.clone(),
            since: now,
            until: until.min(now + self.ttl),
        };
        if cached.is_fresh(now) {
            self.answers.insert(Arc::clone(token), cached);
        }
    }

    /// Removes expired answers, at most once for each TTL. So no token stays in memory for longer
    /// than two TTLs while others come, and the cost for each change is small.
    fn remove_expired(&self, now: Timestamp) {
        let next = now + self.ttl;
        let due = self.next_sweep.load(Ordering::Relaxed);
        // A clock that was set back must not delay the next removal.
        if now.as_unix() < due && due <= next.as_unix() {
            return;
        }
        self.next_sweep.store(next.as_unix(), Ordering::Relaxed);
        self.answers.retain(|_, cached| cached.is_fresh(now));
    }
}

impl fmt::Debug for CachePartition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CachePartition")
            .field("ttl", &self.ttl)
            .finish_non_exhaustive()
    }
}

/// The size of an entry, in bytes.
#[derive(Clone)]
struct ByteWeighter;

impl Weighter<Arc<TokenText>, CachedAnswer> for ByteWeighter {
    fn weight(&self, token: &Arc<TokenText>, cached: &CachedAnswer) -> u64 {
        let heap = cached.answer.as_ref().map_or(0, |valid| {
            let scopes = valid
                .scopes
                .iter()
                .map(|scope| scope.as_str().len() + 32)
                .sum::<usize>();
            scopes + size_of::<TokenClaims>() + valid.claims.heap_bytes()
        });
        u64::try_from(ENTRY_BYTES + token.expose().len() + heap).unwrap_or(u64::MAX)
    }
}

#[cfg(test)]
mod tests;
