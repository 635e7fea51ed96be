//! The forms of the account page.

use bytes::Bytes;
use http::header::RETRY_AFTER;
use http::{Response, StatusCode};
use scopegate_domain::{ClientId, Secret};
use scopegate_gate::SiteRequest;
use scopegate_grant::{
    AccountError, AccountLogin, AccountLoginError, AccountSession, LoginProblem, Params, PasswordChange,
};

use super::form::Form;
use super::list::{Listed, done, session_of};
use super::view::{AccountView, PATH};
use crate::endpoint::login::login_form;
use crate::page::{AccountNotice, Problem};
use crate::page_request::PageRequest;
use crate::responder::{Responder, status_of};
use crate::visitor::Visitor;

/// The maximum length of a password, in bytes: that of the command that sets one.
const MAX_PASSWORD: usize = 1_024;

impl AccountView {
    /// Answers a form that needs a session.
    pub(super) async fn post(&self, request: &SiteRequest<'_>, form: Form) -> Response<Bytes> {
        let PageRequest { params, visitor } = match PageRequest::read(request, &self.site, "") {
            Ok(page) => page,
            Err(refusal) => return *refusal,
        };
        let responder = Responder::of(&self.site, &visitor);
        let account = match self.account(&visitor).await {
            Ok(Some(account)) => account,
            Ok(None) => return self.not_logged_in(responder),
            Err(error) => return responder.store_error(error),
        };
        // SECURITY: the token belongs to this session and this form. Tested by
        // `form_of_another_session_changes_nothing` in tests/it/people/account.rs.
        let token = params.text("token").unwrap_or_default();
        if !self.accounts.accepts_form(&account, form.as_str(), token) {
            let notice = AccountNotice::FormExpired;
            return self.again(responder, &account, notice, StatusCode::BAD_REQUEST).await;
        }
        match form {
            Form::EndSession => self.end_session(responder, &account, &params, &visitor).await,
            Form::EndOthers => self.end_others(responder, &account, &visitor).await,
            Form::Withdraw => self.withdraw(responder, &account, &params, &visitor).await,
            Form::Password => self.change_password(responder, &account, &params, &visitor).await,
        }
    }

    /// Shows the page again, with the reason why nothing changed.
    async fn again(
        &self,
        responder: Responder<'_>,
        account: &AccountSession,
        notice: AccountNotice,
        status: StatusCode,
    ) -> Response<Bytes> {
        let listed = Listed::default();
        self.page(responder, account, &listed, Some(notice), status).await
    }

    /// Sends the browser back to the page, which states the result.
    fn back(&self, responder: Responder<'_>, account: &AccountSession, result: AccountNotice) -> Response<Bytes> {
        let query = done(&self.accounts, account, result);
        responder.redirect(&self.site.url(&format!("{PATH}{query}")))
    }

    async fn end_session(
        &self,
        responder: Responder<'_>,
        account: &AccountSession,
        params: &Params,
        visitor: &Visitor<'_>,
    ) -> Response<Bytes> {
        let Some(id) = params.text("session").and_then(session_of) else {
            return responder.problem(StatusCode::BAD_REQUEST, Problem::Malformed);
        };
        match self.accounts.end_session(account, &id, visitor.origin()).await {
            Ok(_) => self.back(responder, account, AccountNotice::SessionEnded),
            Err(error) => responder.store_error(error),
        }
    }

    async fn end_others(
        &self,
        responder: Responder<'_>,
        account: &AccountSession,
        visitor: &Visitor<'_>,
    ) -> Response<Bytes> {
        match self.accounts.end_other_sessions(account, visitor.origin()).await {
            Ok(_) => self.back(responder, account, AccountNotice::OthersEnded),
            Err(error) => responder.store_error(error),
        }
    }

    async fn withdraw(
        &self,
        responder: Responder<'_>,
        account: &AccountSession,
        params: &Params,
        visitor: &Visitor<'_>,
    ) -> Response<Bytes> {
        let Some(id) = params.text("client_id").and_then(|id| ClientId::parse(id).ok()) else {
            return responder.problem(StatusCode::BAD_REQUEST, Problem::Malformed);
        };
        match self.accounts.withdraw(account, &id, visitor.origin()).await {
            Ok(_) => self.back(responder, account, AccountNotice::Withdrawn),
            Err(error) => responder.store_error(error),
        }
    }

