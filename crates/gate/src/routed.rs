//! A request that has a target and is being answered.

use std::fmt;
use std::future::poll_fn;
use std::pin::pin;
use std::time::Instant;

use bytes::Bytes;
use http::Response;
use scopegate_policy::{Permit, ResolvedOperation};
use tracing::Span;

use crate::authorizer::AuthorizationRequest;
use crate::body_error::BodyError;
use crate::gate::{Gate, OperationCredentials};
use crate::head_response;
use crate::observe::decision_class::DecisionClass;
use crate::observe::metrics::RouteMetrics;
use crate::observe::request_id::RequestLabel;
use crate::observe::request_span::RequestSpan;
use crate::observe::response_headers;
use crate::refusal::Refusal;
use crate::refusal_responses::ServerFault;
use crate::request_head::RequestHead;
use crate::routes::Target;
use crate::site_endpoint::{SiteBody, SiteEndpoint, SiteRequest, SiteRoute};

/// A request that is being processed: its target, its span and its counters.
///
/// [`Routed::finish`] counts the response, and sets the headers that every response has. Without it
/// the request is missing in the metrics.
#[must_use = "`finish` counts the response"]
pub struct Routed<'g> {
    gate: &'g Gate,
    target: Option<Target>,
    values: Vec<String>,
    route: &'g RouteMetrics,
    span: RequestSpan<'g>,
    begin: Instant,
}

