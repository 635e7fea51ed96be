//! The one table from the outcomes of a request of a browser to pages and redirects.

use std::error::Error;

use bytes::Bytes;
use http::header::RETRY_AFTER;
use http::{Response, StatusCode};
use scopegate_domain::{Lifetime, RequestId};
use scopegate_gate::{BodyError, RETRY_SECONDS};
use scopegate_grant::{
    AuthorizationAnswer, AuthorizeError, ConsentStep, FlowRefusal, FormError, LoginProblem, LoginStep, Restart,
    ShownCause, Step,
};
use scopegate_store::StoreError;

use crate::consent_view::ConsentView;
use crate::page::{
    ErrorPage, LoginNotice, LoginPage, Message, MessageAction, MessagePage, PlainText, Problem, RedirectUris, Requester,
};
use crate::page_form::InvalidPageForm;
use crate::portal_site::PortalSite;
use crate::redirect_target::RedirectTarget;
use crate::security_headers::{page_response, see_other};
use crate::visitor::{Visitor, VisitorError};

/// Writes the responses to one request.
#[derive(Clone, Copy)]
pub(crate) struct Responder<'r> {
    site: &'r PortalSite,
    request: Option<&'r RequestId>,
    visitor: Option<&'r Visitor<'r>>,
}

impl<'r> Responder<'r> {
    /// Creates the responder of a request that is not read yet.
    pub(crate) const fn new(site: &'r PortalSite, request: Option<&'r RequestId>) -> Self {
        Self {
            site,
            request,
            visitor: None,
        }
    }

    /// Creates the responder of a request of this browser.
    pub(crate) const fn of(site: &'r PortalSite, visitor: &'r Visitor<'r>) -> Self {
        Self {
            site,
            request: visitor.origin().request.as_ref(),
            visitor: Some(visitor),
        }
    }

    pub(crate) fn step(&self, step: &Step) -> Response<Bytes> {
        match step {
            Step::Login(page) => self.login(page, false),
            Step::Consent(page) => self.consent(page),
            Step::Answer(answer) => self.answer(answer),
        }
    }

    /// Answers with the login page. `stay`: the box is ticked.
    pub(crate) fn login(&self, step: &LoginStep, stay: bool) -> Response<Bytes> {
        let target = RedirectTarget::of(&step.redirect_uri);
        let page = LoginPage {
            site: self.site.page_site(),
            requester: Some(Requester {
                name: PlainText::from(step.client.name()),
                target,
            }),
            flow: &step.flow,
            username: PlainText::from(step.username.as_str()),
            stay,
            notice: step
                .problem
                .map(notice_of)
                .or_else(|| step.is_repeated.then_some(LoginNotice::Again)),
        };
        login_response(&page, step.problem, Some(target))
    }

    fn consent(&self, step: &ConsentStep) -> Response<Bytes> {
        let apis = self.site.apis.current();
        let html = ConsentView::new(self.site, &apis).page(step).render();
        page_response(StatusCode::OK, html, Some(RedirectTarget::of(&step.redirect_uri)))
    }

    /// Sends the browser to the client, after a click if the answer is an error for a program of
    /// the device.
    pub(crate) fn answer(&self, answer: &AuthorizationAnswer) -> Response<Bytes> {
        let location = answer.location();
        if answer.needs_click() {
            let action = MessageAction::Continue {
                uri: location.expose(),
                name: PlainText::from(answer.application()),
            };
            return self.message(StatusCode::OK, Message::Continue, Some(action));
        }
        self.redirect(location.expose())
    }

    /// Sends the browser to a location with a `GET`.
    pub(crate) fn redirect(&self, location: &str) -> Response<Bytes> {
        see_other(location).unwrap_or_else(|| self.problem(StatusCode::INTERNAL_SERVER_ERROR, Problem::Unavailable))
    }

