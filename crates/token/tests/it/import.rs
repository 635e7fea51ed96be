//! Keys made elsewhere.

use scopegate_domain::Secret;
use scopegate_token::fuzzing::forge;
use scopegate_token::{Algorithm, JwksPolicy, JwsVerifier, KeyError, KeySet, PayloadBuffer, SigningKey};
use serde_json::{Value, json};

use crate::algorithms::rsa;
use crate::vectors::vectors;

const PEMS: [(&str, &[u8], Algorithm); 7] = [
    (
        "ed25519_pkcs8",
        include_bytes!("../data/ed25519_pkcs8.pem"),
        Algorithm::EdDsa,
    ),
    ("p256_pkcs8", include_bytes!("../data/p256_pkcs8.pem"), Algorithm::Es256),
    ("p256_sec1", include_bytes!("../data/p256_sec1.pem"), Algorithm::Es256),
    ("p384_pkcs8", include_bytes!("../data/p384_pkcs8.pem"), Algorithm::Es384),
    ("p384_sec1", include_bytes!("../data/p384_sec1.pem"), Algorithm::Es384),
    ("rsa_pkcs1", include_bytes!("../data/rsa_pkcs1.pem"), Algorithm::Rs256),
    ("rsa_pkcs8", include_bytes!("../data/rsa_pkcs8.pem"), Algorithm::Rs256),
];

fn from_pem(pem: &[u8]) -> Result<SigningKey, KeyError> {
    SigningKey::from_pem(&Secret::new(pem.to_vec()))
}

fn from_jwk(jwk: &Value) -> Result<SigningKey, KeyError> {
    SigningKey::from_jwk(&Secret::new(jwk.to_string().into_bytes()))
}

fn verifies(key: &SigningKey, public: &KeySet) -> bool {
    let token = forge(key, format!("{{\"alg\":\"{}\"}}", key.algorithm()), "{}");
    JwsVerifier::new(public.clone())
        .verify(&token, &mut PayloadBuffer::new())
        .is_ok()
}

#[test]
fn every_form_of_pem_is_read_and_kept() {
    for (name, pem, algorithm) in PEMS {
        let key = from_pem(pem).unwrap_or_else(|fault| panic!("{name}: {fault}"));
        assert_eq!(key.algorithm(), algorithm, "{name}");
        let again = SigningKey::from_pkcs8(algorithm, key.to_pkcs8().unwrap().clone()).unwrap();
        assert_eq!(again.verifying_key().thumbprint(), key.verifying_key().thumbprint());
        assert!(verifies(&again, &key.verifying_key().into()), "{name}");
    }
    let thumbprint = |index: usize| from_pem(PEMS[index].1).unwrap().verifying_key().thumbprint().unwrap();
    for (one, other) in [(1, 2), (3, 4), (5, 6)] {
        assert_eq!(thumbprint(one), thumbprint(other), "one key in two forms");
    }
}

#[test]
fn an_rsa_key_is_for_one_algorithm_at_a_time() {
    let key = from_pem(PEMS[5].1).unwrap().with_algorithm(Algorithm::Ps512).unwrap();
    assert_eq!(key.verifying_key().to_jwk().unwrap()["alg"], "PS512");
    assert!(verifies(&key, &key.verifying_key().into()));
    assert_eq!(key.with_algorithm(Algorithm::Es256).unwrap_err(), KeyError::Unsupported);
    let ec = SigningKey::es256_generate().unwrap();
    assert_eq!(ec.with_algorithm(Algorithm::Rs256).unwrap_err(), KeyError::Unsupported);
    for algorithm in [Algorithm::Rs256, Algorithm::Ps256, Algorithm::Hs256] {
        assert_eq!(SigningKey::generate(algorithm).unwrap_err(), KeyError::Unsupported);
    }
}

