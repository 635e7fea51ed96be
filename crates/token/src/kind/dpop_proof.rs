//! Proofs that a client has the key that its token is bound to: [RFC
//! 9449](https://www.rfc-editor.org/rfc/rfc9449).

use base64_simd::URL_SAFE_NO_PAD;
use scopegate_domain::json::Reader;
use scopegate_domain::{ClaimsError, Lifetime, Secret, Timestamp, Verified};

use super::htu;
use super::proof_claims::ProofClaims;
use crate::compact::CompactJws;
use crate::digest::sha256;
use crate::header::{Header, HeaderBuffer};
use crate::key::Jwk;
use crate::trust::check_header;
use crate::verify::open;
use crate::{Algorithm, JwksPolicy, PayloadBuffer, TokenRules, VerifyError, VerifyingKey};

/// Verifies proofs of possession. A proof is the only token that contains its key. The key is
/// trusted only for tokens that are bound to its [thumbprint](DpopProof::thumbprint).
///
/// The verifier does not know whether a proof was used before. The caller must store its `jti`
/// until [`DpopProof::forget_at`], and refuse a second one.
///
/// ```
/// use scopegate_domain::Timestamp;
/// use scopegate_token::{DpopProofVerifier, ProofError, ProofExpectation, PayloadBuffer, VerifyError};
///
/// let expectation = ProofExpectation::new("POST", "https://issuer.example/token");
/// let verdict = DpopProofVerifier::new().verify("a.b", expectation, Timestamp::from_unix(0), &mut PayloadBuffer::new());
/// assert_eq!(verdict, Err(ProofError::Token(VerifyError::Segments)));
/// ```
#[derive(Clone, Debug)]
pub struct DpopProofVerifier {
    rules: TokenRules,
    window: Lifetime,
}

/// The request that a proof must be made for.
#[derive(Clone, Copy, Debug)]
pub struct ProofExpectation<'e> {
    method: &'e str,
    address: &'e str,
    access_token: Option<&'e Secret<String>>,
    nonce: Option<&'e str>,
}

impl<'e> ProofExpectation<'e> {
    /// Creates an expectation for this method and this URL. The query of the URL is ignored.
    #[must_use]
    pub const fn new(method: &'e str, address: &'e str) -> Self {
        Self {
            method,
            address,
            access_token: None,
            nonce: None,
        }
    }

    /// Sets the access token, for a request to a resource. Default: none.
    #[must_use]
    pub const fn with_access_token(mut self, token: &'e Secret<String>) -> Self {
        self.access_token = Some(token);
        self
    }

    /// Sets the nonce that this server issued. Default: none.
    #[must_use]
    pub const fn with_nonce(mut self, nonce: &'e str) -> Self {
        self.nonce = Some(nonce);
        self
    }
}

/// A verified proof.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DpopProof {
    thumbprint: String,
    token_id: String,
    forget_at: Timestamp,
}

impl DpopProof {
    /// Returns the thumbprint of the key that signed: the `jkt` of the tokens that are bound to it.
    #[must_use]
    pub fn thumbprint(&self) -> &str {
        &self.thumbprint
    }

    /// Returns the `jti`. The caller must store it and refuse it with this key from then on.
    #[must_use]
    pub fn token_id(&self) -> &str {
        &self.token_id
    }

    /// Returns the time until which the caller must store the `jti`.
    #[must_use]
    pub const fn forget_at(&self) -> Timestamp {
        self.forget_at
    }
}

impl DpopProofVerifier {
    /// The default maximum difference between `iat` and now, in either direction.
    pub const WINDOW: Lifetime = Lifetime::from_seconds(60);
    /// The maximum length of a `jti`, in bytes, because the caller stores it.
    pub const MAX_TOKEN_ID: usize = 256;
    /// The maximum length of a proof, in bytes.
    pub const MAX_PROOF: usize = 4 * 1024;

    /// A verifier with the usual window.
    #[must_use]
    pub fn new() -> Self {
        Self {
            rules: TokenRules::dpop_proof().with_limits(Self::MAX_PROOF, Self::MAX_PROOF),
            window: Self::WINDOW,
        }
    }

    /// Sets the maximum difference between `iat` and now. Default: [`DpopProofVerifier::WINDOW`].
    #[must_use]
    pub const fn with_window(mut self, window: Lifetime) -> Self {
        self.window = window;
        self
    }

