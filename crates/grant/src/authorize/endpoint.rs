//! The authorization endpoint: from a request to its next page or answer.

use std::sync::Arc;

use scopegate_domain::{
    AuditDetail, AuditEntry, AuditEvent, Client, GrantType, LoginSession, RedirectUri, Scope, Timestamp, User, UserId,
};
use scopegate_login::RequestOrigin;
use scopegate_store::StoreError;
use scopegate_token::SessionCookie;

use super::consent::{ConsentNeed, ConsentReason, Grantable, consent_need, grantable};
use super::error::{AuthorizeError, RedirectedCause};
use super::flow::{ConsentStage, Flow, FlowOrigin, FlowRefusal, LoginStage, Restart, StartStage};
use super::request::{AuthorizationRequest, Identified, KnownClient};
use super::step::{ConsentStep, FormError, LoginProblem, LoginStep, RefreshPolicy, Step, Visit};
use crate::context::GrantContext;
use crate::people::People;
use crate::targets::{Current, RequestTargets};
use crate::{AuthorizationServer, Params};

/// Logs in users and issues authorization codes: the authorization endpoint without HTTP.
///
/// [`AuthorizationServer::authorization_endpoint`] returns it, if the code grant is enabled. It is
/// cheap to clone. A visitor who is not logged in changes nothing in the store.
#[derive(Clone, Debug)]
pub struct AuthorizationEndpoint {
    server: AuthorizationServer,
    people: Arc<People>,
}

/// A request whose client and parameters are checked.
pub(super) struct Checked {
    pub(super) known: KnownClient,
    pub(super) request: AuthorizationRequest,
    current: Arc<Current>,
}

/// An active session with its user.
pub(super) struct ActiveSession {
    pub(super) session: LoginSession,
    pub(super) user: User,
}

impl AuthorizationServer {
    /// Returns the authorization endpoint. `None`: the code grant is not enabled.
    #[must_use]
    pub fn authorization_endpoint(&self) -> Option<AuthorizationEndpoint> {
        let people = self.context().people.clone()?;
        Some(AuthorizationEndpoint {
            server: self.clone(),
            people,
        })
    }
}

impl AuthorizationEndpoint {
    pub(super) fn context(&self) -> &GrantContext {
        self.server.context()
    }

    pub(super) fn people(&self) -> &People {
        &self.people
    }

    /// Handles an authorization request. `params` are those of the query or the form; invalid UTF-8
    /// in them is replaced by U+FFFD, so that it is refused.
    ///
    /// # Errors
    ///
    /// [`AuthorizeError`] if the request gets no code.
    pub async fn authorize(&self, params: &Params, visit: &Visit<'_>) -> Result<Step, AuthorizeError> {
        let now = self.context().clock.now();
        let checked = self.check(params, visit.origin).await?;
        let first_session = visit.session.map(SessionCookie::id);
        let origin = FlowOrigin::begin(params, Some(visit.browser), first_session, now);
        self.proceed(origin, &checked, visit, now).await
    }

    /// Seals a request that another site posted, so that its browser sent no cookies. The browser
    /// continues at the authorization endpoint with the result as the parameter `flow`:
    /// [`AuthorizationEndpoint::resume`].
    ///
    /// # Errors
    ///
    /// [`AuthorizeError`] if the request gets no code.
    pub async fn carry(&self, params: &Params, origin: &RequestOrigin) -> Result<String, AuthorizeError> {
        let now = self.context().clock.now();
        self.check(params, origin).await?;
        let flow = Flow::new(FlowOrigin::begin(params, None, None, now), StartStage);
        Ok(flow.seal(&self.people.sealer(), now, &*self.context().entropy)?)
    }

    /// Continues a flow after a login, or one of [`AuthorizationEndpoint::carry`].
    ///
    /// # Errors
    ///
    /// [`FormError`] if the flow is refused, or the request gets no code.
    pub async fn resume(&self, flow: &str, visit: &Visit<'_>) -> Result<Step, FormError> {
        let now = self.context().clock.now();
        let Flow { origin, .. } = Flow::<StartStage>::open(flow, &self.people.sealer(), visit.browser, now)?;
        if !origin.is_bound() {
            return Ok(self.authorize(&origin.params, visit).await?);
        }
        let checked = self.check(&origin.params, visit.origin).await?;
        Ok(self.proceed(origin, &checked, visit, now).await?)
    }

