//! Keys that sign.

use std::fmt;

use ring::hmac;
use ring::rand::SystemRandom;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair, EcdsaSigningAlgorithm,
    Ed25519KeyPair, KeyPair, RsaKeyPair, RsaPublicKeyComponents,
};
use scopegate_domain::{KeyId, Secret};
use zeroize::Zeroize;

use super::{KeyError, VerifyingKey, hmac_algorithm, rsa};
use crate::Algorithm;

/// A key that signs. `Debug` prints only the algorithm and the id.
///
/// ```
/// use scopegate_domain::Secret;
/// use scopegate_token::{Algorithm, KeyError, SigningKey};
///
/// let secret = Secret::new(String::from("a secret text of thirty-two bytes"));
/// assert_eq!(SigningKey::hs256(&secret)?.algorithm(), Algorithm::Hs256);
/// assert_eq!(SigningKey::es256_generate()?.algorithm(), Algorithm::Es256);
/// assert!(SigningKey::hs256(&Secret::new(String::from("short"))).is_err());
/// # Ok::<(), KeyError>(())
/// ```
pub struct SigningKey {
    id: Option<KeyId>,
    algorithm: Algorithm,
    material: SigningMaterial,
}

enum SigningMaterial {
    Ecdsa {
        pair: Box<EcdsaKeyPair>,
        pkcs8: Secret<Vec<u8>>,
    },
    Ed25519 {
        pair: Box<Ed25519KeyPair>,
        pkcs8: Secret<Vec<u8>>,
    },
    Hmac {
        key: Box<hmac::Key>,
    },
    Rsa {
        pair: Box<RsaKeyPair>,
        pkcs8: Secret<Vec<u8>>,
    },
}

impl SigningKey {
    /// An `HS256` key: [`SigningKey::hmac`].
    ///
    /// # Errors
    ///
    /// [`KeyError::ShortSecret`] below 32 bytes.
    pub fn hs256<T: Zeroize + AsRef<[u8]>>(secret: &Secret<T>) -> Result<Self, KeyError> {
        Self::hmac(Algorithm::Hs256, secret)
    }

    /// Creates an HMAC key from the raw bytes of a secret: the bytes of a text, not the value of
    /// its hexadecimal digits.
    ///
    /// # Errors
    ///
    /// [`KeyError::ShortSecret`] if the secret is shorter than the hash, [`KeyError::Unsupported`]
    /// if the algorithm is not an HMAC.
    pub fn hmac<T: Zeroize + AsRef<[u8]>>(algorithm: Algorithm, secret: &Secret<T>) -> Result<Self, KeyError> {
        let bytes = secret.expose().as_ref();
        let hash = hmac_algorithm(algorithm).ok_or(KeyError::Unsupported)?;
        if bytes.len() < hash.len() {
            return Err(KeyError::ShortSecret);
        }
        let key = Box::new(hmac::Key::new(hash.algorithm(), bytes));
        Ok(Self::new(algorithm, SigningMaterial::Hmac { key }))
    }

    /// A new `ES256` key: [`SigningKey::generate`].
    ///
    /// # Errors
    ///
    /// [`KeyError::Generation`] if the operating system provides no random bytes.
    pub fn es256_generate() -> Result<Self, KeyError> {
        Self::generate(Algorithm::Es256)
    }

    /// Generates a key of `ES256`, `ES384` or `EdDSA` with random bytes of the operating system.
    /// Ring accepts no other source.
    ///
    /// # Errors
    ///
    /// [`KeyError::Generation`] if the operating system provides no random bytes;
    /// [`KeyError::Unsupported`] for RSA, which ring does not generate, and for HMAC, whose secret
    /// comes from a configuration.
    pub fn generate(algorithm: Algorithm) -> Result<Self, KeyError> {
        let random = SystemRandom::new();
        let document = match (ecdsa(algorithm), algorithm) {
            (Some(parameters), _) => EcdsaKeyPair::generate_pkcs8(parameters, &random),
            (None, Algorithm::EdDsa) => Ed25519KeyPair::generate_pkcs8(&random),
            _ => return Err(KeyError::Unsupported),
        };
        let document = document.map_err(|_| KeyError::Generation)?;
        Self::from_pkcs8(algorithm, Secret::new(document.as_ref().to_vec()))
    }

    /// Reads an `ES256` key from a PKCS #8 document: see [`SigningKey::from_pkcs8`].
    ///
    /// # Errors
    ///
    /// [`KeyError::Malformed`] if the document is not PKCS #8, is of another kind of key, or its
    /// halves do not match.
    pub fn es256_from_pkcs8(pkcs8: Secret<Vec<u8>>) -> Result<Self, KeyError> {
        Self::from_pkcs8(Algorithm::Es256, pkcs8)
    }

    /// Reads a key from a PKCS #8 document (DER). A key on P-256 or P-384 must contain the public
    /// key too.
    ///
    /// # Errors
    ///
    /// - [`KeyError::Malformed`] if the document is not one, is of another kind of key, or its
    ///   halves do not match.
    /// - [`KeyError::ShortModulus`] for RSA below 2,048 bits. Ring signs with at most 4,096.
    /// - [`KeyError::Unsupported`] if the algorithm is an HMAC.
    pub fn from_pkcs8(algorithm: Algorithm, pkcs8: Secret<Vec<u8>>) -> Result<Self, KeyError> {
        let document = pkcs8.expose();
        let material = match algorithm {
            Algorithm::Es256 | Algorithm::Es384 => {
                let parameters = ecdsa(algorithm).ok_or(KeyError::Unsupported)?;
                let pair = EcdsaKeyPair::from_pkcs8(parameters, document, &SystemRandom::new());
                let pair = Box::new(pair.map_err(|_| KeyError::Malformed)?);
                SigningMaterial::Ecdsa { pair, pkcs8 }
            }
            Algorithm::EdDsa => {
                // Keys written by OpenSSL lack the public half, which follows from the private
                // half.
                let pair = Ed25519KeyPair::from_pkcs8_maybe_unchecked(document);
                let pair = Box::new(pair.map_err(|_| KeyError::Malformed)?);
                SigningMaterial::Ed25519 { pair, pkcs8 }
            }
            algorithm if rsa::padding(algorithm).is_some() => {
                let pair = RsaKeyPair::from_pkcs8(document);
                let pair = Box::new(pair.map_err(|fault| rejected_rsa(&fault))?);
                SigningMaterial::Rsa { pair, pkcs8 }
            }
            _ => return Err(KeyError::Unsupported),
        };
        Ok(Self::new(algorithm, material))
    }

