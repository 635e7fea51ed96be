//! Logins on a page, and the sessions that they begin.

use scopegate_domain::{
    Acr, AuditDetail, AuditEntry, AuditEvent, AuthenticationMethod, ClientId, Day, Lifetime, LoginContext,
    LoginSession, SessionId, Timestamp, User, UserId,
};
use scopegate_login::{DisabledUserLogin, HashingError, LoginError, LoginRecord, PasswordLogin, RequestOrigin};
use scopegate_store::{BeginOutcome, StoreError};
use scopegate_token::SessionCookie;

use super::answer::AuthorizationAnswer;
use super::endpoint::{AuthorizationEndpoint, Checked};
use super::error::{AuthorizeError, RedirectedCause};
use super::flow::{Flow, FlowOrigin, LoginStage, StartStage};
use super::known_browser::known_browser;
use super::login_cookies::{LoginCookies, STAY_AGE};
use super::step::{FormError, LoggedIn, LoginForm, LoginOutcome, LoginProblem, Visit};
use crate::Unavailable;
use crate::context::GrantContext;
use crate::people::People;

/// The maximum number of sessions of a user. The oldest ends.
const MAX_SESSIONS: u16 = 50;

/// The longest time between two uses of a session: a working day.
const IDLE: Lifetime = Lifetime::from_minutes(12 * 60);

/// The longest age of a session.
const AGE: Lifetime = Lifetime::from_minutes(24 * 60);

impl AuthorizationEndpoint {
    /// Handles the form of the login page.
    ///
    /// # Errors
    ///
    /// [`FormError`] if the form is refused. A failed login is [`LoginOutcome::Again`].
    pub async fn login(&self, form: &LoginForm<'_>, visit: &Visit<'_>) -> Result<LoginOutcome, FormError> {
        let (context, people) = (self.context(), self.people());
        let now = context.clock.now();
        let Flow { origin, .. } = Flow::<LoginStage>::open(form.flow, &people.sealer(), visit.browser, now)?;
        let checked = self.check(&origin.params, visit.origin).await?;
        let client = checked.known.client.id();
        let user = match check_password(context, people, form, client, visit).await {
            Ok(user) => user,
            Err(error) => return self.show_again(error, origin, &checked, form),
        };
        let new = NewSession::of_form(&user, Some(client), form, visit);
        let begun = begin_session(context, &new, visit.origin).await;
        let Some(session) = begun.map_err(AuthorizeError::from)? else {
            return self.show_again(LoginError::Rejected, origin, &checked, form);
        };
        let flow = Flow::new(origin, StartStage).seal(&people.sealer(), now, &*context.entropy);
        Ok(LoginOutcome::LoggedIn(Box::new(LoggedIn {
            cookies: LoginCookies::new(session, form.stay, people, user.id(), visit.browser),
            flow: flow.map_err(AuthorizeError::from)?,
        })))
    }

    /// Ends a flow at the login page: the client receives `access_denied`.
    ///
    /// # Errors
    ///
    /// [`FormError`]: the refused flow, or the error for the client.
    pub async fn cancel(&self, flow: &str, visit: &Visit<'_>) -> Result<AuthorizationAnswer, FormError> {
        let now = self.context().clock.now();
        let Flow { origin, .. } = Flow::<LoginStage>::open(flow, &self.people().sealer(), visit.browser, now)?;
        let checked = self.check(&origin.params, visit.origin).await?;
        match self.refuse(&checked.known, RedirectedCause::AccessDenied, None, visit.origin) {
            AuthorizeError::Redirected(error) => Ok(error.into_answer()),
            error => Err(error.into()),
        }
    }

    fn show_again(
        &self,
        error: LoginError,
        origin: FlowOrigin,
        checked: &Checked,
        form: &LoginForm<'_>,
    ) -> Result<LoginOutcome, FormError> {
        let problem = problem(error).map_err(AuthorizeError::from)?;
        let now = self.context().clock.now();
        let page = self.login_step(origin, checked, form.username.to_owned(), Some(problem), now)?;
        Ok(LoginOutcome::Again(Box::new(page)))
    }
}

