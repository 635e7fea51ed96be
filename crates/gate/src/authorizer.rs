//! Verifiers, users and policy together: from the head of a request to a [`Permit`] or a refusal.

use std::sync::Arc;

use scopegate_domain::{Clock, Timestamp, User};
use scopegate_policy::{Denial, OperationTable, Permit, PresentedCredentials, ResolvedOperation, authorize};
use scopegate_store::StoreError;

use crate::credentials::accepted::AcceptedCredential;
use crate::credentials::application;
use crate::credentials::bearer::{self, Bearer};
use crate::credentials::bearer_verifier::{BearerVerifier, VerificationContext};
use crate::credentials::credential::Extracted;
use crate::credentials::scheme_verifiers::{CredentialSource, SchemeEntry, SchemeVerifier, Sources};
use crate::refusal::{CredentialError, Refusal};
use crate::request_head::RequestHead;
use crate::shadow::ShadowEvaluator;
use crate::user_source::UserSource;
use crate::{Credential, Dialect};

/// Authorizes requests. This type combines verifiers, users and policy.
#[derive(Debug)]
pub(crate) struct Authorizer {
    pub(crate) dialect: Dialect,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) users: Option<UserSource>,
    pub(crate) table: OperationTable,
}

/// A request to authorize, with the operation and the sources of its credentials.
#[derive(Clone, Copy)]
pub(crate) struct AuthorizationRequest<'r> {
    pub(crate) operation: &'r ResolvedOperation,
    pub(crate) sources: &'r Sources,
    /// The proposed policy, if there is one.
    pub(crate) shadow: Option<&'r ShadowEvaluator>,
    pub(crate) head: &'r RequestHead<'r>,
}

impl Authorizer {
    /// Authorizes a request. Returns `None` for an anonymous request to an optional operation.
    ///
    /// Only credentials of schemes that the operation requires are read. A public operation reads
    /// none, so a stale token does not close it. An invalid credential of such a scheme is refused,
    /// even if another alternative would be satisfied.
    pub(crate) async fn authorize(&self, asked: AuthorizationRequest<'_>) -> Result<Option<Permit>, Refusal> {
        let now = self.clock.now();
        let accepted = match asked.sources {
            Sources::Nothing => Ok(None),
            Sources::Bearer(entry, tokens) => self.bearer(asked, entry, tokens, now),
            // Boxed, here and below, so that the future of every other request stays small.
            Sources::Several(sources) => return Box::pin(self.authorize_by_several(asked, sources, now)).await,
        };
        let mut accepted = accepted.map_err(|refusal| asked.undecided(refusal, now))?;
        let needs_user = asked.operation.needs_user();
        if needs_user && !accepted.as_mut().is_none_or(|one| self.recall_user(one)) {
            return Box::pin(self.ask_and_decide(asked, accepted.as_mut_slice(), None, now)).await;
        }
        asked.decide(accepted.as_slice(), None, now)
    }

    /// Verifies the bearer token of a request, if it has one.
    fn bearer(
        &self,
        asked: AuthorizationRequest<'_>,
        entry: &SchemeEntry,
        tokens: &BearerVerifier,
        now: Timestamp,
    ) -> Result<Option<AcceptedCredential>, Refusal> {
        let raw = bearer::raw(asked.head.headers(), &self.dialect);
        // A cached token has the syntax of a token, so the syntax is not checked again.
        if let Some(accepted) = raw.ok().and_then(|raw| tokens.recall(raw, now)) {
            return Ok(Some(accepted));
        }
        let accepted = match raw.map_or_else(|nothing| nothing, |raw| bearer::token(raw, &self.dialect)) {
            Bearer::Absent => return Ok(None),
            Bearer::Ambiguous => return Err(Refusal::Ambiguous(vec![entry.scheme])),
            Bearer::Malformed => Err(CredentialError::Malformed),
            Bearer::Token(token) => tokens.verify(self.context(asked.shadow, entry), token, now),
        };
        accepted
            .map(Some)
            .map_err(|cause| Refusal::of_credential(cause, vec![entry.scheme], asked.operation.invalid_credential()))
    }

    async fn authorize_by_several(
        &self,
        asked: AuthorizationRequest<'_>,
        sources: &[CredentialSource],
        now: Timestamp,
    ) -> Result<Option<Permit>, Refusal> {
        match self.accepted(asked, sources, now).await {
            Ok(mut answers) => {
                self.ask_and_decide(asked, &mut answers.accepted, answers.unanswered, now)
                    .await
            }
            Err(refusal) => Err(asked.undecided(refusal, now)),
        }
    }

    /// Verifies all credentials of a request, the cheapest first. It refuses an unreadable one
    /// before it calls any verifier, and it calls slow verifiers last.
    async fn accepted(
        &self,
        asked: AuthorizationRequest<'_>,
        sources: &[CredentialSource],
        now: Timestamp,
    ) -> Result<VerifiedCredentials, Refusal> {
        let refused = |cause, source: &CredentialSource| {
            Refusal::Credential(cause, source.scheme_ids(), asked.operation.invalid_credential())
        };
        let mut presented = Vec::new();
        for source in sources {
            match source.read(asked.head, &self.dialect) {
                Extracted::Absent => {}
                Extracted::Ambiguous => return Err(Refusal::Ambiguous(source.scheme_ids())),
                Extracted::Malformed => return Err(refused(CredentialError::Malformed, source)),
                Extracted::Credential(credential) => presented.push((source, credential)),
            }
        }
        let mut all = VerifiedCredentials::default();
        for (source, credential) in &presented {
            let answers = self.verify_each(asked.shadow, source, credential, now).await;
            if answers.accepted.is_empty() {
                return Err(match answers.unanswered {
                    Some(cause) => Refusal::Store(cause),
                    None => refused(answers.refused.unwrap_or(CredentialError::Refused), source),
                });
            }
            all.accepted.extend(answers.accepted);
            all.unanswered = all.unanswered.or(answers.unanswered);
        }
        Ok(all)
    }

