//! Sets of JWKs from other programs.

use proptest::prelude::*;
use scopegate_token::fuzzing::forge;
use scopegate_token::{
    Algorithm, Jwks, JwksError, JwksPolicy, JwsVerifier, KeyError, KeySet, PayloadBuffer, SigningKey, VerifyError,
};
use serde_json::{Value, json};

use crate::algorithms::{key, rsa};
use crate::forge::encode;

fn read(keys: &Value, usage: JwksPolicy) -> Result<Jwks, JwksError> {
    KeySet::from_jwks(json!({ "keys": keys }).to_string().as_bytes(), usage)
}

fn skipped(key: &Value) -> KeyError {
    let jwks = read(&json!([key]), JwksPolicy::PUBLIC_ONLY).unwrap();
    assert_eq!((jwks.keys().iter().count(), jwks.skipped().len()), (0, 1), "{key}");
    jwks.skipped()[0]
}

fn with(key: &Value, name: &str, value: Value) -> Value {
    let mut key = key.clone();
    key[name] = value;
    key
}

fn public(algorithm: Algorithm) -> Value {
    Value::Object(key(algorithm).verifying_key().to_jwk().unwrap())
}

#[test]
fn what_cannot_be_used_is_skipped_and_counted() {
    let (ec, rsa, ed) = (
        public(Algorithm::Es256),
        public(Algorithm::Rs256),
        public(Algorithm::EdDsa),
    );
    for (key, expected) in [
        (json!({}), KeyError::Malformed),
        (json!({"kty": "EC"}), KeyError::Malformed),
        (json!({"kty": 1}), KeyError::Malformed),
        (json!({"kty": "XX"}), KeyError::Unsupported),
        (with(&ec, "crv", json!("P-521")), KeyError::Unsupported),
        (with(&ec, "crv", json!("secp256k1")), KeyError::Unsupported),
        (with(&ed, "crv", json!("X25519")), KeyError::Unsupported),
        (with(&ec, "x", json!("AAAA")), KeyError::Malformed),
        (with(&ec, "x", json!("+/==")), KeyError::Malformed),
        (with(&ed, "x", json!("")), KeyError::Malformed),
        (with(&rsa, "n", json!("")), KeyError::Malformed),
        (with(&rsa, "n", json!(encode([0xFF; 255]))), KeyError::ShortModulus),
        (with(&rsa, "n", json!(encode([0xFF; 1025]))), KeyError::Malformed),
        (
            with(&rsa, "n", json!(encode([&[0][..], &[0xFF; 256]].concat()))),
            KeyError::Malformed,
        ),
        (with(&rsa, "n", json!(encode([0xFE; 256]))), KeyError::Malformed),
        (with(&rsa, "e", json!("AQ")), KeyError::Malformed),
        (with(&rsa, "e", json!("Ag")), KeyError::Malformed),
        (with(&rsa, "e", json!("AAEAAQ")), KeyError::Malformed),
        (with(&rsa, "e", json!(encode([0xFF; 6]))), KeyError::Malformed),
        (with(&ec, "kid", json!("ключ")), KeyError::Malformed),
        (with(&ec, "kid", json!("")), KeyError::Malformed),
        (with(&ec, "d", json!("AAAA")), KeyError::Published),
        (with(&rsa, "p", json!("AAAA")), KeyError::Published),
        (json!({"kty": "oct", "k": encode([7; 64])}), KeyError::Symmetric),
        (with(&ec, "alg", json!("none")), KeyError::Unsupported),
        (with(&rsa, "alg", json!("RSA-OAEP-256")), KeyError::Unsupported),
    ] {
        assert_eq!(skipped(&key), expected, "{key}");
    }
    let mixed = read(
        &json!([{"kty": "XX"}, ec, {"kty": "oct", "k": "AAAA"}, ed]),
        JwksPolicy::PUBLIC_ONLY,
    )
    .unwrap();
    assert_eq!((mixed.keys().iter().count(), mixed.skipped().len()), (2, 2));
}

