//! What users see and change themselves: sessions, applications and the password.

mod applications;
mod login;
mod logout;

use std::sync::Arc;

use scopegate_domain::{
    AuditDetail, AuditEntry, AuditEvent, ClientId, Day, EndReason, LoginSession, Revoked, Secret, SessionId, User,
    UserId,
};
use scopegate_login::{DisabledUserLogin, LoginError, LoginRecord, NameMatch, PasswordLogin, RequestOrigin};
use scopegate_store::{DisableAndRevoke, EndSessions, StoreError};
use scopegate_token::{BrowserCookie, SessionCookie};

pub use self::login::{AccountLogin, AccountLoginError};
pub use self::logout::{Logout, LogoutRequest, LogoutReturn};
use crate::authorize::{LoginCookies, NewSession, STAY_AGE, begin_session, hexadecimal, problem, tag};
use crate::context::GrantContext;
use crate::people::People;
use crate::{AuthorizationServer, LoginProblem, Unavailable};

/// The accounts of users, for pages on which a logged-in user changes what is granted.
///
/// [`AuthorizationServer::user_accounts`] returns it, if the code grant is enabled. Each method
/// takes the session of the request, and changes only what belongs to its user.
#[derive(Clone, Debug)]
pub struct UserAccounts {
    server: AuthorizationServer,
    people: Arc<People>,
}

/// An active session with its user: the proof that a request comes from the user.
#[derive(Clone, Debug)]
pub struct AccountSession {
    session: LoginSession,
    user: User,
}

impl AccountSession {
    /// Returns the session.
    #[must_use]
    pub const fn session(&self) -> &LoginSession {
        &self.session
    }

    /// Returns the user.
    #[must_use]
    pub const fn user(&self) -> &User {
        &self.user
    }

    /// Whether the user chose to stay logged in.
    #[must_use]
    pub fn stays(&self) -> bool {
        self.session.idle == STAY_AGE
    }
}

/// The reason why an operation of a user failed.
#[derive(Debug, thiserror::Error)]
#[expect(clippy::exhaustive_enums, reason = "a page states each reason")]
pub enum AccountError {
    /// The old password is wrong, or cannot be checked now.
    #[error("the old password was not accepted")]
    Password(LoginProblem),
    /// The new password has fewer characters than this number.
    #[error("the new password is too short: at least {0} characters")]
    PasswordTooShort(usize),
    /// The session has ended.
    #[error("the session has ended")]
    SessionEnded,
    /// A component that the server needs did not answer.
    #[error("the server cannot answer at present")]
    Unavailable(#[source] Unavailable),
    /// The store did not answer, or returned invalid data.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<Unavailable> for AccountError {
    fn from(cause: Unavailable) -> Self {
        match cause {
            Unavailable::Store(cause) => Self::Store(cause),
            cause => Self::Unavailable(cause),
        }
    }
}

impl AuthorizationServer {
    /// Returns the accounts of users. `None`: the code grant is not enabled.
    #[must_use]
    pub fn user_accounts(&self) -> Option<UserAccounts> {
        let people = self.context().people.clone()?;
        Some(UserAccounts {
            server: self.clone(),
            people,
        })
    }
}

impl UserAccounts {
    fn context(&self) -> &GrantContext {
        self.server.context()
    }

    /// Returns the session of a cookie with its user, and records its use.
    ///
    /// # Errors
    ///
    /// [`StoreError`], also while revocations may be unknown.
    pub async fn find(&self, cookie: &SessionCookie) -> Result<Option<AccountSession>, StoreError> {
        let context = self.context();
        context.expect_news()?;
        let found = context.use_session(&cookie.id(), context.clock.now()).await?;
        Ok(found.map(|(session, user)| AccountSession { session, user }))
    }

    /// Returns the sessions of the user, the latest login first, at most `limit`.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn sessions(&self, account: &AccountSession, limit: u16) -> Result<Vec<LoginSession>, StoreError> {
        let now = self.context().clock.now();
        self.context()
            .store
            .sessions()
            .of_user(account.user.id(), now, limit)
            .await
    }

