//! Properties of the tokens of a shared secret alone.

use proptest::prelude::*;
use scopegate_domain::{AccessTokenClaims, ClaimsError, Lifetime, ScopeToken};
use scopegate_token::{PayloadBuffer, Signer, TokenRules, Verifier, VerifyError};
use serde_json::json;

use crate::forge::{Es256, Kind, encode, hs256, hs256_key, now};

#[test]
fn claims_are_written_in_this_order() {
    let signer = Signer::new(TokenRules::shared_secret(), hs256_key());
    let claims = AccessTokenClaims::new("johndoe", now(), Lifetime::from_minutes(30))
        .with_scopes(["me", "items", "me"].map(|name| ScopeToken::parse(name).unwrap()));
    let expected = hs256(
        r#"{"alg":"HS256","typ":"JWT"}"#,
        r#"{"sub":"johndoe","scopes":["me","items","me"],"exp":1700001800,"iat":1700000000}"#,
    );
    assert_eq!(signer.issue(&claims).unwrap().expose(), expected);
}

#[test]
fn audience_is_refused_and_issuer_is_ignored() {
    let kind = Kind::tutorial();
    for case in [
        json!({"aud": ""}),
        json!({"aud": []}),
        json!({"iss": ""}),
        json!({"iss": "https://issuer.example"}),
    ] {
        assert_eq!(kind.with_claims(&case), Ok(()), "{case}");
    }
    for case in [
        json!({"aud": "api"}),
        json!({"aud": ["api"]}),
        json!({"aud": ["api", "other"]}),
        json!({"aud": [""]}),
    ] {
        assert_eq!(kind.with_claims(&case), Err(VerifyError::Audience), "{case}");
    }
}

#[test]
fn claims_are_of_their_type() {
    let kind = Kind::tutorial();
    for (claim, values) in [
        ("sub", vec![json!(1), json!(true), json!(["johndoe"]), json!({})]),
        ("jti", vec![json!(7), json!(["abc"])]),
        (
            "scopes",
            vec![
                json!("me items"),
                json!(""),
                json!(5),
                json!(0),
                json!(true),
                json!({"me": true}),
                json!({}),
            ],
        ),
        (
            "scopes",
            vec![
                json!(["me", 1]),
                json!(["me", null]),
                json!(["me", true]),
                json!(["me", ["items"]]),
            ],
        ),
        (
            "exp",
            vec![
                json!("tomorrow"),
                json!("1700001800"),
                json!([1]),
                json!({}),
                json!(true),
            ],
        ),
        ("iat", vec![json!("now"), json!([])]),
        ("aud", vec![json!(0), json!(false), json!(7), json!({"a": 1})]),
    ] {
        for value in values {
            let expected = Err(VerifyError::Claims(ClaimsError::WrongType { claim }));
            assert_eq!(kind.with_claims(&json!({ claim: value })), expected, "{claim}: {value}");
        }
    }
    for claim in ["sub", "scopes", "exp", "nbf", "iat", "aud", "jti"] {
        let payload = format!("{{\"{claim}\":null}}");
        let expected = Err(VerifyError::Claims(ClaimsError::WrongType { claim }));
        assert_eq!(kind.with_payload_text(&payload), expected, "{claim}: null");
    }
    let subjects = ["", "nobody", "JOHNDOE", "johndoe ", "johndoe\0", "jöhndoe"];
    for case in subjects.map(|name| json!({"sub": name})) {
        assert_eq!(
            kind.with_claims(&case),
            Ok(()),
            "whether there is such a user is not asked here: {case}"
        );
    }
}

#[test]
fn scopes_are_read_as_they_are() {
    let verifier = Verifier::new(TokenRules::shared_secret(), hs256_key().verifying_key());
    for (payload, expected) in [
        (r#"{"sub":"a","exp":1700001800}"#, &[][..]),
        (r#"{"sub":"a","exp":1700001800,"scope":"me"}"#, &[][..]),
        (
            r#"{"sub":"a","exp":1700001800,"scopes":["me items"," me","","ME","é"]}"#,
            &["me items", " me", "", "ME", "é"],
        ),
        (
            r#"{"\u0073ub":"a","\u0065xp":1700001800.7,"scope\u0073":["\u006de","me"]}"#,
            &["me", "me"],
        ),
    ] {
        let mut scratch = PayloadBuffer::new();
        let token = hs256(r#"{"typ":"JWT","alg":"HS256"}"#, payload);
        let claims = verifier.verify(&token, now(), &mut scratch).unwrap();
        assert!(claims.scopes().eq(expected.iter().copied()), "{payload}");
        assert_eq!(claims.subject(), Some("a"));
    }
}

#[test]
fn a_key_of_another_algorithm_signs_nothing() {
    let signer = Signer::new(TokenRules::shared_secret(), Es256::generate().signing_key());
    assert!(
        signer
            .issue(&AccessTokenClaims::new("johndoe", now(), Lifetime::from_minutes(30)))
            .is_err()
    );
}

#[test]
fn text_without_three_segments_is_refused() {
    let kind = Kind::tutorial();
    for token in ["", ".", "garbage", "a.b", "null", "undefined"] {
        assert!(kind.verify(token).is_err(), "{token}");
    }
    for token in ["", "garbage", "a.b"] {
        assert_eq!(kind.verify(token), Err(VerifyError::Segments), "{token}");
    }
    let token = kind.token();
    assert_eq!(kind.verify(&token), Ok(()));
    assert_eq!(kind.verify(&format!("{token}.")), Err(VerifyError::Segments));
    assert_eq!(
        kind.verify(&format!("{token}.{}", encode("x"))),
        Err(VerifyError::Segments)
    );
    assert_eq!(kind.verify(&format!(".{token}")), Err(VerifyError::HeaderNotJson));
}

proptest! {
    /// What the signer issues the verifier of the same rules accepts, until it expires and not a
    /// second longer.
    #[test]
    fn what_is_issued_is_accepted(
        subject in any::<String>(),
        scopes in proptest::collection::vec("[!#-\\[\\]-~]{1,8}", 0..6),
        lifetime in 1u32..100_000,
    ) {
        let signer = Signer::new(TokenRules::shared_secret(), hs256_key());
        let verifier = Verifier::new(TokenRules::shared_secret(), hs256_key().verifying_key());
        let lifetime = Lifetime::from_seconds(lifetime);
        let claims = AccessTokenClaims::new(subject.as_str(), now(), lifetime)
            .with_scopes(scopes.iter().map(|name| ScopeToken::parse(name).unwrap()));
        let token = signer.issue(&claims).unwrap();
        let mut scratch = PayloadBuffer::new();
        let verified = verifier.verify(token.expose(), now(), &mut scratch).unwrap();
        prop_assert_eq!(verified.subject(), Some(subject.as_str()));
        prop_assert!(verified.scopes().eq(scopes.iter().map(String::as_str)));
        prop_assert_eq!(verified.expires_at(), Some(now() + lifetime));
        let mut scratch = PayloadBuffer::new();
        prop_assert_eq!(verifier.verify(token.expose(), now() + lifetime, &mut scratch), Err(VerifyError::Expired));
    }
}
