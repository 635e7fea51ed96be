//! Secrets without a meaning: random texts that are looked up by their digest.

use std::fmt;

use base64_simd::URL_SAFE_NO_PAD;
use scopegate_domain::{Secret, SecretDigest};
use zeroize::Zeroizing;

use crate::digest::sha256;
use crate::{RandomError, RandomSource};

const PREFIX: &str = "sgcs_";
const RANDOM_LEN: usize = 32;
const CHECKSUM_LEN: usize = 4;

/// The secret of a client: `sgcs_`, then 256 random bits and their checksum in base64url.
///
/// The prefix lets scanners find a leaked secret. The checksum distinguishes a truncated or
/// mistyped secret from a wrong one without a store query; it protects nothing else. Only the
/// digest is stored.
///
/// ```
/// use scopegate_token::{ClientSecret, SystemRandomSource};
///
/// let secret = ClientSecret::generate(&SystemRandomSource)?;
/// let presented = ClientSecret::parse(secret.expose())?;
/// assert_eq!(presented.digest(), secret.digest());
/// assert!(ClientSecret::parse(&secret.expose()[..52]).is_err());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct ClientSecret(Secret<String>);

impl ClientSecret {
    /// Generates a secret.
    ///
    /// # Errors
    ///
    /// [`RandomError`] if no random bytes are available.
    pub fn generate(entropy: &dyn RandomSource) -> Result<Self, RandomError> {
        let mut random = Zeroizing::new([0; RANDOM_LEN]);
        entropy.fill(random.as_mut_slice())?;
        let bytes = Zeroizing::new([random.as_slice(), &checksum(&random)].concat());
        let mut text = String::with_capacity(PREFIX.len() + 48);
        text.push_str(PREFIX);
        URL_SAFE_NO_PAD.encode_append(bytes.as_slice(), &mut text);
        Ok(Self(Secret::new(text)))
    }

    /// A secret that was presented.
    ///
    /// # Errors
    ///
    /// [`InvalidClientSecret`] if the text cannot be a secret of this format: another prefix,
    /// length or alphabet, or a checksum that does not match.
    pub fn parse(text: &str) -> Result<Self, InvalidClientSecret> {
        let encoded = text.strip_prefix(PREFIX).ok_or(InvalidClientSecret)?;
        let mut buffer = Zeroizing::new([0; RANDOM_LEN + CHECKSUM_LEN]);
        if encoded.len() != URL_SAFE_NO_PAD.encoded_length(buffer.len()) {
            return Err(InvalidClientSecret);
        }
        let bytes = URL_SAFE_NO_PAD
            .decode(encoded.as_bytes(), base64_simd::AsOut::as_out(buffer.as_mut_slice()))
            .map_err(|_| InvalidClientSecret)?;
        match bytes.split_first_chunk::<RANDOM_LEN>() {
            Some((random, sum)) if *sum == checksum(random) => Ok(Self(Secret::new(text.to_owned()))),
            _ => Err(InvalidClientSecret),
        }
    }

    /// The text, to show once.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.0.expose()
    }

    /// The stored form of the secret.
    #[must_use]
    pub fn digest(&self) -> SecretDigest {
        SecretDigest::from_bytes(sha256(self.expose().as_bytes()))
    }
}

impl fmt::Debug for ClientSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ClientSecret(..)")
    }
}

/// The first bytes of the digest of prefix and random part.
fn checksum(random: &[u8; RANDOM_LEN]) -> [u8; CHECKSUM_LEN] {
    let bytes = Zeroizing::new([PREFIX.as_bytes(), random].concat());
    let [a, b, c, d, ..] = sha256(&bytes);
    [a, b, c, d]
}

/// The text is not a client secret of this format. The error does not repeat it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a client secret")]
#[non_exhaustive]
pub struct InvalidClientSecret;
