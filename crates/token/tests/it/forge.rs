//! Tokens of any shape, signed with the right key.

use base64_simd::URL_SAFE_NO_PAD;
use ring::hmac;
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
use scopegate_domain::{Audience, Claims, Issuer, Secret, Timestamp};
use scopegate_token::{KeySet, PayloadBuffer, SigningKey, TokenRules, Verifier, VerifyError, VerifyingKey};
use serde_json::{Map, Value, json};

pub(crate) const SECRET: &str = "09d25e094faa6ca2556c818166b7a9563b93f7099f6f0f4caa6cf63b88e8d3e7";
pub(crate) const NOW: i64 = 1_700_000_000;

pub(crate) fn now() -> Timestamp {
    Timestamp::from_unix(NOW)
}

pub(crate) fn encode(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode_to_string(bytes)
}

pub(crate) fn hs256_key() -> SigningKey {
    SigningKey::hs256(&Secret::new(SECRET.to_owned())).unwrap()
}

/// A P-256 key whose document is at hand.
pub(crate) struct Es256 {
    pair: EcdsaKeyPair,
    pub(crate) pkcs8: Vec<u8>,
}

impl Es256 {
    pub(crate) fn generate() -> Self {
        let document = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &SystemRandom::new()).unwrap();
        let pkcs8 = document.as_ref().to_vec();
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &pkcs8, &SystemRandom::new()).unwrap();
        Self { pair, pkcs8 }
    }

    pub(crate) fn signing_key(&self) -> SigningKey {
        SigningKey::es256_from_pkcs8(Secret::new(self.pkcs8.clone())).unwrap()
    }

    pub(crate) fn verifying_key(&self) -> VerifyingKey {
        self.signing_key().verifying_key()
    }

    pub(crate) fn sign(&self, message: &str) -> Vec<u8> {
        self.pair
            .sign(&SystemRandom::new(), message.as_bytes())
            .unwrap()
            .as_ref()
            .to_vec()
    }
}

pub(crate) fn hmac_tag(algorithm: hmac::Algorithm, key: &[u8], message: &str) -> Vec<u8> {
    hmac::sign(&hmac::Key::new(algorithm, key), message.as_bytes())
        .as_ref()
        .to_vec()
}

/// A token of these texts with a right HS256 signature, with any header.
pub(crate) fn hs256(header: &str, payload: &str) -> String {
    let message = format!("{}.{}", encode(header), encode(payload));
    let tag = hmac_tag(hmac::HMAC_SHA256, SECRET.as_bytes(), &message);
    format!("{message}.{}", encode(tag))
}

/// A token of these texts with a right ES256 signature, with any header.
pub(crate) fn es256(key: &Es256, header: &str, payload: &str) -> String {
    let message = format!("{}.{}", encode(header), encode(payload));
    format!("{message}.{}", encode(key.sign(&message)))
}

/// A kind of token: its verifier, a header and claims that it accepts.
pub(crate) struct Kind {
    pub(crate) name: &'static str,
    pub(crate) rules: TokenRules,
    pub(crate) header: Value,
    pub(crate) claims: Value,
}

impl Kind {
    pub(crate) fn both() -> [Self; 2] {
        [Self::tutorial(), Self::rfc9068()]
    }

    pub(crate) fn tutorial() -> Self {
        Self {
            name: "tutorial",
            rules: TokenRules::shared_secret(),
            header: json!({"alg": "HS256", "typ": "JWT"}),
            claims: json!({"sub": "johndoe", "scopes": ["me", "items"], "exp": NOW + 1800}),
        }
    }

    pub(crate) fn rfc9068() -> Self {
        let issuer = Issuer::parse("https://issuer.example").unwrap();
        let audience = Audience::parse("https://api.example").unwrap();
        Self {
            name: "rfc9068",
            rules: TokenRules::rfc9068(issuer, audience),
            header: json!({"alg": "HS256", "typ": "at+jwt"}),
            claims: json!({
                "iss": "https://issuer.example", "aud": "https://api.example", "sub": "u1", "client_id": "app",
                "iat": NOW, "exp": NOW + 1800, "jti": "t1", "scope": "me items",
            }),
        }
    }

    pub(crate) fn verify(&self, token: &str) -> Result<(), VerifyError> {
        verify(&self.rules, hs256_key().verifying_key(), token)
    }

    /// The verdict on a token with some claims replaced; `null` leaves one out.
    pub(crate) fn with_claims(&self, more: &Value) -> Result<(), VerifyError> {
        self.verify(&hs256(
            &self.header.to_string(),
            &merged(&self.claims, more).to_string(),
        ))
    }

    /// The verdict on a token with some members of the header replaced; `null` leaves one out.
    pub(crate) fn with_header(&self, more: &Value) -> Result<(), VerifyError> {
        self.verify(&hs256(
            &merged(&self.header, more).to_string(),
            &self.claims.to_string(),
        ))
    }

    pub(crate) fn with_header_text(&self, header: &str) -> Result<(), VerifyError> {
        self.verify(&hs256(header, &self.claims.to_string()))
    }

    pub(crate) fn with_payload_text(&self, payload: &str) -> Result<(), VerifyError> {
        self.verify(&hs256(&self.header.to_string(), payload))
    }

    pub(crate) fn token(&self) -> String {
        hs256(&self.header.to_string(), &self.claims.to_string())
    }
}

pub(crate) fn verify(rules: &TokenRules, keys: impl Into<KeySet>, token: &str) -> Result<(), VerifyError> {
    let mut scratch = PayloadBuffer::new();
    let verifier = Verifier::new(rules.clone(), keys);
    verifier.verify(token, now(), &mut scratch).map(|verified| {
        let _: &Claims<'_> = &verified;
    })
}

pub(crate) fn merged(base: &Value, more: &Value) -> Value {
    let mut members: Map<String, Value> = base.as_object().unwrap().clone();
    for (name, value) in more.as_object().unwrap() {
        if value.is_null() {
            members.remove(name);
        } else {
            members.insert(name.clone(), value.clone());
        }
    }
    Value::Object(members)
}
