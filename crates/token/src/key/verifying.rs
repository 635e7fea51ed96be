//! Keys that verify.

use std::fmt;
use std::sync::Arc;

use ring::hmac;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P384_SHA384_FIXED, ED25519, RsaParameters, RsaPublicKeyComponents, UnparsedPublicKey,
};
use scopegate_domain::KeyId;

use super::{KeyError, hmac_algorithm, rsa};
use crate::Algorithm;

/// Length of an uncompressed point of P-256: 0x04, x, y.
const P256_POINT_LEN: usize = 65;
/// Length of an uncompressed point of P-384.
const P384_POINT_LEN: usize = 97;

/// A key that verifies, bound to one algorithm. An HMAC key is secret here, too.
///
/// ```
/// use scopegate_token::{Algorithm, SigningKey};
///
/// let key = SigningKey::generate(Algorithm::EdDsa)?.verifying_key();
/// assert_eq!(key.algorithm(), Algorithm::EdDsa);
/// assert_eq!(key.to_jwk().unwrap()["crv"], "Ed25519");
/// # Ok::<(), scopegate_token::KeyError>(())
/// ```
#[derive(Clone)]
pub struct VerifyingKey {
    id: Option<KeyId>,
    algorithm: Algorithm,
    pub(super) material: VerifyingMaterial,
}

#[derive(Clone)]
pub(super) enum VerifyingMaterial {
    Ed25519(UnparsedPublicKey<[u8; 32]>),
    Hmac(hmac::Key),
    P256(UnparsedPublicKey<[u8; P256_POINT_LEN]>),
    P384(UnparsedPublicKey<[u8; P384_POINT_LEN]>),
    Rsa(Arc<RsaPublicKey>),
}

/// A public RSA key with ring's parameters.
pub(super) struct RsaPublicKey {
    parameters: &'static RsaParameters,
    pub(super) components: RsaPublicKeyComponents<Box<[u8]>>,
}

impl VerifyingKey {
    /// Creates a public P-256 key from its uncompressed point: 0x04, then x and y of 32 bytes each.
    ///
    /// # Errors
    ///
    /// [`KeyError::Malformed`] if the bytes have another form. A point that is not on the curve
    /// verifies nothing.
    pub fn es256_from_point(point: &[u8]) -> Result<Self, KeyError> {
        Self::from_point(Algorithm::Es256, point)
    }

    /// Creates a public key of `ES256` or `ES384` from its uncompressed point, or of `EdDSA` from
    /// its 32 bytes.
    pub(super) fn from_point(algorithm: Algorithm, point: &[u8]) -> Result<Self, KeyError> {
        let material = match algorithm {
            Algorithm::Es256 => VerifyingMaterial::P256(UnparsedPublicKey::new(
                &ECDSA_P256_SHA256_FIXED,
                uncompressed::<P256_POINT_LEN>(point)?,
            )),
            Algorithm::Es384 => VerifyingMaterial::P384(UnparsedPublicKey::new(
                &ECDSA_P384_SHA384_FIXED,
                uncompressed::<P384_POINT_LEN>(point)?,
            )),
            Algorithm::EdDsa => {
                let point = <[u8; 32]>::try_from(point).map_err(|_| KeyError::Malformed)?;
                VerifyingMaterial::Ed25519(UnparsedPublicKey::new(&ED25519, point))
            }
            _ => return Err(KeyError::Unsupported),
        };
        Ok(Self::new(algorithm, material))
    }

    /// Creates a public RSA key from its modulus and exponent, each as bytes without leading zeros.
    pub(super) fn from_rsa(
        algorithm: Algorithm,
        modulus: &[u8],
        exponent: &[u8],
        weak: bool,
    ) -> Result<Self, KeyError> {
        rsa::check_exponent(exponent)?;
        rsa::check_fingerprint(modulus)?;
        let key = RsaPublicKey {
            parameters: rsa::verification(algorithm, rsa::bits(modulus)?, weak)?,
            components: RsaPublicKeyComponents {
                n: Box::from(modulus),
                e: Box::from(exponent),
            },
        };
        Ok(Self::new(algorithm, VerifyingMaterial::Rsa(Arc::new(key))))
    }

