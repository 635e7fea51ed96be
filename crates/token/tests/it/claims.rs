//! What a payload must say, for both kinds of token; one test for each rule.

use scopegate_domain::{ClaimsError, Lifetime, Timestamp};
use scopegate_token::{PayloadBuffer, TokenRules, Verifier, VerifyError};
use serde_json::{Value, json};

use crate::forge::{Kind, NOW, hs256, hs256_key, verify};

fn assert_claims(kind: &Kind, expected: Result<(), VerifyError>, cases: &[Value]) {
    for case in cases {
        assert_eq!(kind.with_claims(case), expected, "{} with {case}", kind.name);
    }
}

#[test]
fn unknown_claims_are_ignored() {
    for kind in Kind::both() {
        let cases = [
            json!({"x": [1, {"y": null}]}),
            json!({"name": "Zoë 日本"}),
            json!({"acr": "1"}),
        ];
        assert_claims(&kind, Ok(()), &cases);
    }
}

#[test]
fn required_claims_are_there() {
    for (kind, required) in [
        (Kind::tutorial(), &["sub", "exp"][..]),
        (
            Kind::rfc9068(),
            &["iss", "aud", "exp", "sub", "client_id", "iat", "jti"][..],
        ),
    ] {
        for claim in kind.claims.as_object().unwrap().keys() {
            let expected = match required.iter().find(|name| *name == claim) {
                Some(claim) => Err(VerifyError::Missing { claim }),
                None => Ok(()),
            };
            assert_eq!(
                kind.with_claims(&json!({ claim: null })),
                expected,
                "{} without {claim}",
                kind.name
            );
        }
    }
}

#[test]
fn a_payload_is_read_by_its_own_rules() {
    for kind in Kind::both() {
        let body = kind.claims.to_string();
        for (payload, expected) in [
            ("[]".to_owned(), ClaimsError::NotAnObject),
            ("{".to_owned(), ClaimsError::NotJson),
            (format!("{body}x"), ClaimsError::NotJson),
            (body.replacen('{', "{\"x\":NaN,", 1), ClaimsError::NotJson),
            (
                body.replacen('{', "{\"sub\":\"nobody\",", 1),
                ClaimsError::DuplicateName,
            ),
            (
                body.replacen('{', "{\"\\u0073ub\":\"nobody\",", 1),
                ClaimsError::DuplicateName,
            ),
            (body.replacen('{', "{\"x\":1,\"x\":2,", 1), ClaimsError::DuplicateName),
            (
                body.replacen('{', "{\"x\":{\"y\":1,\"y\":2},", 1),
                ClaimsError::DuplicateName,
            ),
            (
                body.replacen('{', &format!("{{\"x\":{}{},", "[".repeat(16), "]".repeat(16)), 1),
                ClaimsError::TooDeep,
            ),
            // CVE-2026-25537: a claim of the wrong type counted as absent.
            (
                body.replacen('{', "{\"nbf\":\"99999999999\",", 1),
                ClaimsError::WrongType { claim: "nbf" },
            ),
            (
                body.replacen('{', "{\"nbf\":null,", 1),
                ClaimsError::WrongType { claim: "nbf" },
            ),
        ] {
            assert_eq!(
                kind.with_payload_text(&payload),
                Err(VerifyError::Claims(expected)),
                "{payload}"
            );
        }
        assert_claims(
            &kind,
            Err(VerifyError::Claims(ClaimsError::ScopesDiffer)),
            &[json!({"scope": "me", "scopes": ["me", "items"]})],
        );
        assert_claims(
            &kind,
            Ok(()),
            &[json!({"scope": "me items", "scopes": ["me", "items"]})],
        );
    }
}

#[test]
fn times_are_compared_without_leeway() {
    for kind in Kind::both() {
        assert_claims(
            &kind,
            Ok(()),
            &[json!({"exp": NOW + 1}), json!({"exp": 253_402_300_799_i64})],
        );
        let past = [
            json!({"exp": NOW}),
            json!({"exp": NOW - 1}),
            json!({"exp": 0}),
            json!({"exp": -1}),
            json!({"exp": 0.5}),
        ];
        assert_claims(&kind, Err(VerifyError::Expired), &past);
        assert_claims(&kind, Err(VerifyError::Expired), &[json!({"exp": 1_700_000_000.9})]);
        assert_claims(
            &kind,
            Ok(()),
            &[
                json!({"nbf": NOW}),
                json!({"nbf": NOW - 60}),
                json!({"nbf": 1_700_000_000.9}),
            ],
        );
        assert_claims(
            &kind,
            Err(VerifyError::NotYetValid),
            &[json!({"nbf": NOW + 1}), json!({"nbf": NOW + 600})],
        );
        assert_claims(
            &kind,
            Ok(()),
            &[json!({"iat": NOW}), json!({"iat": 0}), json!({"iat": NOW - 60})],
        );
    }
    assert_claims(
        &Kind::tutorial(),
        Err(VerifyError::IssuedInFuture),
        &[json!({"iat": NOW + 1})],
    );
    assert_claims(&Kind::rfc9068(), Ok(()), &[json!({"iat": NOW + 60})]);
    assert_claims(
        &Kind::rfc9068(),
        Err(VerifyError::IssuedInFuture),
        &[json!({"iat": NOW + 61})],
    );
}

