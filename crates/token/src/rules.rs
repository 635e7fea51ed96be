//! Checks the claims of a token: `iss`, `aud`, `typ`, `exp`, `nbf` and `iat` with leeway.

mod kind;
#[cfg(feature = "proofs")]
mod proof_rules;
mod token_type;

use scopegate_domain::{Audience, ClaimLayout, ClaimNames, Claims, Issuer, Lifetime, ScopeLayout, Timestamp};

use self::kind::JwtRules;
pub(crate) use self::kind::TokenKind;
pub use self::token_type::TokenType;
use crate::token_times::TokenTimes;
use crate::{Algorithm, VerifyError, limits};

/// The rules for one kind of access token: the claims that the signer writes and the verifier
/// requires.
///
/// | | `shared_secret` | `rfc9068` | `jwt`, of another issuer |
/// |---|---|---|---|
/// | algorithm | `HS256` | that of the key | that of the key |
/// | `typ` | `JWT` or absent | `at+jwt` or `application/at+jwt` | `JWT` or those of `rfc9068`, settable |
/// | required | `sub`, `exp` | `iss`, `aud`, `exp`, `sub`, `client_id`, `iat`, `jti` | `iss`, `aud`, `exp`, and `sub` or the client |
/// | `iss` | not checked | exactly the issuer | exactly the issuer |
/// | `aud` | empty or absent | the audience, or a list that holds it; not the client | as `rfc9068` |
/// | refused | `cnf` | `cnf` | `cnf`, `nonce`, `at_hash`, `c_hash`, `events`, `token_use` or `typ` of another kind |
/// | scope | `scopes`, a list | `scope`, a text | settable, by default `scope`, a text |
/// | leeway | none | none, settable to at most 60 s | as `rfc9068` |
/// | `iat` | not in the future | not more than 60 s in the future | as `rfc9068` |
///
/// Limits and why: a token of 16 KiB is the largest header line that common servers accept. A
/// header needs some 100 bytes, so 1 KiB leaves space for foreign members. A payload of 8 KiB fits
/// on the stack.
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
    kept_claims: ClaimNames,
}

impl TokenRules {
    /// The maximum leeway.
    pub const MAX_LEEWAY: Lifetime = Lifetime::from_seconds(60);
    /// The maximum length of a token, in bytes.
    pub const MAX_TOKEN: usize = limits::MAX_TOKEN;
    /// The maximum length of a decoded payload, in bytes.
    pub const MAX_PAYLOAD: usize = limits::MAX_PAYLOAD;

    /// Creates the rules for tokens that one program signs and verifies with a secret. They name
    /// neither issuer, audience nor client, so they are only for that program.
    #[must_use]
    pub const fn shared_secret() -> Self {
        Self::new(TokenKind::SharedSecret)
    }

    /// Creates the rules of [RFC 9068](https://www.rfc-editor.org/rfc/rfc9068) for one resource
    /// server.
    #[must_use]
    pub const fn rfc9068(issuer: Issuer, audience: Audience) -> Self {
        Self::new(TokenKind::Rfc9068 {
            issuer,
            audience,
            is_for_any: false,
        })
    }

    /// Accepts the tokens of [`TokenRules::rfc9068`] for every audience. The caller compares the
    /// audiences. Other rules stay the same.
    pub(crate) const fn accept_any_audience(&mut self) {
        if let TokenKind::Rfc9068 { is_for_any, .. } = &mut self.kind {
            *is_for_any = true;
        }
    }

