//! Verifies the signature and the claims of a token.

#[cfg(test)]
mod tests;

use std::fmt;
use std::mem::MaybeUninit;
use std::sync::Arc;

use scopegate_domain::{ClaimNames, Claims, Timestamp, Verified};

use crate::compact::{CompactJws, SignatureBuffer};
use crate::trust::TrustedKeys;
use crate::{KeySet, RecentTokens, TokenRules, VerifyError, VerifyingKey};

/// Verifies access tokens of one kind.
///
/// The order of checks makes a forged token cheap: size, segments, header, key, encoding,
/// signature, claims, times. The verifier reads no clock and stores nothing. A clone trusts the
/// same keys, also after they were replaced.
///
/// ```
/// use scopegate_domain::{AccessTokenClaims, Lifetime, Secret, Timestamp};
/// use scopegate_token::{PayloadBuffer, Signer, SigningKey, TokenRules, Verifier, VerifyError};
///
/// let key = SigningKey::hs256(&Secret::new(String::from("a secret text of thirty-two bytes")))?;
/// let verifier = Verifier::new(TokenRules::shared_secret(), key.verifying_key());
/// let signer = Signer::new(TokenRules::shared_secret(), key);
///
/// let now = Timestamp::from_unix(1_700_000_000);
/// let token = signer.issue(&AccessTokenClaims::new("johndoe", now, Lifetime::from_minutes(30)))?;
///
/// let mut scratch = PayloadBuffer::new();
/// let claims = verifier.verify(token.expose(), now, &mut scratch)?;
/// assert_eq!(claims.subject(), Some("johndoe"));
///
/// let later = now + Lifetime::from_minutes(30);
/// assert_eq!(verifier.verify(token.expose(), later, &mut scratch), Err(VerifyError::Expired));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Verifier {
    rules: TokenRules,
    trust: Arc<TrustedKeys>,
    recent: Option<Arc<RecentTokens>>,
}

impl Verifier {
    /// A verifier that trusts these keys.
    #[must_use]
    pub fn new(rules: TokenRules, keys: impl Into<KeySet>) -> Self {
        let trust = Arc::new(TrustedKeys::new(&rules, keys.into()));
        Self {
            rules,
            trust,
            recent: None,
        }
    }

    /// Sets the claims that are kept for handlers, as [`TokenRules::with_kept_claims`] does. The
    /// keys stay those of the original.
    #[must_use]
    pub fn with_kept_claims(mut self, names: ClaimNames) -> Self {
        self.rules = self.rules.with_kept_claims(names);
        self
    }

    /// Accepts the tokens of [`TokenRules::rfc9068`] for every audience. The keys stay those of the
    /// original.
    ///
    /// SECURITY: the caller must compare the audiences of each token. It is for an authorization
    /// server that answers questions about tokens for several resources. A token whose audience is
    /// its client is still refused. Tested by `any_audience_is_accepted_but_the_client` in tests.
    #[must_use]
    pub fn for_any_audience(mut self) -> Self {
        self.rules.accept_any_audience();
        self
    }

    /// Sets the tokens whose signatures this process made, and which need no verification. Their
    /// keys and all rules are checked like those of other tokens. Default: none.
    #[must_use]
    pub fn with_recent_tokens(mut self, recent: Arc<RecentTokens>) -> Self {
        self.recent = Some(recent);
        self
    }

    /// Trusts these keys from now on and no other, in every clone. A verification in progress ends
    /// with the old keys. Equal keys change nothing: tokens that they verified stay known.
    pub fn replace_keys(&self, keys: impl Into<KeySet>) {
        self.trust.replace(&self.rules, keys.into());
    }

    /// Returns a number that grows with each replacement of the keys by another set.
    ///
    /// A cached result is valid while the epoch is the same as **before** the verification, so read
    /// it first.
    #[inline]
    #[must_use]
    pub fn key_epoch(&self) -> u64 {
        self.trust.epoch()
    }

