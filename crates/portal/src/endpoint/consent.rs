//! The form of the consent page.

use std::fmt;

use bytes::Bytes;
use http::{Response, StatusCode};
use scopegate_gate::{BodyError, SiteEndpoint, SiteRequest, SiteRoute};
use scopegate_grant::{AuthorizationEndpoint, ConsentChoice, ConsentForm};
use scopegate_store::BoxFuture;

use crate::page::Problem;
use crate::page_form::{FORM_LIMIT, read};
use crate::portal_site::PortalSite;
use crate::responder::Responder;
use crate::visitor::{Visitor, origin_of};

/// The endpoint of the consent page's form (`POST /consent`).
pub struct ConsentEndpoint {
    site: PortalSite,
    endpoint: AuthorizationEndpoint,
    routes: [SiteRoute; 1],
}

impl ConsentEndpoint {
    /// Creates the endpoint of a site.
    #[must_use]
    pub fn new(site: &PortalSite, endpoint: AuthorizationEndpoint) -> Self {
        Self {
            site: site.clone(),
            endpoint,
            routes: [SiteRoute::post("/consent").body_limit(FORM_LIMIT)],
        }
    }

    async fn decide(&self, request: &SiteRequest<'_>) -> Response<Bytes> {
        let origin = origin_of(request, &self.site);
        let blank = Responder::new(&self.site, origin.request.as_ref());
        let params = match read(request, &self.site, "scope") {
            Ok(params) => params,
            Err(error) => return blank.invalid_form(&error),
        };
        let visitor = match Visitor::read(request, &self.site) {
            Ok(visitor) => visitor,
            Err(error) => return blank.visitor_error(&error),
        };
        let responder = Responder::of(&self.site, &visitor);
        let ticked: Vec<&str> = params.texts("scope").collect();
        let choice = match params.text("decision") {
            Some("allow") => ConsentChoice::Allow(&ticked),
            Some("deny") => ConsentChoice::Deny,
            Some("switch") => ConsentChoice::SwitchAccount,
            _ => return blank.problem(StatusCode::BAD_REQUEST, Problem::Malformed),
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
        Box::pin(async move { self.decide(&request).await })
    }

    fn body_error(&self, _: usize, error: BodyError) -> Option<Response<Bytes>> {
        Some(Responder::new(&self.site, None).body_error(error))
    }
}

impl fmt::Debug for ConsentEndpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ConsentEndpoint")
            .field("routes", &self.routes)
            .finish_non_exhaustive()
    }
}