    /// Ends one session of the user. Returns `false` if the user has no such session.
    ///
    /// # Errors
    ///
    /// [`StoreError`], and nothing has changed.
    pub async fn end_session(
        &self,
        account: &AccountSession,
        id: &SessionId,
        origin: &RequestOrigin,
    ) -> Result<bool, StoreError> {
        // SECURITY: a user ends no session of another one. Tested by
        // `user_ends_own_sessions_only` in tests/it/account.rs.
        let found = self
            .context()
            .store
            .sessions()
            .find(id, self.context().clock.now())
            .await?;
        if found.is_none_or(|(session, _)| session.user_id != *account.user.id()) {
            return Ok(false);
        }
        Ok(self
            .end(EndSessions::One(id), account.user.id(), Some(id), origin)
            .await?
            > 0)
    }

    /// Ends all sessions of the user except this one. Returns their number.
    ///
    /// # Errors
    ///
    /// [`StoreError`], and nothing has changed.
    pub async fn end_other_sessions(
        &self,
        account: &AccountSession,
        origin: &RequestOrigin,
    ) -> Result<usize, StoreError> {
        let which = EndSessions::AllExcept(account.user.id(), account.session.id());
        self.end(which, account.user.id(), None, origin).await
    }

    /// Withdraws the consent for a client, with all its tokens. Returns `false` if there is none.
    ///
    /// # Errors
    ///
    /// [`StoreError`], and nothing has changed.
    pub async fn withdraw(
        &self,
        account: &AccountSession,
        client: &ClientId,
        origin: &RequestOrigin,
    ) -> Result<bool, StoreError> {
        let context = self.context();
        let about = |entry: AuditEntry| {
            let entry = entry.of_user(account.user.id().clone()).of_client(client.clone());
            entry.with_detail(AuditDetail::Ended(EndReason::Withdrawn))
        };
        let entries = context.entries(AuditEvent::ConsentWithdrawn, origin, about);
        let entries = entries.map_err(StoreError::unavailable)?;
        let time = context.change_time(context.clock.now());
        let store = context.audited(&entries);
        let is_withdrawn = store.consents().withdraw(&account.user, client, time).await?;
        if is_withdrawn {
            context.apply_revocations().await;
        }
        Ok(is_withdrawn)
    }

    /// Changes the password of the user. All sessions, codes and tokens of the user end, and the
    /// browser gets a new session with the returned cookies. `stay` is that of the login page.
    ///
    /// # Errors
    ///
    /// [`AccountError`], and nothing has changed. An attempt with a wrong old password counts like
    /// a failed login.
    pub async fn change_password(
        &self,
        account: &AccountSession,
        change: &PasswordChange<'_>,
        origin: &RequestOrigin,
    ) -> Result<LoginCookies, AccountError> {
        let context = self.context();
        let user = &account.user;
        self.check_old(account, change, origin).await?;
        let least = self.people.password_min_length;
        if change.new.expose().chars().count() < least {
            return Err(AccountError::PasswordTooShort(least));
        }
        let hash = context.passwords.hash(change.new).await.map_err(refused)?;
        let about = |entry: AuditEntry| entry.of_user(user.id().clone());
        let entries = context.entries(AuditEvent::PasswordChanged, origin, about);
        let entries = entries.map_err(StoreError::unavailable)?;
        let time = context.change_time(context.clock.now());
        let whose = Revoked::User {
            id: user.id().clone(),
            username: user.username().clone(),
        };
        let revocation = time.revocation(whose);
        let set = DisableAndRevoke::SetPasswordHash(user.id(), Some(&hash));
        let is_set = context.audited(&entries).news().withdraw(set, &revocation).await?;
        context.apply_revocations().await;
        let new = NewSession {
            user,
            client: None,
            stay: change.stay,
            user_agent: change.user_agent,
            replaces: None,
        };
        let begun = begin_session(context, &new, origin).await?.filter(|_| is_set);
        let session = begun.ok_or(AccountError::SessionEnded)?;
        Ok(LoginCookies::new(
            session,
            change.stay,
            &self.people,
            user.id(),
            change.browser,
        ))
    }

