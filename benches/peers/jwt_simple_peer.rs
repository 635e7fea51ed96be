//! jwt-simple: a type of key for each algorithm. It takes its options by value, so each call gets a
//! copy.

use std::collections::HashSet;
use std::fmt;

use base64_simd::URL_SAFE_NO_PAD;
use jwt_simple::prelude::*;
use scopegate_benches::TokenFixture;
use scopegate_token::{Algorithm, VerifyingKey};
use serde::Deserialize;

/// The claims that jwt-simple does not read itself.
#[derive(Deserialize)]
#[expect(dead_code, reason = "reading them is what is measured")]
struct Read {
    client_id: String,
    scope: String,
}

/// A key in its words.
pub struct JwtSimple {
    verify: Box<dyn Fn(&str) -> bool>,
}

impl JwtSimple {
    /// The key of a token.
    ///
    /// # Panics
    ///
    /// If jwt-simple rejects the key.
    #[must_use]
    pub fn new(algorithm: Algorithm, fixture: &TokenFixture) -> Self {
        let keys = fixture.verifier().keys();
        let key = keys.iter().next().unwrap();
        let options = VerificationOptions {
            allowed_issuers: Some(HashSet::from([TokenFixture::ISSUER.to_owned()])),
            allowed_audiences: Some(HashSet::from([TokenFixture::AUDIENCE.to_owned()])),
            required_signature_type: Some("at+jwt".to_owned()),
            time_tolerance: Some(Duration::from_secs(0)),
            ..VerificationOptions::default()
        };
        macro_rules! verify {
            ($key:expr) => {{
                let key = $key;
                Box::new(move |token: &str| key.verify_token::<Read>(token, Some(options.clone())).is_ok())
            }};
        }
        let (secret, n, e) = (TokenFixture::secret(), member(key, "n"), member(key, "e"));
        let point = key.point().map_or_else(|| member(key, "x"), <[u8]>::to_vec);
        let verify: Box<dyn Fn(&str) -> bool> = match algorithm {
            Algorithm::EdDsa => verify!(Ed25519PublicKey::from_bytes(&point).unwrap()),
            Algorithm::Es256 => verify!(ES256PublicKey::from_bytes(&point).unwrap()),
            Algorithm::Es384 => verify!(ES384PublicKey::from_bytes(&point).unwrap()),
            Algorithm::Hs256 => verify!(HS256Key::from_bytes(secret)),
            Algorithm::Hs384 => verify!(HS384Key::from_bytes(secret)),
            Algorithm::Hs512 => verify!(HS512Key::from_bytes(secret)),
            Algorithm::Ps256 => verify!(PS256PublicKey::from_components(&n, &e).unwrap()),
            Algorithm::Ps384 => verify!(PS384PublicKey::from_components(&n, &e).unwrap()),
            Algorithm::Ps512 => verify!(PS512PublicKey::from_components(&n, &e).unwrap()),
            Algorithm::Rs256 => verify!(RS256PublicKey::from_components(&n, &e).unwrap()),
            Algorithm::Rs384 => verify!(RS384PublicKey::from_components(&n, &e).unwrap()),
            Algorithm::Rs512 => verify!(RS512PublicKey::from_components(&n, &e).unwrap()),
            other => panic!("it has no {other}"),
        };
        Self { verify }
    }

    /// Whether the token is valid.
    #[must_use]
    pub fn verify(&self, token: &str) -> bool {
        (self.verify)(token)
    }
}

/// The bytes of a member of its JWK; empty if the JWK does not have the member.
fn member(key: &VerifyingKey, name: &str) -> Vec<u8> {
    let text = key.to_jwk().and_then(|jwk| Some(jwk.get(name)?.as_str()?.to_owned()));
    URL_SAFE_NO_PAD.decode_to_vec(text.unwrap_or_default()).unwrap()
}

impl fmt::Debug for JwtSimple {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JwtSimple").finish_non_exhaustive()
    }
}
