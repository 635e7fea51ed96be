//! Every kind of token at the verifier of every other: none passes for another, with any header or
//! claims.

use std::sync::LazyLock;

use scopegate_domain::{Audience, ClientId, Issuer, Lifetime, Secret};
use scopegate_token::fuzzing::forge;
use scopegate_token::{
    Algorithm, ClientAssertionVerifier, DpopProofVerifier, IdTokenHintVerifier, JwsVerifier, KeySet, PayloadBuffer,
    ProofError, ProofExpectation, SigningKey, TokenRules, Verifier, VerifyError,
};
use serde_json::{Map, Value, json};

use crate::algorithms::{key, rsa};
use crate::forge::{NOW, encode, hs256_key, now};

const ISSUER: &str = "https://issuer.example";
const API: &str = "https://api.example";
const TOKEN: &str = "https://issuer.example/token";
static KEY: LazyLock<SigningKey> = LazyLock::new(|| SigningKey::es256_generate().unwrap());

/// A kind of token: a good one, and its verifier.
struct Kind {
    name: &'static str,
    key: &'static LazyLock<SigningKey>,
    header: Value,
    claims: Value,
    verify: fn(&str) -> Result<(), ProofError>,
}

static SECRET: LazyLock<SigningKey> = LazyLock::new(hs256_key);

fn issuer() -> Issuer {
    Issuer::parse(ISSUER).unwrap()
}

/// Both keys are trusted for every kind, so that nothing but the kind tells tokens apart.
fn keys() -> KeySet {
    KeySet::new([KEY.verifying_key(), SECRET.verifying_key()]).unwrap()
}

fn access(rules: TokenRules, token: &str) -> Result<(), ProofError> {
    let mut scratch = PayloadBuffer::new();
    Ok(Verifier::new(rules, keys())
        .verify(token, now(), &mut scratch)
        .map(drop)?)
}

fn hint(token: &str) -> Result<(), ProofError> {
    Ok(IdTokenHintVerifier::new(issuer(), keys())
        .verify(token, &mut PayloadBuffer::new())
        .map(drop)?)
}

fn assertion(token: &str) -> Result<(), ProofError> {
    let verifier = ClientAssertionVerifier::new(issuer(), ClientId::parse("app").unwrap(), keys());
    Ok(verifier.verify(token, now(), &mut PayloadBuffer::new()).map(drop)?)
}

fn proof(token: &str) -> Result<(), ProofError> {
    let expectation = ProofExpectation::new("POST", TOKEN);
    DpopProofVerifier::new()
        .verify(token, expectation, now(), &mut PayloadBuffer::new())
        .map(drop)
}

fn kinds() -> Vec<Kind> {
    vec![
        Kind {
            name: "rfc9068",
            key: &KEY,
            header: json!({"alg": "ES256", "typ": "at+jwt"}),
            claims: json!({"iss": ISSUER, "aud": API, "sub": "u1", "client_id": "app", "iat": NOW, "exp": NOW + 60, "jti": "t1"}),
            verify: |token| access(TokenRules::rfc9068(issuer(), Audience::parse(API).unwrap()), token),
        },
        Kind {
            name: "jwt",
            key: &KEY,
            header: json!({"alg": "ES256", "typ": "JWT"}),
            claims: json!({"iss": ISSUER, "aud": API, "sub": "u1", "client_id": "app", "exp": NOW + 60, "scope": "me"}),
            verify: |token| access(TokenRules::jwt(issuer(), Audience::parse(API).unwrap()), token),
        },
        Kind {
            name: "tutorial",
            key: &SECRET,
            header: json!({"alg": "HS256", "typ": "JWT"}),
            claims: json!({"sub": "johndoe", "scopes": ["me"], "exp": NOW + 60}),
            verify: |token| access(TokenRules::shared_secret(), token),
        },
        Kind {
            name: "ID token as a hint",
            key: &KEY,
            header: json!({"alg": "ES256", "typ": "JWT"}),
            claims: json!({"iss": ISSUER, "aud": "app", "sub": "u1", "exp": NOW - 60, "iat": NOW - 600, "nonce": "n"}),
            verify: hint,
        },
        Kind {
            name: "client assertion",
            key: &KEY,
            header: json!({"alg": "ES256", "typ": "JWT"}),
            claims: json!({"iss": "app", "sub": "app", "aud": ISSUER, "exp": NOW + 60, "jti": "a1"}),
            verify: assertion,
        },
        Kind {
            name: "DPoP proof",
            key: &KEY,
            header: proof_header(),
            claims: proof_claims(),
            verify: proof,
        },
        Kind {
            name: "logout token",
            key: &KEY,
            header: json!({"alg": "ES256", "typ": "logout+jwt"}),
            claims: json!({"iss": ISSUER, "aud": "app", "sub": "u1", "iat": NOW, "exp": NOW + 60, "jti": "l1", "nonce": "n", "events": {}}),
            verify: |_| Ok(()),
        },
    ]
}