impl<'g> Routed<'g> {
    pub(crate) fn new(gate: &'g Gate, target: Option<Target>, values: Vec<String>, head: &RequestHead<'_>) -> Self {
        #[expect(
            clippy::disallowed_methods,
            reason = "it measures a duration, and no decision reads it"
        )]
        let begin = Instant::now();
        let inner = &gate.inner;
        let route = inner.metrics.of(target);
        let name = match target {
            Some(Target::Operation(number)) => gate.operations().operations().get(number),
            Some(Target::Site { .. }) | None => None,
        };
        let name = name.and_then(ResolvedOperation::name);
        Self {
            gate,
            target,
            values,
            route,
            span: RequestSpan::new(inner.request_ids.next(), head, route, name),
            begin,
        }
    }

    /// Returns the target; `None` for a request without one.
    #[must_use]
    pub const fn target(&self) -> Option<Target> {
        self.target
    }

    /// Returns the values of the parameters of the template, decoded, in their order.
    #[must_use]
    pub fn values(&self) -> &[String] {
        &self.values
    }

    /// Returns the span in which the work for the request runs.
    #[must_use]
    pub const fn span(&self) -> &Span {
        self.span.span()
    }

    /// Returns the fields of a log event that identify the request.
    #[must_use]
    pub const fn label(&self) -> &RequestLabel<'g> {
        &self.span.label
    }

    /// Verifies the credentials of the request and decides. Returns `None` if the target is a site
    /// endpoint, or optional and the request anonymous.
    ///
    /// # Errors
    ///
    /// Returns the response that refuses the request. Pass it to [`Routed::finish`].
    pub async fn authorize(&self, head: &RequestHead<'_>) -> Result<Option<Permit>, Response<Bytes>> {
        let Some(Target::Operation(number)) = self.target else {
            return Ok(None);
        };
        let inner = &self.gate.inner;
        let operation = self.gate.operations().operations().get(number);
        let Some((operation, credentials)) = operation.zip(inner.operations.get(number)) else {
            return Err(inner.refusals.fault(ServerFault::Unmounted, self.label()));
        };
        let decided = self.decide(operation, credentials, head).await;
        self.record_decision(&decided);
        decided.map_err(|refusal| {
            inner
                .refusals
                .refusal(&refusal, operation, self.gate.operations(), self.label())
        })
    }

    /// Answers the request to a site endpoint, with its whole body.
    ///
    /// An operation is an error here, because the caller runs operations.
    pub async fn answer_site(&self, head: &RequestHead<'_>, body: Bytes) -> Response<Bytes> {
        let refusals = self.gate.refusals();
        let Some((endpoint, number, _)) = self.site() else {
            return refusals.fault(ServerFault::Unmounted, self.label());
        };
        let request = SiteRequest {
            route: number,
            head,
            values: &self.values,
            body,
            refusals,
            label: self.label(),
        };
        endpoint.answer(request).await
    }

    /// Returns whether the target reads a body: always `false` for an operation, whose handler
    /// decides.
    #[must_use]
    pub fn site_reads_body(&self) -> bool {
        self.site_body() != SiteBody::None
    }

    /// Returns the largest body of a site endpoint in bytes, of which `limit` is the default.
    #[must_use]
    pub fn site_body_limit(&self, limit: usize) -> usize {
        match self.site_body() {
            SiteBody::Bytes(bytes) => bytes,
            SiteBody::None | SiteBody::GateLimit => limit,
        }
    }

    /// Returns the response to a request whose body is not complete, and logs the cause.
    #[must_use]
    pub fn respond_body_error(&self, error: BodyError) -> Response<Bytes> {
        let default = self.gate.refusals().body_error(error, self.label());
        let site = self
            .site()
            .and_then(|(endpoint, number, _)| endpoint.body_error(number, error));
        site.unwrap_or(default)
    }

    /// Counts the response, records its status in the span, and sets the headers that every
    /// response has.
    pub fn finish<B>(self, response: &mut Response<B>) {
        self.route.answered(response.status(), self.begin.elapsed());
        self.span.answered(response.status());
        response_headers::set(response.headers_mut(), self.span.label.into_id());
    }

    /// Decides as [`Routed::authorize`] does, or answers for a site endpoint that reads no body. A
    /// refusal of `HEAD` has no body.
    pub(crate) async fn decide_in_span(&self, head: &RequestHead<'_>) -> Result<Option<Permit>, Response<Bytes>> {
        let decided = self.in_span(self.authorize_or_answer(head)).await;
        decided.map_err(|mut response| {
            head_response::strip_body(head, &mut response);
            response
        })
    }

    /// Runs work in the span of the request.
    pub(crate) async fn in_span<T>(&self, work: impl Future<Output = T>) -> T {
        let mut work = pin!(work);
        // `Instrument` would create a second span and enter it again when the work is done.
        poll_fn(|context| self.span().in_scope(|| work.as_mut().poll(context))).await
    }

    async fn authorize_or_answer(&self, head: &RequestHead<'_>) -> Result<Option<Permit>, Response<Bytes>> {
        match self.target {
            Some(Target::Site { .. }) if self.site_reads_body() => {
                Err(self.gate.refusals().fault(ServerFault::Unmounted, self.label()))
            }
            Some(Target::Site { .. }) => Err(self.answer_site(head, Bytes::new()).await),
            Some(Target::Operation(_)) | None => self.authorize(head).await,
        }
    }

    fn site_body(&self) -> SiteBody {
        self.site().map_or(SiteBody::None, |(.., route)| route.body())
    }

    fn site(&self) -> Option<(&'g dyn SiteEndpoint, usize, &'g SiteRoute)> {
        self.gate.site(self.target?)
    }

    async fn decide(
        &self,
        operation: &ResolvedOperation,
        credentials: &OperationCredentials,
        head: &RequestHead<'_>,
    ) -> Result<Option<Permit>, Refusal> {
        let authorizer = &self.gate.inner.authorizer;
        #[cfg(feature = "testing")]
        if let Some(identity) = &self.gate.identity {
            return Box::pin(identity.authorize(authorizer, operation, &credentials.sources)).await;
        }
        authorizer
            .authorize(AuthorizationRequest {
                operation,
                sources: &credentials.sources,
                shadow: credentials.shadow.as_deref(),
                head,
            })
            .await
    }

    fn record_decision(&self, decided: &Result<Option<Permit>, Refusal>) {
        let metrics = &self.gate.inner.metrics;
        let (class, user) = match decided {
            Ok(permit) => (DecisionClass::Allow, permit.as_ref().and_then(Permit::user)),
            Err(refusal) => (DecisionClass::of(refusal), None),
        };
        if let Err(Refusal::Credential(cause, ..)) = decided {
            metrics.refused(cause.label());
        }
        metrics.decided(class);
        self.span.decided(class, user);
    }
}

impl fmt::Debug for Routed<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Routed")
            .field("target", &self.target)
            .finish_non_exhaustive()
    }
}
