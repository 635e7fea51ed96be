//! The tokens that this process signed recently.

use std::fmt;

use quick_cache::sync::Cache;
use ring::digest::{Context, SHA256};

use crate::VerifyingKey;

/// Identifies the tokens that a [`Signer`](crate::Signer) of this process signed recently, so that
/// a [`Verifier`](crate::Verifier) need not verify their signatures.
///
/// It contains digests, from which no token can be made: at most [`RecentTokens::CAPACITY`], about
/// 1.3 MB.
pub struct RecentTokens(Cache<[u8; 32], ()>);

impl RecentTokens {
    /// The maximum number of tokens. Tokens without recent use are evicted.
    pub const CAPACITY: usize = 16_384;

    pub(crate) fn new() -> Self {
        Self(Cache::new(Self::CAPACITY))
    }

    /// Adds a token that was signed with the private half of this key.
    pub(crate) fn add(&self, token: &str, key: &VerifyingKey) {
        if let Some(digest) = digest(token, key) {
            self.0.insert(digest, ());
        }
    }

    /// Whether exactly this token was signed with the private half of exactly this key.
    pub(crate) fn contains(&self, token: &str, key: &VerifyingKey) -> bool {
        digest(token, key).is_some_and(|digest| self.0.get(&digest).is_some())
    }
}

impl fmt::Debug for RecentTokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RecentTokens")
            .field("tokens", &self.0.len())
            .finish_non_exhaustive()
    }
}

/// Returns the digest of a whole token and a key. `None` for a key that is not of ECDSA: a MAC
/// costs less than this digest.
// SECURITY: the key is part of it, because an id may name another key later. Tested by
// `recent_token_needs_its_key` in verify/tests.rs.
fn digest(token: &str, key: &VerifyingKey) -> Option<[u8; 32]> {
    let point = key.point()?;
    let mut context = Context::new(&SHA256);
    context.update(&point.len().to_be_bytes());
    context.update(point);
    context.update(token.as_bytes());
    context.finish().as_ref().try_into().ok()
}
