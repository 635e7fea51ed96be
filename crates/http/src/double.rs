//! The credential that a test of an application presents in place of a token.

use std::sync::Arc;

use scopegate_domain::{Claims, DeclaredScheme, ScopeLayout, ScopeToken, Timestamp, User};
use scopegate_policy::{Permit, Presented, ResolvedOperation, SchemeId};
use scopegate_token::VerifyError;
use serde_json::{Map, Value, json};

use crate::Profile;
use crate::accepted::{Accepted, Brought};
use crate::admission::{Admission, decide};
use crate::refusal::{Refusal, Unaccepted};
use crate::sources::Sources;

/// The credential that is presented in place of a token.
#[derive(Debug, Default)]
pub(crate) struct Double {
    pub(crate) user: Option<Arc<User>>,
    pub(crate) subject: Option<Arc<str>>,
    pub(crate) scopes: Vec<ScopeToken>,
    pub(crate) claims: Map<String, Value>,
    /// The schemes that the test names.
    pub(crate) schemes: Vec<SchemeId>,
    /// Whether a credential is presented whose scheme the test leaves open.
    pub(crate) is_authenticated: bool,
}

impl Double {
    /// Decides about the credential as the gate decides about one that was verified.
    pub(crate) async fn admit(
        &self,
        admission: &Admission,
        operation: &ResolvedOperation,
        sources: &Sources,
    ) -> Result<Option<Permit>, Refusal> {
        let now = admission.clock.now();
        let mut refusal = None;
        for schemes in self.attempts(admission, sources) {
            match self.decide(admission, operation, schemes, now).await {
                Ok(permit) => return Ok(permit),
                Err(cause) => _ = refusal.get_or_insert(cause),
            }
        }
        match refusal {
            Some(refusal) => Err(refusal),
            None => self.decide(admission, operation, Vec::new(), now).await,
        }
    }

    /// Returns the sets of schemes for which credentials are presented, in the order of the
    /// attempts.
    ///
    /// A credential without a scheme in the test is in one place of a request, as a real one is. It
    /// counts only for the schemes of that place.
    fn attempts(&self, admission: &Admission, sources: &Sources) -> Vec<Vec<SchemeId>> {
        let asked = sources.scheme_ids();
        let named: Vec<SchemeId> = self.schemes.iter().copied().filter(|id| asked.contains(id)).collect();
        if !self.is_authenticated || self.is_of_the_named(admission) {
            return vec![named];
        }
        let mut attempts = Vec::new();
        for mut place in sources.places() {
            place.retain(|id| !named.contains(id) && (!self.has_subject() || has_subject(admission, *id)));
            if !place.is_empty() {
                attempts.push(named.iter().copied().chain(place).collect());
            }
        }
        if attempts.is_empty() {
            attempts.push(named);
        }
        attempts
    }

    /// Returns whether subject and scopes are those of a credential of a named scheme, so that no
    /// further one is presented.
    fn is_of_the_named(&self, admission: &Admission) -> bool {
        let named = || self.schemes.iter().filter_map(|id| scheme(admission, *id));
        let declares = |token: &ScopeToken| named().any(|one| one.scopes().iter().any(|scope| scope.token() == token));
        let has_one = !self.schemes.is_empty();
        has_one && (!self.has_subject() || named().any(DeclaredScheme::has_subject)) && self.scopes.iter().all(declares)
    }

    const fn has_subject(&self) -> bool {
        self.user.is_some() || self.subject.is_some()
    }

    async fn decide(
        &self,
        admission: &Admission,
        operation: &ResolvedOperation,
        schemes: Vec<SchemeId>,
        now: Timestamp,
    ) -> Result<Option<Permit>, Refusal> {
        let mut accepted = Vec::new();
        for id in &schemes {
            match self.accept(admission, *id) {
                Ok(one) => accepted.push(one),
                Err(cause) => return Err(Refusal::Credential(cause, schemes, operation.invalid_credential())),
            }
        }
        if operation.needs_user() {
            self.read_users(admission, &mut accepted).await?;
        }
        let mut presented = Presented::new(now);
        for one in &accepted {
            presented = one.present(presented, one.world());
        }
        decide(operation, &presented).map_err(|denial| Refusal::Denied(denial, schemes))
    }

    async fn read_users(&self, admission: &Admission, accepted: &mut [Accepted]) -> Result<(), Refusal> {
        for one in accepted.iter_mut().filter(|one| one.subject().is_some()) {
            one.user = match &self.user {
                Some(user) => Some(Arc::clone(user)),
                None => admission.user(self.subject.as_deref()).await?,
            };
        }
        Ok(())
    }

    /// What the credential provides for one scheme, found as for the claims of a token.
    fn accept(&self, admission: &Admission, id: SchemeId) -> Result<Accepted, Unaccepted> {
        let subject = self
            .subject_by(admission.profile)
            .filter(|_| has_subject(admission, id));
        let payload = self.payload(subject.as_deref());
        let claims = Claims::parse(payload.as_bytes(), ScopeLayout::Text).map_err(VerifyError::from)?;
        if claims.has_confirmation() {
            return Err(VerifyError::Bound.into());
        }
        let world = admission.table.claims_world_for_test(id, claims)?;
        Ok(Accepted::by_the_application(Brought {
            world,
            beside: None,
            subject,
        }))
    }

    /// What `sub` is in a token of this profile.
    fn subject_by(&self, profile: Profile) -> Option<Arc<str>> {
        let of_user = |user: &Arc<User>| match profile {
            Profile::Rfc => user.id().as_str().into(),
            Profile::Tutorial => user.username().as_str().into(),
        };
        self.subject.clone().or_else(|| self.user.as_ref().map(of_user))
    }

    fn payload(&self, subject: Option<&str>) -> String {
        let mut claims = self.claims.clone();
        let scopes: Vec<&str> = self.scopes.iter().map(ScopeToken::as_str).collect();
        claims.insert("scope".to_owned(), json!(scopes.join(" ")));
        if let Some(subject) = subject {
            claims.insert("sub".to_owned(), json!(subject));
        }
        Value::Object(claims).to_string()
    }
}

fn scheme(admission: &Admission, id: SchemeId) -> Option<&DeclaredScheme> {
    admission.table.catalog().schemes().get(id.index())
}

fn has_subject(admission: &Admission, id: SchemeId) -> bool {
    scheme(admission, id).is_some_and(DeclaredScheme::has_subject)
}