    pub(crate) fn authorize_error(&self, error: AuthorizeError, too_long: StatusCode) -> Response<Bytes> {
        match error {
            AuthorizeError::Shown(cause) => self.shown(cause, too_long, None),
            AuthorizeError::Redirected(error) => self.answer(&error.into_answer()),
            AuthorizeError::Unavailable(cause) => self.unavailable(&cause),
            AuthorizeError::Corrupt(cause) => self.corrupt(&cause),
        }
    }

    /// Answers a request whose error no client receives. `uris` are for developers.
    // SECURITY: never a redirect, because the client or its redirect URI is not known. Tested by
    // `first_row_is_never_a_redirect` in tests/it/people/table.rs.
    pub(crate) fn shown(
        &self,
        cause: ShownCause,
        too_long: StatusCode,
        uris: Option<RedirectUris<'_>>,
    ) -> Response<Bytes> {
        let (status, problem) = match cause {
            ShownCause::MissingClient => (StatusCode::BAD_REQUEST, Problem::NoClient),
            ShownCause::MissingRedirectUri => (StatusCode::BAD_REQUEST, Problem::NoRedirectUri),
            ShownCause::Repeated => (StatusCode::BAD_REQUEST, Problem::Malformed),
            ShownCause::TooLong => (too_long, Problem::TooLarge),
            ShownCause::UnauthorizedClient => (StatusCode::BAD_REQUEST, Problem::ClientNotAllowed),
            ShownCause::UnknownClient => (StatusCode::BAD_REQUEST, Problem::UnknownClient),
            ShownCause::UnregisteredRedirectUri => (StatusCode::BAD_REQUEST, Problem::UnknownRedirectUri),
        };
        self.error_page(status, problem, uris)
    }

    pub(crate) fn form_error(&self, error: FormError) -> Response<Bytes> {
        match error {
            FormError::Authorize(error) => self.authorize_error(error, StatusCode::PAYLOAD_TOO_LARGE),
            FormError::Consent { cause, restart } => {
                tracing::info!(%cause, "consent form refused; nothing is granted");
                self.start_again(Message::FormRefused, &restart)
            }
            FormError::Flow(refusal) => self.flow_refusal(&refusal),
        }
    }

    pub(crate) fn flow_refusal(&self, refusal: &FlowRefusal) -> Response<Bytes> {
        let has_no_cookie = self.visitor.is_some_and(Visitor::is_new);
        match refusal {
            FlowRefusal::Invalid => self.problem(StatusCode::BAD_REQUEST, Problem::Malformed),
            FlowRefusal::Expired(restart) => self.start_again(Message::FormExpired, restart),
            FlowRefusal::OtherBrowser(restart) if has_no_cookie => self.start_again(Message::CookiesRequired, restart),
            FlowRefusal::OtherBrowser(restart)
            | FlowRefusal::OtherSession(restart)
            | FlowRefusal::OtherStage(restart) => self.start_again(Message::OtherBrowser, restart),
        }
    }

    fn start_again(&self, message: Message, restart: &Restart) -> Response<Bytes> {
        let path = if restart.query().is_empty() {
            self.site.url("/account")
        } else {
            self.site.url(&format!("/authorize?{}", restart.query()))
        };
        self.message(StatusCode::BAD_REQUEST, message, Some(MessageAction::StartAgain(&path)))
    }

    pub(crate) fn message(
        &self,
        status: StatusCode,
        message: Message,
        action: Option<MessageAction<'_>>,
    ) -> Response<Bytes> {
        let page = MessagePage {
            site: self.site.page_site(),
            message,
            action,
        };
        page_response(status, page.render(), None)
    }

    /// Answers a `GET` of the address of a form: a browser that is reloaded, or goes back, has no
    /// form to send.
    pub(crate) fn no_form(&self) -> Response<Bytes> {
        let path = self.site.url("/account");
        let action = MessageAction::Account(&path);
        self.message(StatusCode::BAD_REQUEST, Message::NoForm, Some(action))
    }

    pub(crate) fn problem(&self, status: StatusCode, problem: Problem) -> Response<Bytes> {
        self.error_page(status, problem, None)
    }

