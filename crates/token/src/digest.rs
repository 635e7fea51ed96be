//! SHA-256.

use ring::digest::{SHA256, digest};

/// SHA-256 of some bytes.
pub(crate) fn sha256(bytes: &[u8]) -> [u8; 32] {
    let mut output = [0; 32];
    for (to, from) in output.iter_mut().zip(digest(&SHA256, bytes).as_ref()) {
        *to = *from;
    }
    output
}

/// Returns the first 4 bytes of the SHA-256 digest of a text. They identify a token id in a log.
#[must_use]
pub fn short_digest(text: &str) -> [u8; 4] {
    let [first, second, third, fourth, ..] = sha256(text.as_bytes());
    [first, second, third, fourth]
}