fn proof_header() -> Value {
    json!({"alg": "ES256", "typ": "dpop+jwt", "jwk": KEY.verifying_key().to_jwk().unwrap()})
}

fn proof_claims() -> Value {
    json!({"htm": "POST", "htu": TOKEN, "iat": NOW, "jti": "p1"})
}

#[test]
fn no_kind_passes_for_another() {
    let kinds = kinds();
    for made in &kinds {
        for asked in kinds.iter().filter(|kind| kind.name != "logout token") {
            let plain = forge(made.key, made.header.to_string(), made.claims.to_string());
            // Both are access tokens for the same resource of one issuer, and `jwt` requires less.
            let is_same = made.name == asked.name || (made.name, asked.name) == ("rfc9068", "jwt");
            assert_eq!(
                (asked.verify)(&plain).is_ok(),
                is_same,
                "{} as {}",
                made.name,
                asked.name
            );
            // With the other kind's header and a right signature, the claims alone must tell.
            let dressed = forge(asked.key, asked.header.to_string(), made.claims.to_string());
            assert_eq!(
                (asked.verify)(&dressed).is_ok(),
                is_same,
                "{} dressed as {}",
                made.name,
                asked.name
            );
            let untyped = without(&made.header, "typ");
            let untyped = forge(made.key, untyped.to_string(), made.claims.to_string());
            assert!(
                is_same || (asked.verify)(&untyped).is_err(),
                "{} untyped as {}",
                made.name,
                asked.name
            );
        }
    }
}

#[test]
fn every_kind_requires_a_signature() {
    let stranger = SigningKey::es256_generate().unwrap();
    for kind in kinds().iter().filter(|kind| kind.name != "logout token") {
        let token = forge(kind.key, kind.header.to_string(), kind.claims.to_string());
        let forged = forge(&stranger, kind.header.to_string(), kind.claims.to_string());
        assert_eq!((kind.verify)(&token), Ok(()), "{}", kind.name);
        assert!((kind.verify)(&forged).is_err(), "{}", kind.name);
        let (message, _) = token.rsplit_once('.').unwrap();
        assert!((kind.verify)(&format!("{message}.")).is_err(), "{}", kind.name);
        let none = with(&kind.header, "alg", json!("none")).to_string();
        let none = format!("{}.{}.", encode(none), encode(kind.claims.to_string()));
        assert_eq!((kind.verify)(&none).unwrap_err().label(), "algorithm", "{}", kind.name);
    }
}

#[test]
fn header_rules_hold_for_every_kind() {
    for kind in kinds().iter().filter(|kind| kind.name != "logout token") {
        let verdict = |header: &Value| (kind.verify)(&forge(kind.key, header.to_string(), kind.claims.to_string()));
        for (name, value, rule) in [
            ("crit", json!(["exp"]), "crit"),
            ("b64", json!(false), "b64"),
            ("typ", json!(7), "token_type"),
            ("typ", json!("secevent+jwt"), "token_type"),
            ("kid", json!({}), "key_id"),
            ("alg", json!("ES512"), "algorithm"),
            ("x", json!("x".repeat(1_100)), "header_length"),
        ] {
            let fault = verdict(&with(&kind.header, name, value)).unwrap_err();
            assert_eq!(fault.label(), rule, "{} with {name}", kind.name);
        }
        for name in ["jku", "x5u", "x5c"] {
            assert_eq!(
                verdict(&with(&kind.header, name, json!("https://evil.example"))),
                Ok(()),
                "{}",
                kind.name
            );
        }
    }
}

#[test]
fn claims_are_read_strictly_in_every_kind() {
    for kind in kinds().iter().filter(|kind| kind.name != "logout token") {
        let body = kind.claims.to_string();
        let name = kind.claims.as_object().unwrap().keys().next().unwrap();
        for payload in [
            "[]".to_owned(),
            "{".to_owned(),
            format!("{body}x"),
            body.replacen('{', &format!("{{\"{name}\":\"x\","), 1),
            body.replacen('{', "{\"x\":1,\"x\":1,", 1),
            body.replacen('{', "{\"x\":NaN,", 1),
            body.replacen('{', &format!("{{\"x\":{}{},", "[".repeat(16), "]".repeat(16)), 1),
            with(&kind.claims, "jti", json!(7)).to_string(),
            with(&kind.claims, "iat", json!("now")).to_string(),
        ] {
            assert!(
                (kind.verify)(&forge(kind.key, kind.header.to_string(), &payload)).is_err(),
                "{}: {payload}",
                kind.name
            );
        }
    }
}

fn with(base: &Value, name: &str, value: Value) -> Value {
    let mut members: Map<String, Value> = base.as_object().unwrap().clone();
    members.insert(name.to_owned(), value);
    Value::Object(members)
}

