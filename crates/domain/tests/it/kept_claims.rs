//! Claims that are kept for handlers.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use scopegate_domain::{ClaimLayout, ClaimNames, Claims, ClaimsError, ClientClaim, KeepClaimError, ScopeLayout};
use serde_json::json;

fn names(names: &[&str]) -> ClaimNames {
    ClaimNames::new(names).unwrap()
}

fn kept<'p>(payload: &'p str, names: &ClaimNames) -> Result<Vec<(String, &'p str)>, ClaimsError> {
    let claims = Claims::parse_keeping(payload.as_bytes(), ScopeLayout::Text, names)?;
    Ok(claims.kept().map(|(name, json)| (name.to_owned(), json)).collect())
}

#[test]
fn only_named_claims_are_kept() {
    let payload = r#"{"sub":"u1", "plan" :  "free" ,"other":1, "ten\u0061nt": [ {"id":7} ] }"#;
    let expected = vec![
        ("plan".to_owned(), r#""free""#),
        ("tenant".to_owned(), r#"[ {"id":7} ]"#),
    ];
    assert_eq!(kept(payload, &names(&["tenant", "plan", "absent"])), Ok(expected));
    assert_eq!(kept(payload, &ClaimNames::NONE), Ok(Vec::new()));
    assert_eq!(
        Claims::parse(payload.as_bytes(), ScopeLayout::Text)
            .unwrap()
            .kept()
            .len(),
        0
    );
}

#[test]
fn a_kept_claim_is_as_strict_as_an_unknown_one() {
    let names = names(&["tenant"]);
    let deep = |depth: usize| format!(r#"{{"tenant":{}{}}}"#, "[".repeat(depth), "]".repeat(depth));
    assert!(kept(&deep(15), &names).is_ok());
    for (payload, fault) in [
        (deep(16).as_str(), ClaimsError::TooDeep),
        (r#"{"tenant":1,"tenant":1}"#, ClaimsError::DuplicateName),
        (r#"{"tenant":1,"t\u0065nant":1}"#, ClaimsError::DuplicateName),
        (r#"{"tenant":{"a":1,"a":2}}"#, ClaimsError::DuplicateName),
        (r#"{"tenant":}"#, ClaimsError::NotJson),
        (r#"{"tenant":NaN}"#, ClaimsError::NotJson),
        (r#"{"tenant":"\ud800"}"#, ClaimsError::NotJson),
    ] {
        assert_eq!(kept(payload, &names), Err(fault), "{payload}");
        assert_eq!(kept(payload, &ClaimNames::NONE), Err(fault), "{payload}");
    }
}

#[test]
fn kept_claims_are_bounded() {
    let names = names(&["tenant", "plan"]);
    let payload =
        |bytes: usize| json!({"plan": 1, "tenant": "x".repeat(bytes - 3), "other": "y".repeat(99)}).to_string();
    assert!(kept(&payload(4096), &names).is_ok());
    assert_eq!(kept(&payload(4097), &names), Err(ClaimsError::KeptTooLong));
    assert!(kept(&payload(4097), &ClaimNames::NONE).is_ok());
}

#[test]
fn a_claim_that_the_parser_reads_is_not_kept() {
    for name in [
        "acr",
        "at_hash",
        "aud",
        "auth_time",
        "c_hash",
        "client_id",
        "cnf",
        "events",
        "exp",
        "iat",
        "iss",
        "jti",
        "nbf",
        "nonce",
        "scope",
        "scopes",
        "sub",
        "token_use",
        "typ",
    ] {
        let fault = ClaimNames::new(["tenant", name]).unwrap_err();
        assert_eq!((fault.name.as_str(), fault.cause), (name, KeepClaimError::Registered));
    }
    let fault = ClaimNames::new(["sub"]).unwrap_err().to_string();
    assert_eq!(
        fault,
        "claim `sub` cannot be kept: the gate reads this claim itself; use the method of the permit"
    );
}

#[test]
fn names_are_bounded_and_occur_once() {
    let cause = |names: &[String]| ClaimNames::new(names).map(drop).map_err(|fault| fault.cause);
    let many = |count: usize| (0..count).map(|number| number.to_string()).collect::<Vec<_>>();
    assert_eq!(cause(&many(16)), Ok(()));
    assert_eq!(cause(&many(17)), Err(KeepClaimError::TooMany));
    assert_eq!(cause(&["a".to_owned(), "a".to_owned()]), Err(KeepClaimError::Twice));
    assert_eq!(cause(&[String::new()]), Err(KeepClaimError::NameEmpty));
    assert_eq!(cause(&["n".repeat(256)]), Ok(()));
    assert_eq!(cause(&["n".repeat(257)]), Err(KeepClaimError::NameTooLong));
    assert_eq!(ClaimNames::new([""; 0]), Ok(ClaimNames::NONE));
}

/// A claim that a layout reads is kept as well: its value has more than the layout takes.
#[test]
fn a_claim_of_a_layout_can_be_kept() {
    let layout = ClaimLayout::new(ScopeLayout::RealmRoles).with_client(ClientClaim::Azp);
    let payload = r#"{"azp":"app","realm_access":{"roles":["a"],"more":1}}"#;
    let names = names(&["realm_access", "azp"]);
    let claims = Claims::parse_keeping(payload.as_bytes(), layout, &names).unwrap();
    assert!(claims.scopes().eq(["a"]) && claims.client_id() == Some("app"));
    let expected = [("azp", r#""app""#), ("realm_access", r#"{"roles":["a"],"more":1}"#)];
    assert!(claims.kept().eq(expected));
}
