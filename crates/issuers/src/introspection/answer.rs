//! Reads an introspection response:
//! [RFC 7662, section 2.2](https://www.rfc-editor.org/rfc/rfc7662#section-2.2).

use scopegate_domain::{
    Audience, ClaimNames, Claims, ClaimsError, Issuer, ScopeLayout, ScopeToken, Timestamp, TokenClaims,
};
use scopegate_token::TokenRules;

use crate::document::{self, InvalidDocument};
use crate::subject_mapping::SubjectMapping;

/// The issuer and the audience that a response must have, and what of its claims is kept.
#[derive(Clone, Debug)]
pub(super) struct ExpectedClaims {
    pub(super) issuer: Issuer,
    pub(super) audience: Option<Audience>,
    pub(super) subjects: SubjectMapping,
    pub(super) kept_claims: ClaimNames,
}

/// A token that is valid here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ActiveToken {
    pub(super) claims: TokenClaims,
    pub(super) scopes: Vec<ScopeToken>,
    pub(super) expires_at: Timestamp,
}

/// Reads a response; `None` is a token that is not valid here.
///
/// An unreadable response is an error: it grants no access, and it makes no token invalid.
// SECURITY: every present member must fit. A member may be absent only if RFC 7662 allows it and
// nothing depends on it. Tested by `tests::token_is_valid_if_every_member_fits`.
pub(super) fn read(
    body: &[u8],
    expected: &ExpectedClaims,
    now: Timestamp,
) -> Result<Option<ActiveToken>, InvalidDocument> {
    let status = TokenStatus::read(body)?;
    if !status.is_active || !status.is_bearer {
        return Ok(None);
    }
    let claims = match Claims::parse_keeping(body, ScopeLayout::Text, &expected.kept_claims) {
        Ok(claims) => claims,
        Err(fault @ ClaimsError::KeptTooLong) => {
            tracing::warn!(issuer = %expected.issuer, %fault, "introspected token rejected");
            return Ok(None);
        }
        Err(_) => return Err(InvalidDocument::Member { name: "claims" }),
    };
    let is_issuer = claims.issuer().is_none_or(|issuer| issuer == expected.issuer.as_str());
    let is_audience = expected.audience.as_ref().is_none_or(|audience| {
        let is_named = claims.audiences().any(|name| name == audience.as_str());
        is_named && claims.client_id() != Some(audience.as_str())
    });
    let is_for_access = claims.foreign_claim().is_none() && !claims.has_confirmation();
    let expires_at = claims.expires_at().unwrap_or(Timestamp::MAX);
    let is_time = expires_at > now
        && claims.not_before().is_none_or(|begin| begin <= now)
        && claims
            .issued_at()
            .is_none_or(|issued| issued <= now + TokenRules::MAX_LEEWAY);
    if !(is_issuer && is_audience && is_for_access && is_time) {
        return Ok(None);
    }
    let subject = claims
        .subject()
        .map(|subject| expected.subjects.map(&expected.issuer, subject));
    let scopes = claims.scopes().map(ScopeToken::parse).collect::<Result<_, _>>();
    Ok(Some(ActiveToken {
        claims: TokenClaims::of(&claims, subject.as_deref()),
        scopes: scopes.map_err(|_| InvalidDocument::Member { name: "scope" })?,
        expires_at,
    }))
}

/// The members of a response that are not claims.
struct TokenStatus {
    is_active: bool,
    is_bearer: bool,
}

