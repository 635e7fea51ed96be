//! Endpoints of a site that are not operations: the token endpoint, the key set, the document.

use std::sync::Arc;

use bytes::Bytes;
use http::Response;
use scopegate_policy::Method;
use scopegate_store::BoxFuture;
use serde_json::{Map, Value};

use crate::body_error::BodyError;
use crate::credentials::claim_source::IssuedTokens;
use crate::observe::request_id::RequestLabel;
use crate::refusal_responses::RefusalResponses;
use crate::request_head::RequestHead;

/// An endpoint that is not an operation: no guard applies to it, and the policy does not contain
/// it.
///
/// The gate routes requests to it, reads the body within a limit, answers `HEAD` for each `GET`,
/// counts and traces each request, and answers a panic with 500.
///
/// ```
/// use scopegate_gate::store::BoxFuture;
/// use scopegate_gate::{Catalog, Gate, SiteEndpoint, SiteRequest, SiteRoute};
/// use bytes::Bytes;
///
/// /// `/robots.txt`, which forbids everything.
/// struct Robots([SiteRoute; 1]);
///
/// impl SiteEndpoint for Robots {
///     fn routes(&self) -> &[SiteRoute] {
///         &self.0
///     }
///
///     fn answer<'a>(&'a self, _: SiteRequest<'a>) -> BoxFuture<'a, http::Response<Bytes>> {
///         Box::pin(async { http::Response::new(Bytes::from_static(b"User-agent: *\nDisallow: /\n")) })
///     }
/// }
///
/// let gate = Gate::builder(Catalog::builder().build()?).site(Robots([SiteRoute::get("/robots.txt")])).build()?;
/// # let _ = gate;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub trait SiteEndpoint: Send + Sync {
    /// Returns the routes of the endpoint. The list does not change while the gate serves.
    fn routes(&self) -> &[SiteRoute];

    /// Answers a request to one of the routes.
    fn answer<'a>(&'a self, request: SiteRequest<'a>) -> BoxFuture<'a, Response<Bytes>>;

    /// Answers a request whose body is not complete. Default: the answer of the gate's profile.
    fn body_error(&self, route: usize, error: BodyError) -> Option<Response<Bytes>> {
        let _ = (route, error);
        None
    }

    /// States which claims the tokens have that the endpoint issues. Default: it issues none.
    ///
    /// [`GateBuilder::build`](crate::GateBuilder::build) refuses requirements that no token can
    /// satisfy.
    fn issued_tokens(&self) -> Option<IssuedTokens> {
        None
    }

    /// Returns the URL of the metadata of the protected resource, if the endpoint answers with it.
    /// Default: none.
    ///
    /// The challenges of the gate name it ([RFC 9728, section
    /// 5.1](https://www.rfc-editor.org/rfc/rfc9728#section-5.1)).
    fn resource_metadata(&self) -> Option<&str> {
        None
    }
}

impl<T: SiteEndpoint + ?Sized> SiteEndpoint for Arc<T> {
    fn routes(&self) -> &[SiteRoute] {
        (**self).routes()
    }

    fn answer<'a>(&'a self, request: SiteRequest<'a>) -> BoxFuture<'a, Response<Bytes>> {
        (**self).answer(request)
    }

    fn body_error(&self, route: usize, error: BodyError) -> Option<Response<Bytes>> {
        (**self).body_error(route, error)
    }

    fn issued_tokens(&self) -> Option<IssuedTokens> {
        (**self).issued_tokens()
    }

    fn resource_metadata(&self) -> Option<&str> {
        (**self).resource_metadata()
    }
}

/// A request to a [`SiteEndpoint`].
#[derive(Debug)]
#[non_exhaustive]
pub struct SiteRequest<'a> {
    /// The number of the route in [`SiteEndpoint::routes`].
    pub route: usize,
    /// The head of the request.
    pub head: &'a RequestHead<'a>,
    /// The values of the parameters of the route's template, decoded, in their order.
    pub values: &'a [String],
    /// The whole body; empty if the route reads none.
    pub body: Bytes,
    /// The refusals of the gate, such as that of an unknown path.
    pub refusals: &'a RefusalResponses,
    /// The request of such a refusal.
    pub label: &'a RequestLabel<'a>,
}

