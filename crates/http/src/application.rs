//! Credentials that the application verifies.

use scopegate_domain::Authenticated;
use scopegate_store::StoreError;
use scopegate_token::VerifyError;

use crate::accepted::{Accepted, Brought};
use crate::bearer_tokens::Wanted;
use crate::refusal::Unaccepted;
use crate::{Acceptance, Credential, CredentialVerifier, Verdict};

/// Verifies a credential by asking the application.
// SECURITY: the proof is made here and nowhere else, of nothing but the verifier's yes. Tested by
// tests/it/schemes.rs, `nobody_gets_in_without_good_credentials_for_one_whole_way`.
#[expect(
    clippy::disallowed_methods,
    reason = "the application has just checked the credential"
)]
pub(crate) async fn verify(
    wanted: Wanted<'_>,
    verifier: &dyn CredentialVerifier,
    credential: &Credential,
) -> Result<Result<Accepted, Unaccepted>, StoreError> {
    let Verdict::Accept(acceptance) = verifier.verify(credential).await? else {
        return Ok(Err(Unaccepted::Refused));
    };
    // SECURITY: a sender-constrained credential is not a bearer credential, even if it is accepted
    // (tests/it/issuers/rules.rs, `every_rule_holds_on_every_path`).
    if acceptance.is_sender_constrained {
        return Ok(Err(Unaccepted::Verify(VerifyError::Bound)));
    }
    let proof: Authenticated<Acceptance> = Authenticated::assertion(acceptance);
    let world = wanted.table.accepted_with_scopes(wanted.scheme, &proof, &proof.scopes);
    let beside = wanted.beside.and_then(|beside| {
        beside.world(wanted.scheme, |table, scheme| {
            table.accepted_with_scopes(scheme, &proof, &proof.scopes)
        })
    });
    Ok(world.map_err(Unaccepted::from).map(|world| {
        let subject = proof.into_inner().subject.filter(|_| wanted.has_subject);
        Accepted::by_the_application(Brought { world, beside, subject })
    }))
}
