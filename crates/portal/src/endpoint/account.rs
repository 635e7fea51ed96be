//! The account page, and what users change on it.

mod form;
mod forms;
mod list;
mod view;

use bytes::Bytes;
use http::{Response, StatusCode};
use scopegate_gate::{BodyError, SiteEndpoint, SiteRequest, SiteRoute};
use scopegate_grant::{MAX_AUTHORIZE_LEN, UserAccounts};
use scopegate_store::BoxFuture;

use self::form::Form;
use self::list::Listed;
use self::view::{AccountView, PATH};
use crate::page::Problem;
use crate::page_form::{FORM_LIMIT, pairs};
use crate::portal_site::PortalSite;
use crate::responder::Responder;
use crate::visitor::{Visitor, origin_of};

/// The account of a user (`GET /account`, `/account/application`, and forms below
/// `/account`): sessions, applications and the password.
///
/// No `GET` changes anything. Each form has a token of its session, and ends nothing of another
/// user.
#[derive(Debug)]
pub struct AccountEndpoint {
    view: AccountView,
    routes: [SiteRoute; 12],
}

/// The routes, by their numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Route {
    Page,
    Application,
    LogIn,
    Form(Form),
}

impl Route {
    /// The routes in the order of their numbers. The address of each form shows the page, too: a
    /// browser that is reloaded, or goes back, opens it.
    const ALL: [Self; 12] = [
        Self::Page,
        Self::Page,
        Self::Page,
        Self::Page,
        Self::Page,
        Self::Page,
        Self::Application,
        Self::LogIn,
        Self::Form(Form::EndSession),
        Self::Form(Form::EndOthers),
        Self::Form(Form::Withdraw),
        Self::Form(Form::Password),
    ];
}

impl AccountEndpoint {
    /// Creates the endpoint of a site.
    #[must_use]
    pub fn new(site: &PortalSite, accounts: UserAccounts) -> Self {
        let get = |path: &str| SiteRoute::get(format!("{PATH}{path}"));
        let post = |path: &str| SiteRoute::post(format!("{PATH}{path}")).body_limit(FORM_LIMIT);
        Self {
            view: AccountView {
                site: site.clone(),
                accounts,
            },
            routes: [
                get(""),
                get("/login"),
                get("/sessions/end"),
                get("/sessions/end-others"),
                get("/applications/withdraw"),
                get("/password"),
                get("/application"),
                post("/login").always_traced(),
                post("/sessions/end"),
                post("/sessions/end-others"),
                post("/applications/withdraw"),
                post("/password").always_traced(),
            ],
        }
    }

    async fn respond(&self, request: &SiteRequest<'_>) -> Response<Bytes> {
        let route = Route::ALL.get(request.route).copied().unwrap_or(Route::Page);
        match route {
            Route::Page | Route::Application => self.get(request, route).await,
            Route::LogIn => self.view.log_in(request).await,
            Route::Form(form) => self.view.post(request, form).await,
        }
    }

    async fn get(&self, request: &SiteRequest<'_>, route: Route) -> Response<Bytes> {
        let view = &self.view;
        let origin = origin_of(request, &view.site);
        let blank = Responder::new(&view.site, origin.request.as_ref());
        let query = request.head.query();
        if query.len() > MAX_AUTHORIZE_LEN {
            return blank.problem(StatusCode::URI_TOO_LONG, Problem::TooLarge);
        }
        let visitor = match Visitor::read(request, &view.site) {
            Ok(visitor) => visitor,
            Err(error) => return blank.visitor_error(&error),
        };
        let responder = Responder::of(&view.site, &visitor);
        let mut response = match view.account(&visitor).await {
            Err(error) => responder.store_error(error),
            Ok(None) => view.login_page(responder, &visitor, "", false, None),
            Ok(Some(account)) if route == Route::Application => {
                let params = pairs(query.as_bytes());
                let id = params.text("client_id").unwrap_or_default();
                view.application(responder, &account, id).await
            }
            Ok(Some(account)) => {
                let listed = Listed::of(&pairs(query.as_bytes()));
                let notice = listed.notice(&view.accounts, &account);
                view.page(responder, &account, &listed, notice, StatusCode::OK).await
            }
        };
        visitor.keep_browser(&view.site, &mut response);
        response
    }
}

impl SiteEndpoint for AccountEndpoint {
    fn routes(&self) -> &[SiteRoute] {
        &self.routes
    }

    fn answer<'a>(&'a self, request: SiteRequest<'a>) -> BoxFuture<'a, Response<Bytes>> {
        Box::pin(async move { self.respond(&request).await })
    }

    fn body_error(&self, _: usize, error: BodyError) -> Option<Response<Bytes>> {
        Some(Responder::new(&self.view.site, None).body_error(error))
    }
}
