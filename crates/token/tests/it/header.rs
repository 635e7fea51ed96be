//! What a header must say, for both kinds of token; one test for each rule.

use ring::hmac;
use scopegate_domain::{KeyId, Secret};
use scopegate_token::{KeySet, SigningKey, VerifyError};
use serde_json::{Value, json};

use crate::forge::{Es256, Kind, SECRET, encode, es256, hmac_tag, hs256, hs256_key, verify};

fn assert_headers(kind: &Kind, expected: Result<(), VerifyError>, cases: &[Value]) {
    for case in cases {
        assert_eq!(kind.with_header(case), expected, "{} with {case}", kind.name);
    }
}

#[test]
fn a_good_token_is_accepted() {
    for kind in Kind::both() {
        assert_eq!(kind.verify(&kind.token()), Ok(()), "{}", kind.name);
        // The sources of a key in the header are not read: the key comes from the verifier's set.
        let strangers =
            ["jku", "jwk", "x5u", "x5c", "cty", "hello"].map(|name| json!({ name: "https://evil.example" }));
        assert_headers(&kind, Ok(()), &strangers);
        assert_headers(
            &kind,
            Ok(()),
            &[json!({"jwk": {"kty": "oct", "k": "AAAA"}}), json!({"b64": true})],
        );
    }
}

#[test]
fn an_algorithm_other_than_the_keys_is_refused() {
    for kind in Kind::both() {
        let names = [
            "none", "None", "NONE", "", "hs256", "HS384", "HS512", "RS256", "PS256", "ES256", "ES384", "EdDSA", "XX",
        ];
        assert_headers(
            &kind,
            Err(VerifyError::Algorithm),
            &names.map(|name| json!({"alg": name})),
        );
        assert_headers(
            &kind,
            Err(VerifyError::Algorithm),
            &[
                json!({"alg": null}),
                json!({"alg": 256}),
                json!({"alg": ["HS256"]}),
                json!({"alg": {}}),
            ],
        );
        let null_alg = kind.header.to_string().replace("\"HS256\"", "null");
        assert_eq!(kind.with_header_text(&null_alg), Err(VerifyError::Algorithm));
    }
}

#[test]
fn a_token_without_signature_is_refused() {
    for kind in Kind::both() {
        let token = kind.token();
        let (message, _) = token.rsplit_once('.').unwrap();
        assert_eq!(kind.verify(&format!("{message}.")), Err(VerifyError::Signature));
        assert_eq!(kind.verify(message), Err(VerifyError::Segments));
        // The header is right otherwise, so only the algorithm can be refused.
        let mut header = kind.header.clone();
        header["alg"] = "none".into();
        let none = format!("{}.{}.", encode(header.to_string()), encode(kind.claims.to_string()));
        assert_eq!(kind.verify(&none), Err(VerifyError::Algorithm));
        assert_eq!(kind.verify(&token), Ok(()));
    }
}

#[test]
fn a_signature_by_another_hash_or_key_is_refused() {
    for kind in Kind::both() {
        let message = format!(
            "{}.{}",
            encode(kind.header.to_string()),
            encode(kind.claims.to_string())
        );
        for tag in [
            hmac_tag(hmac::HMAC_SHA384, SECRET.as_bytes(), &message),
            hmac_tag(hmac::HMAC_SHA512, SECRET.as_bytes(), &message),
            hmac_tag(hmac::HMAC_SHA256, b"another secret of sufficient size", &message),
            hmac_tag(hmac::HMAC_SHA256, SECRET.as_bytes(), &message)[..31].to_vec(),
            vec![0; 32],
            vec![0; 64],
            vec![0; 65],
            vec![0; 4_000],
        ] {
            let token = format!("{message}.{}", encode(&tag));
            assert_eq!(kind.verify(&token), Err(VerifyError::Signature), "{} bytes", tag.len());
        }
    }
}