    async fn check_old(
        &self,
        account: &AccountSession,
        change: &PasswordChange<'_>,
        origin: &RequestOrigin,
    ) -> Result<(), AccountError> {
        let user = &account.user;
        let own = ClientId::parse(ACCOUNT_PAGE).map_err(StoreError::unavailable)?;
        // SECURITY: the session proves an earlier login, and only another login replaces it. The
        // cookie of the browser is chosen by the browser. Tested by
        // `password_change_is_throttled` in tests/it/account.rs.
        let digest = account.session.id().digest();
        let login = PasswordLogin {
            name: Some(user.username()),
            presented_name: user.username().as_str(),
            names: NameMatch::Exact,
            password: change.old,
            client: &own,
            origin,
            disabled: DisabledUserLogin::Deny,
            browser: Some(digest),
            record: LoginRecord::ByCaller,
        };
        let checked = self.context().passwords.check(login).await.map_err(refused)?;
        if checked.id() == user.id() {
            Ok(())
        } else {
            Err(AccountError::SessionEnded)
        }
    }

    /// Returns the token of a form on the account pages. It is valid in this session, for this
    /// form, on this day and the next one.
    #[must_use]
    pub fn form_token(&self, account: &AccountSession, form: &str) -> String {
        let day = Day::of(self.context().clock.now());
        let parts: [&[u8]; 2] = [&account.session.id().to_bytes(), form.as_bytes()];
        hexadecimal(&self.people.rings().form.tag(Some(day), &parts))
    }

    /// Whether a token is one of [`UserAccounts::form_token`] for this session and form.
    // SECURITY: tested by `form_token_is_bound_to_session_form_and_day` in tests/it/account.rs.
    #[must_use]
    pub fn accepts_form(&self, account: &AccountSession, form: &str, token: &str) -> bool {
        let today = Day::of(self.context().clock.now());
        let days = [today, Day::from_number(today.number().saturating_sub(1))];
        let parts: [&[u8]; 2] = [&account.session.id().to_bytes(), form.as_bytes()];
        let Some(presented) = tag(token) else { return false };
        let rings = self.people.rings();
        days.iter()
            .any(|day| rings.form.verifies(Some(*day), &parts, &presented))
    }

    /// Ends sessions, and returns their number.
    async fn end(
        &self,
        which: EndSessions<'_>,
        user: &UserId,
        id: Option<&SessionId>,
        origin: &RequestOrigin,
    ) -> Result<usize, StoreError> {
        let context = self.context();
        let about = |entry: AuditEntry| {
            let entry = entry.of_user(user.clone());
            let detail = id.map(AuditDetail::of_session);
            detail.into_iter().fold(entry, AuditEntry::with_detail)
        };
        let entries = context.entries(AuditEvent::SessionEnded, origin, about);
        let entries = entries.map_err(StoreError::unavailable)?;
        let time = context.change_time(context.clock.now());
        let ended = context.audited(&entries).sessions().end(which, time).await?;
        if !ended.is_empty() {
            context.apply_revocations().await;
        }
        Ok(ended.len())
    }
}

/// The name of the account page in the log of failed logins.
const ACCOUNT_PAGE: &str = "account";

fn refused(error: LoginError) -> AccountError {
    problem(error).map_or_else(AccountError::from, AccountError::Password)
}

/// A change of a password.
#[derive(Clone, Copy, Debug)]
#[expect(clippy::exhaustive_structs, reason = "a caller must state each field")]
pub struct PasswordChange<'a> {
    /// The old password.
    pub old: &'a Secret<String>,
    /// The new password, which the caller has checked against its rules.
    pub new: &'a Secret<String>,
    /// Whether the new session lasts for 30 days.
    pub stay: bool,
    /// The cookie of the browser.
    pub browser: &'a BrowserCookie,
    /// The header `user-agent`.
    pub user_agent: &'a str,
}
