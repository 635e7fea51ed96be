//! Access tokens of other issuers.

use scopegate_domain::{Audience, ClaimLayout, ClaimsError, ClientClaim, Issuer, ScopeLayout};
use scopegate_token::fuzzing::forge;
use scopegate_token::{PayloadBuffer, TokenRules, TokenType, Verifier, VerifyError};
use serde_json::{Value, json};

use crate::forge::{NOW, hs256_key, now};

const ISSUER: &str = "https://provider.example/realms/shop";
const AUDIENCE: &str = "https://api.example";

fn rules() -> TokenRules {
    TokenRules::jwt(Issuer::parse(ISSUER).unwrap(), Audience::parse(AUDIENCE).unwrap())
}

fn claims() -> Value {
    json!({"iss": ISSUER, "aud": [AUDIENCE, "account"], "sub": "u1", "exp": NOW + 300, "iat": NOW, "azp": "shop", "scope": "me items"})
}

/// What a verifier of these rules says to claims with some replaced; `null` leaves one out. Scopes
/// and client.
fn verify(rules: &TokenRules, typ: Option<&str>, more: &Value) -> Result<(Vec<String>, Option<String>), VerifyError> {
    let mut members = claims().as_object().unwrap().clone();
    members.extend(more.as_object().unwrap().clone());
    members.retain(|_, value| !value.is_null());
    let header = match typ {
        Some(typ) => json!({"typ": typ, "alg": "HS256"}),
        None => json!({"alg": "HS256"}),
    };
    let token = forge(&hs256_key(), header.to_string(), Value::Object(members).to_string());
    let mut scratch = PayloadBuffer::new();
    let verifier = Verifier::new(rules.clone(), hs256_key().verifying_key());
    verifier.verify(&token, now(), &mut scratch).map(|claims| {
        let scopes = claims.scopes().map(str::to_owned).collect();
        (scopes, claims.client_id().map(str::to_owned))
    })
}

fn verdict(more: &Value) -> Result<(), VerifyError> {
    verify(&rules(), Some("JWT"), more).map(drop)
}

#[test]
fn a_good_token_is_accepted() {
    assert_eq!(verify(&rules(), Some("JWT"), &json!({})).unwrap().0, ["me", "items"]);
    for more in [
        json!({"aud": AUDIENCE}),
        json!({"iat": null}),
        json!({"jti": "t1", "permissions": 7}),
    ] {
        assert_eq!(verdict(&more), Ok(()), "{more}");
    }
}

#[test]
fn types_are_those_of_the_configuration() {
    let all = [
        None,
        Some("JWT"),
        Some("at+jwt"),
        Some("application/at+jwt"),
        Some("dpop+jwt"),
        Some("logout+jwt"),
    ];
    let accepted = |rules: &TokenRules| all.map(|typ| verify(rules, typ, &json!({})).is_ok());
    assert_eq!(accepted(&rules()), [false, true, true, true, false, false]);
    for (types, expected) in [
        (vec![], [false; 6]),
        (vec![TokenType::Absent], [true, false, false, false, false, false]),
        (vec![TokenType::Jwt], [false, true, false, false, false, false]),
        (vec![TokenType::AccessToken], [false, false, true, true, false, false]),
        (vec![TokenType::DpopProof, TokenType::ClientAuthentication], [false; 6]),
    ] {
        assert_eq!(
            accepted(&rules().with_token_types(types.clone())),
            expected,
            "{types:?}"
        );
    }
    let fixed = TokenRules::shared_secret();
    assert_eq!(
        fixed.clone().with_token_types([TokenType::AccessToken]),
        fixed,
        "other rules leave no choice"
    );
}

#[test]
fn claims_of_other_kinds_are_refused() {
    for claim in ["nonce", "at_hash", "c_hash", "events"] {
        for value in [json!("x"), json!({}), json!(0)] {
            let expected = Err(VerifyError::ForeignClaim { claim });
            assert_eq!(verdict(&json!({ claim: value })), expected, "{claim}");
        }
    }
}

#[test]
fn issuer_and_audience_are_exact() {
    for issuer in [
        "",
        "https://provider.example/realms/shop/",
        "https://PROVIDER.example/realms/shop",
        "x",
    ] {
        assert_eq!(verdict(&json!({"iss": issuer})), Err(VerifyError::Issuer), "{issuer}");
    }
    for audience in [
        json!("account"),
        json!(["account"]),
        json!("https://api.example/"),
        json!([""]),
    ] {
        assert_eq!(
            verdict(&json!({"aud": audience})),
            Err(VerifyError::Audience),
            "{audience}"
        );
    }
    for claim in ["iss", "aud", "exp"] {
        assert_eq!(verdict(&json!({ claim: null })), Err(VerifyError::Missing { claim }));
    }
}

