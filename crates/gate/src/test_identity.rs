//! The credential that a test of an application presents in place of a token.

use std::any::Any;
use std::sync::Arc;

use scopegate_domain::{
    ClaimNames, Claims, DeclaredScheme, KeepClaimError, ScopeLayout, ScopeToken, Timestamp, TokenClaims, User,
};
use scopegate_policy::{Permit, PresentedCredentials, ResolvedOperation, SchemeId};
use scopegate_token::VerifyError;
use serde_json::{Map, Value, json};

use crate::authorizer::{Authorizer, decide};
use crate::credentials::accepted::{AcceptedCredential, CredentialFacts};
use crate::credentials::scheme_verifiers::Sources;
use crate::refusal::{CredentialError, Refusal};
use scopegate_token::SubjectClaim;

/// The credential that each request of a test presents instead of a token: for
/// [`Gate::with_identity`](crate::Gate::with_identity).
///
/// Every value passes through the same code as in the gate. The subject is what `sub` says in a
/// token: the user's id, or the name ([`Dialect::subject`](crate::Dialect::subject)).
#[derive(Debug, Default)]
#[must_use = "an identity takes effect in the gate that `with_identity` makes"]
pub struct TestIdentity {
    user: Option<Arc<User>>,
    subject: Option<Arc<str>>,
    scopes: Vec<ScopeToken>,
    claims: Map<String, Value>,
    /// The value of the application.
    value: Option<Arc<dyn Any + Send + Sync>>,
    /// The schemes that the test names.
    schemes: Vec<SchemeId>,
    /// Whether a credential without a scheme is presented.
    is_authenticated: bool,
}

impl TestIdentity {
    /// Sets the user. Default: none.
    pub fn as_user(mut self, user: impl Into<Arc<User>>) -> Self {
        self.user = Some(user.into());
        self.authenticated()
    }

    /// Sets the subject, which is `sub` in a token. Default: that of the user. If an operation
    /// needs a user, the gate finds the user of this subject.
    pub fn subject(mut self, subject: impl Into<Arc<str>>) -> Self {
        self.subject = Some(subject.into());
        self.authenticated()
    }

    /// Adds a scheme of which the request presents a credential.
    ///
    /// Subject and scopes belong to the named schemes if one of them has a subject and they
    /// declare the scopes. Otherwise they belong to one more credential.
    pub fn scheme(mut self, scheme: SchemeId) -> Self {
        self.schemes.push(scheme);
        self
    }

    /// Adds a claim, as an access token has it: `acr`, `auth_time`, `aud`, `cnf`.
    ///
    /// Another claim reaches the handler only if the verifier of the scheme keeps it, as in
    /// production ([`BearerTokens::keep_claim`](crate::BearerTokens::keep_claim)). The credential
    /// of a verifier of the application can have any claim.
    pub fn claim(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.claims.insert(name.into(), value.into());
        self.authenticated()
    }

    /// Sets the client that presents the credential: the claim `client_id`. Default: none.
    pub fn client(self, id: impl Into<String>) -> Self {
        self.claim("client_id", id.into())
    }

    /// Sets the value of
    /// [`AuthenticatedCredential::with_value`](crate::AuthenticatedCredential::with_value).
    /// Default: none. Only the credential of a verifier of the application has it.
    pub fn value(mut self, value: impl Any + Send + Sync) -> Self {
        self.value = Some(Arc::new(value));
        self.authenticated()
    }

    /// Adds a scope.
    pub fn scope(mut self, token: ScopeToken) -> Self {
        self.scopes.push(token);
        self.authenticated()
    }

    /// Presents a credential, optionally with a user.
    pub const fn authenticated(mut self) -> Self {
        self.is_authenticated = true;
        self
    }

    /// Decides about the credential like the gate about a verified one.
    pub(crate) async fn authorize(
        &self,
        authorizer: &Authorizer,
        operation: &ResolvedOperation,
        sources: &Sources,
    ) -> Result<Option<Permit>, Refusal> {
        let now = authorizer.clock.now();
        let mut refusal = None;
        for schemes in self.attempts(authorizer, sources) {
            match self.decide(authorizer, operation, sources, schemes, now).await {
                Ok(permit) => return Ok(permit),
                Err(cause) => _ = refusal.get_or_insert(cause),
            }
        }
        match refusal {
            Some(refusal) => Err(refusal),
            None => self.decide(authorizer, operation, sources, Vec::new(), now).await,
        }
    }

