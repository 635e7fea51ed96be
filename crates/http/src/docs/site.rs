//! The document and its pages as endpoints of the site.

use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use http::header::{CONTENT_ENCODING, CONTENT_TYPE, VARY};
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode};
use scopegate_gate::{SiteEndpoint, SiteRequest, SiteRoute, entity_tag};
use scopegate_store::BoxFuture;

use super::assets::Asset;
use super::page::DocsPage;
use super::{DOCS_PATH, DocsSite, OAUTH2_REDIRECT_PATH, REDOC_PATH};
use crate::content_coding::ContentCoding;

/// The path of the OpenAPI document.
const OPENAPI_PATH: &str = "/openapi.json";

/// The reference to it from the pages, relative to them.
const OPENAPI_REFERENCE: &str = "openapi.json";

/// The label of all routes in metrics.
const LABEL: &str = "(documentation)";

/// The document, the pages that show it, and their assets.
pub(crate) struct DocsEndpoint {
    docs: DocsSite,
    /// The JSON, written when the gate is built.
    document: Arc<OnceLock<Bytes>>,
    routes: Vec<SiteRoute>,
}

impl DocsEndpoint {
    /// Creates the endpoint. The document is set when the gate is built.
    pub(crate) fn new(title: &str, client_id: Option<&str>, at_root: bool, document: Arc<OnceLock<Bytes>>) -> Self {
        let page = |template: &str| SiteRoute::get(template).label(LABEL);
        let mut routes = vec![
            page(OPENAPI_PATH).open_to_other_origins(),
            page(DOCS_PATH),
            page(REDOC_PATH),
            page(OAUTH2_REDIRECT_PATH),
            page("/docs/assets/{file}"),
        ];
        if at_root {
            routes.push(page("/"));
        }
        Self {
            docs: DocsSite::new(title, OPENAPI_REFERENCE, client_id),
            document,
            routes,
        }
    }

    fn respond(&self, request: &SiteRequest<'_>) -> Option<Response<Bytes>> {
        let template = self.routes.get(request.route)?.template();
        match template {
            OPENAPI_PATH => Some(document(self.document.get()?)),
            "/" => Some(request.refusals.redirect("/", DOCS_PATH, "", request.label)),
            DOCS_PATH | REDOC_PATH | OAUTH2_REDIRECT_PATH => self.docs.page(template).map(shown),
            _ => asset(&request.values.concat(), request.head.headers()),
        }
    }
}

impl SiteEndpoint for DocsEndpoint {
    fn routes(&self) -> &[SiteRoute] {
        &self.routes
    }

    fn answer<'a>(&'a self, request: SiteRequest<'a>) -> BoxFuture<'a, Response<Bytes>> {
        let response = self.respond(&request);
        let response = response.unwrap_or_else(|| request.refusals.not_found(request.label));
        Box::pin(async move { response })
    }
}

fn document(bytes: &Bytes) -> Response<Bytes> {
    let mut response = Response::new(bytes.clone());
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

/// Returns a file that a page loads, compressed if the client accepts that.
fn asset(name: &str, headers: &HeaderMap) -> Option<Response<Bytes>> {
    let asset = Asset::find(name)?;
    let (page, coding) = asset.page_in(ContentCoding::of(headers))?;
    let mut response = entity_tag::apply(asset.tag(coding), headers, shown(page));
    if asset.varies() {
        let vary = HeaderValue::from_static("accept-encoding");
        response.headers_mut().append(VARY, vary);
    }
    if coding == ContentCoding::Gzip && response.status() == StatusCode::OK {
        let coding = HeaderValue::from_static(coding.name());
        response.headers_mut().insert(CONTENT_ENCODING, coding);
    }
    Some(response)
}

fn shown(page: DocsPage) -> Response<Bytes> {
    let headers = page.headers();
    let mut response = Response::new(page.body);
    for (name, value) in headers {
        let name = HeaderName::from_static(name);
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}
