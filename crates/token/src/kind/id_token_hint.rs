//! An ID token that a client sends back to name a user: [OpenID Connect Core, section
//! 3.1.2.1](https://openid.net/specs/openid-connect-core-1_0.html#AuthRequest).

use scopegate_domain::{Claims, Issuer, Verified};

use crate::{KeySet, PayloadBuffer, TokenRules, Verifier, VerifyError};

/// Verifies our own ID tokens as hints. Their expiry is not checked.
///
/// ```
/// use scopegate_domain::Issuer;
/// use scopegate_token::{IdTokenHintVerifier, PayloadBuffer, SigningKey, VerifyError};
///
/// let key = SigningKey::es256_generate()?.verifying_key();
/// let verifier = IdTokenHintVerifier::new(Issuer::parse("https://issuer.example")?, key);
/// assert_eq!(verifier.verify("a.b", &mut PayloadBuffer::new()), Err(VerifyError::Segments));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct IdTokenHintVerifier {
    rules: TokenRules,
    verifier: Verifier,
}

/// The claims of an earlier ID token. A hint does not authenticate a user.
#[derive(Clone, Debug, PartialEq)]
pub struct IdTokenHint<'s>(Claims<'s>);

impl IdTokenHintVerifier {
    /// Creates a verifier for the ID tokens of one issuer.
    #[must_use]
    pub fn new(issuer: Issuer, keys: impl Into<KeySet>) -> Self {
        let rules = TokenRules::id_token_hint(issuer);
        let verifier = Verifier::new(rules.clone(), keys);
        Self { rules, verifier }
    }

    /// Replaces the trusted keys. Keys of expired tokens may be among them.
    pub fn replace_keys(&self, keys: impl Into<KeySet>) {
        self.verifier.replace_keys(keys);
    }

    /// Verifies that the issuer wrote this ID token, at any time.
    ///
    /// # Errors
    ///
    /// [`VerifyError`] names the rule that the token breaks.
    pub fn verify<'s>(
        &self,
        token: &str,
        scratch: &'s mut PayloadBuffer,
    ) -> Result<Verified<IdTokenHint<'s>>, VerifyError> {
        let payload = self.verifier.open(token, scratch)?;
        let claims = Claims::parse(payload, self.rules.claim_layout())?;
        self.rules.check_timeless(&claims)?;
        #[expect(clippy::disallowed_methods, reason = "signature and issuer were checked above")]
        Ok(Verified::assertion(IdTokenHint(claims)))
    }
}

impl IdTokenHint<'_> {
    /// The user that the client means.
    #[must_use]
    pub fn subject(&self) -> &str {
        self.0.subject().unwrap_or_default()
    }

    /// Whether the token was issued to this client. A token of another client is not a hint from
    /// this one.
    #[must_use]
    pub fn is_for(&self, client: &str) -> bool {
        self.0.audiences().any(|name| name == client)
    }

    /// Returns the time when the user logged in.
    #[must_use]
    pub const fn auth_time(&self) -> Option<scopegate_domain::Timestamp> {
        self.0.auth_time()
    }
}
