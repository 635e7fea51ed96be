//! Any signed token, with any content.

use scopegate_domain::Verified;

use crate::{KeySet, PayloadBuffer, TokenRules, Verifier, VerifyError, VerifyingKey};

/// Verifies signatures, and the rules for every header. The content can be anything.
///
/// ```
/// use scopegate_domain::{AccessTokenClaims, Lifetime, Secret, Timestamp};
/// use scopegate_token::{JwsVerifier, PayloadBuffer, Signer, SigningKey, TokenRules};
///
/// let key = SigningKey::hs256(&Secret::new(String::from("a secret text of thirty-two bytes")))?;
/// let verifier = JwsVerifier::new(key.verifying_key());
/// let signer = Signer::new(TokenRules::shared_secret(), key);
/// let token = signer.issue(&AccessTokenClaims::new("johndoe", Timestamp::from_unix(0), Lifetime::from_minutes(1)))?;
///
/// let mut scratch = PayloadBuffer::new();
/// let jws = verifier.verify(token.expose(), &mut scratch)?;
/// assert!(jws.payload().starts_with(br#"{"sub":"johndoe""#));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct JwsVerifier(Verifier);

/// The signed content.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Jws<'s> {
    payload: &'s [u8],
}

impl JwsVerifier {
    /// A verifier that trusts these keys.
    #[must_use]
    pub fn new(keys: impl Into<KeySet>) -> Self {
        Self(Verifier::new(TokenRules::jws(), keys))
    }

    /// Returns the key for a header. Nothing is verified.
    ///
    /// # Errors
    ///
    /// [`VerifyError`] if the header breaks a rule or names no key of the set.
    pub fn key_for(&self, token: &str) -> Result<VerifyingKey, VerifyError> {
        self.0.key_for(token)
    }

    /// Verifies that one of the keys signed the token.
    ///
    /// # Errors
    ///
    /// [`VerifyError`] names the rule that the token breaks.
    pub fn verify<'s>(&self, token: &str, scratch: &'s mut PayloadBuffer) -> Result<Verified<Jws<'s>>, VerifyError> {
        let payload = self.0.open(token, scratch)?;
        #[expect(
            clippy::disallowed_methods,
            reason = "header and signature were checked, and the type claims only that"
        )]
        Ok(Verified::assertion(Jws { payload }))
    }
}

impl<'s> Jws<'s> {
    /// The bytes that were signed.
    #[must_use]
    pub const fn payload(&self) -> &'s [u8] {
        self.payload
    }
}
