//! Scopes that are found by their text when a token is read.

use std::hash::Hasher;

use scopegate_domain::ScopeToken;

/// A scope token that is found by its text.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct ScopeText(pub(super) ScopeToken);

impl std::borrow::Borrow<str> for ScopeText {
    fn borrow(&self) -> &str {
        self.0.as_str()
    }
}

/// A hash of short texts, eight bytes at a time. The keys are those of the catalog. A client cannot
/// choose them, so the hash need not resist collisions.
#[derive(Clone, Debug, Default)]
pub(super) struct TextHasher(u64);

impl Hasher for TextHasher {
    fn write(&mut self, bytes: &[u8]) {
        const ODD: u64 = 0x9E37_79B9_7F4A_7C15;
        let mix = |state: u64, word: u64| (state ^ word).wrapping_mul(ODD).rotate_left(29);
        let (words, rest) = bytes.as_chunks::<8>();
        let state = words
            .iter()
            .fold(self.0, |state, word| mix(state, u64::from_le_bytes(*word)));
        let rest = rest.iter().fold(0, |word, byte| word << 8 | u64::from(*byte));
        self.0 = mix(state, rest);
    }

    fn finish(&self) -> u64 {
        self.0 ^ self.0 >> 32
    }
}
