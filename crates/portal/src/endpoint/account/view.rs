//! Writes the pages of an account.

use bytes::Bytes;
use http::{Response, StatusCode};
use scopegate_domain::{ClientId, Scope, ScopeToken};
use scopegate_grant::{AccountError, AccountSession, ConsentOffer, ConsentReason, LoginProblem, UserAccounts};
use scopegate_store::StoreError;

use super::form::Form;
use super::list::{ApplicationTexts, Listed, MAX_SESSIONS, PAGE_LEN, Sessions, applications_of};
use crate::consent_view::ConsentView;
use crate::page::{
    AccountForms, AccountNotice, AccountPage, ApplicationPage, ListPart, LoginPage, Message, MessageAction, PlainText,
    Problem, SessionEntry,
};
use crate::portal_site::PortalSite;
use crate::responder::{Responder, login_response, notice_of};
use crate::security_headers::page_response;
use crate::visitor::Visitor;

/// The path of the page.
pub(super) const PATH: &str = "/account";

/// The pages of the accounts of a site.
#[derive(Debug)]
pub(super) struct AccountView {
    pub(super) site: PortalSite,
    pub(super) accounts: UserAccounts,
}

impl AccountView {
    /// Returns the session of a browser.
    pub(super) async fn account(&self, visitor: &Visitor<'_>) -> Result<Option<AccountSession>, StoreError> {
        match visitor.session() {
            Some(session) => self.accounts.find(session).await,
            None => Ok(None),
        }
    }

    /// Answers with the login page of the site itself.
    pub(super) fn login_page(
        &self,
        responder: Responder<'_>,
        visitor: &Visitor<'_>,
        username: &str,
        stay: bool,
        problem: Option<LoginProblem>,
    ) -> Response<Bytes> {
        let flow = match self.accounts.login_flow(&visitor.visit()) {
            Ok(flow) => flow,
            Err(error) => return self.account_error(responder, error),
        };
        let page = LoginPage {
            site: self.site.page_site(),
            requester: None,
            flow: &flow,
            username: PlainText::from(username),
            stay,
            notice: problem.map(notice_of),
        };
        login_response(&page, problem, None)
    }

    /// Answers with the page of one application.
    pub(super) async fn application(
        &self,
        responder: Responder<'_>,
        account: &AccountSession,
        id: &str,
    ) -> Response<Bytes> {
        let found = match ClientId::parse(id) {
            Ok(id) => self.accounts.application(account, &id).await,
            Err(_) => Ok(None),
        };
        let found = match found {
            Ok(Some(found)) => [found],
            Ok(None) => return responder.problem(StatusCode::NOT_FOUND, Problem::UnknownApplication),
            Err(error) => return responder.store_error(error),
        };
        let [(client, summary)] = &found;
        let texts = applications_of(&found);
        let Some(application) = texts.iter().map(ApplicationTexts::entry).next() else {
            return responder.problem(StatusCode::NOT_FOUND, Problem::UnknownApplication);
        };
        let scope = &summary.consent.scope;
        let offer = ConsentOffer {
            scope: scope.clone(),
            granted_before: scope.clone(),
            optional: Scope::EMPTY,
            refused_before: Scope::EMPTY,
            reason: ConsentReason::Requested,
        };
        let apis = self.site.apis.current();
        let refused = summary.consent.refused_scope.to_string();
        let page = ApplicationPage {
            site: self.site.page_site(),
            username: PlainText::from(account.user().username().as_str()),
            withdraw: &self.accounts.form_token(account, Form::Withdraw.as_str()),
            application,
            changed_at: summary.consent.changed_at,
            resources: ConsentView::new(&self.site, &apis).resources(client.resources(), &offer),
            is_offline: scope.contains(&ScopeToken::OFFLINE_ACCESS),
            refused_scope: PlainText::from(refused.as_str()),
        };
        page_response(StatusCode::OK, page.render(), None)
    }

    pub(super) fn account_error(&self, responder: Responder<'_>, error: AccountError) -> Response<Bytes> {
        match error {
            AccountError::Store(error) => responder.store_error(error),
            AccountError::Unavailable(cause) => responder.unavailable(&cause),
            AccountError::SessionEnded | AccountError::Password(_) | AccountError::PasswordTooShort(_) => {
                self.not_logged_in(responder)
            }
        }
    }

    pub(super) fn not_logged_in(&self, responder: Responder<'_>) -> Response<Bytes> {
        let path = self.site.url(PATH);
        let action = MessageAction::LogIn(&path);
        responder.message(StatusCode::FORBIDDEN, Message::NotLoggedIn, Some(action))
    }

    /// Answers with the account page.
    pub(super) async fn page(
        &self,
        responder: Responder<'_>,
        account: &AccountSession,
        listed: &Listed,
        notice: Option<AccountNotice>,
        status: StatusCode,
    ) -> Response<Bytes> {
        match self.render(account, listed, notice).await {
            Ok(html) => page_response(status, html, None),
            Err(error) => responder.store_error(error),
        }
    }

    async fn render(
        &self,
        account: &AccountSession,
        listed: &Listed,
        notice: Option<AccountNotice>,
    ) -> Result<String, StoreError> {
        let all = self.accounts.sessions(account, MAX_SESSIONS).await?;
        let current = account.session().id();
        let sessions = Sessions::select(all, current, listed.sessions_after.as_ref());
        let after = listed.applications_after.as_ref();
        let mut found = self.accounts.applications(account, after, PAGE_LEN + 1).await?;
        let has_more = found.len() > usize::from(PAGE_LEN);
        found.truncate(PAGE_LEN.into());
        let applications = applications_of(&found);
        let next = applications.last().filter(|_| has_more).map(|last| last.query.as_str());
        let token = |form: Form| self.accounts.form_token(account, form.as_str());
        let page = AccountPage {
            site: self.site.page_site(),
            username: PlainText::from(account.user().username().as_str()),
            forms: AccountForms {
                end_session: &token(Form::EndSession),
                end_others: &token(Form::EndOthers),
                withdraw: &token(Form::Withdraw),
                change_password: &token(Form::Password),
            },
            notice,
            sessions: sessions
                .entries
                .iter()
                .map(|(key, session)| SessionEntry {
                    key,
                    user_agent: PlainText::from(session.user_agent.as_str()),
                    began_at: session.login.at,
                    seen_at: session.seen_at,
                    is_current: session.id() == current,
                })
                .collect(),
            has_others: sessions.has_others,
            session_part: ListPart {
                is_continued: sessions.is_continued,
                next: sessions.next.as_deref(),
            },
            applications: applications.iter().map(ApplicationTexts::entry).collect(),
            application_part: ListPart {
                is_continued: after.is_some(),
                next,
            },
        };
        Ok(page.render())
    }
}