    /// Calls the verifier of each scheme of a place. The credential counts for the schemes whose
    /// verifier accepts it.
    async fn verify_each(
        &self,
        shadow: Option<&ShadowEvaluator>,
        source: &CredentialSource,
        credential: &Credential,
        now: Timestamp,
    ) -> VerifiedCredentials {
        let mut answers = VerifiedCredentials::default();
        for entry in &source.schemes {
            let context = self.context(shadow, entry);
            let answer = match &entry.verifier {
                SchemeVerifier::Token(tokens) => Ok(tokens.accept(context, credential.secret().expose(), now)),
                SchemeVerifier::Application(verifier) => {
                    application::verify(context, &**verifier, credential, now).await
                }
                #[cfg(feature = "remote-issuers")]
                SchemeVerifier::Issuers(issuers) => issuers.verify(context, credential, now).await,
            };
            match answer {
                Ok(Ok(accepted)) => answers.accepted.push(accepted),
                Ok(Err(CredentialError::Outdated(cause))) => answers.unanswered = Some(StoreError::unavailable(cause)),
                Ok(Err(cause)) => answers.refused = Some(cause),
                Err(cause) => answers.unanswered = Some(cause),
            }
        }
        answers
    }

    const fn context<'r>(
        &'r self,
        shadow: Option<&'r ShadowEvaluator>,
        entry: &SchemeEntry,
    ) -> VerificationContext<'r> {
        VerificationContext {
            table: &self.table,
            scheme: entry.scheme,
            has_subject: entry.has_subject,
            shadow,
        }
    }

    /// Looks up the users if the operation needs them, and decides.
    async fn ask_and_decide(
        &self,
        asked: AuthorizationRequest<'_>,
        accepted: &mut [AcceptedCredential],
        unanswered: Option<StoreError>,
        now: Timestamp,
    ) -> Result<Option<Permit>, Refusal> {
        if asked.operation.needs_user()
            && let Err(refusal) = self.read_users(accepted).await
        {
            return Err(asked.undecided(refusal, now));
        }
        asked.decide(accepted, unanswered, now)
    }

    /// Looks up the user of each subject once.
    async fn read_users(&self, accepted: &mut [AcceptedCredential]) -> Result<(), Refusal> {
        for number in 0..accepted.len() {
            let (before, rest) = accepted.split_at_mut(number);
            let Some(one) = rest.first_mut() else { break };
            one.user = match before.iter().find(|known| known.user_subject() == one.user_subject()) {
                Some(known) => known.user.clone(),
                None => self.user(one.user_subject()).await?,
            };
        }
        Ok(())
    }

    /// Sets the user of a credential without a query. Returns whether no query is needed.
    fn recall_user(&self, one: &mut AcceptedCredential) -> bool {
        let (Some(users), Some(subject)) = (&self.users, one.user_subject()) else {
            return true;
        };
        one.user = users.cached(subject, self.dialect.subject);
        one.user.is_some()
    }

    /// Returns the user of a subject; `None` if there is no such user. A cached user needs no
    /// query.
    pub(crate) async fn user(&self, subject: Option<&str>) -> Result<Option<Arc<User>>, Refusal> {
        let (Some(users), Some(subject)) = (&self.users, subject) else {
            return Ok(None);
        };
        match users.cached(subject, self.dialect.subject) {
            Some(user) => Ok(Some(user)),
            None => users.find(subject, self.dialect.subject).await.map_err(Refusal::Store),
        }
    }
}

impl AuthorizationRequest<'_> {
    /// Decides about credentials whose users are known. If a verifier did not respond, the request
    /// is refused with 503 instead of denied, because that verifier could have accepted it.
    fn decide(
        self,
        accepted: &[AcceptedCredential],
        unanswered: Option<StoreError>,
        now: Timestamp,
    ) -> Result<Option<Permit>, Refusal> {
        let mut presented = PresentedCredentials::new(now);
        for one in accepted {
            presented = one.present(presented, one.token_facts());
        }
        let decision = decide(self.operation, &presented);
        match (&decision, unanswered) {
            (Err(_), Some(cause)) => return Err(self.undecided(Refusal::Store(cause), now)),
            (_, unanswered) => {
                if let Some(shadow) = self.shadow {
                    let (denial, lacks_answers) = (decision.as_ref().err(), unanswered.is_some());
                    shadow.decided(denial, &presented, accepted, lacks_answers, (self.head, now));
                }
            }
        }
        let schemes = || accepted.iter().map(|one| one.token_facts().scheme()).collect();
        decision.map_err(|denial| Refusal::Denied(denial, schemes()))
    }

    /// Reports a refusal before any decision to the shadow, and returns it.
    fn undecided(self, refusal: Refusal, now: Timestamp) -> Refusal {
        if let Some(shadow) = self.shadow {
            shadow.undecided(&refusal, now);
        }
        refusal
    }
}

/// Returns the decision of the policy; `None` for an anonymous request to an optional operation.
pub(crate) fn decide(
    operation: &ResolvedOperation,
    presented: &PresentedCredentials<'_>,
) -> Result<Option<Permit>, Denial> {
    let permit = authorize(operation, presented)?.with_claims_of(presented);
    Ok(Some(permit).filter(|permit| !operation.is_optional() || !permit.is_anonymous()))
}

/// The results of the verifiers of one place for one credential.
#[derive(Default)]
struct VerifiedCredentials {
    accepted: Vec<AcceptedCredential>,
    refused: Option<CredentialError>,
    unanswered: Option<StoreError>,
}