    async fn change_password(
        &self,
        responder: Responder<'_>,
        account: &AccountSession,
        params: &Params,
        visitor: &Visitor<'_>,
    ) -> Response<Bytes> {
        let nothing = Secret::new(String::new());
        let field = |name| params.secret(name).unwrap_or(&nothing);
        let (old, new) = (field("old_password"), field("new_password"));
        let refused = if new.expose() != field("repeat_password").expose() {
            Some(AccountNotice::PasswordsDiffer)
        } else if is_password(new.expose()) {
            None
        } else {
            Some(AccountNotice::NewPasswordInvalid)
        };
        if let Some(notice) = refused {
            return self.again(responder, account, notice, StatusCode::BAD_REQUEST).await;
        }
        let change = PasswordChange {
            old,
            new,
            stay: account.stays(),
            browser: visitor.browser(),
            user_agent: visitor.user_agent(),
        };
        let changed = match self.accounts.change_password(account, &change, visitor.origin()).await {
            Ok(changed) => changed,
            Err(AccountError::PasswordTooShort(least)) => {
                let notice = AccountNotice::NewPasswordTooShort(least);
                return self.again(responder, account, notice, StatusCode::BAD_REQUEST).await;
            }
            Err(AccountError::Password(problem)) => return self.wrong_password(responder, account, problem).await,
            Err(error) => return self.account_error(responder, error),
        };
        let mut response = match self.accounts.find(&changed.session).await {
            Ok(Some(account)) => self.back(responder, &account, AccountNotice::PasswordChanged),
            // The password was changed, also if the page cannot state it.
            Ok(None) | Err(_) => responder.redirect(&self.site.url(PATH)),
        };
        visitor.keep_login(&self.site, &mut response, &changed);
        response
    }

    async fn wrong_password(
        &self,
        responder: Responder<'_>,
        account: &AccountSession,
        problem: LoginProblem,
    ) -> Response<Bytes> {
        let notice = match problem {
            LoginProblem::Rejected => AccountNotice::OldPasswordWrong,
            LoginProblem::Throttled { retry_after } => AccountNotice::Throttled(retry_after.as_seconds()),
            LoginProblem::Busy { retry_after } => AccountNotice::Busy(retry_after.as_seconds()),
        };
        let (status, retry_after) = status_of(Some(problem));
        let mut response = self.again(responder, account, notice, status).await;
        if let Some(delay) = retry_after {
            response.headers_mut().insert(RETRY_AFTER, delay.as_seconds().into());
        }
        response
    }

    /// Answers the form of the login page of the site itself.
    pub(super) async fn log_in(&self, request: &SiteRequest<'_>) -> Response<Bytes> {
        let PageRequest { params, visitor } = match PageRequest::read(request, &self.site, "") {
            Ok(page) => page,
            Err(refusal) => return *refusal,
        };
        let responder = Responder::of(&self.site, &visitor);
        let nothing = Secret::new(String::new());
        let form = login_form(&params, &nothing);
        let mut response = match self.accounts.log_in(&form, &visitor.visit()).await {
            Ok(AccountLogin::LoggedIn(login)) => {
                let mut response = responder.redirect(&self.site.url(PATH));
                visitor.keep_login(&self.site, &mut response, &login);
                return response;
            }
            Ok(AccountLogin::Again(problem)) => {
                self.login_page(responder, &visitor, form.username, form.stay, Some(problem))
            }
            Err(AccountLoginError::Flow(refusal)) => responder.flow_refusal(&refusal),
            Err(AccountLoginError::Account(error)) => self.account_error(responder, error),
        };
        visitor.keep_browser(&self.site, &mut response);
        response
    }
}

/// Whether a text can be a password.
fn is_password(text: &str) -> bool {
    (1..=MAX_PASSWORD).contains(&text.len()) && !text.contains('\0')
}