    /// An HMAC key of any length but none.
    pub(super) fn from_secret(algorithm: Algorithm, secret: &[u8], weak: bool) -> Result<Self, KeyError> {
        let hash = hmac_algorithm(algorithm).ok_or(KeyError::Unsupported)?;
        let shortest = if weak { 1 } else { hash.len() };
        if secret.len() < shortest {
            return Err(KeyError::ShortSecret);
        }
        Ok(Self::new(
            algorithm,
            VerifyingMaterial::Hmac(hmac::Key::new(hash.algorithm(), secret)),
        ))
    }

    pub(super) fn from_hmac(algorithm: Algorithm, key: &hmac::Key) -> Self {
        Self::new(algorithm, VerifyingMaterial::Hmac(key.clone()))
    }

    /// A key that verifies nothing: a point that is on no curve.
    pub(super) fn placeholder(algorithm: Algorithm) -> Self {
        let nowhere = UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, [0; P256_POINT_LEN]);
        Self::new(algorithm, VerifyingMaterial::P256(nowhere))
    }

    const fn new(algorithm: Algorithm, material: VerifyingMaterial) -> Self {
        Self {
            id: None,
            algorithm,
            material,
        }
    }

    /// Sets the id. A token names it as `kid` in its header.
    #[must_use]
    pub fn with_id(mut self, id: KeyId) -> Self {
        self.id = Some(id);
        self
    }

    /// Removes the id. Tokens without a `kid` select the key, regardless of other keys.
    #[must_use]
    pub fn without_id(mut self) -> Self {
        self.id = None;
        self
    }

    /// The id.
    #[must_use]
    pub const fn id(&self) -> Option<&KeyId> {
        self.id.as_ref()
    }

    /// Returns the algorithm of this key.
    #[must_use]
    pub const fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// Returns the uncompressed point of a key on P-256 or P-384; `None` for a key of another type.
    #[must_use]
    pub fn point(&self) -> Option<&[u8]> {
        match &self.material {
            VerifyingMaterial::P256(key) => Some(key.as_ref()),
            VerifyingMaterial::P384(key) => Some(key.as_ref()),
            VerifyingMaterial::Ed25519(_) | VerifyingMaterial::Hmac(_) | VerifyingMaterial::Rsa(_) => None,
        }
    }

    /// Whether the other key has the same id, algorithm and material. Two HMAC keys never are: they
    /// cannot be compared.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        let is_named_alike = self.id == other.id && self.algorithm == other.algorithm;
        is_named_alike
            && match (&self.material, &other.material) {
                (VerifyingMaterial::Ed25519(one), VerifyingMaterial::Ed25519(other)) => one.as_ref() == other.as_ref(),
                (VerifyingMaterial::P256(one), VerifyingMaterial::P256(other)) => one.as_ref() == other.as_ref(),
                (VerifyingMaterial::P384(one), VerifyingMaterial::P384(other)) => one.as_ref() == other.as_ref(),
                (VerifyingMaterial::Rsa(one), VerifyingMaterial::Rsa(other)) => {
                    let (one, other) = (&one.components, &other.components);
                    one.n == other.n && one.e == other.e
                }
                _ => false,
            }
    }

    /// Whether the signature is that of the message. Compares in constant time.
    pub(crate) fn is_signature_of(&self, message: &[u8], signature: &[u8]) -> bool {
        match &self.material {
            VerifyingMaterial::Hmac(key) => hmac::verify(key, message, signature).is_ok(),
            VerifyingMaterial::P256(key) => key.verify(message, signature).is_ok(),
            VerifyingMaterial::P384(key) => key.verify(message, signature).is_ok(),
            VerifyingMaterial::Ed25519(key) => key.verify(message, signature).is_ok(),
            VerifyingMaterial::Rsa(key) => key.components.verify(key.parameters, message, signature).is_ok(),
        }
    }
}

fn uncompressed<const LEN: usize>(point: &[u8]) -> Result<[u8; LEN], KeyError> {
    let point = <[u8; LEN]>::try_from(point).map_err(|_| KeyError::Malformed)?;
    if point.first() == Some(&4) {
        Ok(point)
    } else {
        Err(KeyError::Malformed)
    }
}

impl fmt::Debug for VerifyingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VerifyingKey")
            .field("algorithm", &self.algorithm)
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}
