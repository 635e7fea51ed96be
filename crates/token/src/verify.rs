//! From a text to proven claims.

use std::fmt;
use std::mem::MaybeUninit;

use scopegate_domain::{Claims, Timestamp, Verified};

use crate::compact::{CompactJws, Header, HeaderBuffer, SignatureBuffer, encode_header};
use crate::{Algorithm, KeySet, TokenRules, VerifyError, VerifyingKey};

/// Verifies tokens of one kind.
///
/// In this order, so that a forged token costs little and learns nothing: size, segments, header, key, encoding, signature,
/// claims, times. No clock is read and nothing is kept.
///
/// ```
/// use scopegate_domain::{AccessTokenClaims, Lifetime, Secret, Timestamp};
/// use scopegate_token::{Scratch, Signer, SigningKey, TokenRules, Verifier, VerifyError};
///
/// let key = SigningKey::hs256(&Secret::new(String::from("a secret text of thirty-two bytes")))?;
/// let verifier = Verifier::new(TokenRules::tutorial(), key.verifying_key());
/// let signer = Signer::new(TokenRules::tutorial(), key);
///
/// let now = Timestamp::from_unix(1_700_000_000);
/// let token = signer.issue(&AccessTokenClaims::new("johndoe", now, Lifetime::from_minutes(30)))?;
///
/// let mut scratch = Scratch::new();
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
    keys: KeySet,
    usual: Vec<(String, VerifyingKey)>,
}

impl Verifier {
    /// A verifier that trusts these keys.
    #[must_use]
    pub fn new(rules: TokenRules, keys: impl Into<KeySet>) -> Self {
        let mut verifier = Self {
            rules,
            keys: keys.into(),
            usual: Vec::new(),
        };
        verifier.usual = verifier.usual_headers().collect();
        verifier
    }

    /// The headers that a signer of these rules writes, each with the key that it leads to.
    ///
    /// SECURITY: only a header that is accepted when it is read stands here, with the key that reading it finds
    /// (`es256_is_verified_and_never_for_the_tutorial`).
    fn usual_headers(&self) -> impl Iterator<Item = (String, VerifyingKey)> {
        self.keys.iter().filter_map(|key| {
            let header = encode_header(key.algorithm(), self.rules.token_type(), key.id());
            let found = self.read_header(&header).ok()?.clone();
            Some((header, found))
        })
    }

    /// Whether a token is genuine and valid now. The claims borrow from `scratch`.
    ///
    /// # Errors
    ///
    /// [`VerifyError`] names the rule that the token breaks.
    pub fn verify<'s>(
        &self,
        token: &str,
        now: Timestamp,
        scratch: &'s mut Scratch,
    ) -> Result<Verified<Claims<'s>>, VerifyError> {
        let jws = CompactJws::cut(token, self.rules.max_token())?;
        let key = self.key_for(jws.header)?;
        let payload = jws.decode_payload(scratch.room(), self.rules.max_payload())?;
        let mut buffer = SignatureBuffer::new();
        let signature = jws.decode_signature(&mut buffer)?;
        // SECURITY: nothing of the payload is read before its signature is known to be good.
        if !key.is_signature_of(jws.message.as_bytes(), signature) {
            return Err(VerifyError::Signature);
        }
        let claims = Claims::parse(payload, self.rules.scope_layout())?;
        self.rules.check_claims(&claims, now)?;
        #[expect(
            clippy::disallowed_methods,
            reason = "signature, times and every rule of the kind were checked above"
        )]
        Ok(Verified::assertion(claims))
    }

    /// The key that a header leads to. A usual header is known by its text; any other is read.
    fn key_for(&self, encoded_header: &str) -> Result<&VerifyingKey, VerifyError> {
        match self.usual.iter().find(|(usual, _)| usual == encoded_header) {
            Some((_, key)) => Ok(key),
            None => self.read_header(encoded_header),
        }
    }

    fn read_header(&self, encoded_header: &str) -> Result<&VerifyingKey, VerifyError> {
        let mut buffer = HeaderBuffer::new();
        let header = Header::parse(buffer.decode(encoded_header)?)?;
        self.rules.check_type(header.token_type.as_deref())?;
        let algorithm = header
            .algorithm
            .as_deref()
            .and_then(Algorithm::find)
            .ok_or(VerifyError::Algorithm)?;
        if !self.rules.allow_algorithm(algorithm) {
            return Err(VerifyError::Algorithm);
        }
        self.keys.find(header.key_id.as_deref(), algorithm)
    }
}

/// Room for the payload of one token, on the stack: the claims borrow from it.
///
/// ```
/// let mut scratch = scopegate_token::Scratch::new();
/// # let _ = &mut scratch;
/// ```
pub struct Scratch([MaybeUninit<u8>; TokenRules::MAX_PAYLOAD]);

impl Scratch {
    /// Room that nothing was written to yet.
    #[must_use]
    pub const fn new() -> Self {
        Self([const { MaybeUninit::uninit() }; TokenRules::MAX_PAYLOAD])
    }

    pub(crate) const fn room(&mut self) -> &mut [MaybeUninit<u8>] {
        &mut self.0
    }
}

impl Default for Scratch {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Scratch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Scratch(..)")
    }
}
