//! The form of the login page.

use bytes::Bytes;
use http::Response;
use scopegate_domain::Secret;
use scopegate_gate::{BodyError, SiteEndpoint, SiteRequest, SiteRoute};
use scopegate_grant::{AuthorizationEndpoint, LoginForm, LoginOutcome, Params};
use scopegate_store::BoxFuture;

use super::authorize::continuation;
use crate::page_form::FORM_LIMIT;
use crate::page_request::PageRequest;
use crate::portal_site::PortalSite;
use crate::responder::Responder;

/// The path of the form.
const PATH: &str = "/login";

/// The number of the route for `POST`.
const POST: usize = 1;

/// The endpoint of the login page's form (`POST /login`). After a login the browser continues at
/// the authorization endpoint. `GET /login` states that the form is missing.
#[derive(Debug)]
pub struct LoginEndpoint {
    site: PortalSite,
    endpoint: AuthorizationEndpoint,
    routes: [SiteRoute; 2],
}

impl LoginEndpoint {
    /// Creates the endpoint of a site.
    #[must_use]
    pub fn new(site: &PortalSite, endpoint: AuthorizationEndpoint) -> Self {
        Self {
            site: site.clone(),
            endpoint,
            routes: [
                SiteRoute::get(PATH),
                SiteRoute::post(PATH).body_limit(FORM_LIMIT).always_traced(),
            ],
        }
    }

    async fn log_in(&self, request: &SiteRequest<'_>) -> Response<Bytes> {
        let PageRequest { params, visitor } = match PageRequest::read(request, &self.site, "") {
            Ok(page) => page,
            Err(refusal) => return *refusal,
        };
        let responder = Responder::of(&self.site, &visitor);
        if params.text("decision") == Some("cancel") {
            let flow = params.text("flow").unwrap_or_default();
            return match self.endpoint.cancel(flow, &visitor.visit()).await {
                Ok(answer) => responder.answer(&answer),
                Err(error) => responder.form_error(error),
            };
        }
        let nothing = Secret::new(String::new());
        let form = login_form(&params, &nothing);
        let mut response = match self.endpoint.login(&form, &visitor.visit()).await {
            Ok(LoginOutcome::LoggedIn(login)) => {
                let mut response = responder.redirect(&self.site.url(&continuation(&login.flow)));
                visitor.keep_login(&self.site, &mut response, &login.cookies);
                return response;
            }
            Ok(LoginOutcome::Again(page)) => responder.login(&page, form.stay),
            Err(error) => responder.form_error(error),
        };
        visitor.keep_browser(&self.site, &mut response);
        response
    }
}

/// Reads the fields of a login page. An absent field counts as empty.
pub(crate) fn login_form<'p>(params: &'p Params, nothing: &'p Secret<String>) -> LoginForm<'p> {
    LoginForm {
        flow: params.text("flow").unwrap_or_default(),
        username: params.text("username").unwrap_or_default(),
        password: params.secret("password").unwrap_or(nothing),
        stay: params.text("stay").is_some(),
    }
}

impl SiteEndpoint for LoginEndpoint {
    fn routes(&self) -> &[SiteRoute] {
        &self.routes
    }

    fn answer<'a>(&'a self, request: SiteRequest<'a>) -> BoxFuture<'a, Response<Bytes>> {
        Box::pin(async move {
            match request.route {
                POST => self.log_in(&request).await,
                _ => Responder::new(&self.site, None).no_form(),
            }
        })
    }

    fn body_error(&self, _: usize, error: BodyError) -> Option<Response<Bytes>> {
        Some(Responder::new(&self.site, None).body_error(error))
    }
}