    /// Verifies that the proof was made for this request, now.
    ///
    /// # Errors
    ///
    /// [`ProofError`] names the rule that the proof breaks.
    pub fn verify(
        &self,
        proof: &str,
        expectation: ProofExpectation<'_>,
        now: Timestamp,
        scratch: &mut PayloadBuffer,
    ) -> Result<Verified<DpopProof>, ProofError> {
        let jws = CompactJws::cut(proof, self.rules.max_token())?;
        let mut buffer = HeaderBuffer::new();
        let header = Header::parse(buffer.decode(jws.header)?)?;
        let algorithm = check_header(&self.rules, &header)?;
        let key = key_of(&header, algorithm)?;
        let payload = open(jws, &key, self.rules.max_payload(), scratch)?;
        let claims = ProofClaims::parse(payload).map_err(VerifyError::from)?;
        let (token_id, issued_at) = self.check(&claims, expectation, now)?;
        #[expect(
            clippy::disallowed_methods,
            reason = "signature, request, token, nonce and time were checked above"
        )]
        Ok(Verified::assertion(DpopProof {
            thumbprint: key.thumbprint().ok_or(ProofError::Key)?,
            token_id: token_id.to_owned(),
            forget_at: issued_at + self.window,
        }))
    }

    fn check<'c>(
        &self,
        claims: &'c ProofClaims<'_>,
        expectation: ProofExpectation<'_>,
        now: Timestamp,
    ) -> Result<(&'c str, Timestamp), ProofError> {
        let missing = |claim| VerifyError::Missing { claim };
        let token_id = claims.token_id.as_deref().ok_or(missing("jti"))?;
        let issued_at = claims.issued_at.ok_or(missing("iat"))?;
        let method = claims.method.as_deref().ok_or(missing("htm"))?;
        let address = claims.address.as_deref().ok_or(missing("htu"))?;
        if token_id.is_empty() || token_id.len() > Self::MAX_TOKEN_ID {
            return Err(VerifyError::from(ClaimsError::OutOfRange { claim: "jti" }).into());
        }
        if method != expectation.method {
            return Err(ProofError::Method);
        }
        if !htu::is_same(address, expectation.address) {
            return Err(ProofError::Address);
        }
        if issued_at + self.window <= now || issued_at > now + self.window {
            return Err(ProofError::Time);
        }
        if expectation.nonce.is_some() && claims.nonce.as_deref() != expectation.nonce {
            return Err(ProofError::Nonce);
        }
        let hash = expectation.access_token.map(hash_of);
        if hash.is_some() && claims.token_hash.as_deref() != hash.as_deref() {
            return Err(ProofError::AccessToken);
        }
        Ok((token_id, issued_at))
    }
}

impl Default for DpopProofVerifier {
    fn default() -> Self {
        Self::new()
    }
}

/// Returns the key in the header: a public key, only for the algorithm of the header.
// SECURITY: a secret or a private key is refused, regardless of what it would verify
// (`proof_contains_a_public_key`).
fn key_of(header: &Header<'_>, algorithm: Algorithm) -> Result<VerifyingKey, ProofError> {
    let text = header.key.ok_or(ProofError::Key)?;
    let mut reader = Reader::new(text);
    let jwk = Jwk::read(&mut reader).map_err(|_| ProofError::Key)?;
    let keys = jwk.verifying_keys(JwksPolicy::PUBLIC_ONLY.allowing_any_algorithm());
    let keys = keys.map_err(|_| ProofError::Key)?;
    let key = keys.into_iter().find(|key| key.algorithm() == algorithm);
    key.ok_or(ProofError::Token(VerifyError::Algorithm))
}

fn hash_of(token: &Secret<String>) -> String {
    URL_SAFE_NO_PAD.encode_to_string(sha256(token.expose().as_bytes()))
}

/// The rule that a proof breaks. The error never contains a part of the proof.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[expect(
    clippy::exhaustive_enums,
    reason = "a new refusal must be handled where refusals are classified"
)]
pub enum ProofError {
    /// `ath` is not the hash of the access token.
    #[error("proof is for another access token")]
    AccessToken,
    /// `htu` is another address.
    #[error("proof is for another address")]
    Address,
    /// `jwk` is missing or not a public asymmetric key.
    #[error("proof contains no public key")]
    Key,
    /// `htm` is another method.
    #[error("proof is for another method")]
    Method,
    /// `nonce` is not the issued one.
    #[error("`nonce` of the proof is not the issued one")]
    Nonce,
    /// `iat` is too far from now.
    #[error("proof was not made now")]
    Time,
    /// A rule that holds for every token.
    #[error(transparent)]
    Token(#[from] VerifyError),
}

impl ProofError {
    /// A short name of the rule, for logs and metrics.
    #[must_use]
    pub const fn label(&self) -> &'static str {
        match self {
            Self::AccessToken => "ath",
            Self::Address => "htu",
            Self::Key => "jwk",
            Self::Method => "htm",
            Self::Nonce => "nonce",
            Self::Time => "iat",
            Self::Token(fault) => fault.label(),
        }
    }
}