#[test]
fn public_key_is_not_an_hmac_secret() {
    let (key, kind) = (Es256::generate(), Kind::rfc9068());
    let public = key.verifying_key();
    let message = format!(
        "{}.{}",
        encode(kind.header.to_string()),
        encode(kind.claims.to_string())
    );
    let point = public.point().unwrap();
    for secret in [point, &point[1..], encode(point).as_bytes()] {
        let token = format!("{message}.{}", encode(hmac_tag(hmac::HMAC_SHA256, secret, &message)));
        assert_eq!(verify(&kind.rules, public.clone(), &token), Err(VerifyError::Algorithm));
        let keys = KeySet::new([public.clone(), hs256_key().verifying_key()]).unwrap();
        assert_eq!(verify(&kind.rules, keys, &token), Err(VerifyError::Signature));
    }
}

#[test]
fn es256_is_verified_and_never_for_a_shared_secret() {
    let (key, kind) = (Es256::generate(), Kind::rfc9068());
    let header = kind.header.to_string().replace("HS256", "ES256");
    let token = es256(&key, &header, &kind.claims.to_string());
    assert_eq!(verify(&kind.rules, key.verifying_key(), &token), Ok(()));
    assert_eq!(
        verify(&kind.rules, Es256::generate().verifying_key(), &token),
        Err(VerifyError::Signature)
    );
    assert_eq!(
        verify(&kind.rules, hs256_key().verifying_key(), &token),
        Err(VerifyError::Algorithm)
    );

    let tutorial = Kind::tutorial();
    let token = es256(&key, r#"{"alg":"ES256","typ":"JWT"}"#, &tutorial.claims.to_string());
    assert_eq!(
        verify(&tutorial.rules, key.verifying_key(), &token),
        Err(VerifyError::Algorithm)
    );
}

#[test]
fn typ_says_the_kind() {
    let wrong = ["dpop+jwt", "JWS", "", "logout+jwt", "secevent+jwt", "jwt ", "JWTx"].map(|name| json!({"typ": name}));
    let untyped = [
        json!({"typ": 1}),
        json!({"typ": ["JWT"]}),
        json!({"typ": {}}),
        json!({"typ": true}),
    ];
    for kind in Kind::both() {
        assert_headers(&kind, Err(VerifyError::TokenType), &wrong);
        assert_headers(&kind, Err(VerifyError::TokenType), &untyped);
    }
    let (tutorial, rfc9068) = (Kind::tutorial(), Kind::rfc9068());
    assert_headers(
        &tutorial,
        Ok(()),
        &[
            json!({"typ": null}),
            json!({"typ": "jwt"}),
            json!({"typ": "application/jwt"}),
            json!({"typ": "Application/JWT"}),
        ],
    );
    assert_headers(
        &tutorial,
        Err(VerifyError::TokenType),
        &[json!({"typ": "at+jwt"}), json!({"typ": "application/application/jwt"})],
    );
    assert_headers(
        &rfc9068,
        Ok(()),
        &[json!({"typ": "application/at+jwt"}), json!({"typ": "AT+JWT"})],
    );
    assert_headers(
        &rfc9068,
        Err(VerifyError::TokenType),
        &[
            json!({"typ": null}),
            json!({"typ": "JWT"}),
            json!({"typ": "application/jwt"}),
        ],
    );
}

#[test]
fn no_crit_is_understood() {
    for kind in Kind::both() {
        for crit in [
            json!(["exp"]),
            json!(["b64"]),
            json!([]),
            json!("exp"),
            json!({}),
            json!(0),
        ] {
            assert_headers(&kind, Err(VerifyError::Critical), &[json!({"crit": crit, "b64": true})]);
        }
        let header = kind.header.to_string().replacen('{', "{\"cri\\u0074\":[\"exp\"],", 1);
        assert_eq!(kind.with_header_text(&header), Err(VerifyError::Critical));
        let header = kind.header.to_string().replacen('{', "{\"crit\":null,", 1);
        assert_eq!(kind.with_header_text(&header), Err(VerifyError::Critical));
    }
}

#[test]
fn an_unencoded_payload_is_refused() {
    for kind in Kind::both() {
        let cases = [
            json!({"b64": false}),
            json!({"b64": 0}),
            json!({"b64": "true"}),
            json!({"b64": [true]}),
        ];
        assert_headers(&kind, Err(VerifyError::Unencoded), &cases);
    }
}

#[test]
fn a_header_names_each_member_once() {
    for kind in Kind::both() {
        let body = kind.header.to_string();
        for twice in [
            "\"alg\":\"none\"",
            "\"alg\":\"HS256\"",
            "\"\\u0061lg\":\"none\"",
            "\"x\":1,\"x\":1",
            "\"typ\":\"JWT\"",
        ] {
            let header = body.replacen('{', &format!("{{{twice},"), 1);
            assert_eq!(
                kind.with_header_text(&header),
                Err(VerifyError::DuplicateHeader),
                "{header}"
            );
        }
    }
}

#[test]
fn a_header_is_a_small_json_object() {
    for kind in Kind::both() {
        for header in [
            "",
            "null",
            "[]",
            "[\"HS256\"]",
            "{alg:HS256}",
            "{}x",
            "{\"alg\":\"HS256\"",
            "\"HS256\"",
            "\u{feff}{}",
        ] {
            assert_eq!(
                kind.with_header_text(header),
                Err(VerifyError::HeaderNotJson),
                "{header}"
            );
        }
        let nested = format!("{{\"x\":{}{}}}", "[".repeat(16), "]".repeat(16));
        assert_eq!(kind.with_header_text(&nested), Err(VerifyError::HeaderNotJson));
        let base = kind.header.to_string();
        let padded = |len: usize| base.replacen('{', &format!("{{\"x\":\"{}\",", "x".repeat(len - base.len() - 7)), 1);
        assert_eq!(padded(1024).len(), 1024);
        assert_eq!(kind.with_header_text(&padded(1024)), Ok(()));
        assert_eq!(kind.with_header_text(&padded(1025)), Err(VerifyError::HeaderTooLong));
        let latin = format!("{}.{}.", encode(b"{\"alg\":\"\xff\"}"), encode("{}"));
        assert_eq!(kind.verify(&latin), Err(VerifyError::HeaderNotJson));
    }
}

#[test]
fn kid_names_the_key() {
    let id = |text: &str| KeyId::parse(text).unwrap();
    let other = || SigningKey::hs256(&Secret::new(String::from("another secret of sufficient size"))).unwrap();
    for kind in Kind::both() {
        assert_headers(
            &kind,
            Err(VerifyError::UnknownKey),
            &[json!({"kid": "some-key"}), json!({"kid": ""})],
        );
        assert_headers(
            &kind,
            Err(VerifyError::KeyId),
            &[json!({"kid": 1}), json!({"kid": ["a"]}), json!({"kid": {}})],
        );

        let one = hs256_key().with_id(id("one")).verifying_key();
        let keys = KeySet::new([one.clone(), other().with_id(id("two")).verifying_key()]).unwrap();
        let named = |name: &str| {
            let header = kind
                .header
                .to_string()
                .replacen('{', &format!("{{\"kid\":\"{name}\","), 1);
            hs256(&header, &kind.claims.to_string())
        };
        assert_eq!(verify(&kind.rules, keys.clone(), &named("one")), Ok(()));
        assert_eq!(
            verify(&kind.rules, keys.clone(), &named("two")),
            Err(VerifyError::Signature)
        );
        assert_eq!(
            verify(&kind.rules, keys.clone(), &named("three")),
            Err(VerifyError::UnknownKey)
        );
        assert_eq!(verify(&kind.rules, keys, &kind.token()), Err(VerifyError::AmbiguousKey));
        assert_eq!(
            verify(&kind.rules, one, &kind.token()),
            Ok(()),
            "the one key of the algorithm"
        );
    }
}

#[test]
fn kid_of_a_key_of_another_algorithm_is_refused() {
    let (key, kind) = (Es256::generate(), Kind::rfc9068());
    let public = key.verifying_key().with_id(KeyId::parse("ec").unwrap());
    let secret = hs256_key().with_id(KeyId::parse("oct").unwrap()).verifying_key();
    let keys = KeySet::new([public, secret]).unwrap();
    let token = hs256(r#"{"alg":"HS256","typ":"at+jwt","kid":"ec"}"#, &kind.claims.to_string());
    assert_eq!(verify(&kind.rules, keys.clone(), &token), Err(VerifyError::Algorithm));
    let token = es256(
        &key,
        r#"{"alg":"ES256","typ":"at+jwt","kid":"oct"}"#,
        &kind.claims.to_string(),
    );
    assert_eq!(verify(&kind.rules, keys, &token), Err(VerifyError::Algorithm));
}