#[test]
fn leeway_ends_at_the_configured_second() {
    for mut kind in Kind::both() {
        assert!(kind.rules.clone().with_leeway(Lifetime::from_seconds(61)).is_err());
        kind.rules = kind.rules.with_leeway(Lifetime::from_seconds(60)).unwrap();
        assert_claims(&kind, Ok(()), &[json!({"exp": NOW - 59}), json!({"nbf": NOW + 60})]);
        assert_claims(&kind, Err(VerifyError::Expired), &[json!({"exp": NOW - 60})]);
        assert_claims(&kind, Err(VerifyError::NotYetValid), &[json!({"nbf": NOW + 61})]);
    }
}

#[test]
fn a_clock_that_cannot_tell_the_time_refuses_everything() {
    for kind in Kind::both() {
        let verifier = Verifier::new(kind.rules.clone(), hs256_key().verifying_key());
        let mut scratch = PayloadBuffer::new();
        let verdict = verifier.verify(&kind.token(), Timestamp::MAX, &mut scratch);
        assert_eq!(verdict, Err(VerifyError::Expired), "{}", kind.name);
    }
}

#[test]
fn issuer_and_audience_are_matched_exactly() {
    let kind = Kind::rfc9068();
    let issuers = [
        "https://issuer.example/",
        "https://ISSUER.example",
        "",
        "https://evil.example",
    ];
    assert_claims(
        &kind,
        Err(VerifyError::Issuer),
        &issuers.map(|name| json!({"iss": name})),
    );
    let audiences = [
        "https://api.example/",
        "app",
        "https://api.example https://other.example",
    ];
    assert_claims(
        &kind,
        Err(VerifyError::Audience),
        &audiences.map(|name| json!({"aud": name})),
    );
    assert_claims(
        &kind,
        Err(VerifyError::Audience),
        &[json!({"aud": ["app", "other"]}), json!({"aud": [""]})],
    );
    assert_claims(
        &kind,
        Err(VerifyError::Missing { claim: "aud" }),
        &[json!({"aud": []}), json!({"aud": ""})],
    );
    assert_claims(&kind, Ok(()), &[json!({"aud": ["other", "https://api.example"]})]);
    let wrong = VerifyError::Claims(ClaimsError::WrongType { claim: "iss" });
    assert_claims(&kind, Err(wrong), &[json!({"iss": ["https://issuer.example"]})]);
}

#[test]
fn a_token_of_one_kind_is_not_one_of_the_other() {
    let (tutorial, rfc9068) = (Kind::tutorial(), Kind::rfc9068());
    assert_eq!(tutorial.verify(&rfc9068.token()), Err(VerifyError::TokenType));
    assert_eq!(rfc9068.verify(&tutorial.token()), Err(VerifyError::TokenType));
    let dressed = hs256(&tutorial.header.to_string(), &rfc9068.claims.to_string());
    assert_eq!(tutorial.verify(&dressed), Err(VerifyError::Audience));
    let dressed = hs256(&rfc9068.header.to_string(), &tutorial.claims.to_string());
    assert_eq!(rfc9068.verify(&dressed), Err(VerifyError::Missing { claim: "iss" }));
}

#[test]
fn what_is_too_big_is_refused_before_it_is_decoded() {
    for kind in Kind::both() {
        assert_eq!(
            kind.verify(&"!".repeat(TokenRules::MAX_TOKEN + 1)),
            Err(VerifyError::TokenTooLong)
        );
        let sized = |len: usize| {
            let base = kind.claims.to_string();
            base.replacen('{', &format!("{{\"x\":\"{}\",", "x".repeat(len - base.len() - 7)), 1)
        };
        assert_eq!(kind.with_payload_text(&sized(8 * 1024)), Ok(()));
        assert_eq!(
            kind.with_payload_text(&sized(8 * 1024 + 1)),
            Err(VerifyError::PayloadTooLong)
        );
        assert_eq!(kind.with_payload_text(&sized(12_000)), Err(VerifyError::PayloadTooLong));
        assert_eq!(kind.with_payload_text(&sized(20_000)), Err(VerifyError::TokenTooLong));

        let token = kind.token();
        let payload = kind.claims.to_string().len();
        let limited = |token: usize, payload: usize| kind.rules.clone().with_limits(token, payload);
        let key = hs256_key().verifying_key();
        assert_eq!(verify(&limited(token.len(), payload), key.clone(), &token), Ok(()));
        assert_eq!(
            verify(&limited(token.len() - 1, payload), key.clone(), &token),
            Err(VerifyError::TokenTooLong)
        );
        assert_eq!(
            verify(&limited(token.len(), payload - 1), key, &token),
            Err(VerifyError::PayloadTooLong)
        );
        assert_eq!(limited(usize::MAX, usize::MAX), kind.rules, "limits cannot be raised");
    }
}

#[test]
fn a_refusal_tells_nothing_of_the_token() {
    let kind = Kind::rfc9068();
    for token in [
        hs256(r#"{"alg":"verysecret","typ":"at+jwt"}"#, "{}"),
        hs256(&kind.header.to_string(), r#"{"verysecret":1,"verysecret":2}"#),
        hs256(&kind.header.to_string(), r#"{"exp":"verysecret"}"#),
        "verysecret.verysecret.verysecret".to_owned(),
    ] {
        let fault = kind.verify(&token).unwrap_err();
        assert!(
            !format!("{fault} {fault:?} {}", fault.label()).contains("verysecret"),
            "{fault}"
        );
    }
}
