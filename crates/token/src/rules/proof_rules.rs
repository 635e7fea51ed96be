//! The rules of the tokens that the feature `proofs` verifies.

use scopegate_domain::{Claims, ClientId, Issuer};

use super::TokenRules;
use super::kind::TokenKind;
use crate::VerifyError;

impl TokenRules {
    pub(crate) const fn client_assertion(client: ClientId, issuer: Issuer) -> Self {
        Self::new(TokenKind::ClientAssertion { client, issuer })
    }

    pub(crate) const fn dpop_proof() -> Self {
        Self::new(TokenKind::DpopProof)
    }

    pub(crate) const fn id_token_hint(issuer: Issuer) -> Self {
        Self::new(TokenKind::IdTokenHint { issuer })
    }

    /// Checks the claims, except for times.
    pub(crate) fn check_timeless(&self, claims: &Claims<'_>) -> Result<(), VerifyError> {
        self.kind.check_claims(claims)
    }
}
