//! Every algorithm combined with every other.

use std::sync::LazyLock;

use scopegate_domain::{AccessTokenClaims, ClientId, KeyId, Lifetime, Secret, TokenId};
use scopegate_token::fuzzing::forge;
use scopegate_token::{Algorithm, JwksPolicy, JwsVerifier, KeySet, PayloadBuffer, Signer, SigningKey, VerifyError};

use crate::forge::{Kind, now, verify};

const RSA: &str = include_str!("../data/rfc7515_a2.jwk.json");
static KEYS: LazyLock<Vec<SigningKey>> = LazyLock::new(|| Algorithm::ALL.map(key).into());

/// A key of an algorithm. Those of RSA are all the same key, and those of HMAC the same secret.
pub(crate) fn key(algorithm: Algorithm) -> SigningKey {
    match algorithm {
        Algorithm::EdDsa | Algorithm::Es256 | Algorithm::Es384 => SigningKey::generate(algorithm).unwrap(),
        algorithm if algorithm.is_symmetric() => SigningKey::hmac(algorithm, &Secret::new([7; 64].to_vec())).unwrap(),
        _ => rsa().with_algorithm(algorithm).unwrap(),
    }
}

pub(crate) fn rsa() -> SigningKey {
    SigningKey::from_jwk(&Secret::new(RSA.as_bytes().to_vec())).unwrap()
}

#[test]
fn every_algorithm_signs_what_it_verifies() {
    let kind = Kind::rfc9068();
    let claims = AccessTokenClaims::new("u1", now(), Lifetime::from_minutes(30))
        .with_client_id(ClientId::parse("app").unwrap())
        .with_token_id(TokenId::parse("t1").unwrap());
    for algorithm in Algorithm::ALL {
        let key = key(algorithm).with_id(KeyId::parse("k").unwrap());
        let public = key.verifying_key();
        assert_eq!((public.algorithm(), public.id()), (algorithm, key.id()));
        let token = Signer::new(kind.rules.clone(), key).issue(&claims).unwrap();
        assert_eq!(verify(&kind.rules, public, token.expose()), Ok(()), "{algorithm}");
    }
}

#[test]
fn no_key_verifies_for_another_algorithm() {
    for signer in &*KEYS {
        for verifier in &*KEYS {
            for header in Algorithm::ALL {
                let token = forge(signer, format!("{{\"alg\":\"{header}\"}}"), "{}");
                let verdict = JwsVerifier::new(verifier.verifying_key())
                    .verify(&token, &mut PayloadBuffer::new())
                    .map(drop);
                let expected = match (
                    header == verifier.algorithm(),
                    signer.algorithm() == verifier.algorithm(),
                ) {
                    (true, true) => Ok(()),
                    (true, false) => Err(VerifyError::Signature),
                    (false, _) => Err(VerifyError::Algorithm),
                };
                assert_eq!(verdict, expected, "{signer:?} {verifier:?} {header}");
            }
        }
    }
}

#[test]
fn no_public_key_is_a_secret() {
    for public in KEYS.iter().filter(|key| !key.algorithm().is_symmetric()) {
        let public = public.verifying_key();
        let jwk = public.to_jwk().unwrap();
        let mut secrets = vec![
            serde_json::to_vec(&jwk).unwrap(),
            KeySet::from(public.clone()).to_jwks().into_bytes(),
        ];
        for name in ["x", "n"] {
            if let Some(text) = jwk.get(name).and_then(|text| text.as_str()) {
                secrets.push(text.as_bytes().to_vec());
                secrets.push(base64_simd::URL_SAFE_NO_PAD.decode_to_vec(text).unwrap());
            }
        }
        let mut attempts = 0;
        for secret in secrets {
            let Ok(forger) = SigningKey::hs256(&Secret::new(secret)) else {
                continue;
            };
            let token = forge(&forger, r#"{"alg":"HS256"}"#, "{}");
            let verdict = JwsVerifier::new(public.clone())
                .verify(&token, &mut PayloadBuffer::new())
                .map(drop);
            assert_eq!(verdict, Err(VerifyError::Algorithm), "{public:?}");
            attempts += 1;
        }
        assert!(attempts >= 3, "{public:?}: both documents and a number are long enough");
    }
}

#[test]
fn secrets_are_as_long_as_their_hash() {
    for (algorithm, len) in [(Algorithm::Hs256, 32), (Algorithm::Hs384, 48), (Algorithm::Hs512, 64)] {
        assert!(SigningKey::hmac(algorithm, &Secret::new(vec![7; len - 1])).is_err());
        assert!(SigningKey::hmac(algorithm, &Secret::new(vec![7; len])).is_ok());
        let oct = |len: usize| {
            let secret = base64_simd::URL_SAFE_NO_PAD.encode_to_string(vec![7; len]);
            format!("{{\"keys\":[{{\"kty\":\"oct\",\"alg\":\"{algorithm}\",\"k\":\"{secret}\"}}]}}")
        };
        let count = |len: usize, usage: JwksPolicy| {
            KeySet::from_jwks(oct(len).as_bytes(), usage)
                .unwrap()
                .keys()
                .iter()
                .count()
        };
        assert_eq!(count(len - 1, JwksPolicy::LOCAL), 0);
        assert_eq!(count(len, JwksPolicy::LOCAL), 1);
        assert_eq!(count(len - 1, JwksPolicy::LOCAL.allowing_weak_keys()), 1);
        assert_eq!(
            count(0, JwksPolicy::LOCAL.allowing_weak_keys()),
            0,
            "an empty secret is none"
        );
    }
}

#[test]
fn names_are_found_as_they_are_spelled() {
    for algorithm in Algorithm::ALL {
        assert_eq!(Algorithm::find(algorithm.as_str()), Some(algorithm));
        assert_eq!(Algorithm::find(&algorithm.as_str().to_lowercase()), None);
    }
    for name in ["", "none", "ES512", "ES256K", "HS1", "RSA-OAEP", "ECDH-ES", "Ed448"] {
        assert_eq!(Algorithm::find(name), None, "{name}");
    }
}
