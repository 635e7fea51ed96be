//! The authorization endpoint: [RFC 6749, section
//! 3.1](https://www.rfc-editor.org/rfc/rfc6749#section-3.1).

use bytes::Bytes;
use http::{Method, Response, StatusCode};
use scopegate_gate::{BodyError, SiteEndpoint, SiteRequest, SiteRoute, urlencoded};
use scopegate_grant::{AuthorizationEndpoint, AuthorizeError, MAX_AUTHORIZE_LEN, Params, ShownCause};
use scopegate_store::BoxFuture;

use crate::page::{PlainText, Problem, RedirectUris};
use crate::page_form::{pairs, read_foreign};
use crate::portal_site::PortalSite;
use crate::responder::Responder;
use crate::security_headers::page_response;
use crate::visitor::{Visitor, origin_of};

/// The path of the endpoint.
pub(crate) const AUTHORIZE_PATH: &str = "/authorize";

/// The number of the route for `POST`.
const POST: usize = 1;

/// The maximum length of a query that continues a request, in bytes. A sealed request of 8 KiB has
/// less.
const MAX_FLOW_LEN: usize = 16 * 1024;

/// The authorization endpoint (`GET` and `POST /authorize`): an application sends a user here, who
/// logs in, decides what the application may do, and returns to it with a code.
///
/// `HEAD` reads no request: it answers 200 with the headers of a page, and issues no code.
///
/// A request by `POST` comes from another site, so its browser sends no cookies. It is answered by
/// a redirect to this endpoint that contains the sealed request.
///
/// ```
/// use std::sync::Arc;
///
/// use scopegate_gate::domain::{Audience, Issuer};
/// use scopegate_gate::store::MemoryStore;
/// use scopegate_gate::token::{Signer, SigningKey, SystemRandomSource, TokenRules};
/// use scopegate_gate::{Catalog, Gate};
/// use scopegate_portal::grant::{AuthorizationServer, SecretRings, ServerSecrets};
/// use scopegate_portal::{AuthorizeEndpoint, PortalSite};
///
/// let issuer = Issuer::parse("https://id.example")?;
/// let rules = TokenRules::rfc9068(issuer.clone(), Audience::parse("https://api.example")?);
/// let signer = Signer::new(rules, SigningKey::es256_generate()?);
/// let catalog = Catalog::builder().build()?;
/// let secrets = Arc::new(ServerSecrets::new(SecretRings::generate(&SystemRandomSource)?));
/// let server = AuthorizationServer::builder(Arc::new(MemoryStore::new()), signer, catalog.clone());
/// let server = server.code_grant(issuer.clone(), secrets).build();
///
/// let site = PortalSite::new(&issuer).ok_or("a URL")?;
/// let endpoint = AuthorizeEndpoint::new(&site, server.authorization_endpoint().ok_or("the code grant is on")?);
/// let gate = Gate::builder(catalog).site(endpoint).build()?;
/// # let _ = gate;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct AuthorizeEndpoint {
    site: PortalSite,
    endpoint: AuthorizationEndpoint,
    routes: [SiteRoute; 2],
}

impl AuthorizeEndpoint {
    /// Creates the endpoint of a site.
    #[must_use]
    pub fn new(site: &PortalSite, endpoint: AuthorizationEndpoint) -> Self {
        Self {
            site: site.clone(),
            endpoint,
            routes: [
                SiteRoute::get(AUTHORIZE_PATH),
                SiteRoute::post(AUTHORIZE_PATH).body_limit(MAX_AUTHORIZE_LEN),
            ],
        }
    }

    async fn get(&self, request: &SiteRequest<'_>) -> Response<Bytes> {
        // SECURITY: a `GET` can issue a code, and a `HEAD` must not. Its request is not read.
        // Tested by `head_request_issues_no_code` in tests/it/people/forms.rs.
        if request.head.method() == Method::HEAD {
            return page_response(StatusCode::OK, String::new(), None);
        }
        let origin = origin_of(request, &self.site);
        let blank = Responder::new(&self.site, origin.request.as_ref());
        let query = request.head.query();
        let flow = continued(query);
        let limit = if flow.is_some() {
            MAX_FLOW_LEN
        } else {
            MAX_AUTHORIZE_LEN
        };
        if query.len() > limit {
            return blank.problem(StatusCode::URI_TOO_LONG, Problem::TooLarge);
        }
        let visitor = match Visitor::read(request, &self.site) {
            Ok(visitor) => visitor,
            Err(error) => return blank.visitor_error(&error),
        };
        let responder = Responder::of(&self.site, &visitor);
        let mut response = if let Some(flow) = flow {
            match self.endpoint.resume(&flow, &visitor.visit()).await {
                Ok(step) => responder.step(&step),
                Err(error) => responder.form_error(error),
            }
        } else {
            let params = pairs(query.as_bytes());
            match self.endpoint.authorize(&params, &visitor.visit()).await {
                Ok(step) => responder.step(&step),
                Err(error) => self.refuse(responder, error, &params, StatusCode::URI_TOO_LONG).await,
            }
        };
        visitor.keep_browser(&self.site, &mut response);
        response
    }

    async fn post(&self, request: &SiteRequest<'_>) -> Response<Bytes> {
        let origin = origin_of(request, &self.site);
        let responder = Responder::new(&self.site, origin.request.as_ref());
        let params = match read_foreign(request) {
            Ok(params) => params,
            Err(error) => return responder.invalid_form(&error),
        };
        match self.endpoint.carry(&params, &origin).await {
            Ok(flow) => responder.redirect(&self.site.url(&continuation(&flow))),
            Err(error) => {
                self.refuse(responder, error, &params, StatusCode::PAYLOAD_TOO_LARGE)
                    .await
            }
        }
    }

    /// Answers with an error. For developers, the page shows the redirect URIs that differ.
    async fn refuse(
        &self,
        responder: Responder<'_>,
        error: AuthorizeError,
        params: &Params,
        too_long: StatusCode,
    ) -> Response<Bytes> {
        let cause = ShownCause::UnregisteredRedirectUri;
        if !self.site.shows_redirect_uris || !matches!(&error, AuthorizeError::Shown(shown) if *shown == cause) {
            return responder.authorize_error(error, too_long);
        }
        let registered = match self.endpoint.registered_uris(params).await {
            Ok(registered) => registered,
            Err(error) => return responder.store_error(error),
        };
        let uris = RedirectUris {
            sent: PlainText::from(params.text("redirect_uri").unwrap_or_default()),
            registered: registered.iter().map(|uri| PlainText::from(uri.as_str())).collect(),
        };
        responder.shown(cause, too_long, Some(uris))
    }
}

/// Returns the path and the query that continue a sealed request.
pub(crate) fn continuation(flow: &str) -> String {
    format!("{AUTHORIZE_PATH}?flow={flow}")
}

/// Reads the query of [`continuation`]: `flow` and nothing else. In a request of an application an
/// unknown parameter of this name changes nothing.
fn continued(query: &str) -> Option<String> {
    let flow = query.strip_prefix("flow=").filter(|flow| !flow.contains('&'))?;
    Some(urlencoded::decode_lossy(flow.as_bytes()))
}

impl SiteEndpoint for AuthorizeEndpoint {
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
