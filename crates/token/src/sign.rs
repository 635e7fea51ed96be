//! Signs claims as a token.

use std::fmt;
use std::sync::{Arc, OnceLock};

use arc_swap::ArcSwap;
use base64_simd::URL_SAFE_NO_PAD;
use scopegate_domain::{AccessTokenClaims, Secret};

use crate::header::encode_header;
use crate::rules::TokenKind;
use crate::{Algorithm, KeyError, RecentTokens, SigningKey, TokenRules, VerifyingKey};

/// Issues access tokens of one kind. A [`Verifier`](crate::Verifier) with the same rules and its
/// key accepts these tokens.
///
/// ```
/// use scopegate_domain::{AccessTokenClaims, Lifetime, Secret, Timestamp};
/// use scopegate_token::{Signer, SigningKey, TokenRules};
///
/// let key = SigningKey::hs256(&Secret::new(String::from("a secret text of thirty-two bytes")))?;
/// let signer = Signer::new(TokenRules::shared_secret(), key);
/// let claims = AccessTokenClaims::new("johndoe", Timestamp::from_unix(0), Lifetime::from_minutes(30));
/// let token = signer.issue(&claims)?;
/// assert!(token.expose().starts_with("eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9."));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Signer {
    rules: TokenRules,
    current: ArcSwap<Signing>,
    recent: OnceLock<Arc<RecentTokens>>,
}

/// A key with the header of its tokens.
#[derive(Debug)]
struct Signing {
    key: SigningKey,
    verifying_key: VerifyingKey,
    header: String,
}

impl Signer {
    /// Creates a signer with one key.
    #[must_use]
    pub fn new(rules: TokenRules, key: SigningKey) -> Self {
        let current = ArcSwap::from_pointee(Signing::new(&rules, key));
        Self {
            rules,
            current,
            recent: OnceLock::new(),
        }
    }

    /// Replaces the signing key. Verifiers must have the key before.
    pub fn replace_key(&self, key: SigningKey) {
        self.current.store(Signing::new(&self.rules, key).into());
    }

    /// Returns the rules of the tokens.
    #[must_use]
    pub const fn rules(&self) -> &TokenRules {
        &self.rules
    }

    /// The algorithm of the key that signs at the moment.
    #[must_use]
    pub fn algorithm(&self) -> Algorithm {
        self.current.load().key.algorithm()
    }

    /// Returns the tokens that are signed from the first call of this method on, for
    /// [`Verifier::with_recent_tokens`](crate::Verifier::with_recent_tokens).
    pub fn recent_tokens(&self) -> &Arc<RecentTokens> {
        self.recent.get_or_init(|| Arc::new(RecentTokens::new()))
    }

    /// Signs a token.
    ///
    /// # Errors
    ///
    /// [`SignError`] if the claims lack a required claim, if the kind of token does not allow the
    /// key, or if an ES256 signature gets no random bytes.
    pub fn issue(&self, claims: &AccessTokenClaims) -> Result<AccessToken, SignError> {
        let current = self.current.load();
        let Signing {
            key,
            verifying_key,
            header,
        } = &**current;
        if !self.rules.allow_algorithm(key.algorithm()) {
            return Err(SignError::Algorithm);
        }
        let payload = match self.rules.kind() {
            TokenKind::Rfc9068 { issuer, audience, .. } => {
                claims.to_rfc9068_json(issuer, audience).ok_or(SignError::Claims)?
            }
            TokenKind::SharedSecret => Some(claims.to_scope_list_json())
                .filter(|payload| !payload.is_empty())
                .ok_or(SignError::Claims)?,
            TokenKind::Jwt(_)
            | TokenKind::ClientAssertion { .. }
            | TokenKind::DpopProof
            | TokenKind::IdTokenHint { .. }
            | TokenKind::Jws => return Err(SignError::Kind),
        };
        if payload.len() > self.rules.max_payload() {
            return Err(SignError::TooLong);
        }
        let mut token = String::with_capacity(header.len() + payload.len() * 4 / 3 + 96);
        token.push_str(header);
        token.push('.');
        URL_SAFE_NO_PAD.encode_append(payload, &mut token);
        let signature = key.sign(token.as_bytes())?;
        token.push('.');
        URL_SAFE_NO_PAD.encode_append(signature, &mut token);
        if let Some(recent) = self.recent.get() {
            recent.add(&token, verifying_key);
        }
        Ok(AccessToken(Secret::new(token)))
    }
}

impl Signing {
    fn new(rules: &TokenRules, key: SigningKey) -> Self {
        let header = encode_header(key.algorithm(), rules.token_type(), key.id());
        Self {
            verifying_key: key.verifying_key(),
            key,
            header,
        }
    }
}

/// A signed access token for the client. Any holder may use it, so the type does not print itself.
#[derive(Clone)]
pub struct AccessToken(Secret<String>);

impl AccessToken {
    /// The token.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.0.expose()
    }

    /// The token as a secret text.
    #[must_use]
    pub fn into_secret(self) -> Secret<String> {
        self.0
    }
}

impl fmt::Debug for AccessToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AccessToken(..)")
    }
}

/// The reasons why no token was signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SignError {
    /// This kind of token is not signed with the key's algorithm.
    #[error("this kind of token is not signed with the algorithm of the key")]
    Algorithm,
    /// `client_id` or `jti` is missing from the claims of an RFC 9068 token, or the claims cannot
    /// be written as JSON.
    #[error("claims lack a client or a token id, or cannot be written")]
    Claims,
    /// Other issuers sign the tokens of these rules.
    #[error("tokens of these rules are signed by another issuer")]
    Kind,
    /// The key could not sign.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The payload is longer than the maximum of a verifier with the same rules.
    #[error("payload is too long")]
    TooLong,
}