    /// Returns the registered redirect URIs of the client of a request; none if it is unknown. A
    /// page for developers compares them with the URI that was sent.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn registered_uris(&self, params: &Params) -> Result<Vec<RedirectUri>, StoreError> {
        let client = self.context().named_client(params.text("client_id")).await?;
        Ok(client.map_or_else(Vec::new, |client| client.redirect_uris().to_vec()))
    }

    /// Checks client, redirect URI and parameters, in this order.
    pub(super) async fn check(&self, params: &Params, origin: &RequestOrigin) -> Result<Checked, AuthorizeError> {
        let context = self.context();
        let identified = Identified::read(params)?;
        context.expect_news()?;
        let client = match &context.clients {
            Some(cache) => cache.find(&identified.client_id).await?,
            None => context.store.clients().find(&identified.client_id).await?,
        };
        let known = KnownClient::new(client, &identified, params, &self.people.issuer)?;
        let current = context.targets.current();
        let parsed = AuthorizationRequest::parse(&known.client, params).and_then(|request| {
            let own = context.signer.rules().audience();
            let targets = RequestTargets::parse(&current, own, known.client.resources(), params)?;
            request.within(&known.client, &targets)
        });
        match parsed {
            Ok(request) => Ok(Checked {
                known,
                request,
                current,
            }),
            Err(cause) => Err(self.refuse(&known, cause, None, origin)),
        }
    }

    /// Returns and records an error that the client receives.
    pub(super) fn refuse(
        &self,
        known: &KnownClient,
        cause: RedirectedCause,
        user: Option<&UserId>,
        origin: &RequestOrigin,
    ) -> AuthorizeError {
        self.context().audit.record(AuditEvent::CodeRefused, origin, |entry| {
            let entry = entry.of_client(known.client.id().clone());
            let entry = user.cloned().into_iter().fold(entry, AuditEntry::of_user);
            entry.with_detail(AuditDetail::Error(cause.code()))
        });
        known.refuse(cause)
    }

    /// Returns the session of the browser, and records its use.
    pub(super) async fn session(
        &self,
        visit: &Visit<'_>,
        now: Timestamp,
    ) -> Result<Option<ActiveSession>, AuthorizeError> {
        let Some(id) = visit.session.map(SessionCookie::id) else {
            return Ok(None);
        };
        let found = self.context().use_session(&id, now).await?;
        Ok(found.map(|(session, user)| ActiveSession { session, user }))
    }

    /// Shows the next page, or issues the code.
    pub(super) async fn proceed(
        &self,
        origin: FlowOrigin,
        checked: &Checked,
        visit: &Visit<'_>,
        now: Timestamp,
    ) -> Result<Step, AuthorizeError> {
        let session = self.session(visit, now).await?;
        let has_session = session.is_some();
        let session = session.filter(|active| checked.is_satisfied_by(&active.session, &origin, now));
        let Some(active) = session else {
            return self.log_in_first(origin, checked, has_session, visit, now);
        };
        let grantable = self.grantable(checked, &origin, &active.user, visit)?;
        let consents = self.context().store.consents();
        let client = &checked.known.client;
        let stored = consents.find(active.user.id(), client.id()).await?;
        let kind = checked.known.target.redirect_uri.kind();
        let prompt = checked.request.prompt;
        match consent_need(&grantable.scope, client, kind, prompt, stored.as_ref()) {
            ConsentNeed::Decided(decision) => {
                self.issue(origin, checked, &active, decision, stored.as_ref(), visit, now)
                    .await
            }
            ConsentNeed::Page(offer) if prompt.none => {
                let is_new = offer.reason == ConsentReason::New || offer.granted_before != offer.scope;
                let cause = if is_new {
                    RedirectedCause::ConsentRequired
                } else {
                    RedirectedCause::InteractionRequired
                };
                Err(self.refuse(&checked.known, cause, Some(active.user.id()), visit.origin))
            }
            ConsentNeed::Page(offer) => {
                let stage = ConsentStage {
                    session: *active.session.id(),
                    offered: offer.scope.clone(),
                };
                let flow = Flow::new(origin, stage);
                let flow = flow.seal(&self.people.sealer(), now, &*self.context().entropy)?;
                Ok(Step::Consent(Box::new(ConsentStep {
                    flow,
                    redirect_uri: checked.known.target.redirect_uri.clone(),
                    user: active.user,
                    access_lifetime: self.context().lifetime,
                    refresh: refresh_policy(client, &offer.scope),
                    client: client.clone(),
                    offer,
                    audiences: grantable.audiences,
                })))
            }
        }
    }

    /// Returns the login page, or the error if the client forbids it. `is_repeated`: the user is
    /// logged in, and the request requires another login.
    pub(super) fn log_in_first(
        &self,
        origin: FlowOrigin,
        checked: &Checked,
        is_repeated: bool,
        visit: &Visit<'_>,
        now: Timestamp,
    ) -> Result<Step, AuthorizeError> {
        if checked.request.prompt.none {
            return Err(self.refuse(&checked.known, RedirectedCause::LoginRequired, None, visit.origin));
        }
        let name = checked.request.login_hint.clone().unwrap_or_default();
        let page = self.login_step(origin, checked, name, None, now)?;
        Ok(Step::Login(Box::new(LoginStep { is_repeated, ..page })))
    }

    pub(super) fn login_step(
        &self,
        origin: FlowOrigin,
        checked: &Checked,
        username: String,
        problem: Option<LoginProblem>,
        now: Timestamp,
    ) -> Result<LoginStep, AuthorizeError> {
        let flow = Flow::new(origin, LoginStage);
        Ok(LoginStep {
            flow: flow.seal(&self.people.sealer(), now, &*self.context().entropy)?,
            client: checked.known.client.clone(),
            redirect_uri: checked.known.target.redirect_uri.clone(),
            is_repeated: false,
            username,
            problem,
        })
    }

    /// Returns the scope that this user can grant.
    pub(super) fn grantable(
        &self,
        checked: &Checked,
        origin: &FlowOrigin,
        user: &User,
        visit: &Visit<'_>,
    ) -> Result<Grantable, AuthorizeError> {
        let client = &checked.known.client;
        let found = self.targets(checked, origin).and_then(|targets| {
            let found = grantable(&checked.request.scope, &targets, client.scope(), user.scope());
            found.map_err(RedirectedCause::from)
        });
        found.map_err(|cause| self.refuse(&checked.known, cause, Some(user.id()), visit.origin))
    }

    /// Reads the requested resources again.
    pub(super) fn targets<'c>(
        &self,
        checked: &'c Checked,
        origin: &FlowOrigin,
    ) -> Result<RequestTargets<'c>, RedirectedCause> {
        let own = self.context().signer.rules().audience();
        let of_client = checked.known.client.resources();
        Ok(RequestTargets::parse(&checked.current, own, of_client, &origin.params)?)
    }
}