    /// Returns the rules of the verifier.
    #[must_use]
    pub const fn rules(&self) -> &TokenRules {
        &self.rules
    }

    /// The keys that are trusted at the moment.
    #[must_use]
    pub fn keys(&self) -> KeySet {
        self.trust.current().keys().clone()
    }

    /// Returns the key for a header. Nothing is verified.
    ///
    /// # Errors
    ///
    /// [`VerifyError`] if the header breaks a rule or names no key of the set.
    pub fn key_for(&self, token: &str) -> Result<VerifyingKey, VerifyError> {
        let jws = CompactJws::cut(token, self.rules.max_token())?;
        self.trust.current().key_for(&self.rules, jws.header).cloned()
    }

    /// Verifies that a token is genuine and valid now. The claims borrow from `scratch`.
    ///
    /// # Errors
    ///
    /// [`VerifyError`] names the rule that the token breaks.
    pub fn verify<'s>(
        &self,
        token: &str,
        now: Timestamp,
        scratch: &'s mut PayloadBuffer,
    ) -> Result<Verified<Claims<'s>>, VerifyError> {
        let payload = self.open(token, scratch)?;
        let mut claims = Claims::empty(self.rules.claim_layout());
        claims.fill_keeping(payload, self.rules.kept_claims())?;
        self.rules.check_claims(&claims, now)?;
        #[expect(
            clippy::disallowed_methods,
            reason = "signature, times and every rule of the kind were checked above"
        )]
        Ok(Verified::assertion(claims))
    }

    /// Returns the payload of a token whose header and signature are valid.
    #[inline]
    pub(crate) fn open<'s>(&self, token: &str, scratch: &'s mut PayloadBuffer) -> Result<&'s [u8], VerifyError> {
        let trusted = self.trust.current();
        let jws = CompactJws::cut(token, self.rules.max_token())?;
        let key = trusted.key_for(&self.rules, jws.header)?;
        // SECURITY: the same bytes were signed with the private half of the same key. Tested by
        // `only_the_same_recent_token_is_genuine`.
        if self.recent.as_ref().is_some_and(|recent| recent.contains(token, key)) {
            return jws.decode_payload(scratch.spare_capacity(), self.rules.max_payload());
        }
        open(jws, key, self.rules.max_payload(), scratch)
    }
}

/// The payload of a token that this key has signed.
#[inline]
pub(crate) fn open<'s>(
    jws: CompactJws<'_>,
    key: &VerifyingKey,
    max_payload: usize,
    scratch: &'s mut PayloadBuffer,
) -> Result<&'s [u8], VerifyError> {
    let payload = jws.decode_payload(scratch.spare_capacity(), max_payload)?;
    let mut buffer = SignatureBuffer::new();
    let signature = jws.decode_signature(&mut buffer)?;
    // SECURITY: nothing of the payload is read before its signature is known to be valid.
    if key.is_signature_of(jws.message.as_bytes(), signature) {
        Ok(payload)
    } else {
        Err(VerifyError::Signature)
    }
}

/// A buffer for the payload of one token, on the stack: the claims borrow from it.
///
/// ```
/// let mut scratch = scopegate_token::PayloadBuffer::new();
/// # let _ = &mut scratch;
/// ```
pub struct PayloadBuffer([MaybeUninit<u8>; TokenRules::MAX_PAYLOAD]);

impl PayloadBuffer {
    /// An unwritten buffer.
    #[must_use]
    pub const fn new() -> Self {
        Self([const { MaybeUninit::uninit() }; TokenRules::MAX_PAYLOAD])
    }

    pub(crate) const fn spare_capacity(&mut self) -> &mut [MaybeUninit<u8>] {
        &mut self.0
    }
}

impl Default for PayloadBuffer {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for PayloadBuffer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PayloadBuffer(..)")
    }
}
