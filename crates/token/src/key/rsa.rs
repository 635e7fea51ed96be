//! What makes an RSA key good: [RFC 7518, section
//! 3.3](https://www.rfc-editor.org/rfc/rfc7518#section-3.3).

use ring::signature::{
    self, RSA_PKCS1_1024_8192_SHA256_FOR_LEGACY_USE_ONLY, RSA_PKCS1_1024_8192_SHA512_FOR_LEGACY_USE_ONLY,
    RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_2048_8192_SHA384, RSA_PKCS1_2048_8192_SHA512, RSA_PSS_2048_8192_SHA256,
    RSA_PSS_2048_8192_SHA384, RSA_PSS_2048_8192_SHA512, RsaEncoding, RsaParameters,
};

use super::KeyError;
use crate::Algorithm;

/// The minimum size of a modulus, in bits.
const MIN_BITS: usize = 2_048;
/// The maximum size of a modulus, in bits. The work of a verification grows with its square.
const MAX_BITS: usize = 8_192;
/// The minimum size of a modulus if a setting accepts weak keys.
const MIN_WEAK_BITS: usize = 1_024;

/// Returns the size of a modulus: an odd number without leading zeros.
pub(super) fn bits(modulus: &[u8]) -> Result<usize, KeyError> {
    match (modulus.first(), modulus.last()) {
        (Some(&first @ 1..), Some(last)) if last % 2 == 1 => {
            let spare = usize::try_from(first.leading_zeros()).unwrap_or_default();
            Ok((modulus.len().saturating_mul(8)).saturating_sub(spare))
        }
        _ => Err(KeyError::Malformed),
    }
}

/// Refuses the moduli of the ROCA library
/// ([CVE-2017-15361](https://nvd.nist.gov/vuln/detail/CVE-2017-15361)).
///
/// The primes of such a key are powers of 65,537 modulo a product of small primes, and so is the
/// modulus. A modulus of another library has this form once in some hundred million.
pub(super) fn check_fingerprint(modulus: &[u8]) -> Result<(), KeyError> {
    if PRIMES.iter().all(|prime| is_power(remainder(modulus, *prime), *prime)) {
        Err(KeyError::WeakPrimes)
    } else {
        Ok(())
    }
}

/// The small primes modulo which 65,537 does not generate every number.
const PRIMES: [u32; 17] = [11, 13, 17, 19, 37, 53, 61, 71, 73, 79, 97, 103, 107, 109, 127, 151, 157];

fn remainder(modulus: &[u8], prime: u32) -> u32 {
    modulus
        .iter()
        .fold(0, |rest, byte| (rest * 256 + u32::from(*byte)) % prime)
}

/// Whether the number is a power of 65,537 modulo the prime.
fn is_power(number: u32, prime: u32) -> bool {
    let step = 65_537 % prime;
    let mut power = 1;
    for _ in 0..prime {
        if power == number {
            return true;
        }
        power = power * step % prime;
    }
    false
}

/// Checks the exponent: an odd number from 3 to the maximum of 33 bits, without leading zeros. Ring
/// supports no other.
pub(super) fn check_exponent(exponent: &[u8]) -> Result<(), KeyError> {
    if exponent.first() == Some(&0) || exponent.len() > 5 {
        return Err(KeyError::Malformed);
    }
    let number = exponent
        .iter()
        .fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
    if number >= 3 && number % 2 == 1 && number < 1 << 33 {
        Ok(())
    } else {
        Err(KeyError::Malformed)
    }
}

/// Returns ring's parameters for a key of this length. Below 2,048 bits ring supports RS256 and
/// RS512 only.
pub(super) fn verification(algorithm: Algorithm, bits: usize, weak: bool) -> Result<&'static RsaParameters, KeyError> {
    if bits > MAX_BITS {
        return Err(KeyError::Malformed);
    }
    if bits >= MIN_BITS {
        return strong(algorithm).ok_or(KeyError::Unsupported);
    }
    match algorithm {
        Algorithm::Rs256 if weak && bits >= MIN_WEAK_BITS => Ok(&RSA_PKCS1_1024_8192_SHA256_FOR_LEGACY_USE_ONLY),
        Algorithm::Rs512 if weak && bits >= MIN_WEAK_BITS => Ok(&RSA_PKCS1_1024_8192_SHA512_FOR_LEGACY_USE_ONLY),
        _ => Err(KeyError::ShortModulus),
    }
}

fn strong(algorithm: Algorithm) -> Option<&'static RsaParameters> {
    match algorithm {
        Algorithm::Ps256 => Some(&RSA_PSS_2048_8192_SHA256),
        Algorithm::Ps384 => Some(&RSA_PSS_2048_8192_SHA384),
        Algorithm::Ps512 => Some(&RSA_PSS_2048_8192_SHA512),
        Algorithm::Rs256 => Some(&RSA_PKCS1_2048_8192_SHA256),
        Algorithm::Rs384 => Some(&RSA_PKCS1_2048_8192_SHA384),
        Algorithm::Rs512 => Some(&RSA_PKCS1_2048_8192_SHA512),
        _ => None,
    }
}

/// Returns the padding of a signature.
pub(super) fn padding(algorithm: Algorithm) -> Option<&'static dyn RsaEncoding> {
    match algorithm {
        Algorithm::Ps256 => Some(&signature::RSA_PSS_SHA256),
        Algorithm::Ps384 => Some(&signature::RSA_PSS_SHA384),
        Algorithm::Ps512 => Some(&signature::RSA_PSS_SHA512),
        Algorithm::Rs256 => Some(&signature::RSA_PKCS1_SHA256),
        Algorithm::Rs384 => Some(&signature::RSA_PKCS1_SHA384),
        Algorithm::Rs512 => Some(&signature::RSA_PKCS1_SHA512),
        _ => None,
    }
}
