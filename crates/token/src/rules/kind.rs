//! The required claims of each kind of token.

use scopegate_domain::{Audience, ClaimLayout, Claims, ClientId, Issuer, ScopeLayout};

use super::TokenType;
use crate::{Algorithm, VerifyError};

/// A kind of token. The access tokens come first. Each of the other kinds has its own verifier.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(
    not(feature = "proofs"),
    expect(dead_code, reason = "the table of all kinds is the same without their verifiers")
)]
pub(crate) enum TokenKind {
    /// A verifier with `is_for_any` accepts every audience; its caller compares them.
    Rfc9068 {
        issuer: Issuer,
        audience: Audience,
        is_for_any: bool,
    },
    SharedSecret,
    Jwt(Box<JwtRules>),
    ClientAssertion {
        client: ClientId,
        issuer: Issuer,
    },
    DpopProof,
    IdTokenHint {
        issuer: Issuer,
    },
    Jws,
}

/// The rules for access tokens of another issuer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct JwtRules {
    pub(crate) issuer: Issuer,
    pub(crate) audience: Audience,
    pub(crate) layout: ClaimLayout,
    pub(crate) types: Vec<TokenType>,
}

impl TokenKind {
    /// The layout of the claims.
    pub(crate) fn claim_layout(&self) -> ClaimLayout {
        match self {
            Self::SharedSecret => ScopeLayout::List.into(),
            Self::Jwt(rules) => rules.layout,
            Self::Rfc9068 { .. }
            | Self::ClientAssertion { .. }
            | Self::DpopProof
            | Self::IdTokenHint { .. }
            | Self::Jws => ScopeLayout::Text.into(),
        }
    }

    /// The `typ` that a signer writes.
    pub(crate) const fn token_type(&self) -> &'static str {
        match self {
            Self::Rfc9068 { .. } => "at+jwt",
            Self::DpopProof => "dpop+jwt",
            Self::SharedSecret | Self::Jwt(_) | Self::ClientAssertion { .. } | Self::IdTokenHint { .. } | Self::Jws => {
                "JWT"
            }
        }
    }

    pub(crate) const fn allow_algorithm(&self, algorithm: Algorithm) -> bool {
        match self {
            Self::Rfc9068 { .. } | Self::Jwt(_) | Self::IdTokenHint { .. } | Self::Jws => true,
            Self::SharedSecret => matches!(algorithm, Algorithm::Hs256),
            // Any verifier with a secret could sign with it.
            Self::ClientAssertion { .. } | Self::DpopProof => !algorithm.is_symmetric(),
        }
    }

    /// Media types are compared without case ([RFC 7515, section
    /// 4.1.9](https://www.rfc-editor.org/rfc/rfc7515#section-4.1.9)).
    pub(crate) fn allow_type(&self, token_type: Option<&str>) -> bool {
        match self {
            Self::Rfc9068 { .. } => TokenType::AccessToken.is(token_type),
            Self::SharedSecret | Self::IdTokenHint { .. } => {
                TokenType::Jwt.is(token_type) || TokenType::Absent.is(token_type)
            }
            Self::Jwt(rules) => rules.types.iter().any(|one| one.is(token_type)),
            Self::ClientAssertion { .. } => [TokenType::Jwt, TokenType::Absent, TokenType::ClientAuthentication]
                .iter()
                .any(|one| one.is(token_type)),
            Self::DpopProof => TokenType::DpopProof.is(token_type),
            Self::Jws => true,
        }
    }

    /// Checks the claims, except for times.
    pub(crate) fn check_claims(&self, claims: &Claims<'_>) -> Result<(), VerifyError> {
        match self {
            Self::Rfc9068 {
                issuer,
                audience,
                is_for_any,
            } => {
                check_rfc9068(claims, issuer)?;
                if *is_for_any {
                    check_any_resource(claims)
                } else {
                    check_resource(claims, audience)
                }
            }
            Self::SharedSecret => check_shared_secret(claims),
            Self::Jwt(rules) => check_jwt(claims, rules),
            Self::ClientAssertion { client, issuer } => check_assertion(claims, client, issuer),
            Self::IdTokenHint { issuer } => check_hint(claims, issuer),
            Self::DpopProof | Self::Jws => Ok(()),
        }
    }
}

fn check_rfc9068(claims: &Claims<'_>, issuer: &Issuer) -> Result<(), VerifyError> {
    require("iss", claims.issuer().is_some())?;
    require("aud", claims.audiences().next().is_some())?;
    require("sub", claims.subject().is_some())?;
    require("client_id", claims.client_id().is_some())?;
    require("iat", claims.issued_at().is_some())?;
    require("jti", claims.token_id().is_some())?;
    refuse_bound(claims)?;
    check_issuer(claims, issuer)
}

