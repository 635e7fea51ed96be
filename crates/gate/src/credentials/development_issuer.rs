//! Tokens for development, without an authorization server.

use scopegate_domain::{
    AccessTokenClaims, Audience, ClientId, Clock as _, Issuer, Lifetime, ScopeToken, SystemClock, TokenId,
};

use scopegate_token::{
    AccessToken, KeyError, RandomSource as _, SignError, Signer, SigningKey, SystemRandomSource, TokenRules, Verifier,
};

use super::bearer_verifier::BearerTokens;

/// Issues and verifies tokens for development, by the rules of production: RFC 9068, one issuer,
/// one audience.
///
/// The key of [`DevelopmentIssuer::new`] is only in memory, so its tokens are valid until the
/// program ends. In production the tokens come from an authorization server.
///
/// ```
/// use scopegate_gate::policy::{Guard, Operation};
/// use scopegate_gate::{Catalog, DevelopmentIssuer, Gate, RequestHead, ScopeToken, SecurityScheme};
///
/// const READ: ScopeToken = ScopeToken::from_static("notes:read");
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let issuer = DevelopmentIssuer::new("https://id.notes.test".parse()?, "https://notes.test".parse()?)?;
/// let catalog = Catalog::builder().scheme("login", SecurityScheme::http_bearer()).scope(READ, "Read.").build()?;
/// let gate = Gate::builder(catalog)
///     .bearer("login", &issuer)
///     .operation(Operation::get("/notes").guard(Guard::requires([READ])))
///     .build()?;
///
/// let token = issuer.token("ada", [READ])?;
/// let request = http::Request::get("/notes").header("authorization", format!("Bearer {}", token.expose())).body(())?;
/// let permit = gate.authorize(&RequestHead::of(&request)).await.map_err(|refusal| refusal.status().to_string())?;
/// assert_eq!(permit.as_ref().and_then(|permit| permit.subject()), Some("ada"));
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct DevelopmentIssuer {
    signer: Signer,
    verifier: Verifier,
}

impl DevelopmentIssuer {
    /// Creates an issuer with a new ES256 key.
    ///
    /// # Errors
    ///
    /// [`KeyError::Generation`] if the system has no random bytes.
    pub fn new(issuer: Issuer, audience: Audience) -> Result<Self, KeyError> {
        Ok(Self::with_key(issuer, audience, SigningKey::es256_generate()?))
    }

    /// Creates an issuer with a key of the application, whose tokens outlive the program.
    #[must_use]
    pub fn with_key(issuer: Issuer, audience: Audience, key: SigningKey) -> Self {
        let rules = TokenRules::rfc9068(issuer, audience);
        let verifier = Verifier::new(rules.clone(), key.verifying_key());
        let signer = Signer::new(rules, key);
        Self { signer, verifier }
    }

    /// Issues a token of this subject with these scopes, for an hour. The client is `development`.
    ///
    /// # Errors
    ///
    /// - [`SignError::Key`] if the system has no random bytes,
    /// - [`SignError::TooLong`] if subject and scopes are longer than a token may be.
    pub fn token(&self, subject: &str, scopes: impl IntoIterator<Item = ScopeToken>) -> Result<AccessToken, SignError> {
        self.issue(&Self::claims(subject, scopes)?)
    }

    /// Returns the claims of [`DevelopmentIssuer::token`], for a token with further claims:
    ///
    /// ```
    /// use scopegate_gate::{DevelopmentIssuer, ScopeToken};
    ///
    /// # const READ: ScopeToken = ScopeToken::from_static("notes:read");
    /// let issuer = DevelopmentIssuer::new("https://id.notes.test".parse()?, "https://notes.test".parse()?)?;
    /// let claims = DevelopmentIssuer::claims("ada", [READ])?.with_claim("tenant", "one")?;
    /// let token = issuer.issue(&claims)?;
    /// # let _ = token;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`SignError::Key`] if the system has no random bytes.
    pub fn claims(subject: &str, scopes: impl IntoIterator<Item = ScopeToken>) -> Result<AccessTokenClaims, SignError> {
        let mut random = [0; 16];
        let filled = SystemRandomSource.fill(&mut random);
        filled.map_err(|_| SignError::Key(KeyError::Generation))?;
        let token_id = TokenId::parse(&format!("{:032x}", u128::from_be_bytes(random)));
        let client = ClientId::parse("development");
        Ok(
            AccessTokenClaims::new(subject, SystemClock.now(), Lifetime::from_minutes(60))
                .with_scopes(scopes)
                .with_client_id(client.map_err(|_| SignError::Claims)?)
                .with_token_id(token_id.map_err(|_| SignError::Claims)?),
        )
    }

    /// Issues a token with these claims, whose client and token id must be set.
    ///
    /// # Errors
    ///
    /// - [`SignError::Claims`] if the claims lack a client or a token id,
    /// - [`SignError::Key`] if the system has no random bytes,
    /// - [`SignError::TooLong`] if the claims are longer than a token may be.
    pub fn issue(&self, claims: &AccessTokenClaims) -> Result<AccessToken, SignError> {
        self.signer.issue(claims)
    }
}

impl From<&DevelopmentIssuer> for BearerTokens {
    fn from(issuer: &DevelopmentIssuer) -> Self {
        Self::new(issuer.verifier.clone())
    }
}
