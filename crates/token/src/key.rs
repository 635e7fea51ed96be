//! Keys: each bound to one algorithm.

use std::fmt;

use ring::hmac;
use ring::rand::SystemRandom;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair, UnparsedPublicKey,
};
use scopegate_domain::{KeyId, Secret};
use zeroize::Zeroize;

use crate::Algorithm;

/// Shortest accepted HMAC secret, in bytes: as long as the hash
/// ([RFC 7518, section 3.2](https://www.rfc-editor.org/rfc/rfc7518#section-3.2)).
const MIN_HMAC_SECRET: usize = 32;

/// Length of an uncompressed point of P-256: 0x04, x, y.
pub(crate) const P256_POINT_LEN: usize = 65;

/// A key that signs. Mute: `Debug` tells the algorithm and the id.
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
    material: SigningMaterial,
}

enum SigningMaterial {
    Es256 {
        pair: Box<EcdsaKeyPair>,
        pkcs8: Secret<Vec<u8>>,
    },
    Hs256(hmac::Key),
}

impl SigningKey {
    /// An HMAC key from the bytes of a secret as they are: the bytes of a text, not what its hexadecimal digits mean.
    ///
    /// # Errors
    ///
    /// [`KeyError::ShortSecret`] below 32 bytes.
    pub fn hs256<T: Zeroize + AsRef<[u8]>>(secret: &Secret<T>) -> Result<Self, KeyError> {
        let bytes = secret.expose().as_ref();
        if bytes.len() < MIN_HMAC_SECRET {
            return Err(KeyError::ShortSecret);
        }
        let key = hmac::Key::new(hmac::HMAC_SHA256, bytes);
        Ok(Self {
            id: None,
            material: SigningMaterial::Hs256(key),
        })
    }

    /// A new P-256 key from the randomness of the operating system. (Its source cannot be chosen: ring takes no other.)
    ///
    /// # Errors
    ///
    /// [`KeyError::Generation`] where the operating system gives no randomness.
    pub fn es256_generate() -> Result<Self, KeyError> {
        let document = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &SystemRandom::new())
            .map_err(|_| KeyError::Generation)?;
        Self::es256_from_pkcs8(Secret::new(document.as_ref().to_vec()))
    }

    /// A P-256 key from a PKCS #8 document (DER) that holds the public key too.
    ///
    /// # Errors
    ///
    /// [`KeyError::Malformed`] where the document is none, is of another kind of key, or its halves do not match.
    pub fn es256_from_pkcs8(pkcs8: Secret<Vec<u8>>) -> Result<Self, KeyError> {
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, pkcs8.expose(), &SystemRandom::new())
            .map_err(|_| KeyError::Malformed)?;
        Ok(Self {
            id: None,
            material: SigningMaterial::Es256 {
                pair: Box::new(pair),
                pkcs8,
            },
        })
    }

    /// With an id, which the header of each token then names.
    #[must_use]
    pub fn with_id(mut self, id: KeyId) -> Self {
        self.id = Some(id);
        self
    }

    /// The id.
    #[must_use]
    pub const fn id(&self) -> Option<&KeyId> {
        self.id.as_ref()
    }

    /// The one algorithm of this key.
    #[must_use]
    pub const fn algorithm(&self) -> Algorithm {
        match self.material {
            SigningMaterial::Es256 { .. } => Algorithm::Es256,
            SigningMaterial::Hs256(_) => Algorithm::Hs256,
        }
    }

    /// The PKCS #8 document to keep. None for an HMAC key: whoever configured its secret has it.
    #[must_use]
    pub const fn to_pkcs8(&self) -> Option<&Secret<Vec<u8>>> {
        match &self.material {
            SigningMaterial::Es256 { pkcs8, .. } => Some(pkcs8),
            SigningMaterial::Hs256(_) => None,
        }
    }

    /// The key that verifies what this key signs; it has the same id.
    #[must_use]
    pub fn verifying_key(&self) -> VerifyingKey {
        let material = match &self.material {
            SigningMaterial::Es256 { pair, .. } => {
                let mut point = [0; P256_POINT_LEN];
                for (to, from) in point.iter_mut().zip(pair.public_key().as_ref()) {
                    *to = *from;
                }
                VerifyingMaterial::Es256(UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point))
            }
            SigningMaterial::Hs256(key) => VerifyingMaterial::Hs256(key.clone()),
        };
        VerifyingKey {
            id: self.id.clone(),
            material,
        }
    }

    /// Signs; the signature is in the form of a JWS.
    pub(crate) fn sign(&self, message: &[u8]) -> Result<Vec<u8>, KeyError> {
        match &self.material {
            SigningMaterial::Es256 { pair, .. } => pair
                .sign(&SystemRandom::new(), message)
                .map(|signature| signature.as_ref().to_vec())
                .map_err(|_| KeyError::Generation),
            SigningMaterial::Hs256(key) => Ok(hmac::sign(key, message).as_ref().to_vec()),
        }
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningKey")
            .field("algorithm", &self.algorithm())
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

/// A key that verifies. That of an HMAC key is as secret as the key itself.
#[derive(Clone)]
pub struct VerifyingKey {
    id: Option<KeyId>,
    material: VerifyingMaterial,
}

#[derive(Clone)]
enum VerifyingMaterial {
    Es256(UnparsedPublicKey<[u8; P256_POINT_LEN]>),
    Hs256(hmac::Key),
}

impl VerifyingKey {
    /// A public P-256 key from its uncompressed point: 0x04, then x and y of 32 bytes each.
    ///
    /// # Errors
    ///
    /// [`KeyError::Malformed`] where the bytes have another form. A point that is not on the curve verifies nothing.
    pub fn es256_from_point(point: &[u8]) -> Result<Self, KeyError> {
        let point = <[u8; P256_POINT_LEN]>::try_from(point).map_err(|_| KeyError::Malformed)?;
        if point.first() != Some(&4) {
            return Err(KeyError::Malformed);
        }
        let key = UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point);
        Ok(Self {
            id: None,
            material: VerifyingMaterial::Es256(key),
        })
    }

    /// With an id, by which the header of a token names it.
    #[must_use]
    pub fn with_id(mut self, id: KeyId) -> Self {
        self.id = Some(id);
        self
    }

    /// The id.
    #[must_use]
    pub const fn id(&self) -> Option<&KeyId> {
        self.id.as_ref()
    }

    /// The one algorithm of this key.
    #[must_use]
    pub const fn algorithm(&self) -> Algorithm {
        match self.material {
            VerifyingMaterial::Es256(_) => Algorithm::Es256,
            VerifyingMaterial::Hs256(_) => Algorithm::Hs256,
        }
    }

    /// The uncompressed point of a public key; none for an HMAC key, which has no public half.
    #[must_use]
    pub fn point(&self) -> Option<&[u8]> {
        match &self.material {
            VerifyingMaterial::Es256(key) => Some(key.as_ref()),
            VerifyingMaterial::Hs256(_) => None,
        }
    }

    /// Whether the signature is that of the message. Compares in constant time.
    pub(crate) fn is_signature_of(&self, message: &[u8], signature: &[u8]) -> bool {
        match &self.material {
            VerifyingMaterial::Es256(key) => key.verify(message, signature).is_ok(),
            VerifyingMaterial::Hs256(key) => hmac::verify(key, message, signature).is_ok(),
        }
    }
}