fn without(base: &Value, name: &str) -> Value {
    let mut members: Map<String, Value> = base.as_object().unwrap().clone();
    members.remove(name);
    Value::Object(members)
}

fn changed(kind: usize, name: &str, value: Value) -> Result<(), ProofError> {
    let kind = &kinds()[kind];
    let claims = if value.is_null() {
        without(&kind.claims, name)
    } else {
        with(&kind.claims, name, value)
    };
    (kind.verify)(&forge(kind.key, kind.header.to_string(), claims.to_string()))
}

#[test]
fn a_hint_is_an_id_token_of_ones_own() {
    for (name, value, rule) in [
        ("iss", json!("https://other.example"), "issuer"),
        ("iss", Value::Null, "missing_claim"),
        ("aud", Value::Null, "missing_claim"),
        ("sub", Value::Null, "missing_claim"),
        ("exp", Value::Null, "missing_claim"),
        ("iat", Value::Null, "missing_claim"),
        ("events", json!({}), "foreign_claim"),
        ("scope", json!("me"), "foreign_claim"),
        ("scopes", json!(["me"]), "foreign_claim"),
        ("client_id", json!("app"), "foreign_claim"),
    ] {
        assert_eq!(changed(3, name, value).unwrap_err().label(), rule, "{name}");
    }
    assert_eq!(changed(3, "exp", json!(1)), Ok(()), "its expiry is not looked at");
    let kind = &kinds()[3];
    let token = forge(kind.key, kind.header.to_string(), kind.claims.to_string());
    let mut scratch = PayloadBuffer::new();
    let hint = IdTokenHintVerifier::new(issuer(), keys())
        .verify(&token, &mut scratch)
        .unwrap();
    assert!(hint.subject() == "u1" && hint.is_for("app") && !hint.is_for("other"));
}

#[test]
fn an_assertion_is_of_its_client_for_its_server() {
    for (name, value, rule) in [
        ("iss", json!("other"), "issuer"),
        ("sub", json!("other"), "issuer"),
        ("aud", json!("https://other.example"), "audience"),
        ("aud", json!([ISSUER, "https://other.example"]), "audience"),
        ("jti", Value::Null, "missing_claim"),
        ("exp", Value::Null, "missing_claim"),
        ("exp", json!(NOW), "expired"),
        ("exp", json!(NOW + 3_601), "lifetime"),
        ("nbf", json!(NOW + 1), "not_yet_valid"),
        ("iat", json!(NOW + 61), "issued_in_future"),
        ("client_id", json!("app"), "foreign_claim"),
        ("nonce", json!("n"), "foreign_claim"),
    ] {
        assert_eq!(changed(4, name, value).unwrap_err().label(), rule, "{name}");
    }
    assert_eq!(changed(4, "aud", json!([ISSUER])), Ok(()));
    assert_eq!(changed(4, "exp", json!(NOW + 3_600)), Ok(()));
    let kind = &kinds()[4];
    let symmetric = forge(
        &SECRET,
        with(&kind.header, "alg", json!("HS256")).to_string(),
        kind.claims.to_string(),
    );
    assert_eq!(
        assertion(&symmetric).unwrap_err().label(),
        "algorithm",
        "a secret proves nothing"
    );
    let typed = with(&kind.header, "typ", json!("client-authentication+jwt")).to_string();
    let token = forge(&KEY, typed, kind.claims.to_string());
    let verifier = ClientAssertionVerifier::new(issuer(), ClientId::parse("app").unwrap(), keys());
    let said = verifier.verify(&token, now(), &mut PayloadBuffer::new()).unwrap();
    assert_eq!((said.client().as_str(), said.token_id()), ("app", "a1"));
    assert_eq!(
        said.expires_at(),
        now() + Lifetime::from_seconds(60),
        "so long its `jti` is to be remembered"
    );
}

#[test]
fn a_proof_is_for_its_request() {
    for (name, value, rule) in [
        ("htm", json!("GET"), "htm"),
        ("htm", json!("post"), "htm"),
        ("htm", Value::Null, "missing_claim"),
        ("htu", json!("https://issuer.example/other"), "htu"),
        ("htu", json!("http://issuer.example/token"), "htu"),
        ("htu", Value::Null, "missing_claim"),
        ("iat", json!(NOW - 60), "iat"),
        ("iat", json!(NOW + 61), "iat"),
        ("iat", Value::Null, "missing_claim"),
        ("jti", Value::Null, "missing_claim"),
        ("jti", json!(""), "claim_range"),
        ("jti", json!("x".repeat(257)), "claim_range"),
        ("ath", json!(7), "claim_type"),
        ("nonce", json!([]), "claim_type"),
    ] {
        assert_eq!(changed(5, name, value).unwrap_err().label(), rule, "{name}");
    }
    for (name, value) in [
        ("iat", json!(NOW - 59)),
        ("iat", json!(NOW + 60)),
        ("htu", json!("HTTPS://issuer.example:443/token?x#y")),
        ("nonce", json!("unasked")),
        ("ath", json!("unasked")),
    ] {
        assert_eq!(changed(5, name, value), Ok(()), "{name}");
    }
}

