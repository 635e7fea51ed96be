//! Client assertions, `private_key_jwt`: [RFC 7523](https://www.rfc-editor.org/rfc/rfc7523).

use scopegate_domain::{Claims, ClientId, Issuer, Lifetime, Timestamp, Verified};

use crate::{KeySet, PayloadBuffer, TokenRules, Verifier, VerifyError};

/// Verifies the assertions of one client. The verifier does not know whether an assertion was used
/// before. The caller must store its `jti` until it expires, and refuse a second one.
///
/// ```
/// use scopegate_domain::{ClientId, Issuer, Timestamp};
/// use scopegate_token::{ClientAssertionVerifier, PayloadBuffer, SigningKey, VerifyError};
///
/// let key = SigningKey::es256_generate()?.verifying_key();
/// let verifier = ClientAssertionVerifier::new(Issuer::parse("https://issuer.example")?, ClientId::parse("app")?, key);
/// let verdict = verifier.verify("a.b", Timestamp::from_unix(0), &mut PayloadBuffer::new());
/// assert_eq!(verdict, Err(VerifyError::Segments));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct ClientAssertionVerifier {
    client: ClientId,
    rules: TokenRules,
    verifier: Verifier,
}

/// A verified client assertion.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientAssertion {
    client: ClientId,
    token_id: String,
    expires_at: Timestamp,
}

impl ClientAssertionVerifier {
    /// The maximum time from now to `exp`. The caller must store the `jti` for this long.
    pub const MAX_LIFETIME: Lifetime = Lifetime::from_minutes(60);

    /// Creates a verifier for one client that trusts the client's keys. The only accepted audience
    /// is the issuer.
    #[must_use]
    pub fn new(issuer: Issuer, client: ClientId, keys: impl Into<KeySet>) -> Self {
        let rules = TokenRules::client_assertion(client.clone(), issuer);
        let verifier = Verifier::new(rules.clone(), keys);
        Self {
            client,
            rules,
            verifier,
        }
    }

    /// Verifies that the client signed the assertion for this issuer, and that it is valid now.
    ///
    /// # Errors
    ///
    /// [`VerifyError`] names the rule that the token breaks.
    pub fn verify(
        &self,
        token: &str,
        now: Timestamp,
        scratch: &mut PayloadBuffer,
    ) -> Result<Verified<ClientAssertion>, VerifyError> {
        let payload = self.verifier.open(token, scratch)?;
        let claims = Claims::parse(payload, self.rules.claim_layout())?;
        self.rules.check_claims(&claims, now)?;
        let expires_at = claims.expires_at().ok_or(VerifyError::Missing { claim: "exp" })?;
        if expires_at > now + Self::MAX_LIFETIME {
            return Err(VerifyError::Lifetime);
        }
        #[expect(
            clippy::disallowed_methods,
            reason = "signature, client, audience and times were checked above"
        )]
        Ok(Verified::assertion(ClientAssertion {
            client: self.client.clone(),
            token_id: claims.token_id().unwrap_or_default().to_owned(),
            expires_at,
        }))
    }
}

impl ClientAssertion {
    /// The client that signed.
    #[must_use]
    pub const fn client(&self) -> &ClientId {
        &self.client
    }

    /// Returns the `jti`. The caller must store it and refuse it for this client from then on.
    #[must_use]
    pub fn token_id(&self) -> &str {
        &self.token_id
    }

    /// Returns the time until which the caller must store the `jti`.
    #[must_use]
    pub const fn expires_at(&self) -> Timestamp {
        self.expires_at
    }
}