impl fmt::Debug for VerifyingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VerifyingKey")
            .field("algorithm", &self.algorithm())
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

/// Why a key cannot be made or used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// Two keys of a set have the same id.
    #[error("two keys have the same id")]
    DuplicateId,
    /// The operating system gave no randomness.
    #[error("no randomness to make a key or a signature with")]
    Generation,
    /// Not a key of this kind.
    #[error("not a key of this kind")]
    Malformed,
    /// An HMAC secret that is shorter than its hash.
    #[error("secret is shorter than {MIN_HMAC_SECRET} bytes")]
    ShortSecret,
}

#[cfg(test)]
mod tests {
    use base64_simd::URL_SAFE_NO_PAD;

    use super::*;

    const PAYLOAD: &str =
        "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ";

    fn decode(text: &str) -> Vec<u8> {
        URL_SAFE_NO_PAD.decode_to_vec(text).unwrap()
    }

    #[test]
    fn hs256_is_that_of_rfc_7515_appendix_a1() {
        let secret = decode("AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow");
        let key = SigningKey::hs256(&Secret::new(secret)).unwrap();
        let message = format!("eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.{PAYLOAD}");
        let signature = decode("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk");
        assert_eq!(key.sign(message.as_bytes()).unwrap(), signature);
        assert!(key.verifying_key().is_signature_of(message.as_bytes(), &signature));
        assert!(!key.verifying_key().is_signature_of(PAYLOAD.as_bytes(), &signature));
    }

    #[test]
    fn es256_is_that_of_rfc_7515_appendix_a3() {
        let x = decode("f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU");
        let y = decode("x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0");
        let key = VerifyingKey::es256_from_point(&[&[4][..], &x, &y].concat()).unwrap();
        let message = format!("eyJhbGciOiJFUzI1NiJ9.{PAYLOAD}");
        let signature =
            decode("DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q");
        assert!(key.is_signature_of(message.as_bytes(), &signature));
        assert!(!key.is_signature_of(PAYLOAD.as_bytes(), &signature));
        assert!(!key.is_signature_of(message.as_bytes(), &[0; 64]));
    }
}