    /// Returns the sets of schemes for which credentials are presented, in the order of the
    /// attempts.
    ///
    /// Returns the schemes of the credential, one list for each attempt. Like a real credential, a
    /// credential without a scheme in the test is in one place of a request, and counts only for
    /// the schemes of that place.
    fn attempts(&self, authorizer: &Authorizer, sources: &Sources) -> Vec<Vec<SchemeId>> {
        let asked = sources.scheme_ids();
        let named: Vec<SchemeId> = self.schemes.iter().copied().filter(|id| asked.contains(id)).collect();
        if !self.is_authenticated || self.is_of_the_named(authorizer) {
            return vec![named];
        }
        let mut attempts = Vec::new();
        for mut place in sources.places() {
            place.retain(|id| !named.contains(id) && (!self.has_subject() || has_subject(authorizer, *id)));
            if !place.is_empty() {
                attempts.push(named.iter().copied().chain(place).collect());
            }
        }
        if attempts.is_empty() {
            attempts.push(named);
        }
        attempts
    }

    /// Returns whether subject and scopes belong to a credential of a named scheme, so that no
    /// further one is presented.
    fn is_of_the_named(&self, authorizer: &Authorizer) -> bool {
        let named = || self.schemes.iter().filter_map(|id| scheme(authorizer, *id));
        let declares = |token: &ScopeToken| named().any(|one| one.scopes().iter().any(|scope| scope.token() == token));
        let has_one = !self.schemes.is_empty();
        has_one && (!self.has_subject() || named().any(DeclaredScheme::has_subject)) && self.scopes.iter().all(declares)
    }

    const fn has_subject(&self) -> bool {
        self.user.is_some() || self.subject.is_some()
    }

    async fn decide(
        &self,
        authorizer: &Authorizer,
        operation: &ResolvedOperation,
        sources: &Sources,
        schemes: Vec<SchemeId>,
        now: Timestamp,
    ) -> Result<Option<Permit>, Refusal> {
        let mut accepted = Vec::new();
        for id in &schemes {
            match self.accept(authorizer, sources, *id) {
                Ok(one) => accepted.push(one),
                Err(cause) => return Err(Refusal::Credential(cause, schemes, operation.invalid_credential())),
            }
        }
        if operation.needs_user() {
            self.read_users(authorizer, &mut accepted).await?;
        }
        let mut presented = PresentedCredentials::new(now);
        for one in &accepted {
            presented = one.present(presented, one.token_facts());
        }
        decide(operation, &presented).map_err(|denial| Refusal::Denied(denial, schemes))
    }

    async fn read_users(&self, authorizer: &Authorizer, accepted: &mut [AcceptedCredential]) -> Result<(), Refusal> {
        for one in accepted.iter_mut().filter(|one| one.user_subject().is_some()) {
            one.user = match &self.user {
                Some(user) => Some(Arc::clone(user)),
                None => authorizer.user(self.subject.as_deref()).await?,
            };
        }
        Ok(())
    }

    /// Returns the facts of the credential for one scheme, derived in the same way as from the
    /// claims of a token.
    fn accept(
        &self,
        authorizer: &Authorizer,
        sources: &Sources,
        id: SchemeId,
    ) -> Result<AcceptedCredential, CredentialError> {
        let subject = self
            .subject_by(authorizer.dialect.subject)
            .filter(|_| has_subject(authorizer, id));
        let payload = self.payload(subject.as_deref());
        let of_verifier = sources.entry(id).and_then(|entry| entry.verifier.kept_claims());
        let names = of_verifier.clone().map_or_else(|| self.given_names(), Ok)?;
        let claims = Claims::parse_keeping(payload.as_bytes(), ScopeLayout::Text, &names).map_err(VerifyError::from)?;
        if claims.has_confirmation() {
            return Err(VerifyError::Bound.into());
        }
        let mut kept = TokenClaims::of(&claims, subject.as_deref());
        if of_verifier.is_none() {
            kept = kept.unlimited();
            if let Some(value) = &self.value {
                kept = kept.with_shared_value(Arc::clone(value));
            }
        }
        let token_facts = authorizer.table.claims_facts_for_test(id, claims)?;
        Ok(AcceptedCredential::from_application(CredentialFacts {
            token_facts,
            shadow: None,
            claims: Arc::new(kept),
        }))
    }

    /// Returns the names of the claims that the verifier of an application could add.
    fn given_names(&self) -> Result<ClaimNames, CredentialError> {
        let is_registered =
            |name: &String| ClaimNames::new([name]).is_err_and(|fault| fault.cause == KeepClaimError::Registered);
        let names = ClaimNames::new(self.claims.keys().filter(|name| !is_registered(name)));
        names.map_err(|fault| fault.cause.into())
    }

    /// Returns the `sub` of a token.
    fn subject_by(&self, claim: SubjectClaim) -> Option<Arc<str>> {
        let of_user = |user: &Arc<User>| match claim {
            SubjectClaim::UserId => user.id().as_str().into(),
            SubjectClaim::Username => user.username().as_str().into(),
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

fn scheme(authorizer: &Authorizer, id: SchemeId) -> Option<&DeclaredScheme> {
    authorizer.table.catalog().schemes().get(id.index())
}

fn has_subject(authorizer: &Authorizer, id: SchemeId) -> bool {
    scheme(authorizer, id).is_some_and(DeclaredScheme::has_subject)
}
