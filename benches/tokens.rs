//! The tokens that are verified, with everything that verifies them.

use std::mem::MaybeUninit;

use base64_simd::{AsOut as _, URL_SAFE_NO_PAD};
use jsonwebtoken::{DecodingKey, Validation};
use ring::hmac;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P384_SHA384_FIXED, ED25519, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_2048_8192_SHA384,
    RSA_PKCS1_2048_8192_SHA512, RSA_PSS_2048_8192_SHA256, RSA_PSS_2048_8192_SHA384, RSA_PSS_2048_8192_SHA512,
    RsaParameters, RsaPublicKeyComponents, UnparsedPublicKey,
};
use scopegate_domain::{
    AccessTokenClaims, Audience, ClientId, Clock as _, Issuer, Lifetime, ScopeToken, Secret, SystemClock, Timestamp,
    TokenId,
};
use scopegate_token::{Algorithm, Signer, SigningKey, TokenRules, Verifier, VerifyingKey};
use serde_json::Value;

const SECRET: &str = "09d25e094faa6ca2556c818166b7a9563b93f7099f6f0f4caa6cf63b88e8d3e7";
/// RFC 7515, appendix A.2: 2,048 bits.
const RSA: &[u8] = include_bytes!("../crates/token/tests/data/rfc7515_a2.jwk.json");

/// An access token by RFC 9068 with eight claims, and the verifiers for it.
pub struct TokenFixture {
    token: String,
    /// The signature of another token with the same key.
    other_signature: String,
    now: Timestamp,
    raw: RawKey,
    verifier: Verifier,
    decoding_key: DecodingKey,
    validation: Validation,
}

enum RawKey {
    Curve(UnparsedPublicKey<Vec<u8>>),
    Hmac(hmac::Key),
    Rsa(&'static RsaParameters, RsaPublicKeyComponents<Vec<u8>>),
}

impl TokenFixture {
    /// The issuer.
    pub const ISSUER: &str = "https://issuer.example";
    /// The audience.
    pub const AUDIENCE: &str = "https://api.example/items";

    /// Signed with HMAC and SHA-256.
    #[must_use]
    pub fn hs256() -> Self {
        Self::of(Algorithm::Hs256)
    }

    /// Signed with ECDSA on P-256.
    #[must_use]
    pub fn es256() -> Self {
        Self::of(Algorithm::Es256)
    }

    /// Signed with this algorithm.
    #[must_use]
    pub fn of(algorithm: Algorithm) -> Self {
        let key = signing_key(algorithm);
        let (raw, theirs) = other_library_keys(&key.verifying_key());
        Self::new(key, raw, theirs, algorithm.as_str().parse().unwrap())
    }

    fn new(key: SigningKey, raw: RawKey, decoding_key: DecodingKey, algorithm: jsonwebtoken::Algorithm) -> Self {
        let now = SystemClock.now();
        let rules = TokenRules::rfc9068(
            Issuer::parse(Self::ISSUER).unwrap(),
            Audience::parse(Self::AUDIENCE).unwrap(),
        );
        let verifier = Verifier::new(rules.clone(), key.verifying_key());
        let signer = Signer::new(rules, key);
        let issue = |id| signer.issue(&claims(now, id)).unwrap().expose().to_owned();
        let token = issue("0f8fad5b-d9cb-469f-a165-70867728950e");
        let other = issue("7c9e6679-7425-40de-944b-e07fc1f90ae7");
        Self {
            token,
            other_signature: other.rsplit_once('.').unwrap().1.to_owned(),
            now,
            raw,
            verifier,
            decoding_key,
            validation: validation(algorithm),
        }
    }

    /// The token.
    #[must_use]
    pub fn token(&self) -> &str {
        &self.token
    }

    /// Returns the time when the token was issued.
    #[must_use]
    pub const fn now(&self) -> Timestamp {
        self.now
    }

    /// Our verifier.
    #[must_use]
    pub const fn verifier(&self) -> &Verifier {
        &self.verifier
    }

    /// The input of jsonwebtoken: the key and the checks.
    #[must_use]
    pub const fn jsonwebtoken(&self) -> (&DecodingKey, &Validation) {
        (&self.decoding_key, &self.validation)
    }

    /// The signed part of the token and the signature as text.
    #[must_use]
    pub fn signed(&self) -> (&str, &str) {
        self.token.rsplit_once('.').unwrap()
    }

    /// The signature's bytes.
    #[must_use]
    pub fn signature(&self) -> Vec<u8> {
        URL_SAFE_NO_PAD.decode_to_vec(self.signed().1).unwrap()
    }

    /// The payload's bytes.
    #[must_use]
    pub fn payload(&self) -> Vec<u8> {
        URL_SAFE_NO_PAD
            .decode_to_vec(self.token.split('.').nth(1).unwrap())
            .unwrap()
    }

    /// The token with a signature of the same key over another one. A verifier refuses it only
    /// after all the work of a check. (A signature of any bytes may not be a number of the right
    /// size, and a verifier sees that before it computes anything.)
    #[must_use]
    pub fn forged(&self) -> String {
        format!("{}.{}", self.signed().0, self.other_signature)
    }

    /// The bytes of the signature of the forged token.
    #[must_use]
    pub fn forged_signature(&self) -> Vec<u8> {
        URL_SAFE_NO_PAD.decode_to_vec(&self.other_signature).unwrap()
    }