#[test]
fn short_rsa_key_differs_from_no_key() {
    assert_eq!(
        from_pem(include_bytes!("../data/rsa_short.pem")).unwrap_err(),
        KeyError::ShortModulus
    );
    assert!(from_pem(PEMS[5].1).is_ok(), "a key of full size");
    for (pem, expected) in [
        (&b""[..], KeyError::Malformed),
        (
            b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
            KeyError::Unsupported,
        ),
        (b"-----BEGIN PRIVATE KEY-----\n", KeyError::Malformed),
        (include_bytes!("../data/encrypted.pem"), KeyError::Malformed),
        (include_bytes!("../data/p521_sec1.pem"), KeyError::Malformed),
    ] {
        assert_eq!(from_pem(pem).unwrap_err(), expected, "{}", String::from_utf8_lossy(pem));
    }
}

#[test]
fn private_jwks_are_read_with_what_they_say() {
    for vector in vectors() {
        let mut jwk = vector["key"].clone();
        let is_known = vector["refused"].is_null();
        // The key of the example without a signature is a good one.
        let is_read = is_known || vector["name"] == "RFC 7515, A.5";
        assert_eq!(from_jwk(&jwk).is_ok(), is_read, "{}", vector["name"]);
        if !is_known {
            continue;
        }
        jwk["kid"] = json!("k1");
        let key = from_jwk(&jwk).unwrap();
        assert_eq!(key.id().map(scopegate_domain::KeyId::as_str), Some("k1"));
        for (name, value, expected) in [
            ("use", json!("enc"), KeyError::OtherUse),
            ("key_ops", json!(["verify"]), KeyError::OtherUse),
            ("key_ops", json!("sign"), KeyError::Malformed),
            ("key_ops", json!(["sign", 1]), KeyError::Malformed),
            ("alg", json!("RSA-OAEP"), KeyError::Unsupported),
            ("kid", json!(7), KeyError::Malformed),
        ] {
            let mut changed = jwk.clone();
            changed[name] = value;
            assert_eq!(from_jwk(&changed).unwrap_err(), expected, "{name}");
        }
        jwk["key_ops"] = json!(["sign", "verify"]);
        assert!(from_jwk(&jwk).is_ok());
        for name in jwk
            .as_object()
            .unwrap()
            .keys()
            .filter(|name| !["kid", "use", "key_ops", "alg"].contains(&name.as_str()))
        {
            let mut lacking = jwk.clone();
            lacking.as_object_mut().unwrap().remove(name);
            assert!(from_jwk(&lacking).is_err(), "{} without {name}", vector["name"]);
            let mut wrong = jwk.clone();
            wrong[name] = json!("AAAA");
            assert!(from_jwk(&wrong).is_err(), "{} with another {name}", vector["name"]);
        }
    }
}

#[test]
fn a_public_jwk_holds_nothing_private() {
    for (_, pem, _) in PEMS {
        let key = from_pem(pem).unwrap();
        let jwk = Value::Object(key.verifying_key().to_jwk().unwrap());
        for name in ["d", "p", "q", "dp", "dq", "qi", "k"] {
            assert!(jwk.get(name).is_none(), "{jwk}");
        }
        let set = json!({"keys": [jwk]}).to_string();
        let read = KeySet::from_jwks(set.as_bytes(), JwksPolicy::PUBLIC_ONLY).unwrap();
        assert_eq!(read.keys().to_jwks(), set, "what is printed is read back");
        assert!(verifies(&key, read.keys()));
    }
    let secret = KeySet::from(crate::forge::hs256_key().verifying_key());
    assert_eq!(secret.to_jwks(), r#"{"keys":[]}"#);
    assert!(!rsa().verifying_key().to_jwk().unwrap().contains_key("d"));
}

#[test]
fn what_is_imported_does_not_print_itself() {
    for (_, pem, _) in PEMS {
        let key = from_pem(pem).unwrap();
        let printed = format!("{key:?} {:?}", key.verifying_key());
        assert!(printed.len() < 160, "{printed}");
    }
}