impl Checked {
    /// Whether a session meets `prompt` and `max_age` of the request. It is checked before each
    /// page and again when the code is issued.
    // SECURITY: a login that the client requires happened in this flow or later, and in another
    // session than the one before it. Tested by `prompt_login_needs_a_later_login` in
    // tests/it/authorize_login.rs.
    pub(super) fn is_satisfied_by(&self, session: &LoginSession, origin: &FlowOrigin, now: Timestamp) -> bool {
        let max_age = self.request.max_age.filter(|age| age.as_seconds() > 0);
        let must_log_in = self.request.prompt.login || self.request.max_age != max_age;
        let is_later = session.login.at >= origin.started_at && Some(*session.id()) != origin.first_session;
        (!must_log_in || is_later) && max_age.is_none_or(|age| now <= session.login.at + age)
    }
}

/// Returns how long the client can refresh its tokens.
pub(super) fn refresh_policy(client: &Client, scope: &Scope) -> Option<RefreshPolicy> {
    client
        .may_use(GrantType::RefreshToken)
        .then(|| RefreshPolicy::of(client, scope))
}

/// Returns the refusal of a form whose session has ended.
pub(super) fn session_has_changed(origin: &FlowOrigin) -> FormError {
    FlowRefusal::OtherSession(Restart::of(&origin.params)).into()
}
