use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::ScopeLayout;

const PAYLOAD: &[u8] = br#"{"iss": "https://id.example", "sub": "u1", "aud": ["a", "b\u002f"], "client_id": "app",
    "jti": "t1", "acr": "mfa", "iat": 10, "exp": 20, "auth_time": 5, "tenant": "acme", "other": 1}"#;

fn names() -> ClaimNames {
    ClaimNames::new(["tenant", "plan"]).unwrap()
}

fn claims() -> TokenClaims {
    let claims = Claims::parse_keeping(PAYLOAD, ScopeLayout::Text, &names()).unwrap();
    TokenClaims::of(&claims, Some("local"))
}

#[test]
fn every_claim_of_a_token_is_copied() {
    let claims = claims();
    assert_eq!(
        claims.texts(),
        ["local", "app", "t1", "https://id.example", "mfa"].map(Some)
    );
    assert_eq!(claims.times(), [10, 20, 5].map(Timestamp::from_unix).map(Some));
    assert!(claims.audience().eq(["a", "b/"]));
    assert!(claims.kept().eq([("tenant", r#""acme""#)]));
}

#[test]
fn a_claim_is_a_value_or_absent_or_unknown() {
    let claims = claims();
    let name = || "other".to_owned();
    assert_eq!(claims.claim("tenant"), Ok(Some("acme".to_owned())));
    assert_eq!(claims.claim::<String>("plan"), Ok(None));
    assert_eq!(
        claims.claim::<u8>("other"),
        Err(ReadClaimError::NotKept { name: name() })
    );
    let wrong = claims.claim::<u8>("tenant").unwrap_err();
    assert!(matches!(wrong, ReadClaimError::WrongType { .. }));
    assert!(!wrong.to_string().contains("acme"), "{wrong}");
    for registered in ["sub", "scope", "exp", "cnf"] {
        assert!(claims.claim::<Value>(registered).is_err(), "{registered}");
    }
    assert_eq!(
        TokenClaims::new().claim::<u8>("other"),
        Ok(None),
        "no verifier limits it"
    );
}

#[test]
fn null_is_a_value() {
    let claims = TokenClaims::new().with_claim("tenant", Value::Null).unwrap();
    assert!(claims.claim::<String>("tenant").is_err());
    assert_eq!(claims.claim::<Option<String>>("tenant"), Ok(Some(None)));
}

#[test]
fn given_claims_have_the_limits_of_kept_ones() {
    let with = |name: &str, value: Value| claims().with_claim(name, value).map(drop);
    assert_eq!(with("level", json!(3)), Ok(()));
    assert_eq!(with("tenant", json!("x")), Err(KeepClaimError::Twice));
    assert_eq!(with("sub", json!("x")), Err(KeepClaimError::Registered));
    assert_eq!(with("", json!("x")), Err(KeepClaimError::NameEmpty));
    assert_eq!(with(&"n".repeat(257), json!(1)), Err(KeepClaimError::NameTooLong));
    // `"acme"` is 6 bytes, and so are the quotes of this text and the next byte.
    assert_eq!(with("big", json!("x".repeat(4096 - 6 - 2))), Ok(()));
    assert_eq!(
        with("big", json!("x".repeat(4096 - 6 - 1))),
        Err(KeepClaimError::ValuesTooLong)
    );
    let mut many = TokenClaims::new();
    for number in 0..16 {
        many = many.with_claim(&number.to_string(), number).unwrap();
    }
    assert_eq!(many.with_claim("16", 16).map(drop), Err(KeepClaimError::TooMany));
}

#[test]
fn a_value_is_found_by_its_type() {
    #[derive(Debug, PartialEq)]
    struct Tenant(u8);
    let claims = TokenClaims::new().with_value(Tenant(7));
    assert_eq!(claims.value(), Some(&Tenant(7)));
    assert_eq!(claims.value::<u8>(), None);
    assert_eq!(TokenClaims::new().value::<Tenant>(), None);
}

#[test]
fn values_are_equal_if_they_are_shared() {
    let one = TokenClaims::new().with_value(7);
    assert_eq!(one, one.clone());
    assert_ne!(one, TokenClaims::new().with_value(7));
    assert_ne!(one, TokenClaims::new());
    let given = |names: [&str; 2]| {
        let claims = TokenClaims::new().with_claim(names[0], 1).unwrap();
        claims.with_claim(names[1], 1).unwrap()
    };
    assert_eq!(given(["a", "b"]), given(["b", "a"]));
    assert_ne!(given(["a", "b"]), given(["a", "c"]));
    assert_eq!(
        TokenClaims::new().with_subject("a").with_acr("b"),
        TokenClaims::new().with_acr("b").with_subject("x").with_subject("a")
    );
}

#[test]
fn debug_prints_names_of_claims_only() {
    struct Key;
    let claims = claims().with_value(Key).with_claim("pin", "4711").unwrap();
    let text = format!("{claims:?}");
    assert!(text.contains("tenant") && text.contains("pin"), "{text}");
    for hidden in ["acme", "4711", "Key", "Any"] {
        assert!(!text.contains(hidden), "{hidden}: {text}");
    }
}

#[test]
fn heap_bytes_cover_the_texts() {
    let claims = claims();
    let texts: usize = claims.texts().into_iter().flatten().map(str::len).sum();
    assert!(claims.heap_bytes() >= texts + "ab/".len() + "tenant".len() + 6 + 4 * size_of::<Span>());
    assert_eq!(TokenClaims::new().heap_bytes(), 0);
}

proptest! {
    /// Any value of a token is what the handler reads.
    #[test]
    fn a_kept_value_is_read_as_it_was_written(text in ".{0,40}", number: i64, list in prop::collection::vec(".{0,9}", 0..4)) {
        let value = json!({"text": text, "number": number, "list": list, "nested": [{"a": null}, true]});
        let payload = json!({"sub": "u1", "tenant": value, "plan": number}).to_string();
        let claims = Claims::parse_keeping(payload.as_bytes(), ScopeLayout::Text, &names()).unwrap();
        let claims = TokenClaims::of(&claims, None);
        prop_assert_eq!(claims.claim::<Value>("tenant"), Ok(Some(value.clone())));
        prop_assert_eq!(claims.claim::<i64>("plan"), Ok(Some(number)));
        let given = TokenClaims::new().with_claim("tenant", value.clone()).unwrap();
        prop_assert_eq!(given.claim::<Value>("tenant"), Ok(Some(value)));
    }
}