#[test]
fn audience_equal_to_the_client_is_refused() {
    let rules = rules().with_layout(ClaimLayout::new(ScopeLayout::Text).with_client(ClientClaim::Azp));
    let id_token = json!({"azp": AUDIENCE, "aud": AUDIENCE});
    assert_eq!(verify(&rules, Some("JWT"), &id_token), Err(VerifyError::Audience));
    assert!(verify(&rules, Some("JWT"), &json!({})).is_ok());
    let rfc9068 = crate::forge::Kind::rfc9068();
    assert_eq!(
        rfc9068.with_claims(&json!({"client_id": AUDIENCE})),
        Err(VerifyError::Audience)
    );
}

#[test]
fn a_user_or_a_client_is_named() {
    let nobody = json!({"sub": null});
    assert_eq!(verdict(&nobody), Err(VerifyError::Missing { claim: "sub" }));
    assert_eq!(verdict(&json!({"sub": null, "client_id": "app"})), Ok(()));
    for (client, name) in [
        (ClientClaim::Azp, "azp"),
        (ClientClaim::Cid, "cid"),
        (ClientClaim::AppId, "appid"),
    ] {
        let rules = rules().with_layout(ClaimLayout::new(ScopeLayout::Text).with_client(client));
        let accepted = verify(&rules, Some("JWT"), &json!({"sub": null, "azp": null, name: "app"}));
        assert_eq!(accepted.unwrap().1.as_deref(), Some("app"), "{name}");
        let lacking = json!({"sub": null, "azp": null, "client_id": "app"});
        assert_eq!(
            verify(&rules, Some("JWT"), &lacking),
            Err(VerifyError::Missing { claim: "sub" }),
            "{name}"
        );
    }
}

#[test]
fn scopes_are_read_from_the_layout() {
    for (layout, more, expected) in [
        (
            ScopeLayout::Text,
            json!({"scp": "x", "scopes": ["me", "items"]}),
            vec!["me", "items"],
        ),
        (ScopeLayout::List, json!({"scope": null, "scopes": ["a"]}), vec!["a"]),
        (ScopeLayout::Scp, json!({"scp": "a  b"}), vec!["a", "b"]),
        (ScopeLayout::Scp, json!({"scp": ["a", "b c"]}), vec!["a", "b c"]),
        (ScopeLayout::Scp, json!({}), vec![]),
        (
            ScopeLayout::Permissions,
            json!({"permissions": ["read:a"]}),
            vec!["read:a"],
        ),
        (ScopeLayout::Permissions, json!({"permissions": []}), vec![]),
        (
            ScopeLayout::RealmRoles,
            json!({"realm_access": {"x": 1, "roles": ["admin", "a\"b"]}}),
            vec!["admin", "a\"b"],
        ),
        (ScopeLayout::RealmRoles, json!({"realm_access": {}}), vec![]),
        (ScopeLayout::RealmRoles, json!({"roles": ["x"]}), vec![]),
    ] {
        let rules = rules().with_layout(layout.into());
        assert_eq!(
            verify(&rules, Some("JWT"), &more).unwrap().0,
            expected,
            "{layout:?} {more}"
        );
    }
}

#[test]
fn a_claim_of_a_layout_is_of_its_type() {
    for (layout, claim, value) in [
        (ScopeLayout::Scp, "scp", json!(7)),
        (ScopeLayout::Scp, "scp", json!(["a", 7])),
        (ScopeLayout::Scp, "scp", json!({"a": "b"})),
        (ScopeLayout::Permissions, "permissions", json!("a b")),
        (ScopeLayout::Permissions, "permissions", json!([["a"]])),
        (ScopeLayout::RealmRoles, "realm_access", json!(["admin"])),
        (ScopeLayout::RealmRoles, "realm_access", json!({"roles": "admin"})),
        (ScopeLayout::RealmRoles, "realm_access", json!({"roles": [1]})),
    ] {
        let expected = Err(VerifyError::Claims(ClaimsError::WrongType { claim }));
        let rules_of_layout = rules().with_layout(layout.into());
        assert_eq!(
            verify(&rules_of_layout, Some("JWT"), &json!({ claim: value })),
            expected,
            "{claim}: {value}"
        );
        // If no layout reads it, it is a claim like any other.
        assert!(verify(&rules(), Some("JWT"), &json!({ claim: value })).is_ok());
    }
    let azp = ClaimLayout::new(ScopeLayout::Text).with_client(ClientClaim::Azp);
    assert_eq!(
        verify(&rules().with_layout(azp), Some("JWT"), &json!({"azp": 7})),
        Err(VerifyError::Claims(ClaimsError::WrongType { claim: "azp" }))
    );
}

#[test]
fn times_are_those_of_every_token() {
    for (more, expected) in [
        (json!({"exp": NOW}), VerifyError::Expired),
        (json!({"nbf": NOW + 1}), VerifyError::NotYetValid),
        (json!({"iat": NOW + 61}), VerifyError::IssuedInFuture),
    ] {
        assert_eq!(verdict(&more), Err(expected));
    }
}
