//! The examples of RFC 7515 (appendix A), RFC 7520 (section 4) and RFC 8037 (appendix A).

use scopegate_domain::Secret;
use scopegate_token::{Algorithm, JwksPolicy, JwsVerifier, KeySet, PayloadBuffer, SigningKey, VerifyError};
use serde_json::{Value, json};

pub(crate) fn vectors() -> Vec<Value> {
    serde_json::from_str(include_str!("../data/rfc_vectors.json")).unwrap()
}

#[test]
fn the_examples_of_the_rfcs_are_verified_or_refused() {
    for vector in vectors() {
        let set = json!({"keys": [vector["key"]]}).to_string();
        let jwks = KeySet::from_jwks(set.as_bytes(), JwksPolicy::LOCAL).unwrap();
        let verifier = JwsVerifier::new(jwks.into_keys());
        let token = vector["token"].as_str().unwrap();
        let mut scratch = PayloadBuffer::new();
        let verdict = verifier.verify(token, &mut scratch).map(|jws| jws.payload().to_vec());
        // ES512 and `none` are not known at all, regardless of other faults: the key of ES512 is
        // not even read.
        if let Some(rule) = vector["refused"].as_str() {
            assert_eq!(verdict.unwrap_err().label(), rule, "{}", vector["name"]);
            continue;
        }
        assert!(verdict.is_ok_and(|payload| !payload.is_empty()), "{}", vector["name"]);
        let (message, signature) = token.rsplit_once('.').unwrap();
        let cut = format!("{message}.{}", &signature[..signature.len() - 4]);
        assert!(verifier.verify(&cut, &mut PayloadBuffer::new()).is_err());
        let other = if signature.starts_with('A') { "B" } else { "A" };
        let forged = format!("{message}.{other}{}", &signature[1..]);
        assert_eq!(
            verifier.verify(&forged, &mut PayloadBuffer::new()).unwrap_err(),
            VerifyError::Signature
        );
    }
}

#[test]
fn thumbprints_are_those_of_the_rfcs() {
    // RFC 7638, section 3.1, and RFC 8037, appendix A.3.
    let rsa = r#"{"kty":"RSA","n":"0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw","e":"AQAB","alg":"RS256","kid":"2011-04-29"}"#;
    let ed25519 = r#"{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#;
    for (key, thumbprint) in [
        (rsa, "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"),
        (ed25519, "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"),
    ] {
        let set = format!("{{\"keys\":[{key}]}}");
        let jwks = KeySet::from_jwks(set.as_bytes(), JwksPolicy::PUBLIC_ONLY).unwrap();
        let key = jwks.keys().iter().next().unwrap();
        assert_eq!(key.thumbprint().as_deref(), Some(thumbprint));
    }
}

#[test]
fn ed25519_is_another_name_of_eddsa() {
    let key = SigningKey::generate(Algorithm::EdDsa).unwrap();
    let verifier = JwsVerifier::new(key.verifying_key());
    for (name, is_good) in [("EdDSA", true), ("Ed25519", true), ("Ed448", false), ("ed25519", false)] {
        let token = scopegate_token::fuzzing::forge(&key, format!("{{\"alg\":\"{name}\"}}"), "x");
        assert_eq!(
            verifier.verify(&token, &mut PayloadBuffer::new()).is_ok(),
            is_good,
            "{name}"
        );
    }
    let jwk =
        json!({"kty": "OKP", "crv": "Ed25519", "alg": "Ed25519", "x": key.verifying_key().to_jwk().unwrap()["x"]});
    let set = json!({"keys": [jwk]}).to_string();
    assert_eq!(
        KeySet::from_jwks(set.as_bytes(), JwksPolicy::PUBLIC_ONLY)
            .unwrap()
            .keys()
            .iter()
            .count(),
        1
    );
    let private =
        json!({"kty": "OKP", "crv": "Ed25519", "d": "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A", "x": jwk["x"]});
    assert!(
        SigningKey::from_jwk(&Secret::new(private.to_string().into_bytes())).is_err(),
        "halves of two keys"
    );
}