#[test]
fn use_and_operations_are_honoured() {
    for algorithm in [Algorithm::Es256, Algorithm::Rs256, Algorithm::EdDsa] {
        let key = public(algorithm);
        for (name, value) in [
            ("use", json!("enc")),
            ("use", json!("SIG")),
            ("key_ops", json!([])),
            ("key_ops", json!(["sign"])),
            ("key_ops", json!(["encrypt", "wrapKey"])),
        ] {
            assert_eq!(skipped(&with(&key, name, value)), KeyError::OtherUse, "{name}");
        }
        for (name, value) in [
            ("use", json!(1)),
            ("key_ops", json!("verify")),
            ("key_ops", json!(["verify", 1])),
        ] {
            assert_eq!(skipped(&with(&key, name, value)), KeyError::Malformed, "{name}");
        }
        let both = with(&key, "key_ops", json!(["verify"]));
        assert_eq!(
            read(&json!([both]), JwksPolicy::PUBLIC_ONLY)
                .unwrap()
                .keys()
                .iter()
                .count(),
            1
        );
    }
}

#[test]
fn alg_of_a_key_is_honoured() {
    let signer = rsa();
    let jwk = Value::Object(signer.verifying_key().to_jwk().unwrap());
    let bare = {
        let mut jwk = jwk.clone();
        jwk.as_object_mut().unwrap().remove("alg");
        jwk
    };
    let accepts = |jwk: &Value, usage: JwksPolicy, algorithm: Algorithm| {
        let keys = read(&json!([jwk]), usage).unwrap().into_keys();
        let signer = rsa().with_algorithm(algorithm).unwrap();
        let token = forge(&signer, format!("{{\"alg\":\"{algorithm}\"}}"), "{}");
        JwsVerifier::new(keys).verify(&token, &mut PayloadBuffer::new()).is_ok()
    };
    let rsa = [
        Algorithm::Rs256,
        Algorithm::Rs384,
        Algorithm::Rs512,
        Algorithm::Ps256,
        Algorithm::Ps384,
        Algorithm::Ps512,
    ];
    for said in rsa {
        let jwk = with(&jwk, "alg", json!(said.as_str()));
        for used in rsa {
            assert_eq!(
                accepts(&jwk, JwksPolicy::PUBLIC_ONLY, used),
                said == used,
                "{said} {used}"
            );
            assert_eq!(accepts(&jwk, JwksPolicy::LOCAL, used), said == used, "{said} {used}");
        }
        assert_eq!(accepts(&bare, JwksPolicy::PUBLIC_ONLY, said), said == Algorithm::Rs256);
        assert!(accepts(&bare, JwksPolicy::LOCAL, said));
        assert!(accepts(&bare, JwksPolicy::PUBLIC_ONLY.allowing_any_algorithm(), said));
    }
    for other in ["HS256", "ES256", "EdDSA"] {
        assert_eq!(skipped(&with(&jwk, "alg", json!(other))), KeyError::Unsupported);
    }
}

#[test]
fn weak_keys_verify_only_by_a_setting() {
    let short = json!({"kty": "RSA", "alg": "RS256", "n": encode([0xFF; 128]), "e": "AQAB"});
    let count = |key: &Value, usage| read(&json!([key]), usage).unwrap().keys().iter().count();
    assert_eq!(count(&short, JwksPolicy::PUBLIC_ONLY), 0);
    assert_eq!(count(&short, JwksPolicy::PUBLIC_ONLY.allowing_weak_keys()), 1);
    for algorithm in ["RS384", "PS256"] {
        assert_eq!(
            count(
                &with(&short, "alg", json!(algorithm)),
                JwksPolicy::LOCAL.allowing_weak_keys()
            ),
            0
        );
    }
    let tiny = with(&short, "n", json!(encode([0xFF; 127])));
    assert_eq!(count(&tiny, JwksPolicy::PUBLIC_ONLY.allowing_weak_keys()), 0);
    let secret = json!({"kty": "oct", "k": encode([7; 48])});
    assert_eq!(count(&secret, JwksPolicy::LOCAL), 2, "long enough for two hashes");
}

