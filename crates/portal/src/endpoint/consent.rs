//! The form of the consent page.

use bytes::Bytes;
use http::{Response, StatusCode};
use scopegate_gate::{BodyError, SiteEndpoint, SiteRequest, SiteRoute};
use scopegate_grant::{AuthorizationEndpoint, ConsentChoice, ConsentForm};
use scopegate_store::BoxFuture;

use crate::page::Problem;
use crate::page_form::FORM_LIMIT;
use crate::page_request::PageRequest;
use crate::portal_site::PortalSite;
use crate::responder::Responder;

/// The path of the form.
const PATH: &str = "/consent";

/// The number of the route for `POST`.
const POST: usize = 1;

/// The endpoint of the consent page's form (`POST /consent`). `GET /consent` states that the form
/// is missing.
#[derive(Debug)]
pub struct ConsentEndpoint {
    site: PortalSite,
    endpoint: AuthorizationEndpoint,
    routes: [SiteRoute; 2],
}

impl ConsentEndpoint {
    /// Creates the endpoint of a site.
    #[must_use]
    pub fn new(site: &PortalSite, endpoint: AuthorizationEndpoint) -> Self {
        Self {
            site: site.clone(),
            endpoint,
            routes: [SiteRoute::get(PATH), SiteRoute::post(PATH).body_limit(FORM_LIMIT)],
        }
    }

    async fn decide(&self, request: &SiteRequest<'_>) -> Response<Bytes> {
        let PageRequest { params, visitor } = match PageRequest::read(request, &self.site, "scope") {
            Ok(page) => page,
            Err(refusal) => return *refusal,
        };
        let responder = Responder::of(&self.site, &visitor);
        let ticked: Vec<&str> = params.texts("scope").collect();
        let choice = match params.text("decision") {
            Some("allow") => ConsentChoice::Allow(&ticked),
            Some("deny") => ConsentChoice::Deny,
            Some("switch") => ConsentChoice::SwitchAccount,
            _ => return responder.problem(StatusCode::BAD_REQUEST, Problem::Malformed),
        };
        let form = ConsentForm {
            flow: params.text("flow").unwrap_or_default(),
            choice,
        };
        let mut response = match self.endpoint.consent(&form, &visitor.visit()).await {
            Ok(step) => responder.step(&step),
            Err(error) => responder.form_error(error),
        };
        visitor.keep_browser(&self.site, &mut response);
        response
    }
}

impl SiteEndpoint for ConsentEndpoint {
    fn routes(&self) -> &[SiteRoute] {
        &self.routes
    }

    fn answer<'a>(&'a self, request: SiteRequest<'a>) -> BoxFuture<'a, Response<Bytes>> {
        Box::pin(async move {
            match request.route {
                POST => self.decide(&request).await,
                _ => Responder::new(&self.site, None).no_form(),
            }
        })
    }

    fn body_error(&self, _: usize, error: BodyError) -> Option<Response<Bytes>> {
        Some(Responder::new(&self.site, None).body_error(error))
    }
}
