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