#[test]
fn proof_names_the_required_token_and_nonce() {
    let token = Secret::new("an access token".to_owned());
    let hash = encode(ring::digest::digest(&ring::digest::SHA256, token.expose().as_bytes()));
    let expectation = ProofExpectation::new("POST", TOKEN)
        .with_access_token(&token)
        .with_nonce("n1");
    for (claims, expected) in [
        (json!({"ath": hash, "nonce": "n1"}), Ok(())),
        (json!({"ath": hash}), Err(ProofError::Nonce)),
        (json!({"ath": hash, "nonce": "n2"}), Err(ProofError::Nonce)),
        (json!({"nonce": "n1"}), Err(ProofError::AccessToken)),
        (json!({"ath": "x", "nonce": "n1"}), Err(ProofError::AccessToken)),
    ] {
        let mut all = proof_claims().as_object().unwrap().clone();
        all.extend(claims.as_object().unwrap().clone());
        let proof = forge(&KEY, proof_header().to_string(), Value::Object(all).to_string());
        let verdict = DpopProofVerifier::new().verify(&proof, expectation, now(), &mut PayloadBuffer::new());
        assert_eq!(verdict.as_ref().map(drop).map_err(|fault| *fault), expected, "{claims}");
        if let Ok(proof) = verdict {
            assert_eq!(Some(proof.thumbprint().to_owned()), KEY.verifying_key().thumbprint());
            assert_eq!(
                (proof.token_id(), proof.forget_at()),
                ("p1", now() + Lifetime::from_seconds(60))
            );
        }
    }
}

#[test]
fn proof_contains_a_public_key() {
    let judge = |key: &SigningKey, header: Value| proof(&forge(key, header.to_string(), proof_claims().to_string()));
    let header = |key: &SigningKey, jwk: Value| json!({"alg": key.algorithm().as_str(), "typ": "dpop+jwt", "jwk": jwk});
    for algorithm in Algorithm::ALL {
        let key = key(algorithm);
        if let Some(jwk) = key.verifying_key().to_jwk() {
            assert_eq!(judge(&key, header(&key, Value::Object(jwk))), Ok(()), "{algorithm}");
        } else {
            let secret = json!({"kty": "oct", "k": encode([7; 64])});
            assert_eq!(
                judge(&key, header(&key, secret)).unwrap_err().label(),
                "algorithm",
                "{algorithm}"
            );
        }
    }
    let jwk = Value::Object(KEY.verifying_key().to_jwk().unwrap());
    for wrong in [
        json!(null),
        json!("x"),
        json!([]),
        json!({}),
        json!({"kty": "oct", "k": encode([7; 64])}),
        with(&jwk, "d", json!("AAAA")),
        with(&jwk, "use", json!("enc")),
        with(&jwk, "crv", json!("P-521")),
    ] {
        assert_eq!(
            judge(&KEY, header(&KEY, wrong.clone())),
            Err(ProofError::Key),
            "{wrong}"
        );
    }
    assert_eq!(judge(&KEY, without(&proof_header(), "jwk")), Err(ProofError::Key));
    let other = SigningKey::es256_generate().unwrap().verifying_key().to_jwk().unwrap();
    let verdict = judge(&KEY, header(&KEY, Value::Object(other)));
    assert_eq!(
        verdict,
        Err(ProofError::Token(VerifyError::Signature)),
        "the key is another's"
    );
    let bare = without(&Value::Object(rsa().verifying_key().to_jwk().unwrap()), "alg");
    let pss = rsa().with_algorithm(Algorithm::Ps256).unwrap();
    assert_eq!(
        judge(&pss, header(&pss, bare)),
        Ok(()),
        "a key without `alg` is for that of the header"
    );
}

#[test]
fn any_signed_text_is_a_jws() {
    let verifier = JwsVerifier::new(keys());
    for typ in [json!("anything"), json!("at+jwt"), Value::Null] {
        let header = with(&json!({"alg": "ES256"}), "typ", typ);
        let header = if header["typ"].is_null() {
            without(&header, "typ")
        } else {
            header
        };
        let token = forge(&KEY, header.to_string(), b"\xff no claims at all");
        let mut scratch = PayloadBuffer::new();
        assert_eq!(
            verifier.verify(&token, &mut scratch).unwrap().payload(),
            b"\xff no claims at all"
        );
        assert_eq!(verifier.key_for(&token).unwrap().algorithm(), Algorithm::Es256);
    }
}