    fn error_page(&self, status: StatusCode, problem: Problem, uris: Option<RedirectUris<'_>>) -> Response<Bytes> {
        let page = ErrorPage {
            site: self.site.page_site(),
            problem,
            request: self.request,
            uris,
        };
        page_response(status, page.render(), None)
    }

    /// Answers a request for which the store has no answer.
    pub(crate) fn store_error(&self, error: StoreError) -> Response<Bytes> {
        self.authorize_error(error.into(), StatusCode::PAYLOAD_TOO_LARGE)
    }

    pub(crate) fn unavailable(&self, cause: &(dyn Error + 'static)) -> Response<Bytes> {
        tracing::error!(cause, "page is unavailable");
        let mut response = self.problem(StatusCode::SERVICE_UNAVAILABLE, Problem::Unavailable);
        response.headers_mut().insert(RETRY_AFTER, RETRY_SECONDS.into());
        response
    }

    pub(crate) fn corrupt(&self, cause: &(dyn Error + 'static)) -> Response<Bytes> {
        tracing::error!(cause, "store returned invalid data to a page");
        self.problem(StatusCode::INTERNAL_SERVER_ERROR, Problem::Unavailable)
    }

    /// Answers a request whose cookies are not read.
    pub(crate) fn visitor_error(&self, error: &VisitorError) -> Response<Bytes> {
        match error {
            VisitorError::Cookie(cause) => {
                tracing::info!(%cause, "request of a browser refused");
                self.problem(StatusCode::BAD_REQUEST, Problem::RepeatedCookie)
            }
            VisitorError::Random(cause) => self.unavailable(cause),
        }
    }

    pub(crate) fn invalid_form(&self, error: &InvalidPageForm) -> Response<Bytes> {
        tracing::info!(cause = %error, "form refused; nothing is changed");
        let (status, problem) = error.page();
        self.problem(status, problem)
    }

    /// Answers a request whose body is not complete.
    pub(crate) fn body_error(&self, error: BodyError) -> Response<Bytes> {
        let problem = match error {
            BodyError::TooLarge => Problem::TooLarge,
            BodyError::Incomplete | BodyError::TooSlow => Problem::Malformed,
        };
        self.problem(error.status(), problem)
    }
}

/// Returns what the login page says about a failed login.
pub(crate) fn notice_of(problem: LoginProblem) -> LoginNotice {
    match problem {
        LoginProblem::Rejected => LoginNotice::Failed,
        LoginProblem::Throttled { retry_after } => LoginNotice::Throttled(retry_after.as_seconds()),
        LoginProblem::Busy { retry_after } => LoginNotice::Busy(retry_after.as_seconds()),
    }
}

/// Returns the status of a page that states why a password was not accepted, and the time until the
/// next attempt.
pub(crate) fn status_of(problem: Option<LoginProblem>) -> (StatusCode, Option<Lifetime>) {
    match problem {
        None => (StatusCode::OK, None),
        // 401 would need a challenge, at which a browser opens a dialog of its own.
        Some(LoginProblem::Rejected) => (StatusCode::FORBIDDEN, None),
        Some(LoginProblem::Throttled { retry_after }) => (StatusCode::TOO_MANY_REQUESTS, Some(retry_after)),
        Some(LoginProblem::Busy { retry_after }) => (StatusCode::SERVICE_UNAVAILABLE, Some(retry_after)),
    }
}

/// Writes a login page with its status.
pub(crate) fn login_response(
    page: &LoginPage<'_>,
    problem: Option<LoginProblem>,
    target: Option<RedirectTarget<'_>>,
) -> Response<Bytes> {
    let (status, retry_after) = status_of(problem);
    let mut response = page_response(status, page.render(), target);
    if let Some(delay) = retry_after {
        response.headers_mut().insert(RETRY_AFTER, delay.as_seconds().into());
    }
    response
}

#[cfg(test)]
mod tests;
