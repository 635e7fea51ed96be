//! What must hold for each kind of token.

use scopegate_domain::{Audience, Claims, Issuer, Lifetime, ScopeLayout, Timestamp};

use crate::{Algorithm, VerifyError};

/// What must hold for one kind of token: what the signer writes, and what the verifier insists on.
///
/// | | `tutorial` | `rfc9068` |
/// |---|---|---|
/// | algorithm | `HS256` | that of the key |
/// | `typ` | `JWT` or absent | `at+jwt` or `application/at+jwt` |
/// | required | `sub`, `exp` | `iss`, `aud`, `exp`, `sub`, `client_id`, `iat`, `jti` |
/// | `iss` | not looked at | exactly the issuer |
/// | `aud` | empty or absent | exactly the audience, or a list that holds it |
/// | scope | `scopes`, a list | `scope`, a text |
/// | leeway | none | none, settable to at most 60 s |
/// | `iat` | not in the future | not more than 60 s in the future |
///
/// Limits and why: a token of 16 KiB is the largest header line that common servers take; a header needs some 100 bytes, so
/// 1 KiB leaves room for foreign members; a payload of 8 KiB fits on the stack.
///
/// ```
/// use scopegate_domain::{Audience, Issuer, Lifetime};
/// use scopegate_token::TokenRules;
///
/// let rules = TokenRules::rfc9068(Issuer::parse("https://issuer.example")?, Audience::parse("https://api.example")?)
///     .with_leeway(Lifetime::from_seconds(30))?;
/// assert!(rules.with_leeway(Lifetime::from_seconds(61)).is_err());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenRules {
    kind: TokenKind,
    leeway: Lifetime,
    max_token: usize,
    max_payload: usize,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum TokenKind {
    Rfc9068 { issuer: Issuer, audience: Audience },
    Tutorial,
}

impl TokenRules {
    /// Longest leeway that can be set.
    pub const MAX_LEEWAY: Lifetime = Lifetime::from_seconds(60);
    /// Longest accepted token, in bytes.
    pub const MAX_TOKEN: usize = 16 * 1024;
    /// Longest accepted payload, in bytes once decoded.
    pub const MAX_PAYLOAD: usize = Claims::MAX_LEN;

    /// The rules of `FastAPI`'s tutorial.
    #[must_use]
    pub const fn tutorial() -> Self {
        Self::new(TokenKind::Tutorial)
    }

    /// The rules of [RFC 9068](https://www.rfc-editor.org/rfc/rfc9068) for one resource server.
    #[must_use]
    pub const fn rfc9068(issuer: Issuer, audience: Audience) -> Self {
        Self::new(TokenKind::Rfc9068 { issuer, audience })
    }

    const fn new(kind: TokenKind) -> Self {
        let leeway = Lifetime::from_seconds(0);
        Self {
            kind,
            leeway,
            max_token: Self::MAX_TOKEN,
            max_payload: Self::MAX_PAYLOAD,
        }
    }

    /// With a leeway for clocks that differ, on `exp` and `nbf`.
    ///
    /// # Errors
    ///
    /// [`LeewayTooLong`] above [`TokenRules::MAX_LEEWAY`].
    pub fn with_leeway(mut self, leeway: Lifetime) -> Result<Self, LeewayTooLong> {
        if leeway > Self::MAX_LEEWAY {
            return Err(LeewayTooLong);
        }
        self.leeway = leeway;
        Ok(self)
    }

    /// With lower limits for the whole token and for its decoded payload, in bytes. They cannot be raised.
    #[must_use]
    pub fn with_limits(mut self, token: usize, payload: usize) -> Self {
        self.max_token = token.min(Self::MAX_TOKEN);
        self.max_payload = payload.min(Self::MAX_PAYLOAD);
        self
    }

    pub(crate) const fn kind(&self) -> &TokenKind {
        &self.kind
    }

    pub(crate) const fn max_token(&self) -> usize {
        self.max_token
    }

    pub(crate) const fn max_payload(&self) -> usize {
        self.max_payload
    }