    const fn new(algorithm: Algorithm, material: SigningMaterial) -> Self {
        Self {
            id: None,
            algorithm,
            material,
        }
    }

    /// Sets the id, which is the `kid` in the header of each token.
    #[must_use]
    pub fn with_id(mut self, id: KeyId) -> Self {
        self.id = Some(id);
        self
    }

    /// The same RSA key for another algorithm of RSA.
    ///
    /// # Errors
    ///
    /// [`KeyError::Unsupported`] if the key is not for that algorithm.
    pub fn with_algorithm(mut self, algorithm: Algorithm) -> Result<Self, KeyError> {
        let is_rsa = matches!(self.material, SigningMaterial::Rsa { .. }) && rsa::padding(algorithm).is_some();
        if !is_rsa && algorithm != self.algorithm {
            return Err(KeyError::Unsupported);
        }
        self.algorithm = algorithm;
        Ok(self)
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

    /// Returns the PKCS #8 document to store, which [`SigningKey::from_pkcs8`] reads. `None` for an
    /// HMAC key: its secret is in the configuration.
    #[must_use]
    pub const fn to_pkcs8(&self) -> Option<&Secret<Vec<u8>>> {
        match &self.material {
            SigningMaterial::Ecdsa { pkcs8, .. }
            | SigningMaterial::Ed25519 { pkcs8, .. }
            | SigningMaterial::Rsa { pkcs8, .. } => Some(pkcs8),
            SigningMaterial::Hmac { .. } => None,
        }
    }

    /// Returns the key that verifies the signatures of this key. It has the same id.
    #[must_use]
    pub fn verifying_key(&self) -> VerifyingKey {
        let key = match &self.material {
            SigningMaterial::Ecdsa { pair, .. } => VerifyingKey::from_point(self.algorithm, pair.public_key().as_ref()),
            SigningMaterial::Ed25519 { pair, .. } => {
                VerifyingKey::from_point(self.algorithm, pair.public_key().as_ref())
            }
            SigningMaterial::Hmac { key } => Ok(VerifyingKey::from_hmac(self.algorithm, key)),
            SigningMaterial::Rsa { pair, .. } => {
                let RsaPublicKeyComponents::<Vec<u8>> { n, e } = pair.public().into();
                VerifyingKey::from_rsa(self.algorithm, &n, &e, false)
            }
        };
        // INVARIANT: the public half of a key that signs is a key that verifies
        // (`every_algorithm_signs_what_it_verifies`). If it were not, an unknown key would replace
        // it, and verify nothing.
        let key = key.unwrap_or_else(|_| VerifyingKey::placeholder(self.algorithm));
        match &self.id {
            Some(id) => key.with_id(id.clone()),
            None => key,
        }
    }

    /// The public half of an Ed25519 key; empty for other keys.
    pub(super) fn public_bytes(&self) -> &[u8] {
        match &self.material {
            SigningMaterial::Ed25519 { pair, .. } => pair.public_key().as_ref(),
            _ => &[],
        }
    }

    /// Signs a message; the signature is in the form of a JWS.
    pub(crate) fn sign(&self, message: &[u8]) -> Result<Vec<u8>, KeyError> {
        match &self.material {
            SigningMaterial::Ecdsa { pair, .. } => pair
                .sign(&SystemRandom::new(), message)
                .map(|signature| signature.as_ref().to_vec())
                .map_err(|_| KeyError::Generation),
            SigningMaterial::Ed25519 { pair, .. } => Ok(pair.sign(message).as_ref().to_vec()),
            SigningMaterial::Hmac { key } => Ok(hmac::sign(key, message).as_ref().to_vec()),
            SigningMaterial::Rsa { pair, .. } => {
                let padding = rsa::padding(self.algorithm).ok_or(KeyError::Unsupported)?;
                let mut signature = vec![0; pair.public().modulus_len()];
                pair.sign(padding, &SystemRandom::new(), message, &mut signature)
                    .map_err(|_| KeyError::Generation)?;
                Ok(signature)
            }
        }
    }
}

const fn ecdsa(algorithm: Algorithm) -> Option<&'static EcdsaSigningAlgorithm> {
    match algorithm {
        Algorithm::Es256 => Some(&ECDSA_P256_SHA256_FIXED_SIGNING),
        Algorithm::Es384 => Some(&ECDSA_P384_SHA384_FIXED_SIGNING),
        _ => None,
    }
}

/// Ring gives the reason for a refused key only as text (`short_rsa_key_differs_from_no_key`).
fn rejected_rsa(fault: &ring::error::KeyRejected) -> KeyError {
    match fault.to_string().as_str() {
        "TooSmall" => KeyError::ShortModulus,
        "TooLarge" => KeyError::Unsupported,
        _ => KeyError::Malformed,
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningKey")
            .field("algorithm", &self.algorithm)
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}