impl TokenStatus {
    fn read(body: &[u8]) -> Result<Self, InvalidDocument> {
        let (mut active, mut is_bearer) = (None, true);
        document::members(body, |name, reader| {
            match name {
                "active" => active = Some(document::boolean(reader, "active")?),
                "token_type" => {
                    is_bearer &= document::text(reader, "token_type")?.eq_ignore_ascii_case("bearer");
                }
                _ => reader.skip()?,
            }
            Ok(())
        })?;
        Ok(Self {
            is_active: active.ok_or(InvalidDocument::Member { name: "active" })?,
            is_bearer,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_unix(1_000);

    fn answer(body: &str) -> Result<Option<ActiveToken>, InvalidDocument> {
        let expected = ExpectedClaims {
            issuer: Issuer::parse("https://id.example").unwrap(),
            audience: Some(Audience::parse("https://api.example").unwrap()),
            subjects: SubjectMapping::default(),
            kept_claims: ClaimNames::new(["username", "tenant"]).unwrap(),
        };
        read(body.as_bytes(), &expected, NOW)
    }

    #[test]
    fn token_is_valid_if_every_member_fits() {
        let valid = [
            r#"{"active": true, "aud": "https://api.example"}"#,
            r#"{"active": true, "aud": ["x", "https://api.example"], "iss": "https://id.example", "exp": 1001, "nbf": 1000}"#,
            r#"{"active": true, "aud": "https://api.example", "token_type": "BEARER", "username": "joe"}"#,
            r#"{"active": true, "aud": "https://api.example", "iat": 1060, "typ": "Bearer", "client_id": "app"}"#,
        ];
        for body in valid {
            assert!(answer(body).unwrap().is_some(), "{body}");
        }
        let invalid = [
            r#"{"active": false}"#,
            r#"{"active": false, "aud": "https://api.example", "scope": "a"}"#,
            r#"{"active": true}"#,
            r#"{"active": true, "aud": "https://other.example"}"#,
            r#"{"active": true, "aud": []}"#,
            r#"{"active": true, "aud": "https://api.example", "iss": "https://id.example/"}"#,
            r#"{"active": true, "aud": "https://api.example", "exp": 1000}"#,
            r#"{"active": true, "aud": "https://api.example", "nbf": 1001}"#,
            r#"{"active": true, "aud": "https://api.example", "iat": 1061}"#,
            r#"{"active": true, "aud": "https://api.example", "cnf": {"jkt": "x"}}"#,
            r#"{"active": true, "aud": "https://api.example", "cnf": null}"#,
            r#"{"active": true, "aud": "https://api.example", "nonce": "n"}"#,
            r#"{"active": true, "aud": "https://api.example", "events": {}}"#,
            r#"{"active": true, "aud": "https://api.example", "typ": "ID"}"#,
            r#"{"active": true, "aud": "https://api.example", "client_id": "https://api.example"}"#,
            r#"{"active": true, "aud": "https://api.example", "token_type": "DPoP"}"#,
            r#"{"active": true, "aud": "https://api.example", "token_type": "refresh_token"}"#,
        ];
        for body in invalid {
            assert_eq!(answer(body), Ok(None), "{body}");
        }
    }

    #[test]
    fn unreadable_answer_is_an_error() {
        let member = |name| InvalidDocument::Member { name };
        let unreadable = [
            ("", InvalidDocument::NotJson),
            ("true", InvalidDocument::NotJson),
            ("{}", member("active")),
            (r#"{"active": "true", "aud": "https://api.example"}"#, member("active")),
            (r#"{"active": 1, "aud": "https://api.example"}"#, member("active")),
            (r#"{"active": null, "aud": "https://api.example"}"#, member("active")),
            (
                r#"{"active": false, "active": true, "aud": "https://api.example"}"#,
                InvalidDocument::Twice,
            ),
            (
                r#"{"active": true, "aud": "https://api.example", "exp": "2000"}"#,
                member("claims"),
            ),
            (
                r#"{"active": true, "aud": "https://api.example", "scope": "a \u0007"}"#,
                member("scope"),
            ),
            (
                r#"{"active": true, "aud": "https://api.example", "scope": ["a"]}"#,
                member("claims"),
            ),
            (
                r#"{"active": true, "aud": "https://api.example", "token_type": 1}"#,
                member("token_type"),
            ),
        ];
        for (body, fault) in unreadable {
            assert_eq!(answer(body), Err(fault), "{body}");
        }
        let readable = r#"{"active": true, "aud": "https://api.example"}"#;
        assert!(matches!(answer(readable), Ok(Some(_))));
    }

    #[test]
    fn claims_scopes_and_expiry_are_read() {
        let body = r#"{"active": true, "aud": "https://api.example", "sub": "joe", "scope": "a b", "exp": 2000,
            "iss": "https://id.example", "client_id": "app", "iat": 900, "jti": "t1", "username": "Joe", "other": 1}"#;
        let active = answer(body).unwrap().unwrap();
        let claims = &active.claims;
        let texts = [claims.subject(), claims.client_id(), claims.token_id(), claims.issuer()];
        assert_eq!(
            texts,
            ["https://id.example#joe", "app", "t1", "https://id.example"].map(Some)
        );
        assert!(claims.audience().eq(["https://api.example"]));
        assert_eq!(
            (claims.issued_at(), claims.expires_at()),
            (Some(Timestamp::from_unix(900)), Some(active.expires_at))
        );
        assert_eq!(claims.claim("username"), Ok(Some("Joe".to_owned())));
        assert_eq!(claims.claim::<String>("tenant"), Ok(None));
        assert!(claims.claim::<u8>("other").is_err());
        assert_eq!(
            active.scopes,
            [ScopeToken::from_static("a"), ScopeToken::from_static("b")]
        );
        assert_eq!(active.expires_at.as_unix(), 2_000);
    }
    #[test]
    fn token_with_too_long_kept_claims_is_invalid() {
        let body = |bytes: usize| {
            let tenant = "x".repeat(bytes - 2);
            format!(r#"{{"active": true, "aud": "https://api.example", "tenant": "{tenant}"}}"#)
        };
        assert!(answer(&body(4096)).unwrap().is_some());
        assert_eq!(answer(&body(4097)), Ok(None));
    }
}