    pub(crate) const fn scope_layout(&self) -> ScopeLayout {
        match self.kind {
            TokenKind::Rfc9068 { .. } => ScopeLayout::Text,
            TokenKind::Tutorial => ScopeLayout::List,
        }
    }

    /// The `typ` that a signer writes.
    pub(crate) const fn token_type(&self) -> &'static str {
        match self.kind {
            TokenKind::Rfc9068 { .. } => "at+jwt",
            TokenKind::Tutorial => "JWT",
        }
    }

    pub(crate) fn allow_algorithm(&self, algorithm: Algorithm) -> bool {
        match self.kind {
            TokenKind::Rfc9068 { .. } => true,
            TokenKind::Tutorial => algorithm == Algorithm::Hs256,
        }
    }

    /// Media types are compared without case ([RFC 7515, section 4.1.9](https://www.rfc-editor.org/rfc/rfc7515#section-4.1.9)).
    pub(crate) fn check_type(&self, token_type: Option<&str>) -> Result<(), VerifyError> {
        let is_allowed = match (&self.kind, token_type) {
            (TokenKind::Rfc9068 { .. }, None) => false,
            (TokenKind::Rfc9068 { .. }, Some(name)) => {
                name.eq_ignore_ascii_case("at+jwt") || name.eq_ignore_ascii_case("application/at+jwt")
            }
            (TokenKind::Tutorial, None) => true,
            (TokenKind::Tutorial, Some(name)) => name.eq_ignore_ascii_case("JWT"),
        };
        if is_allowed {
            Ok(())
        } else {
            Err(VerifyError::TokenType)
        }
    }

    pub(crate) fn check_claims(&self, claims: &Claims<'_>, now: Timestamp) -> Result<(), VerifyError> {
        match &self.kind {
            TokenKind::Rfc9068 { issuer, audience } => check_rfc9068(claims, issuer, audience)?,
            TokenKind::Tutorial => check_tutorial(claims)?,
        }
        self.check_times(claims, now)
    }

    fn check_times(&self, claims: &Claims<'_>, now: Timestamp) -> Result<(), VerifyError> {
        let expires_at = claims.expires_at().ok_or(VerifyError::Missing { claim: "exp" })?;
        if expires_at + self.leeway <= now {
            return Err(VerifyError::Expired);
        }
        if claims
            .not_before()
            .is_some_and(|not_before| not_before > now + self.leeway)
        {
            return Err(VerifyError::NotYetValid);
        }
        let tolerance = match self.kind {
            TokenKind::Rfc9068 { .. } => Self::MAX_LEEWAY,
            TokenKind::Tutorial => self.leeway,
        };
        if claims.issued_at().is_some_and(|issued_at| issued_at > now + tolerance) {
            return Err(VerifyError::IssuedInFuture);
        }
        Ok(())
    }
}

fn check_rfc9068(claims: &Claims<'_>, issuer: &Issuer, audience: &Audience) -> Result<(), VerifyError> {
    require("iss", claims.issuer().is_some())?;
    require("aud", claims.audiences().next().is_some())?;
    require("sub", claims.subject().is_some())?;
    require("client_id", claims.client_id().is_some())?;
    require("iat", claims.issued_at().is_some())?;
    require("jti", claims.token_id().is_some())?;
    if claims.issuer() != Some(issuer.as_str()) {
        return Err(VerifyError::Issuer);
    }
    if !claims.audiences().any(|name| name == audience.as_str()) {
        return Err(VerifyError::Audience);
    }
    Ok(())
}

#[inline]
fn require(claim: &'static str, is_there: bool) -> Result<(), VerifyError> {
    if is_there {
        Ok(())
    } else {
        Err(VerifyError::Missing { claim })
    }
}

fn check_tutorial(claims: &Claims<'_>) -> Result<(), VerifyError> {
    require("sub", claims.subject().is_some())?;
    if claims.audiences().next().is_some() {
        Err(VerifyError::Audience)
    } else {
        Ok(())
    }
}

/// A leeway above [`TokenRules::MAX_LEEWAY`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("leeway is longer than {} s", TokenRules::MAX_LEEWAY.as_seconds())]
#[non_exhaustive]
pub struct LeewayTooLong;