#[test]
fn text_without_a_set_is_an_error() {
    let read =
        |text: &str| KeySet::from_jwks(text.as_bytes(), JwksPolicy::PUBLIC_ONLY).map(|jwks| jwks.keys().iter().count());
    assert_eq!(read(r#"{"keys":[]}"#), Ok(0));
    assert_eq!(read(r#" {"x": {"keys": 1}, "keys": [], "y": null} "#), Ok(0));
    for text in [
        "",
        "{",
        r#"{"keys":[]} x"#,
        r#"{"keys":[],"keys":[]}"#,
        r#"{"keys":[{"kty":NaN}]}"#,
    ] {
        assert_eq!(read(text), Err(JwksError::NotJson), "{text}");
    }
    for text in [
        "[]",
        "7",
        "{}",
        r#"{"keys":{}}"#,
        r#"{"keys":"x"}"#,
        r#"{"keys":[1]}"#,
        r#"{"keys":[[]]}"#,
    ] {
        assert_eq!(read(text), Err(JwksError::NoKeys), "{text}");
    }
    assert_eq!(
        KeySet::from_jwks(b"\xff", JwksPolicy::LOCAL).unwrap_err(),
        JwksError::NotJson
    );
    let deep = format!("{{\"keys\":[{{\"x\":{}{}}}]}}", "[".repeat(20), "]".repeat(20));
    assert_eq!(read(&deep), Err(JwksError::NotJson));
}

#[test]
fn a_set_is_bounded() {
    let padded = |len: usize| format!("{{\"keys\":[]{}}}", " ".repeat(len - 11));
    assert!(KeySet::from_jwks(padded(KeySet::MAX_JWKS).as_bytes(), JwksPolicy::PUBLIC_ONLY).is_ok());
    assert_eq!(
        KeySet::from_jwks(padded(KeySet::MAX_JWKS + 1).as_bytes(), JwksPolicy::PUBLIC_ONLY).unwrap_err(),
        JwksError::TooLong
    );
    let many = |count: usize| {
        read(
            &Value::Array(vec![json!({"kty": "XX"}); count]),
            JwksPolicy::PUBLIC_ONLY,
        )
    };
    assert_eq!(many(KeySet::MAX_JWKS_KEYS).unwrap().skipped().len(), 128);
    assert_eq!(many(KeySet::MAX_JWKS_KEYS + 1).unwrap_err(), JwksError::TooManyKeys);
}

#[test]
fn duplicate_member_rejects_only_its_key() {
    let good = public(Algorithm::Es256).to_string();
    let twice = good.replacen('{', "{\"kty\":\"EC\",", 1);
    let escaped = good.replacen('{', "{\"k\\u0074y\":\"EC\",", 1);
    for bad in [twice, escaped] {
        let set = format!("{{\"keys\":[{bad},{good}]}}");
        let jwks = KeySet::from_jwks(set.as_bytes(), JwksPolicy::PUBLIC_ONLY).unwrap();
        assert_eq!(
            (jwks.keys().iter().count(), jwks.skipped()),
            (1, &[KeyError::Malformed][..])
        );
    }
}

#[test]
fn the_first_of_two_keys_of_one_name_and_algorithm_counts() {
    let (one, other) = (
        with(&public(Algorithm::Es256), "kid", json!("k")),
        with(&public(Algorithm::Es256), "kid", json!("k")),
    );
    for (set, first) in [
        (json!([one, other]), &one),
        (json!([other, one]), &other),
        (json!([one, one, other]), &one),
    ] {
        for usage in [JwksPolicy::PUBLIC_ONLY, JwksPolicy::LOCAL] {
            let jwks = read(&set, usage).unwrap();
            let ignored = set.as_array().unwrap().len() - 1;
            assert_eq!(jwks.skipped(), vec![KeyError::DuplicateId; ignored]);
            let kept: Vec<_> = jwks.keys().iter().map(|key| key.to_jwk().unwrap()).collect();
            assert_eq!((kept.len(), &kept[0]["x"]), (1, &first["x"]));
        }
    }
    let without_id = public(Algorithm::Es256);
    let jwks = read(&json!([without_id, without_id]), JwksPolicy::PUBLIC_ONLY).unwrap();
    assert_eq!(jwks.skipped(), [KeyError::DuplicateId], "equal keys without an id");
    let jwks = read(&json!([without_id, public(Algorithm::Es256)]), JwksPolicy::PUBLIC_ONLY).unwrap();
    assert_eq!(jwks.keys().iter().count(), 2);
}

#[test]
fn keys_of_one_name_differ_by_algorithm() {
    let one = with(&public(Algorithm::Es256), "kid", json!("k"));
    let signer = SigningKey::generate(Algorithm::EdDsa).unwrap();
    let ed = with(
        &Value::Object(signer.verifying_key().to_jwk().unwrap()),
        "kid",
        json!("k"),
    );
    let keys = read(&json!([one, ed]), JwksPolicy::PUBLIC_ONLY).unwrap().into_keys();
    let verifier = JwsVerifier::new(keys);
    let token = forge(&signer, r#"{"alg":"EdDSA","kid":"k"}"#, "{}");
    assert!(verifier.verify(&token, &mut PayloadBuffer::new()).is_ok());
    let token = forge(&signer, r#"{"alg":"RS256","kid":"k"}"#, "{}");
    assert_eq!(
        verifier.verify(&token, &mut PayloadBuffer::new()).unwrap_err(),
        VerifyError::Algorithm
    );
}

/// A modulus of the weak generator is a power of 65,537 modulo each of its small primes; 1 is one.
#[test]
fn a_key_of_the_weak_generator_is_refused() {
    let product: u128 = [11, 13, 17, 19, 37, 53, 61, 71, 73, 79, 97, 103, 107, 109, 127, 151, 157]
        .iter()
        .product();
    for power in [1_u128, 65_537, 65_537 * 65_537] {
        let mut modulus = product.to_be_bytes().to_vec();
        modulus.drain(..modulus.iter().position(|byte| *byte != 0).unwrap());
        modulus.extend([0; 244]);
        let end = modulus.len() - 8;
        modulus[end..].copy_from_slice(&u64::try_from(power).unwrap().to_be_bytes());
        let key = |modulus: &[u8]| {
            let modulus = encode(modulus);
            json!([{"kty": "RSA", "alg": "RS256", "n": modulus, "e": "AQAB"}])
        };
        let weak = read(&key(&modulus), JwksPolicy::PUBLIC_ONLY).unwrap();
        assert_eq!(weak.skipped(), [KeyError::WeakPrimes]);
        let allowed = read(&key(&modulus), JwksPolicy::LOCAL.allowing_weak_keys()).unwrap();
        assert_eq!(allowed.skipped(), [KeyError::WeakPrimes]);
        // One step from it is a modulus of another generator.
        *modulus.last_mut().unwrap() = modulus.last().unwrap().wrapping_add(2);
        assert_eq!(
            read(&key(&modulus), JwksPolicy::PUBLIC_ONLY)
                .unwrap()
                .keys()
                .iter()
                .count(),
            1
        );
    }
}

proptest! {
    #[test]
    fn nothing_makes_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300), text in "[{}\\[\\]\",:a-z0-9 ]{0,80}") {
        for usage in [JwksPolicy::PUBLIC_ONLY, JwksPolicy::LOCAL.allowing_weak_keys()] {
            let _ = KeySet::from_jwks(&bytes, usage);
            let _ = KeySet::from_jwks(text.as_bytes(), usage);
        }
    }

    /// Keys of any bytes: what is taken is printed and read back, and verifies nothing that it did
    /// not sign.
    #[test]
    fn any_numbers_make_a_key_or_none(
        n in proptest::collection::vec(any::<u8>(), 0..300),
        e in proptest::collection::vec(any::<u8>(), 0..7),
        x in proptest::collection::vec(any::<u8>(), 30..50),
    ) {
        let keys = json!([
            {"kty": "RSA", "n": encode(&n), "e": encode(&e)},
            {"kty": "EC", "crv": "P-256", "x": encode(&x[..x.len().min(32)]), "y": encode(&x[..x.len().min(32)])},
            {"kty": "OKP", "crv": "Ed25519", "x": encode(&x[..x.len().min(32)])},
        ]);
        let jwks = read(&keys, JwksPolicy::PUBLIC_ONLY).unwrap();
        let printed = jwks.keys().to_jwks();
        prop_assert_eq!(printed.contains("Ed25519"), x.len() >= 32);
        let again = KeySet::from_jwks(printed.as_bytes(), JwksPolicy::PUBLIC_ONLY).unwrap();
        prop_assert_eq!(again.keys().to_jwks(), printed);
        let verifier = JwsVerifier::new(jwks.into_keys());
        for algorithm in [Algorithm::Rs256, Algorithm::Es256, Algorithm::EdDsa] {
            let header = encode(format!("{{\"alg\":\"{algorithm}\"}}"));
            let token = format!("{header}.{}.{}", encode("{}"), encode([0; 64]));
            prop_assert!(verifier.verify(&token, &mut PayloadBuffer::new()).is_err());
        }
    }
}