fn check_shared_secret(claims: &Claims<'_>) -> Result<(), VerifyError> {
    require("sub", claims.subject().is_some())?;
    refuse_bound(claims)?;
    if claims.audiences().next().is_some() {
        Err(VerifyError::Audience)
    } else {
        Ok(())
    }
}

/// Providers write `sub` for users and for clients, some only for users. The client is then in
/// another claim.
fn check_jwt(claims: &Claims<'_>, rules: &JwtRules) -> Result<(), VerifyError> {
    require("iss", claims.issuer().is_some())?;
    require("aud", claims.audiences().next().is_some())?;
    require("sub", claims.subject().or(claims.client_id()).is_some())?;
    refuse_foreign(claims)?;
    refuse_bound(claims)?;
    check_issuer(claims, &rules.issuer)?;
    check_resource(claims, &rules.audience)
}

/// [RFC 7523, section 3](https://www.rfc-editor.org/rfc/rfc7523#section-3). The only audience is
/// the issuer. Otherwise an assertion for another server could be used here.
fn check_assertion(claims: &Claims<'_>, client: &ClientId, issuer: &Issuer) -> Result<(), VerifyError> {
    require("iss", claims.issuer().is_some())?;
    require("aud", claims.audiences().next().is_some())?;
    require("sub", claims.subject().is_some())?;
    require("jti", claims.token_id().is_some())?;
    refuse_foreign(claims)?;
    refuse_access_token(claims)?;
    refuse_bound(claims)?;
    if claims.issuer() != Some(client.as_str()) || claims.subject() != Some(client.as_str()) {
        return Err(VerifyError::Issuer);
    }
    if claims.audiences().eq([issuer.as_str()]) {
        Ok(())
    } else {
        Err(VerifyError::Audience)
    }
}

/// [OpenID Connect Core, section 2](https://openid.net/specs/openid-connect-core-1_0.html#IDToken).
/// Its audience is a client, which the caller knows.
fn check_hint(claims: &Claims<'_>, issuer: &Issuer) -> Result<(), VerifyError> {
    require("iss", claims.issuer().is_some())?;
    require("aud", claims.audiences().next().is_some())?;
    require("sub", claims.subject().is_some())?;
    require("exp", claims.expires_at().is_some())?;
    require("iat", claims.issued_at().is_some())?;
    if claims.foreign_claim() == Some("events") {
        return Err(VerifyError::ForeignClaim { claim: "events" });
    }
    refuse_access_token(claims)?;
    check_issuer(claims, issuer)
}

fn check_issuer(claims: &Claims<'_>, issuer: &Issuer) -> Result<(), VerifyError> {
    if claims.issuer() == Some(issuer.as_str()) {
        Ok(())
    } else {
        Err(VerifyError::Issuer)
    }
}

/// The audience is the resource. The audience of an ID token is its client.
fn check_resource(claims: &Claims<'_>, audience: &Audience) -> Result<(), VerifyError> {
    let is_meant = claims.audiences().any(|name| name == audience.as_str());
    if is_meant && claims.client_id() != Some(audience.as_str()) {
        Ok(())
    } else {
        Err(VerifyError::Audience)
    }
}

/// Accepts any resource, and no token whose audience is its client.
fn check_any_resource(claims: &Claims<'_>) -> Result<(), VerifyError> {
    let client = claims.client_id();
    if claims.audiences().any(|name| Some(name) == client) {
        Err(VerifyError::Audience)
    } else {
        Ok(())
    }
}

fn refuse_foreign(claims: &Claims<'_>) -> Result<(), VerifyError> {
    match claims.foreign_claim() {
        Some(claim) => Err(VerifyError::ForeignClaim { claim }),
        None => Ok(()),
    }
}

/// A token that is bound to its sender is not a bearer token: a thief could use it.
fn refuse_bound(claims: &Claims<'_>) -> Result<(), VerifyError> {
    if claims.has_confirmation() {
        Err(VerifyError::Bound)
    } else {
        Ok(())
    }
}

/// Refuses a token with claims that only an access token has.
fn refuse_access_token(claims: &Claims<'_>) -> Result<(), VerifyError> {
    match claims.access_claim() {
        Some(claim) => Err(VerifyError::ForeignClaim { claim }),
        None => Ok(()),
    }
}

#[inline]
fn require(claim: &'static str, is_there: bool) -> Result<(), VerifyError> {
    if is_there {
        Ok(())
    } else {
        Err(VerifyError::Missing { claim })
    }
}