/// A route of a [`SiteEndpoint`].
#[derive(Clone, Debug)]
#[must_use = "a route takes effect in the list of its endpoint"]
pub struct SiteRoute {
    method: Method,
    template: String,
    label: String,
    body: SiteBody,
    is_open_to_other_origins: bool,
    is_always_traced: bool,
    document: Option<SiteDocument>,
    description: Option<SiteDocument>,
}

/// Whether a route reads a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SiteBody {
    /// The endpoint reads no body.
    None,
    /// The limit of the gate.
    GateLimit,
    /// This number of bytes.
    Bytes(usize),
}

/// The entry of a route in the OpenAPI document.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct SiteDocument {
    /// The [Operation Object](https://spec.openapis.org/oas/v3.1.1#operation-object).
    pub operation: Map<String, Value>,
    /// The schemas for `components.schemas` that the operation refers to, by name.
    pub schemas: Map<String, Value>,
}

impl SiteDocument {
    /// Creates an entry of an Operation Object and the schemas that it refers to.
    #[must_use]
    pub const fn new(operation: Map<String, Value>, schemas: Map<String, Value>) -> Self {
        Self { operation, schemas }
    }
}

impl SiteRoute {
    /// Creates a route for `GET` and `HEAD`.
    pub fn get(template: impl Into<String>) -> Self {
        Self::new(Method::Get, template)
    }

    /// Creates a route for `POST` that reads a body within the limit of the gate.
    pub fn post(template: impl Into<String>) -> Self {
        Self {
            body: SiteBody::GateLimit,
            ..Self::new(Method::Post, template)
        }
    }

    /// Creates a route for a method. It reads no body.
    pub fn new(method: Method, template: impl Into<String>) -> Self {
        let template = template.into();
        Self {
            method,
            label: template.clone(),
            template,
            body: SiteBody::None,
            is_open_to_other_origins: false,
            is_always_traced: false,
            document: None,
            description: None,
        }
    }

    /// Sets the maximum size of the body in bytes. A larger body is refused with 413. Default: no
    /// body is read, and for `POST` the limit of the gate.
    pub const fn body_limit(mut self, bytes: usize) -> Self {
        self.body = SiteBody::Bytes(bytes);
        self
    }

    /// Sets the label `route` in metrics and spans. Default: the template.
    pub fn label(mut self, label: impl Into<String>) -> Self {
        self.label = label.into();
        self
    }

    /// Allows scripts of the configured origins to read the responses. Default: no script of
    /// another origin can.
    pub const fn open_to_other_origins(mut self) -> Self {
        self.is_open_to_other_origins = true;
        self
    }

    /// Creates the span at every log level. Default: only if level `info` is enabled. It is for
    /// routes whose work costs far more than a span.
    pub const fn always_traced(mut self) -> Self {
        self.is_always_traced = true;
        self
    }

    /// Sets the entry in the OpenAPI document. Default: none.
    pub fn document(mut self, document: SiteDocument) -> Self {
        self.document = Some(document);
        self
    }

    /// Sets the entry in the document of the site's own endpoints. That of the operations is
    /// another one. Default: none.
    pub fn describe(mut self, description: SiteDocument) -> Self {
        self.description = Some(description);
        self
    }

    /// Returns the entry in the document of the site's own endpoints.
    #[must_use]
    pub const fn description(&self) -> Option<&SiteDocument> {
        self.description.as_ref()
    }

    /// Returns the method.
    #[must_use]
    pub const fn method(&self) -> Method {
        self.method
    }

    /// Returns the template of the path.
    #[must_use]
    pub fn template(&self) -> &str {
        &self.template
    }

    /// Returns the entry in the OpenAPI document.
    #[must_use]
    pub const fn documented(&self) -> Option<&SiteDocument> {
        self.document.as_ref()
    }

    /// Returns whether the route reads a body.
    pub(crate) const fn body(&self) -> SiteBody {
        self.body
    }

    /// Returns the label in metrics and spans.
    pub(crate) fn metrics_label(&self) -> &str {
        &self.label
    }

    /// Returns whether scripts of configured origins may read the answers.
    pub(crate) const fn is_open_to_other_origins(&self) -> bool {
        self.is_open_to_other_origins
    }

    /// Returns whether the span exists at every log level.
    pub(crate) const fn is_always_traced(&self) -> bool {
        self.is_always_traced
    }
}