    /// The secret of an HMAC key.
    #[must_use]
    pub const fn secret() -> &'static [u8] {
        SECRET.as_bytes()
    }

    /// The primitive alone.
    #[must_use]
    pub fn raw(&self, message: &[u8], signature: &[u8]) -> bool {
        match &self.raw {
            RawKey::Curve(key) => key.verify(message, signature).is_ok(),
            RawKey::Hmac(key) => hmac::verify(key, message, signature).is_ok(),
            RawKey::Rsa(parameters, key) => key.verify(parameters, message, signature).is_ok(),
        }
    }

    /// The minimum of every verifier: the primitive, and base64 decoding of the three segments, on
    /// the stack.
    #[must_use]
    pub fn limit(&self) -> bool {
        let (message, signature) = self.signed();
        let (header, payload) = message.split_once('.').unwrap();
        let mut room = [const { [const { MaybeUninit::<u8>::uninit() }; 1024] }; 3];
        let [for_header, for_payload, for_signature] = &mut room;
        let header = URL_SAFE_NO_PAD.decode(header.as_bytes(), for_header.as_mut_slice().as_out());
        let payload = URL_SAFE_NO_PAD.decode(payload.as_bytes(), for_payload.as_mut_slice().as_out());
        let signature = URL_SAFE_NO_PAD
            .decode(signature.as_bytes(), for_signature.as_mut_slice().as_out())
            .unwrap();
        header.is_ok() && payload.is_ok() && self.raw(message.as_bytes(), signature)
    }
}

impl std::fmt::Debug for TokenFixture {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TokenFixture")
            .field("bytes", &self.token.len())
            .finish_non_exhaustive()
    }
}

fn signing_key(algorithm: Algorithm) -> SigningKey {
    match algorithm {
        Algorithm::EdDsa | Algorithm::Es256 | Algorithm::Es384 => SigningKey::generate(algorithm).unwrap(),
        algorithm if algorithm.is_symmetric() => SigningKey::hmac(algorithm, &Secret::new(SECRET.to_owned())).unwrap(),
        _ => {
            let key = SigningKey::from_jwk(&Secret::new(RSA.to_vec())).unwrap();
            key.with_algorithm(algorithm).unwrap()
        }
    }
}

/// Returns the key for ring, and for jsonwebtoken.
fn other_library_keys(key: &VerifyingKey) -> (RawKey, DecodingKey) {
    let algorithm = key.algorithm();
    let Some(jwk) = key.to_jwk() else {
        let raw = hmac::Key::new(hash(algorithm), SECRET.as_bytes());
        return (RawKey::Hmac(raw), DecodingKey::from_secret(SECRET.as_bytes()));
    };
    let bytes = |name: &str| {
        let text = jwk.get(name).and_then(Value::as_str).unwrap();
        URL_SAFE_NO_PAD.decode_to_vec(text).unwrap()
    };
    match (algorithm, key.point()) {
        (Algorithm::Es384, Some(point)) => {
            let raw = UnparsedPublicKey::new(&ECDSA_P384_SHA384_FIXED, point.to_vec());
            (RawKey::Curve(raw), DecodingKey::from_ec_der(point))
        }
        (_, Some(point)) => {
            let raw = UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point.to_vec());
            (RawKey::Curve(raw), DecodingKey::from_ec_der(point))
        }
        (Algorithm::EdDsa, None) => {
            let raw = UnparsedPublicKey::new(&ED25519, bytes("x"));
            (RawKey::Curve(raw), DecodingKey::from_ed_der(&bytes("x")))
        }
        (_, None) => {
            let (n, e) = (bytes("n"), bytes("e"));
            let theirs = DecodingKey::from_rsa_raw_components(&n, &e);
            (RawKey::Rsa(padding(algorithm), RsaPublicKeyComponents { n, e }), theirs)
        }
    }
}

fn hash(algorithm: Algorithm) -> hmac::Algorithm {
    match algorithm {
        Algorithm::Hs384 => hmac::HMAC_SHA384,
        Algorithm::Hs512 => hmac::HMAC_SHA512,
        _ => hmac::HMAC_SHA256,
    }
}

fn padding(algorithm: Algorithm) -> &'static RsaParameters {
    match algorithm {
        Algorithm::Ps256 => &RSA_PSS_2048_8192_SHA256,
        Algorithm::Ps384 => &RSA_PSS_2048_8192_SHA384,
        Algorithm::Ps512 => &RSA_PSS_2048_8192_SHA512,
        Algorithm::Rs384 => &RSA_PKCS1_2048_8192_SHA384,
        Algorithm::Rs512 => &RSA_PKCS1_2048_8192_SHA512,
        _ => &RSA_PKCS1_2048_8192_SHA256,
    }
}

fn claims(now: Timestamp, id: &str) -> AccessTokenClaims {
    let scopes = ["me", "items"].map(|name| ScopeToken::parse(name).unwrap());
    AccessTokenClaims::new("johndoe", now, Lifetime::from_minutes(30))
        .with_scopes(scopes)
        .with_client_id(ClientId::parse("s6BhdRkqt3").unwrap())
        .with_token_id(TokenId::parse(id).unwrap())
}

fn validation(algorithm: jsonwebtoken::Algorithm) -> Validation {
    let mut validation = Validation::new(algorithm);
    validation.leeway = 0;
    validation.set_issuer(&[TokenFixture::ISSUER]);
    validation.set_audience(&[TokenFixture::AUDIENCE]);
    validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
    validation
}
