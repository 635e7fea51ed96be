//! The logout page and its form.

use bytes::Bytes;
use http::{Response, StatusCode};
use scopegate_gate::{BodyError, SiteEndpoint, SiteRequest, SiteRoute, urlencoded};
use scopegate_grant::{AccountSession, Logout, LogoutRequest, MAX_AUTHORIZE_LEN, Params, UserAccounts};
use scopegate_store::{BoxFuture, StoreError};

use crate::page::{LogoutPage, LogoutReturn, Message, MessageAction, PlainText, Problem};
use crate::page_form::{FORM_LIMIT, pairs};
use crate::page_request::PageRequest;
use crate::portal_site::PortalSite;
use crate::redirect_target::RedirectTarget;
use crate::responder::Responder;
use crate::security_headers::page_response;
use crate::visitor::{Visitor, forget_session, origin_of};

/// The path of the page.
const PATH: &str = "/logout";

/// The number of the route for `POST`.
const POST: usize = 1;

/// The name of the form. Its token contains it.
const FORM: &str = "logout";

/// The logout endpoint (`GET` and `POST /logout`). The page has one button, whose form ends the
/// session of the browser, with the access that ends with it.
///
/// An application that sends `client_id`, a registered `post_logout_redirect_uri` and `state` gets
/// the browser back ([OpenID Connect RP-Initiated Logout, section
/// 2](https://openid.net/specs/openid-connect-rpinitiated-1_0.html#RPLogout)).
#[derive(Debug)]
pub struct LogoutEndpoint {
    site: PortalSite,
    accounts: UserAccounts,
    routes: [SiteRoute; 2],
}

impl LogoutEndpoint {
    /// Creates the endpoint of a site.
    #[must_use]
    pub fn new(site: &PortalSite, accounts: UserAccounts) -> Self {
        Self {
            site: site.clone(),
            accounts,
            routes: [SiteRoute::get(PATH), SiteRoute::post(PATH).body_limit(FORM_LIMIT)],
        }
    }

    async fn get(&self, request: &SiteRequest<'_>) -> Response<Bytes> {
        let origin = origin_of(request, &self.site);
        let blank = Responder::new(&self.site, origin.request.as_ref());
        let query = request.head.query();
        if query.len() > MAX_AUTHORIZE_LEN {
            return blank.problem(StatusCode::URI_TOO_LONG, Problem::TooLarge);
        }
        let params = pairs(query.as_bytes());
        if params.each_once().is_err() {
            return blank.problem(StatusCode::BAD_REQUEST, Problem::Malformed);
        }
        let visitor = match Visitor::read(request, &self.site) {
            Ok(visitor) => visitor,
            Err(error) => return blank.visitor_error(&error),
        };
        let responder = Responder::of(&self.site, &visitor);
        match self.account(&visitor).await {
            Ok(account) => self.page(responder, account.as_ref(), &params).await,
            Err(error) => responder.store_error(error),
        }
    }

    async fn account(&self, visitor: &Visitor<'_>) -> Result<Option<AccountSession>, StoreError> {
        match visitor.session() {
            Some(session) => self.accounts.find(session).await,
            None => Ok(None),
        }
    }

    /// Answers with the page, or states that there is no session.
    async fn page(
        &self,
        responder: Responder<'_>,
        account: Option<&AccountSession>,
        params: &Params,
    ) -> Response<Bytes> {
        let outcome = match self.accounts.logout_return(&logout_request(params)).await {
            Ok(outcome) => outcome,
            Err(error) => return responder.store_error(error),
        };
        let back = match &outcome {
            Logout::Return(back) => Some(back),
            Logout::Here | Logout::Unregistered => None,
        };
        let Some(account) = account else {
            let action = back.map(|back| MessageAction::Continue {
                uri: &back.location,
                name: PlainText::from(back.client.name()),
            });
            return responder.message(StatusCode::OK, Message::NotLoggedIn, action);
        };
        let target = back.map(|back| RedirectTarget::of(&back.uri));
        let page = LogoutPage {
            site: self.site.page_site(),
            username: PlainText::from(account.user().username().as_str()),
            token: &self.accounts.form_token(account, FORM),
            request: &query_of(params),
            back: back.zip(target).map(|(back, target)| LogoutReturn {
                name: PlainText::from(back.client.name()),
                target,
            }),
        };
        page_response(StatusCode::OK, page.render(), target)
    }

    async fn post(&self, request: &SiteRequest<'_>) -> Response<Bytes> {
        let PageRequest { params: form, visitor } = match PageRequest::read(request, &self.site, "") {
            Ok(page) => page,
            Err(refusal) => return *refusal,
        };
        let responder = Responder::of(&self.site, &visitor);
        let account = match self.account(&visitor).await {
            Ok(account) => account,
            Err(error) => return responder.store_error(error),
        };
        let params = pairs(form.text("request").unwrap_or_default().as_bytes());
        let token = form.text("token").unwrap_or_default();
        if account.is_some_and(|account| !self.accounts.accepts_form(&account, FORM, token)) {
            let path = self.site.url(&format!("{PATH}?{}", query_of(&params)));
            let again = MessageAction::StartAgain(path.trim_end_matches('?'));
            return responder.message(StatusCode::BAD_REQUEST, Message::FormExpired, Some(again));
        }
        self.log_out(responder, &visitor, &params).await
    }

    async fn log_out(&self, responder: Responder<'_>, visitor: &Visitor<'_>, params: &Params) -> Response<Bytes> {
        let request = logout_request(params);
        let ended = self.accounts.log_out(visitor.session(), &request, visitor.origin());
        let mut response = match ended.await {
            Ok(Logout::Here) => responder.message(StatusCode::OK, Message::LoggedOut, None),
            Ok(Logout::Return(back)) => responder.redirect(&back.location),
            Ok(Logout::Unregistered) => responder.message(StatusCode::OK, Message::LoggedOutWithoutReturn, None),
            Err(error) => return responder.store_error(error),
        };
        forget_session(&self.site, &mut response);
        response
    }
}

fn logout_request(params: &Params) -> LogoutRequest<'_> {
    LogoutRequest {
        client_id: params.text("client_id"),
        post_logout_redirect_uri: params.text("post_logout_redirect_uri"),
        state: params.text("state"),
    }
}

/// Returns the query of a request, for the form. Empty if the browser stays here.
fn query_of(params: &Params) -> String {
    if params.text("post_logout_redirect_uri").is_none() {
        return String::new();
    }
    let named = ["client_id", "post_logout_redirect_uri", "state"].map(|name| {
        let value = params.text(name)?;
        Some(format!("{name}={}", urlencoded::encode(value)))
    });
    named.into_iter().flatten().collect::<Vec<_>>().join("&")
}

impl SiteEndpoint for LogoutEndpoint {
    fn routes(&self) -> &[SiteRoute] {
        &self.routes
    }

    fn answer<'a>(&'a self, request: SiteRequest<'a>) -> BoxFuture<'a, Response<Bytes>> {
        Box::pin(async move {
            match request.route {
                POST => self.post(&request).await,
                _ => self.get(&request).await,
            }
        })
    }

    fn body_error(&self, _: usize, error: BodyError) -> Option<Response<Bytes>> {
        Some(Responder::new(&self.site, None).body_error(error))
    }
}
