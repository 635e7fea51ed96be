//! Keys that sign, made elsewhere: PEM and JWK.

use rustls_pki_types::PrivateKeyDer;
use rustls_pki_types::pem::PemObject;
use scopegate_domain::Secret;
use scopegate_domain::json::Reader;

use super::der::{self, Der};
use super::{Jwk, KeyError, SigningKey};
use crate::Algorithm;

impl SigningKey {
    /// Reads the first private key of a PEM file: `PRIVATE KEY` (PKCS #8), `RSA PRIVATE KEY` (PKCS
    /// #1) or `EC PRIVATE KEY` (SEC 1). Its type determines the algorithm; an RSA key is for
    /// `RS256` until [`SigningKey::with_algorithm`] changes it. An encrypted key is refused.
    ///
    /// # Errors
    ///
    /// The errors of [`SigningKey::from_pkcs8`]; [`KeyError::Malformed`] if there is no private
    /// key.
    pub fn from_pem(pem: &Secret<Vec<u8>>) -> Result<Self, KeyError> {
        match PrivateKeyDer::from_pem_slice(pem.expose()).map_err(|_| KeyError::Malformed)? {
            PrivateKeyDer::Pkcs8(mut document) => {
                let kept = Secret::new(document.secret_pkcs8_der().to_vec());
                zeroize::Zeroize::zeroize(&mut document);
                let kind = der::Kind::of_pkcs8(kept.expose()).ok_or(KeyError::Unsupported)?;
                Self::from_pkcs8(usual_algorithm(kind), kept)
            }
            PrivateKeyDer::Pkcs1(mut document) => {
                let wrapped = der::pkcs8(der::Kind::Rsa, document.secret_pkcs1_der());
                zeroize::Zeroize::zeroize(&mut document);
                Self::from_der(der::Kind::Rsa, &wrapped)
            }
            PrivateKeyDer::Sec1(mut document) => {
                let [p256, p384] =
                    [der::Kind::P256, der::Kind::P384].map(|kind| (kind, der::pkcs8(kind, document.secret_sec1_der())));
                zeroize::Zeroize::zeroize(&mut document);
                // The document may omit the curve, and fits only one.
                Self::from_der(p256.0, &p256.1).or_else(|_| Self::from_der(p384.0, &p384.1))
            }
            _ => Err(KeyError::Unsupported),
        }
    }

    /// Reads a private JWK, with its `kid`. `use`, `key_ops` and `alg` are checked; without `alg`
    /// the key is for the usual algorithm of its type.
    ///
    /// # Errors
    ///
    /// The errors of [`SigningKey::from_pkcs8`] and [`SigningKey::hmac`]; [`KeyError::OtherUse`] if
    /// the key is not for signing.
    pub fn from_jwk(json: &Secret<Vec<u8>>) -> Result<Self, KeyError> {
        let text = std::str::from_utf8(json.expose()).map_err(|_| KeyError::Malformed)?;
        let mut reader = Reader::new(text);
        let jwk = Jwk::read(&mut reader).map_err(|_| KeyError::Malformed)?;
        reader.finish().map_err(|_| KeyError::Malformed)?;
        let of_type = jwk.algorithms_of_type()?;
        jwk.check_use("sign")?;
        let usual = *of_type.first().ok_or(KeyError::Unsupported)?;
        let algorithm = jwk.algorithm()?.unwrap_or(usual);
        let key = Self::from_members(&jwk, algorithm)?;
        Ok(match jwk.id()? {
            Some(id) => key.with_id(id),
            None => key,
        })
    }

    fn from_members(jwk: &Jwk<'_>, algorithm: Algorithm) -> Result<Self, KeyError> {
        let key = match algorithm {
            algorithm if algorithm.is_symmetric() => {
                return Self::hmac(algorithm, &Secret::new(jwk.bytes("k")?.to_vec()));
            }
            Algorithm::EdDsa => {
                let wrapped = der::pkcs8(der::Kind::Ed25519, &der::ed25519_private_key(&jwk.bytes("d")?));
                Self::from_der(der::Kind::Ed25519, &wrapped)?
            }
            Algorithm::Es256 | Algorithm::Es384 => {
                let kind = if algorithm == Algorithm::Es256 {
                    der::Kind::P256
                } else {
                    der::Kind::P384
                };
                let private_key = der::ec_private_key(&jwk.bytes("d")?, &jwk.point(algorithm)?);
                Self::from_der(kind, &der::pkcs8(kind, &private_key))?
            }
            _ => {
                let numbers = ["n", "e", "d", "p", "q", "dp", "dq", "qi"].into_iter();
                let numbers: Vec<_> = numbers.map(|name| jwk.bytes(name)).collect::<Result<_, _>>()?;
                let private_key = der::rsa_private_key(&numbers);
                Self::from_der(der::Kind::Rsa, &der::pkcs8(der::Kind::Rsa, &private_key))?.with_algorithm(algorithm)?
            }
        };
        // Only for Ed25519: the form that ring reads here has no public half. So this checks
        // whether both halves match.
        if algorithm == Algorithm::EdDsa && jwk.point(algorithm)? != key.public_bytes() {
            return Err(KeyError::Malformed);
        }
        Ok(key)
    }

    fn from_der(kind: der::Kind, document: &Der) -> Result<Self, KeyError> {
        Self::from_pkcs8(usual_algorithm(kind), Secret::new(document.to_vec()))
    }
}

const fn usual_algorithm(kind: der::Kind) -> Algorithm {
    match kind {
        der::Kind::Ed25519 => Algorithm::EdDsa,
        der::Kind::P256 => Algorithm::Es256,
        der::Kind::P384 => Algorithm::Es384,
        der::Kind::Rsa => Algorithm::Rs256,
    }
}
