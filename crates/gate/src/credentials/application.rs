//! Credentials that the application verifies.

use std::sync::Arc;

use scopegate_domain::{Authenticated, Timestamp};
use scopegate_store::StoreError;
use scopegate_token::VerifyError;

use crate::credentials::accepted::{AcceptedCredential, CredentialFacts};
use crate::credentials::bearer_verifier::VerificationContext;
use crate::refusal::CredentialError;
use crate::{AuthenticatedCredential, Credential, CredentialCheck, CredentialVerifier};

/// Verifies a credential by asking the application.
// SECURITY: the proof is made here and nowhere else, of nothing but the verifier's yes. Tested by
// http/tests/it/schemes.rs, `access_requires_credentials_for_one_complete_alternative`.
#[expect(
    clippy::disallowed_methods,
    reason = "the application has just checked the credential"
)]
pub(crate) async fn verify(
    wanted: VerificationContext<'_>,
    verifier: &dyn CredentialVerifier,
    credential: &Credential,
    now: Timestamp,
) -> Result<Result<AcceptedCredential, CredentialError>, StoreError> {
    let CredentialCheck::Valid(acceptance) = verifier.verify(credential).await? else {
        return Ok(Err(CredentialError::Refused));
    };
    // SECURITY: a sender-constrained credential is not a bearer credential, even if it is accepted
    // (http/tests/it/issuers/rules.rs, `every_rule_applies_on_every_path`).
    if acceptance.is_sender_constrained {
        return Ok(Err(CredentialError::Verify(VerifyError::Bound)));
    }
    // SECURITY: a credential that states claims which cannot be kept is refused: without them it
    // would have another meaning. Tested by http/tests/it/claims.rs,
    // `credential_with_invalid_claims_is_refused`.
    if let Some(fault) = acceptance.fault {
        return Ok(Err(fault.into()));
    }
    if acceptance.claims.expires_at().is_some_and(|time| time <= now) {
        return Ok(Err(CredentialError::Verify(VerifyError::Expired)));
    }
    let proof: Authenticated<AuthenticatedCredential> = Authenticated::assertion(acceptance);
    let token_facts = wanted
        .table
        .credential_facts_with_scopes(wanted.scheme, &proof, &proof.scopes);
    let shadow = wanted.shadow.and_then(|shadow| {
        shadow.token_facts(wanted.scheme, |table, scheme| {
            table.credential_facts_with_scopes(scheme, &proof, &proof.scopes)
        })
    });
    Ok(token_facts.map_err(CredentialError::from).map(|token_facts| {
        let mut claims = proof.into_inner().claims;
        if !wanted.has_subject && claims.subject().is_some() {
            claims = Arc::new(Arc::unwrap_or_clone(claims).without_subject());
        }
        AcceptedCredential::from_application(CredentialFacts {
            token_facts,
            shadow,
            claims,
        })
    }))
}