    /// Creates rules for the access tokens of another issuer, for one resource server. The form of
    /// such tokens depends on the issuer: see [`TokenRules::with_token_types`] and
    /// [`TokenRules::with_layout`].
    ///
    /// ```
    /// use scopegate_domain::{Audience, ClaimLayout, ClientClaim, Issuer, ScopeLayout};
    /// use scopegate_token::{TokenRules, TokenType};
    ///
    /// let issuer = Issuer::parse("https://keycloak.example/realms/shop")?;
    /// let rules = TokenRules::jwt(issuer, Audience::parse("https://api.example")?)
    ///     .with_layout(ClaimLayout::new(ScopeLayout::RealmRoles).with_client(ClientClaim::Azp))
    ///     .with_token_types([TokenType::Jwt]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn jwt(issuer: Issuer, audience: Audience) -> Self {
        Self::new(TokenKind::Jwt(Box::new(JwtRules {
            issuer,
            audience,
            layout: ScopeLayout::Text.into(),
            types: vec![TokenType::Jwt, TokenType::AccessToken],
        })))
    }

    /// Sets the accepted values of `typ`. Default: `JWT` and `at+jwt`. Only [`TokenRules::jwt`] has
    /// this choice; other rules ignore it. Types of other kinds of token are omitted.
    #[must_use]
    pub fn with_token_types(mut self, types: impl IntoIterator<Item = TokenType>) -> Self {
        if let TokenKind::Jwt(rules) = &mut self.kind {
            let is_choice =
                |one: &TokenType| matches!(one, TokenType::Absent | TokenType::AccessToken | TokenType::Jwt);
            rules.types = types.into_iter().filter(is_choice).collect();
        }
        self
    }

    /// Sets the claims that contain scope and client. Only [`TokenRules::jwt`] has this choice;
    /// other rules ignore it.
    #[must_use]
    pub fn with_layout(mut self, layout: ClaimLayout) -> Self {
        if let TokenKind::Jwt(rules) = &mut self.kind {
            rules.layout = layout;
        }
        self
    }

    pub(crate) const fn jws() -> Self {
        Self::new(TokenKind::Jws)
    }

    const fn new(kind: TokenKind) -> Self {
        let leeway = Lifetime::from_seconds(0);
        Self {
            kind,
            leeway,
            max_token: Self::MAX_TOKEN,
            max_payload: Self::MAX_PAYLOAD,
            kept_claims: ClaimNames::NONE,
        }
    }

    /// Returns the issuer of the tokens. `None` for [`TokenRules::shared_secret`], whose
    /// tokens name no issuer.
    #[must_use]
    pub fn issuer(&self) -> Option<&Issuer> {
        match &self.kind {
            TokenKind::Rfc9068 { issuer, .. } => Some(issuer),
            TokenKind::Jwt(rules) => Some(&rules.issuer),
            TokenKind::ClientAssertion { .. }
            | TokenKind::DpopProof
            | TokenKind::IdTokenHint { .. }
            | TokenKind::Jws
            | TokenKind::SharedSecret => None,
        }
    }

    /// Returns the audience of the tokens. `None` for [`TokenRules::shared_secret`], whose
    /// tokens name none.
    #[must_use]
    pub fn audience(&self) -> Option<&Audience> {
        match &self.kind {
            TokenKind::Rfc9068 { audience, .. } => Some(audience),
            TokenKind::Jwt(rules) => Some(&rules.audience),
            TokenKind::ClientAssertion { .. }
            | TokenKind::DpopProof
            | TokenKind::IdTokenHint { .. }
            | TokenKind::Jws
            | TokenKind::SharedSecret => None,
        }
    }

    /// Returns the leeway of `exp` and `nbf`.
    #[must_use]
    pub const fn leeway(&self) -> Lifetime {
        self.leeway
    }

    /// Sets the leeway of `exp` and `nbf`, for clocks that differ. Default: none.
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

    /// Lowers the limits of the whole token and of its decoded payload, in bytes. They cannot be
    /// raised.
    #[must_use]
    pub fn with_limits(mut self, token: usize, payload: usize) -> Self {
        self.max_token = token.min(Self::MAX_TOKEN);
        self.max_payload = payload.min(Self::MAX_PAYLOAD);
        self
    }

    /// Sets the claims that are kept in addition to the supported ones, for handlers. Default:
    /// none. A token whose kept claims are longer than [`ClaimNames::MAX_VALUES`] is refused.
    #[must_use]
    pub fn with_kept_claims(mut self, names: ClaimNames) -> Self {
        self.kept_claims = names;
        self
    }

    /// Returns the names of the kept claims.
    #[must_use]
    pub const fn kept_claims(&self) -> &ClaimNames {
        &self.kept_claims
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

    pub(crate) fn claim_layout(&self) -> ClaimLayout {
        self.kind.claim_layout()
    }

    pub(crate) const fn token_type(&self) -> &'static str {
        self.kind.token_type()
    }

    pub(crate) const fn allow_algorithm(&self, algorithm: Algorithm) -> bool {
        self.kind.allow_algorithm(algorithm)
    }

    pub(crate) fn check_type(&self, token_type: Option<&str>) -> Result<(), VerifyError> {
        if self.kind.allow_type(token_type) {
            Ok(())
        } else {
            Err(VerifyError::TokenType)
        }
    }

    /// Checks the claims, including times.
    pub(crate) fn check_claims(&self, claims: &Claims<'_>, now: Timestamp) -> Result<(), VerifyError> {
        self.kind.check_claims(claims)?;
        self.check_times(&TokenTimes::of(claims), now)
    }

    /// Whether a token with these times is valid now. Checked at the verification and at every
    /// cache hit.
    pub(crate) fn check_times(&self, times: &TokenTimes, now: Timestamp) -> Result<(), VerifyError> {
        let expires_at = times.expires_at.ok_or(VerifyError::Missing { claim: "exp" })?;
        if expires_at + self.leeway <= now {
            return Err(VerifyError::Expired);
        }
        if times
            .not_before
            .is_some_and(|not_before| not_before > now + self.leeway)
        {
            return Err(VerifyError::NotYetValid);
        }
        let tolerance = match self.kind {
            TokenKind::SharedSecret => self.leeway,
            _ => Self::MAX_LEEWAY,
        };
        if times.issued_at.is_some_and(|issued_at| issued_at > now + tolerance) {
            return Err(VerifyError::IssuedInFuture);
        }
        Ok(())
    }
}

/// A leeway above [`TokenRules::MAX_LEEWAY`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("leeway is longer than {} s", TokenRules::MAX_LEEWAY.as_seconds())]
#[non_exhaustive]
pub struct LeewayTooLong;
