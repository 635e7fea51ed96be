//! The rules of a payload, from outside.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use proptest::prelude::*;
use scopegate_domain::{AccessTokenClaims, Claims, ClaimsError, Lifetime, ScopeLayout, ScopeToken, Timestamp, fuzzing};
use scopegate_domain::{Audience, ClientId, Issuer, TokenId};
use serde_json::{Value, json};

fn parse(payload: &str) -> Result<Claims<'_>, ClaimsError> {
    Claims::parse(payload.as_bytes(), ScopeLayout::List)
}

fn fault(payload: &str) -> ClaimsError {
    parse(payload).unwrap_err()
}

#[test]
fn a_claim_of_another_type_is_refused() {
    let kinds = [
        ("text", json!("1700000000")),
        ("number", json!(1_700_000_000)),
        ("true", json!(true)),
        ("false", json!(false)),
        ("null", Value::Null),
        ("list", json!(["a"])),
        ("mixed list", json!(["a", 1])),
        ("list with null", json!(["a", null])),
        ("list of lists", json!([["a"]])),
        ("object", json!({"a": 1})),
    ];
    let allowed: &[(&'static str, &[&str])] = &[
        ("iss", &["text"]),
        ("sub", &["text"]),
        ("jti", &["text"]),
        ("client_id", &["text"]),
        ("scope", &["text"]),
        ("acr", &["text"]),
        ("aud", &["text", "list"]),
        ("scopes", &["list"]),
        ("exp", &["number"]),
        ("nbf", &["number"]),
        ("iat", &["number"]),
        ("auth_time", &["number"]),
    ];
    for (claim, types) in allowed {
        for (kind, value) in &kinds {
            let payload = json!({ *claim: value }).to_string();
            let answer = parse(&payload).map(drop);
            let expected = if types.contains(kind) {
                Ok(())
            } else {
                Err(ClaimsError::WrongType { claim })
            };
            assert_eq!(answer, expected, "{claim} as {kind}");
        }
    }
}

#[test]
fn duplicate_name_is_an_error() {
    for payload in [
        r#"{"sub":"a","sub":"b"}"#,
        r#"{"sub":"a","sub":"a"}"#,
        r#"{"\u0073ub":"alice","sub":"johndoe"}"#,
        r#"{"x":1,"x":2}"#,
        r#"{"x":1,"\u0078":2}"#,
        r#"{"\u0078":1,"x":2}"#,
        r#"{"":1,"":2}"#,
        r#"{"nonce":1,"nonce":2}"#,
    ] {
        assert_eq!(fault(payload), ClaimsError::DuplicateName, "{payload}");
    }
    for value in [
        r#"{"x":1,"x":2}"#,
        r#"{"x":1,"\u0078":2}"#,
        r#"[0,{"y":[{"x":1,"x":1}]}]"#,
        r#"{"y":{"y":{"x":{},"x":[]}}}"#,
    ] {
        for claim in ["a", "nonce", "events", "cnf", "typ", "token_use"] {
            let payload = format!(r#"{{"{claim}":{value}}}"#);
            assert_eq!(fault(&payload), ClaimsError::DuplicateName, "{payload}");
        }
    }
    assert!(parse(r#"{"a":{"x":{"x":1},"y":[{"x":1},{"x":1}]},"b":{"x":1}}"#).is_ok());
    for many in [10, 40, 400] {
        let members: Vec<String> = (0..many).map(|index| format!("\"claim{index}\":0")).collect();
        let body = members.join(",");
        assert!(parse(&format!("{{{body}}}")).is_ok(), "{many}");
        assert_eq!(
            fault(&format!("{{{body},\"claim{}\":0}}", many - 1)),
            ClaimsError::DuplicateName,
            "{many}"
        );
        assert_eq!(
            fault(&format!("{{{body},\"claim0\":0}}")),
            ClaimsError::DuplicateName,
            "{many}"
        );
    }
}

#[test]
fn a_confirmation_of_any_type_is_noticed() {
    assert!(!parse(r#"{"x":{"cnf":{"jkt":"y"}}}"#).unwrap().has_confirmation());
    for value in [
        r#"{"jkt":"x"}"#,
        r#"{"x5t#S256":"x"}"#,
        "{}",
        "[]",
        "\"\"",
        "0",
        "false",
        "null",
    ] {
        for name in ["cnf", "c\\u006ef"] {
            let payload = format!(r#"{{"sub":"a", "{name}" : {value}}}"#);
            let claims = parse(&payload).unwrap();
            assert!(claims.has_confirmation(), "{payload}");
            assert_eq!(claims.foreign_claim(), None);
        }
    }
    assert_eq!(fault(r#"{"cnf":null,"cnf":{}}"#), ClaimsError::DuplicateName);
}

#[test]
fn a_claim_that_names_another_kind_of_token_is_foreign() {
    for (payload, foreign) in [
        (r#"{"token_use":"id"}"#, Some("token_use")),
        (r#"{"token_use":"access"}"#, None),
        (r#"{"typ":"ID"}"#, Some("typ")),
        (r#"{"typ":"Refresh"}"#, Some("typ")),
        (r#"{"typ":"Offline"}"#, Some("typ")),
        (r#"{"typ":"Logout"}"#, Some("typ")),
        (r#"{"typ":"Bearer"}"#, None),
        (r#"{"typ":"\u0049D"}"#, Some("typ")),
        (r#"{"typ":["ID"]}"#, None),
        (r#"{"typ":null,"token_use":7}"#, None),
        (r#"{"typ":"ID","nonce":1}"#, Some("typ")),
        (r#"{"typ":"ID","events":{}}"#, Some("events")),
    ] {
        assert_eq!(parse(payload).unwrap().foreign_claim(), foreign, "{payload}");
    }
}

#[test]
fn only_a_json_object_in_utf8_is_a_payload() {
    for (payload, expected) in [
        ("[]", ClaimsError::NotAnObject),
        ("5", ClaimsError::NotAnObject),
        ("\"johndoe\"", ClaimsError::NotAnObject),
        ("null", ClaimsError::NotAnObject),
        ("", ClaimsError::NotJson),
        ("{", ClaimsError::NotJson),
        ("{}x", ClaimsError::NotJson),
        ("{} {}", ClaimsError::NotJson),
        (r#"{"x":NaN}"#, ClaimsError::NotJson),
        (r#"{"x":-Infinity}"#, ClaimsError::NotJson),
        (r#"{"exp":NaN}"#, ClaimsError::NotJson),
        (r#"{"exp":01}"#, ClaimsError::NotJson),
        (r#"{"sub":"\ud800"}"#, ClaimsError::NotJson),
    ] {
        assert_eq!(fault(payload), expected, "{payload}");
    }
    assert_eq!(
        Claims::parse(b"{\"sub\":\"\xff\"}", ScopeLayout::Text),
        Err(ClaimsError::NotUtf8)
    );
    assert_eq!(
        Claims::parse(b"{\"x\":\"\xed\xa0\x80\"}", ScopeLayout::Text),
        Err(ClaimsError::NotUtf8)
    );
    assert!(parse(" {\r\n\t\"sub\" : \"a\" } \n").is_ok());
}

#[test]
fn size_and_depth_end_at_the_limit() {
    let sized = |len: usize| format!("{{\"x\":\"{}\"}}", "x".repeat(len - 8));
    assert!(parse(&sized(Claims::MAX_LEN)).is_ok());
    assert_eq!(fault(&sized(Claims::MAX_LEN + 1)), ClaimsError::TooLong);
    let nested = |levels: usize| format!("{{\"x\":{}{}}}", "[".repeat(levels - 1), "]".repeat(levels - 1));
    assert!(parse(&nested(16)).is_ok());
    assert_eq!(fault(&nested(17)), ClaimsError::TooDeep);
    assert_eq!(
        fault(&format!("{{\"aud\":{}", "[".repeat(4_000))),
        ClaimsError::WrongType { claim: "aud" }
    );
}

#[test]
fn times_are_in_range_and_lose_their_fraction() {
    for claim in ["exp", "nbf", "iat", "auth_time"] {
        for number in [
            "1e300",
            "1e999",
            "9007199254740992",
            "-9007199254740992",
            "1180591620717411303424",
        ] {
            let payload = format!("{{\"{claim}\":{number}}}");
            assert!(
                matches!(fault(&payload), ClaimsError::OutOfRange { claim: named } if named == claim),
                "{payload}"
            );
        }
    }
    let claims = parse(r#"{"exp":1.7e9,"nbf":-1.9,"iat":1700000000.999}"#).unwrap();
    assert_eq!(claims.expires_at(), Some(Timestamp::from_unix(1_700_000_000)));
    assert_eq!(claims.not_before(), Some(Timestamp::from_unix(-1)));
    assert_eq!(claims.issued_at(), Some(Timestamp::from_unix(1_700_000_000)));
}

#[test]
fn scopes_are_read_from_the_claim_of_the_layout() {
    let scopes = |payload: &str, layout| -> Vec<String> {
        Claims::parse(payload.as_bytes(), layout)
            .unwrap()
            .scopes()
            .map(str::to_owned)
            .collect()
    };
    let text = r#"{"scope":"items me me"}"#;
    let list = r#"{"scopes":["items","me","me"]}"#;
    let both = r#"{"scope":"items me me","scopes":["items","me","me"]}"#;
    for (layout, own, other) in [(ScopeLayout::Text, text, list), (ScopeLayout::List, list, text)] {
        assert_eq!(scopes(own, layout), ["items", "me", "me"]);
        assert_eq!(scopes(both, layout), ["items", "me", "me"]);
        assert!(scopes(other, layout).is_empty());
        assert!(scopes("{}", layout).is_empty());
    }
    assert!(scopes(r#"{"scope":""}"#, ScopeLayout::Text).is_empty());
    assert!(scopes(r#"{"scopes":[ ]}"#, ScopeLayout::List).is_empty());
    assert_eq!(
        scopes(r#"{"scopes":["me items", ""]}"#, ScopeLayout::List),
        ["me items", ""]
    );
    assert_eq!(
        scopes(r#"{"scopes":[ "a,b" , "\u006de", "[]", "\"" ]}"#, ScopeLayout::List),
        ["a,b", "me", "[]", "\""]
    );
}

#[test]
fn scope_and_scopes_that_differ_are_refused() {
    for payload in [
        r#"{"scope":"me","scopes":["me","items"]}"#,
        r#"{"scopes":["me","items"],"scope":"me"}"#,
        r#"{"scope":"items me","scopes":["me","items"]}"#,
        r#"{"scope":"","scopes":["me"]}"#,
        r#"{"scope":"me items","scopes":["me items"]}"#,
    ] {
        assert_eq!(fault(payload), ClaimsError::ScopesDiffer, "{payload}");
        assert_eq!(
            Claims::parse(payload.as_bytes(), ScopeLayout::Text),
            Err(ClaimsError::ScopesDiffer),
            "{payload}"
        );
    }
    assert!(parse(r#"{"scope":"","scopes":[]}"#).is_ok());
}

#[test]
fn an_audience_is_a_text_or_a_list() {
    let audiences = |payload: &str| -> Vec<String> { parse(payload).unwrap().audiences().map(str::to_owned).collect() };
    assert_eq!(audiences(r#"{"aud":"api"}"#), ["api"]);
    assert_eq!(audiences(r#"{"aud":["api","\u0061"]}"#), ["api", "a"]);
    assert_eq!(audiences(r#"{"aud":[""]}"#), [""]);
    for empty in ["{}", r#"{"aud":[]}"#, r#"{"aud":""}"#] {
        assert!(audiences(empty).is_empty(), "{empty}");
    }
}

#[test]
fn claims_of_other_token_kinds_are_reported() {
    for claim in ["nonce", "at_hash", "c_hash", "events"] {
        for value in ["\"x\"", "null", "{\"a\":[]}"] {
            assert_eq!(
                parse(&format!("{{\"{claim}\":{value}}}")).unwrap().foreign_claim(),
                Some(claim)
            );
        }
    }
    assert_eq!(parse(r#"{"nonces":1}"#).unwrap().foreign_claim(), None);
}

#[test]
fn what_is_issued_is_read_in_its_layout() {
    let claims = AccessTokenClaims::new("jöhn\"doe\n", Timestamp::from_unix(1_000), Lifetime::from_seconds(60))
        .with_scopes(["me", "items", "me"].map(|name| ScopeToken::parse(name).unwrap()));
    assert_eq!(
        claims.to_scope_list_json(),
        r#"{"sub":"jöhn\"doe\n","scopes":["me","items","me"],"exp":1060,"iat":1000}"#
    );

    let (issuer, audience) = (
        Issuer::parse("https://issuer.example").unwrap(),
        Audience::parse("api").unwrap(),
    );
    assert_eq!(
        claims.to_rfc9068_json(&issuer, &audience),
        None,
        "client_id and jti are required"
    );
    let claims = claims
        .with_client_id(ClientId::parse("app").unwrap())
        .with_token_id(TokenId::parse("t1").unwrap());
    let printed = claims.to_rfc9068_json(&issuer, &audience).unwrap();
    let read = Claims::parse(printed.as_bytes(), ScopeLayout::Text).unwrap();
    assert_eq!(read.issuer(), Some("https://issuer.example"));
    assert!(read.audiences().eq(["api"]));
    assert_eq!(read.subject(), Some("jöhn\"doe\n"));
    assert_eq!((read.client_id(), read.token_id()), (Some("app"), Some("t1")));
    assert_eq!(read.issued_at(), Some(Timestamp::from_unix(1_000)));
    assert_eq!(read.expires_at(), Some(Timestamp::from_unix(1_060)));
    assert!(read.scopes().eq(["me", "items", "me"]));
}

fn member() -> impl Strategy<Value = (String, String)> {
    let name = prop_oneof![
        "iss|sub|aud|exp|nbf|iat|jti|client_id|scope|scopes|auth_time|acr|nonce|events|cnf",
        "[a-z]{1,3}",
        any::<String>(),
    ]
    .prop_map(|name| json!(name).to_string());
    let value = prop_oneof![
        any::<String>().prop_map(|text| json!(text).to_string()),
        "[a-z ]{0,9}".prop_map(|text| json!(text).to_string()),
        proptest::collection::vec("[a-z\"é\\\\]{0,4}", 0..4).prop_map(|list| json!(list).to_string()),
        any::<i64>().prop_map(|number| number.to_string()),
        (0i64..2_000_000_000).prop_map(|number| number.to_string()),
        any::<f64>().prop_map(|number| json!(number).to_string()),
        Just(r#"["\u006de","items"]"#.to_owned()),
        Just("null".to_owned()),
    ];
    (name, value)
}

proptest! {
    #[test]
    fn what_is_accepted_prints_back(members in proptest::collection::vec(member(), 0..8)) {
        let body: Vec<String> = members.iter().map(|(name, value)| format!("{name}:{value}")).collect();
        fuzzing::claims(format!("{{{}}}", body.join(", ")).as_bytes());
    }

    #[test]
    fn nothing_makes_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        fuzzing::claims(&bytes);
        fuzzing::scope(&bytes);
    }

    /// A payload that serde_json reads, without a name twice and with claims of their type, is
    /// accepted with the same values.
    #[test]
    fn a_good_payload_is_read_as_serde_json_reads_it(
        sub in any::<String>(),
        scopes in proptest::collection::vec(any::<String>(), 0..5),
        exp in 0i64..=9_007_199_254_740_991,
        extra in "[b-d]{2,4}",
    ) {
        let payload = json!({"sub": sub, "scopes": scopes, "exp": exp, extra: {"a": [sub]}}).to_string();
        let claims = parse(&payload).unwrap();
        prop_assert_eq!(claims.subject(), Some(sub.as_str()));
        prop_assert!(claims.scopes().eq(scopes.iter().map(String::as_str)));
        prop_assert_eq!(claims.expires_at(), Some(Timestamp::from_unix(exp)));
    }
}
