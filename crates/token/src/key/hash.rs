//! The hashes of HMAC.

use ring::hmac;

use crate::Algorithm;

/// The hash function of an HMAC algorithm.
#[derive(Clone, Copy)]
pub(super) struct HmacHash(hmac::Algorithm);

impl HmacHash {
    pub(super) const fn algorithm(self) -> hmac::Algorithm {
        self.0
    }

    /// Returns the length of the hash, which is the minimum length of a secret, in bytes ([RFC
    /// 7518, section 3.2](https://www.rfc-editor.org/rfc/rfc7518#section-3.2)).
    pub(super) fn len(self) -> usize {
        self.0.digest_algorithm().output_len()
    }
}

pub(super) const fn hmac_algorithm(algorithm: Algorithm) -> Option<HmacHash> {
    match algorithm {
        Algorithm::Hs256 => Some(HmacHash(hmac::HMAC_SHA256)),
        Algorithm::Hs384 => Some(HmacHash(hmac::HMAC_SHA384)),
        Algorithm::Hs512 => Some(HmacHash(hmac::HMAC_SHA512)),
        _ => None,
    }
}