/// Checks the name and the password of a form of a login page.
pub(crate) async fn check_password(
    context: &GrantContext,
    people: &People,
    form: &LoginForm<'_>,
    client: &ClientId,
    visit: &Visit<'_>,
) -> Result<User, LoginError> {
    let name = (context.dialect.username)(form.username);
    let browser = known_browser(context, people, name.as_ref(), visit).await?;
    let login = PasswordLogin {
        name: name.as_ref(),
        presented_name: form.username,
        names: context.dialect.names,
        password: form.password,
        client,
        origin: visit.origin,
        disabled: DisabledUserLogin::Deny,
        browser: browser.as_ref(),
        record: LoginRecord::ByCaller,
    };
    Ok(context.passwords.check(login).await?.into_inner())
}

/// Returns the reason that the login page states. Any other error is the server's.
pub(crate) fn problem(error: LoginError) -> Result<LoginProblem, Unavailable> {
    match error {
        LoginError::Rejected => Ok(LoginProblem::Rejected),
        LoginError::Throttled(throttled) => Ok(LoginProblem::Throttled {
            retry_after: throttled.retry_after,
        }),
        LoginError::Hashing(HashingError::Busy { retry_after }) => Ok(LoginProblem::Busy { retry_after }),
        LoginError::Hashing(cause) => Err(Unavailable::Hashing(cause)),
        LoginError::Store(cause) => Err(Unavailable::Store(cause)),
    }
}

/// A session to begin.
pub(crate) struct NewSession<'a> {
    pub(crate) user: &'a User,
    /// The client that the user logs in for.
    pub(crate) client: Option<&'a ClientId>,
    pub(crate) stay: bool,
    pub(crate) user_agent: &'a str,
    /// The session of the browser before.
    pub(crate) replaces: Option<SessionId>,
}

impl<'a> NewSession<'a> {
    /// Returns the session of a login with this form.
    pub(crate) fn of_form(
        user: &'a User,
        client: Option<&'a ClientId>,
        form: &LoginForm<'_>,
        visit: &Visit<'a>,
    ) -> Self {
        Self {
            user,
            client,
            stay: form.stay,
            user_agent: visit.user_agent,
            replaces: visit.session.map(SessionCookie::id),
        }
    }
}

/// Begins a session with a new id. `None`: the user is disabled.
// SECURITY: each login has a new id, so the old one opens nothing. Tested by
// `each_login_has_a_new_session` in tests/it/authorize_login.rs.
pub(crate) async fn begin_session(
    context: &GrantContext,
    new: &NewSession<'_>,
    origin: &RequestOrigin,
) -> Result<Option<SessionCookie>, StoreError> {
    let now = context.clock.now();
    let (age, idle) = if new.stay { (STAY_AGE, STAY_AGE) } else { (AGE, IDLE) };
    let cookie = SessionCookie::generate_until(Day::of(now + age), &*context.entropy);
    let cookie = cookie.map_err(StoreError::unavailable)?;
    let session = session_of(new, &cookie, now, age, idle);
    let about = |entry: AuditEntry| {
        let entry = entry.of_user(new.user.id().clone());
        let entry = new.client.cloned().into_iter().fold(entry, AuditEntry::of_client);
        entry.with_detail(AuditDetail::of_session(session.id()))
    };
    let entries = context.entries(AuditEvent::LoginSucceeded, origin, about);
    let store = context.audited(&entries.map_err(StoreError::unavailable)?);
    let begun = store
        .sessions()
        .begin(&session, new.replaces.as_ref(), MAX_SESSIONS, context.change_time(now));
    match begun.await? {
        BeginOutcome::UserDisabled => Ok(None),
        BeginOutcome::Begun(ended) => {
            for session in &ended {
                record_end(context, &session.id, &session.user_id, origin);
            }
            if new.replaces.is_some() || !ended.is_empty() {
                context.apply_revocations().await;
            }
            Ok(Some(cookie))
        }
    }
}

fn session_of(
    new: &NewSession<'_>,
    cookie: &SessionCookie,
    now: Timestamp,
    age: Lifetime,
    idle: Lifetime,
) -> LoginSession {
    LoginSession {
        user_id: new.user.id().clone(),
        login: LoginContext {
            session: cookie.id(),
            at: now,
            acr: Acr::password(),
            amr: vec![AuthenticationMethod::Password],
        },
        seen_at: now,
        ends_at: now + age,
        idle,
        user_agent: LoginSession::user_agent_of(new.user_agent),
    }
}

/// Records a session that ended because the user has too many.
fn record_end(context: &GrantContext, id: &SessionId, user: &UserId, origin: &RequestOrigin) {
    context.audit.record(AuditEvent::SessionEnded, origin, |entry| {
        entry.of_user(user.clone()).with_detail(AuditDetail::of_session(id))
    });
}
