//! The stored entry of a token.

use std::borrow::Borrow;
use std::hash::{Hash, Hasher};
use std::mem::size_of;
use std::ops::Deref;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use quick_cache::{Lifecycle, Weighter};
use scopegate_domain::{Claims, Secret, Timestamp};

use crate::revoked::RevokedNames;
use crate::token_times::TokenTimes;
use crate::{RevokedSet, Verifier};

/// The size of a typical token in bytes, to estimate the number of tokens.
pub(super) const USUAL_BYTES: usize = 1024;

/// The memory of the cache's tables for one token: its slot, its place in the index, and the
/// allocator's overhead for three pieces of memory. The slots and the index grow by doubling.
const TABLES: usize = 2 * 64 + 2 * 8 + 3 * 16;

/// A type that can report its size outside of the value itself.
pub trait HeapSize {
    /// Returns the approximate number of bytes on the heap; rather more than less.
    fn heap_bytes(&self) -> usize;
}

/// The value made from a verified token, with all data for the later checks.
pub struct CachedToken<V> {
    value: V,
    keys: u64,
    times: TokenTimes,
    /// The last version of the set of revoked tokens that was searched for this token.
    checked_revocation_version: AtomicU64,
    // In one piece: client, subject, token.
    names: Box<str>,
    ends: [Option<u32>; 3],
}

/// The versions of keys and revocations at the last verification.
#[derive(Clone, Copy, Debug)]
pub(super) struct CacheVersions {
    /// The epoch of the keys.
    pub(super) keys: u64,
    /// The version of the set of revoked tokens.
    pub(super) revoked: u64,
}

impl<V> CachedToken<V> {
    pub(super) fn new(value: V, claims: &Claims<'_>, stamp: CacheVersions) -> Self {
        let names = RevokedNames::of(claims);
        let mut text = String::new();
        let ends = [names.client, names.subject, names.token].map(|name| {
            text.push_str(name?);
            // A payload is 8 KiB at most.
            Some(u32::try_from(text.len()).unwrap_or(u32::MAX))
        });
        Self {
            value,
            keys: stamp.keys,
            times: TokenTimes::of(claims),
            checked_revocation_version: AtomicU64::new(stamp.revoked),
            names: text.into_boxed_str(),
            ends,
        }
    }

    pub(super) const fn issued_at(&self) -> Option<Timestamp> {
        self.times.issued_at
    }

    /// Whether the result of the verification is still valid.
    #[inline]
    pub(super) fn is_valid(&self, verifier: &Verifier, revoked: &RevokedSet, now: Timestamp) -> bool {
        self.keys == verifier.key_epoch()
            && verifier.rules().check_times(&self.times, now).is_ok()
            && (self.checked_revocation_version.load(Ordering::Relaxed) == revoked.version() || self.is_left(revoked))
    }

    /// Searches the current set of revoked tokens for this token.
    #[cold]
    fn is_left(&self, revoked: &RevokedSet) -> bool {
        let version = revoked.version();
        let is_left = !revoked.covers(&self.names());
        if is_left {
            self.checked_revocation_version.store(version, Ordering::Relaxed);
        }
        is_left
    }

    fn names(&self) -> RevokedNames<'_> {
        let mut begin = 0;
        let [client, subject, token] = self.ends.map(|end| {
            let end = usize::try_from(end?).ok()?;
            let name = self.names.get(begin..end);
            begin = end;
            name
        });
        RevokedNames {
            client,
            issued_at: self.times.issued_at,
            subject,
            token,
        }
    }
}

impl<V> Deref for CachedToken<V> {
    type Target = V;

    fn deref(&self) -> &V {
        &self.value
    }
}

impl<V> std::fmt::Debug for CachedToken<V> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CachedToken").finish_non_exhaustive()
    }
}

/// The whole text of a token: wiped when dropped, and never printed.
pub(super) struct TokenText(Secret<Box<str>>);

impl TokenText {
    pub(super) fn new(token: &str) -> Self {
        Self(Secret::new(token.into()))
    }
}

impl Borrow<[u8]> for TokenText {
    fn borrow(&self) -> &[u8] {
        self.0.expose().as_bytes()
    }
}

impl Hash for TokenText {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.expose().as_bytes().hash(state);
    }
}

// SECURITY: the whole text, because hashes may be equal. Tested by
// `tokens_with_the_same_hash_are_two_tokens`. Not in constant time: a client that measures it
// learns of tokens that begin like its own, header and payload, and has no hash like the other's.
impl PartialEq for TokenText {
    fn eq(&self, other: &Self) -> bool {
        self.0.expose() == other.0.expose()
    }
}

impl Eq for TokenText {}

/// Calculates the size in bytes.
#[derive(Clone, Debug)]
pub(super) struct Weigher;

impl<V: HeapSize> Weighter<TokenText, Arc<CachedToken<V>>> for Weigher {
    fn weight(&self, token: &TokenText, known: &Arc<CachedToken<V>>) -> u64 {
        let own = TABLES + size_of::<CachedToken<V>>() + known.names.len() + known.value.heap_bytes();
        u64::try_from(own + token.0.expose().len()).unwrap_or(u64::MAX)
    }
}

/// Counts evicted tokens.
#[derive(Clone, Debug)]
pub(super) struct Counted(pub(super) Arc<AtomicU64>);

impl<V> Lifecycle<TokenText, Arc<CachedToken<V>>> for Counted {
    type RequestState = ();

    fn on_evict(&self, (): &mut (), _: TokenText, _: Arc<CachedToken<V>>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}
