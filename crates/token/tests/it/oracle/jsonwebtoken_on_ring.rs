//! jsonwebtoken with ring as its cryptography: what it takes without the choice of another library.
//! It is installed for a whole process, so only programs of tests, benches and fuzzers may.

use jsonwebtoken::crypto::{CryptoProvider, JwtSigner, JwtVerifier, KeyUtils};
use jsonwebtoken::errors::{ErrorKind, Result};
use jsonwebtoken::signature::{Error, Signer, Verifier};
use jsonwebtoken::{Algorithm, DecodingKey, DecodingKeyKind, EncodingKey};
use ring::rand::SystemRandom;
use ring::signature::{
    self, EcdsaKeyPair, EcdsaSigningAlgorithm, Ed25519KeyPair, RsaKeyPair, RsaParameters, RsaPublicKeyComponents,
    UnparsedPublicKey, VerificationAlgorithm,
};
use ring::{hmac, rand::SecureRandom};

/// Makes ring the cryptography of jsonwebtoken in this process. Again is the same as once.
pub(crate) fn install() {
    static PROVIDER: CryptoProvider = CryptoProvider {
        signer_factory: signer,
        verifier_factory: verifier,
        key_utils: KeyUtils::new_unimplemented(),
    };
    // The only error is that it is installed already.
    let _ = PROVIDER.install_default();
}

fn hash(algorithm: Algorithm) -> Option<hmac::Algorithm> {
    match algorithm {
        Algorithm::HS256 => Some(hmac::HMAC_SHA256),
        Algorithm::HS384 => Some(hmac::HMAC_SHA384),
        Algorithm::HS512 => Some(hmac::HMAC_SHA512),
        _ => None,
    }
}

fn rsa(algorithm: Algorithm) -> Option<(&'static RsaParameters, &'static dyn signature::RsaEncoding)> {
    match algorithm {
        Algorithm::RS256 => Some((&signature::RSA_PKCS1_2048_8192_SHA256, &signature::RSA_PKCS1_SHA256)),
        Algorithm::RS384 => Some((&signature::RSA_PKCS1_2048_8192_SHA384, &signature::RSA_PKCS1_SHA384)),
        Algorithm::RS512 => Some((&signature::RSA_PKCS1_2048_8192_SHA512, &signature::RSA_PKCS1_SHA512)),
        Algorithm::PS256 => Some((&signature::RSA_PSS_2048_8192_SHA256, &signature::RSA_PSS_SHA256)),
        Algorithm::PS384 => Some((&signature::RSA_PSS_2048_8192_SHA384, &signature::RSA_PSS_SHA384)),
        Algorithm::PS512 => Some((&signature::RSA_PSS_2048_8192_SHA512, &signature::RSA_PSS_SHA512)),
        _ => None,
    }
}

fn curve(
    algorithm: Algorithm,
) -> Option<(
    &'static dyn VerificationAlgorithm,
    Option<&'static EcdsaSigningAlgorithm>,
)> {
    match algorithm {
        Algorithm::EdDSA => Some((&signature::ED25519, None)),
        Algorithm::ES256 => Some((
            &signature::ECDSA_P256_SHA256_FIXED,
            Some(&signature::ECDSA_P256_SHA256_FIXED_SIGNING),
        )),
        Algorithm::ES384 => Some((
            &signature::ECDSA_P384_SHA384_FIXED,
            Some(&signature::ECDSA_P384_SHA384_FIXED_SIGNING),
        )),
        _ => None,
    }
}

struct Verifying(Algorithm, Public);

enum Public {
    Curve(UnparsedPublicKey<Vec<u8>>),
    Hmac(hmac::Key),
    Rsa(&'static RsaParameters, RsaPublicKeyComponents<Vec<u8>>),
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the interface wants it so")]
fn verifier(algorithm: &Algorithm, key: &DecodingKey) -> Result<Box<dyn JwtVerifier>> {
    let public = match key.kind() {
        DecodingKeyKind::RsaModulusExponent { n, e } => {
            let (parameters, _) = rsa(*algorithm).ok_or(ErrorKind::InvalidAlgorithm)?;
            Public::Rsa(
                parameters,
                RsaPublicKeyComponents {
                    n: n.clone(),
                    e: e.clone(),
                },
            )
        }
        DecodingKeyKind::SecretOrDer(bytes) => match (hash(*algorithm), curve(*algorithm)) {
            (Some(hash), _) => Public::Hmac(hmac::Key::new(hash, bytes)),
            (None, Some((curve, _))) => Public::Curve(UnparsedPublicKey::new(curve, bytes.clone())),
            (None, None) => return Err(ErrorKind::InvalidAlgorithm.into()),
        },
    };
    Ok(Box::new(Verifying(*algorithm, public)))
}

impl Verifier<Vec<u8>> for Verifying {
    fn verify(&self, message: &[u8], signature: &Vec<u8>) -> std::result::Result<(), Error> {
        match &self.1 {
            Public::Curve(key) => key.verify(message, signature),
            Public::Hmac(key) => hmac::verify(key, message, signature),
            Public::Rsa(parameters, key) => key.verify(parameters, message, signature),
        }
        .map_err(|_| Error::new())
    }
}

impl JwtVerifier for Verifying {
    fn algorithm(&self) -> Algorithm {
        self.0
    }
}

struct Signing(Algorithm, Private);

enum Private {
    Ecdsa(EcdsaKeyPair),
    Ed25519(Ed25519KeyPair),
    Hmac(hmac::Key),
    Rsa(&'static dyn signature::RsaEncoding, RsaKeyPair),
}

/// Private keys come as PKCS #8.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "the interface wants it so")]
fn signer(algorithm: &Algorithm, key: &EncodingKey) -> Result<Box<dyn JwtSigner>> {
    let bytes = key.as_bytes();
    let random: &dyn SecureRandom = &SystemRandom::new();
    let private = match (hash(*algorithm), curve(*algorithm), rsa(*algorithm)) {
        (Some(hash), ..) => Some(Private::Hmac(hmac::Key::new(hash, bytes))),
        (_, Some((_, Some(curve))), _) => EcdsaKeyPair::from_pkcs8(curve, bytes, random).ok().map(Private::Ecdsa),
        (_, Some((_, None)), _) => Ed25519KeyPair::from_pkcs8_maybe_unchecked(bytes)
            .ok()
            .map(Private::Ed25519),
        (_, _, Some((_, padding))) => RsaKeyPair::from_pkcs8(bytes)
            .ok()
            .map(|pair| Private::Rsa(padding, pair)),
        _ => None,
    };
    let private = private.ok_or(ErrorKind::InvalidAlgorithm)?;
    Ok(Box::new(Signing(*algorithm, private)))
}

impl Signer<Vec<u8>> for Signing {
    fn try_sign(&self, message: &[u8]) -> std::result::Result<Vec<u8>, Error> {
        let random = SystemRandom::new();
        match &self.1 {
            Private::Ecdsa(pair) => pair
                .sign(&random, message)
                .map(|signature| signature.as_ref().to_vec())
                .map_err(|_| Error::new()),
            Private::Ed25519(pair) => Ok(pair.sign(message).as_ref().to_vec()),
            Private::Hmac(key) => Ok(hmac::sign(key, message).as_ref().to_vec()),
            Private::Rsa(padding, pair) => {
                let mut signature = vec![0; pair.public().modulus_len()];
                pair.sign(*padding, &random, message, &mut signature)
                    .map_err(|_| Error::new())?;
                Ok(signature)
            }
        }
    }
}

impl JwtSigner for Signing {
    fn algorithm(&self) -> Algorithm {
        self.0
    }
}
