//! The login for the account page, which no client requested.

use scopegate_domain::ClientId;
use scopegate_store::StoreError;
use scopegate_token::{SealError, SessionCookie};

use super::{ACCOUNT_PAGE, AccountError, UserAccounts};
use crate::authorize::{
    AccountStage, Flow, FlowOrigin, LoginCookies, NewSession, begin_session, check_password, problem,
};
use crate::{FlowRefusal, LoginForm, LoginProblem, Params, Unavailable, Visit};

impl UserAccounts {
    /// Returns the value of the field `flow` for the login page of the account.
    ///
    /// # Errors
    ///
    /// [`AccountError::Unavailable`] if no random bytes are available.
    pub fn login_flow(&self, visit: &Visit<'_>) -> Result<String, AccountError> {
        let context = self.context();
        let now = context.clock.now();
        let session = visit.session.map(SessionCookie::id);
        let origin = FlowOrigin::begin(&Params::default(), Some(visit.browser), session, now);
        let flow = Flow::new(origin, AccountStage);
        match flow.seal(&self.people.sealer(), now, &*context.entropy) {
            Ok(text) => Ok(text),
            Err(SealError::RandomSource(cause)) => Err(AccountError::Unavailable(Unavailable::RandomSource(cause))),
            Err(cause) => Err(StoreError::unavailable(cause).into()),
        }
    }

    /// Handles the form of that page.
    ///
    /// # Errors
    ///
    /// [`AccountLoginError`] if the form is refused. A failed login is
    /// [`AccountLogin::Again`].
    pub async fn log_in(&self, form: &LoginForm<'_>, visit: &Visit<'_>) -> Result<AccountLogin, AccountLoginError> {
        let (context, people) = (self.context(), &self.people);
        let now = context.clock.now();
        Flow::<AccountStage>::open(form.flow, &people.sealer(), visit.browser, now)?;
        context.expect_news().map_err(AccountError::from)?;
        let page = ClientId::parse(ACCOUNT_PAGE).map_err(|cause| AccountError::from(StoreError::unavailable(cause)))?;
        let user = match check_password(context, people, form, &page, visit).await {
            Ok(user) => user,
            Err(error) => return Ok(AccountLogin::Again(problem(error).map_err(AccountError::from)?)),
        };
        let new = NewSession::of_form(&user, None, form, visit);
        let begun = begin_session(context, &new, visit.origin).await;
        Ok(match begun.map_err(AccountError::from)? {
            None => AccountLogin::Again(LoginProblem::Rejected),
            Some(session) => AccountLogin::LoggedIn(Box::new(LoginCookies::new(
                session,
                form.stay,
                people,
                user.id(),
                visit.browser,
            ))),
        })
    }
}

/// The outcome of a login for the account page.
#[derive(Debug)]
#[expect(clippy::exhaustive_enums, reason = "a login succeeds or fails")]
pub enum AccountLogin {
    /// The user has a session.
    LoggedIn(Box<LoginCookies>),
    /// The page is shown again.
    Again(LoginProblem),
}

/// The reason why a login form of the account page has no effect.
#[derive(Debug, thiserror::Error)]
#[expect(clippy::exhaustive_enums, reason = "a page states each reason")]
pub enum AccountLoginError {
    /// The server cannot log in users at present.
    #[error(transparent)]
    Account(#[from] AccountError),
    /// The form is refused.
    #[error(transparent)]
    Flow(#[from] FlowRefusal),
}
