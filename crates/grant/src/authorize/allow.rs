//! The form of the consent page, and the code that it leads to.

use scopegate_domain::{
    AuditDetail, AuditEntry, AuditEvent, Authorization, AuthorizationCode, Consent, Day, Scope, Timestamp,
};
use scopegate_store::AllowOutcome;
use scopegate_token::{IssuedCode, SessionCookie};

use super::answer::AuthorizationAnswer;
use super::consent::{ConsentDecision, ConsentOffer, InvalidConsentForm};
use super::endpoint::{ActiveSession, AuthorizationEndpoint, Checked, session_has_changed};
use super::error::{AuthorizeError, RedirectedCause};
use super::flow::{ConsentStage, Flow, FlowOrigin, Restart};
use super::step::{ConsentChoice, ConsentForm, FormError, Step, Visit};

impl AuthorizationEndpoint {
    /// Handles the form of the consent page.
    ///
    /// # Errors
    ///
    /// [`FormError`] if the form is refused, or the request gets no code.
    pub async fn consent(&self, form: &ConsentForm<'_>, visit: &Visit<'_>) -> Result<Step, FormError> {
        let now = self.context().clock.now();
        let flow = Flow::<ConsentStage>::open(form.flow, &self.people().sealer(), visit.browser, now)?;
        let id = visit.session.map(SessionCookie::id);
        let Flow { origin, stage } = flow.expect_session(id.as_ref())?;
        let checked = self.check(&origin.params, visit.origin).await?;
        let Some(active) = self.session(visit, now).await? else {
            return Err(session_has_changed(&origin));
        };
        let ticked = match form.choice {
            ConsentChoice::Allow(ticked) => ticked,
            ConsentChoice::Deny => {
                let (known, cause) = (&checked.known, RedirectedCause::AccessDenied);
                return Err(self.refuse(known, cause, Some(active.user.id()), visit.origin).into());
            }
            ConsentChoice::SwitchAccount => return Ok(self.log_in_first(origin, &checked, false, visit, now)?),
        };
        let grantable = self.grantable(&checked, &origin, &active.user, visit)?;
        let client = &checked.known.client;
        let consents = self.context().store.consents();
        let stored = consents.find(active.user.id(), client.id()).await;
        let stored = stored.map_err(AuthorizeError::from)?;
        let decided = if grantable.scope == stage.offered {
            ConsentOffer::new(&grantable.scope, client, stored.as_ref()).decide(ticked.iter().copied())
        } else {
            Err(InvalidConsentForm::Changed)
        };
        let decision = decided.map_err(|cause| FormError::Consent {
            cause,
            restart: Restart::of(&origin.params),
        })?;
        let issued = self.issue(origin, &checked, &active, decision, stored.as_ref(), visit, now);
        Ok(issued.await?)
    }

    /// Stores the consent and a code, and returns the answer to the client.
    // SECURITY: `prompt` and `max_age` are compared here again, and the store compares session and
    // user in the transaction of the code. Tested by `max_age_is_compared_again` in
    // tests/it/authorize_login.rs.
    #[expect(clippy::too_many_arguments, reason = "each is a fact that the code depends on")]
    pub(super) async fn issue(
        &self,
        origin: FlowOrigin,
        checked: &Checked,
        active: &ActiveSession,
        decision: ConsentDecision,
        stored: Option<&Consent>,
        visit: &Visit<'_>,
        now: Timestamp,
    ) -> Result<Step, AuthorizeError> {
        let context = self.context();
        if !checked.is_satisfied_by(&active.session, &origin, now) {
            return self.log_in_first(origin, checked, true, visit, now);
        }
        let expires_at = now + AuthorizationCode::LIFETIME;
        let issued = IssuedCode::generate_until(Day::of(expires_at + AuthorizationCode::KEPT), &*context.entropy)?;
        let authorization = self.authorization(&origin, checked, active, decision.granted.clone(), visit)?;
        let (user, client) = (authorization.user_id.clone(), authorization.client_id.clone());
        let consent = Consent::new(user, client, decision.granted, decision.refused, now);
        let code = AuthorizationCode {
            id: issued.id(),
            authorization,
            redirect_uri: checked.known.sent_redirect_uri.clone(),
            challenge: checked.request.challenge,
            expires_at,
        };
        let entries = self.entries(&consent, stored, &code, visit)?;
        let store = context.audited(&entries);
        match store.codes().allow(&consent, &code, now).await? {
            AllowOutcome::Stored => {
                let answer = AuthorizationAnswer::code(checked.known.target.clone(), issued);
                Ok(Step::Answer(Box::new(answer)))
            }
            AllowOutcome::SessionEnded | AllowOutcome::UserDisabled => {
                self.log_in_first(origin, checked, false, visit, now)
            }
        }
    }

    fn authorization(
        &self,
        origin: &FlowOrigin,
        checked: &Checked,
        active: &ActiveSession,
        scope: Scope,
        visit: &Visit<'_>,
    ) -> Result<Authorization, AuthorizeError> {
        let audiences = self
            .targets(checked, origin)
            .and_then(|targets| Ok(targets.audiences(&scope)?));
        let refuse = |cause| self.refuse(&checked.known, cause, Some(active.user.id()), visit.origin);
        Ok(Authorization {
            user_id: active.user.id().clone(),
            client_id: checked.known.client.id().clone(),
            resources: audiences.map_err(refuse)?,
            scope,
            login: active.session.login.clone(),
            key_thumbprint: None,
            nonce: checked.request.nonce.clone(),
        })
    }

    /// Returns the entries of the audit log for a code, and for a consent that changes.
    fn entries(
        &self,
        consent: &Consent,
        stored: Option<&Consent>,
        code: &AuthorizationCode,
        visit: &Visit<'_>,
    ) -> Result<Vec<AuditEntry>, AuthorizeError> {
        let about = |entry: AuditEntry| {
            let entry = entry.of_user(consent.user_id.clone());
            entry.of_client(consent.client_id.clone())
        };
        let changed = match stored {
            None => Some(AuditEvent::ConsentGranted),
            Some(stored) if stored.widened(consent) != *stored => Some(AuditEvent::ConsentWidened),
            Some(_) => None,
        };
        let context = self.context();
        let mut entries = Vec::new();
        if let Some(event) = changed {
            entries.extend(context.entries(event, visit.origin, about)?);
        }
        let of_code = |entry| about(entry).with_detail(AuditDetail::of_code(&code.id));
        entries.extend(context.entries(AuditEvent::CodeIssued, visit.origin, of_code)?);
        Ok(entries)
    }
}
