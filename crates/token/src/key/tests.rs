//! What can be seen from inside alone: the bytes of signatures.

use base64_simd::URL_SAFE_NO_PAD;
use scopegate_domain::Secret;
use serde_json::Value;

use super::*;
use crate::Algorithm;

fn vectors() -> Vec<Value> {
    serde_json::from_str(include_str!("../../tests/data/rfc_vectors.json")).unwrap()
}

#[test]
fn signatures_are_those_of_the_rfcs() {
    let mut seen = Vec::new();
    for vector in vectors() {
        let (Some(algorithm), true) = (
            Algorithm::find(vector["alg"].as_str().unwrap()),
            vector["refused"].is_null(),
        ) else {
            continue;
        };
        let key = SigningKey::from_jwk(&Secret::new(vector["key"].to_string().into_bytes())).unwrap();
        let key = key.with_algorithm(algorithm).unwrap();
        let (message, signature) = vector["token"].as_str().unwrap().rsplit_once('.').unwrap();
        let signature = URL_SAFE_NO_PAD.decode_to_vec(signature).unwrap();
        let public = key.verifying_key();
        assert!(
            public.is_signature_of(message.as_bytes(), &signature),
            "{}",
            vector["name"]
        );
        let own = key.sign(message.as_bytes()).unwrap();
        assert!(public.is_signature_of(message.as_bytes(), &own), "{}", vector["name"]);
        if vector["deterministic"] == true {
            assert_eq!(own, signature, "{}", vector["name"]);
        }
        seen.push(algorithm);
    }
    assert_eq!(seen.len(), 7, "{seen:?}");
}

#[test]
fn placeholder_key_verifies_nothing() {
    for algorithm in Algorithm::ALL {
        let key = VerifyingKey::placeholder(algorithm);
        assert!(!key.is_signature_of(b"", &[]) && !key.is_signature_of(b"x", &[0; 64]));
    }
}
