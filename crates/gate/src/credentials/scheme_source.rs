//! The sources of credentials of a scheme, before the gate is built.

use std::sync::Arc;

use scopegate_domain::{ClaimNames, InvalidClaimName};
#[cfg(feature = "remote-issuers")]
use scopegate_issuers::{Introspection, RemoteIssuer};

use crate::credentials::bearer_verifier::{BearerTokens, BearerVerifier};
use crate::credentials::credential::CredentialVerifier;
#[cfg(feature = "remote-issuers")]
use crate::credentials::issuer_set::IssuerSet;
use crate::credentials::scheme_verifiers::SchemeVerifier;

/// A source of credentials of one scheme, as the application sets it.
pub(crate) enum SchemeSource {
    /// A verifier of the application.
    Application(Arc<dyn CredentialVerifier>),
    /// Bearer tokens that a signature verifies.
    Bearer(BearerTokens),
    /// An issuer that is queried about each token.
    #[cfg(feature = "remote-issuers")]
    Introspection(Introspection),
    /// An issuer whose keys are fetched.
    #[cfg(feature = "remote-issuers")]
    Issuer(RemoteIssuer),
}

impl SchemeSource {
    /// Creates the verifier of the source. Tokens keep the claims of the gate, too.
    ///
    /// # Errors
    ///
    /// [`InvalidClaimName`] names the claim that cannot be kept.
    pub(crate) fn into_verifier(self, scheme: &str, of_gate: &ClaimNames) -> Result<SchemeVerifier, InvalidClaimName> {
        Ok(match self {
            Self::Application(verifier) => SchemeVerifier::Application(verifier),
            Self::Bearer(tokens) => SchemeVerifier::Token(Arc::new(BearerVerifier::new(scheme, tokens, of_gate)?)),
            #[cfg(feature = "remote-issuers")]
            Self::Introspection(introspection) => {
                SchemeVerifier::Issuers(Arc::new(IssuerSet::asking(introspection, of_gate)?))
            }
            #[cfg(feature = "remote-issuers")]
            Self::Issuer(issuer) => SchemeVerifier::Issuers(Arc::new(IssuerSet::of(scheme, issuer, of_gate)?)),
        })
    }
}
