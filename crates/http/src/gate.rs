//! The gate: everything declared, as one value.

use std::fmt;
use std::future::poll_fn;
use std::panic::AssertUnwindSafe;
use std::pin::pin;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::FutureExt;
use http::header::{CONTENT_ENCODING, CONTENT_TYPE, VARY, X_CONTENT_TYPE_OPTIONS};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use hyper::body::Body;
use scopegate_grant::AuthorizationServer;
use scopegate_policy::{OperationTable, Permit, ResolvedOperation};
use serde_json::Value;
use tokio::time::Instant;

use crate::TrustedProxies;
use crate::admission::{Admission, Asked};
use crate::answer::Response;
use crate::body::{self, BodyLimits};
use crate::content_coding::ContentCoding;
use crate::cors::CorsHeaders;
use crate::decision_class::DecisionClass;
use crate::docs::{Asset, DOCS_PATH, Docs, DocsPage};
use crate::endpoint;
use crate::entity_tag;
use crate::input::Sent;
use crate::metrics::GateMetrics;
use crate::published_keys::PublishedKeys;
use crate::query_shape::QueryShape;
use crate::refusal::Refusal;
use crate::reply::{Fault, Replies};
use crate::request_head::RequestHead;
use crate::request_id::{self, RequestIds, RequestLabel};
use crate::route::Endpoint;
use crate::routes::{Lookup, Routes, Target};
use crate::shadow::Beside;
use crate::sources::Sources;
use crate::trace::Trace;

/// All operations of an application behind their guards: an ordinary warp filter, a service, a table and a document, of one
/// declaration. Cheap to clone.
///
/// ```
/// use std::sync::Arc;
/// use scopegate_http::{Catalog, Gate, Guard, Json, Permit, ScopeToken, SecurityScheme, get};
/// use scopegate_http::token::{SigningKey, TokenRules, Verifier};
/// use scopegate_http::domain::Secret;
///
/// const READ: ScopeToken = ScopeToken::from_static("reports:read");
///
/// let catalog = Catalog::builder()
///     .scheme("oauth", SecurityScheme::oauth2_password("token"))
///     .scope(READ, "Read reports.")
///     .build()?;
/// let key = SigningKey::hs256(&Secret::new(String::from("a secret text of thirty-two bytes")))?;
/// let verifier = Verifier::new(TokenRules::tutorial(), key.verifying_key());
///
/// let gate = Gate::builder(catalog)
///     .bearer("oauth", verifier)
///     .operation(get("/status").public().then(|| async { "up" }))
///     .operation(
///         get("/reports/{id}")
///             .guard(Guard::requires([READ]))
///             .path::<u32>()
///             .then(|permit: Permit, id: u32| async move { Json(format!("{id}, of {:?}", permit.required())) }),
///     )
///     .build()?;
///
/// assert_eq!(gate.operations().operations().len(), 2);
/// assert_eq!(gate.openapi()["paths"]["/reports/{id}"]["get"]["security"][0]["oauth"][0], "reports:read");
/// let routes = gate.filter(); // an ordinary warp filter
/// # let _ = routes;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Gate {
    pub(crate) inner: Arc<Inner>,
    #[cfg(feature = "testing")]
    pub(crate) double: Option<Arc<crate::double::Double>>,
}

pub(crate) struct Inner {
    pub(crate) admission: Admission,
    pub(crate) routes: Routes<Target>,
    /// One for each operation of the table, in its order.
    pub(crate) endpoints: Vec<Stage>,
    pub(crate) replies: Replies,
    pub(crate) limits: BodyLimits,
    pub(crate) token_endpoint: Option<AuthorizationServer>,
    pub(crate) trusted_proxies: TrustedProxies,
    pub(crate) docs: Option<Docs>,
    pub(crate) jwks: Option<PublishedKeys>,
    pub(crate) cors: Option<CorsHeaders>,
    pub(crate) document: Value,
    pub(crate) document_bytes: Bytes,
    pub(crate) request_ids: RequestIds,
    pub(crate) metrics: GateMetrics,
}

/// What is called when an operation may be.
pub(crate) struct Stage {
    pub(crate) endpoint: Box<dyn Endpoint>,
    pub(crate) sources: Sources,
    /// The proposed policy, where one is asked beside.
    pub(crate) beside: Option<Box<Beside>>,
    pub(crate) parameters: Vec<String>,
    /// What the document says about each query, in the order of the inputs.
    pub(crate) queries: Vec<QueryShape>,
}

impl Gate {
    pub(crate) fn new(inner: Inner) -> Self {
        Self {
            inner: Arc::new(inner),
            #[cfg(feature = "testing")]
            double: None,
        }
    }

    /// The operations with what each requires, for questions about the policy.
    #[must_use]
    pub fn operations(&self) -> &OperationTable {
        &self.inner.admission.table
    }

    /// The OpenAPI 3.1 document: paths, parameters, bodies and answers out of the handlers' types, `security` out of the
    /// guards.
    #[must_use]
    pub fn openapi(&self) -> &Value {
        &self.inner.document
    }

    /// The one look-up. Everything that follows goes by what it found.
    pub(crate) fn find(&self, method: &Method, raw_path: &str) -> Lookup<'_, Target> {
        self.inner.routes.find(method.as_str(), raw_path)
    }

    /// Answers a request that found its place, with the values of the path's parameters. Whatever happens from here on is an
    /// answer.
    pub(crate) async fn answer<B>(
        &self,
        target: &Target,
        values: &[String],
        head: &RequestHead<'_>,
        body: &mut Option<B>,
    ) -> Response
    where
        B: Body<Error: Into<Box<dyn std::error::Error + Send + Sync>>>,
    {
        let begin = Instant::now();
        let route = self.inner.metrics.of(Some(*target));
        let trace = Trace::new(self.inner.request_ids.next(), head, route, self.operation_name(*target));
        let done = {
            // A panic leaves nothing of ours half done: all that is shared is immutable.
            let mut work = pin!(AssertUnwindSafe(self.dispatch(*target, values, head, body, &trace)).catch_unwind());
            // By hand: `Instrument` wants a span of its own, and enters it once more when all is done.
            poll_fn(|context| trace.span().in_scope(|| work.as_mut().poll(context))).await
        };
        let mut response = done.unwrap_or_else(|_| {
            let fault = || self.inner.replies.fault(Fault::Panic, &trace.label);
            trace.span().in_scope(fault)
        });
        self.open_target(*target, head.headers(), &mut response);
        route.answered(response.status(), begin.elapsed());
        trace.answered(response.status());
        with_request_id(response, trace.label.into_id())
    }

    fn operation_name(&self, target: Target) -> Option<&str> {
        match target {
            Target::Operation(number) => self.operations().operations().get(number)?.name(),
            Target::Asset | Target::Document | Target::Jwks | Target::Page(_) | Target::Root | Target::Token => None,
        }
    }

    /// Answers a request that has no place here, at this path as it came.
    pub(crate) fn turn_away(&self, found: &Lookup<'_, Target>, head: &RequestHead<'_>) -> Response {
        self.answer_apart(head, || {
            let replies = &self.inner.replies;
            let mut response = match (self.preflight_at(found, head), found) {
                (Some(answer), _) => answer,
                (None, Lookup::Elsewhere(path)) => replies.redirect(path, head.query()),
                (None, Lookup::OtherMethods(allow)) => replies.method_not_allowed(allow),
                (None, Lookup::Found(..) | Lookup::Unknown) => replies.not_found(),
            };
            if head.method() == Method::HEAD {
                response = without_body(response);
            }
            self.open_path(found, head, &mut response);
            response
        })
    }

    /// Answers a request that does not say which host it is meant for.
    pub(crate) fn no_host(&self, head: &RequestHead<'_>) -> Response {
        self.answer_apart(head, || self.inner.replies.no_host())
    }

    /// Answers a request that leads to no route.
    fn answer_apart(&self, head: &RequestHead<'_>, answer: impl FnOnce() -> Response) -> Response {
        let begin = Instant::now();
        let route = self.inner.metrics.of(None);
        let trace = Trace::new(self.inner.request_ids.next(), head, route, None);
        let response = trace.span().in_scope(answer);
        route.answered(response.status(), begin.elapsed());
        trace.answered(response.status());
        with_request_id(response, trace.label.into_id())
    }

    async fn dispatch<B>(
        &self,
        target: Target,
        values: &[String],
        head: &RequestHead<'_>,
        body: &mut Option<B>,
        trace: &Trace,
    ) -> Response
    where
        B: Body<Error: Into<Box<dyn std::error::Error + Send + Sync>>>,
    {
        let is_head = head.method() == Method::HEAD;
        let response = match target {
            Target::Operation(number) => {
                if let Some(answer) = self.preflight_of(number, head) {
                    return answer;
                }
                self.operate(number, values, head, body, trace).await
            }
            // Apart, so that the future of every other request stays small.
            Target::Token => return Box::pin(self.give_token(head, body, trace)).await,
            Target::Document => document(&self.inner.document_bytes),
            Target::Jwks => match &self.inner.jwks {
                Some(keys) => keys.answer(head.headers()),
                None => self.inner.replies.not_found(),
            },
            Target::Page(path) => self.page(path),
            Target::Root => self.inner.replies.redirect(DOCS_PATH, ""),
            Target::Asset => self.asset(&values.concat(), head.headers()),
        };
        if is_head { without_body(response) } else { response }
    }

    /// Guard, then body, then inputs, then handler.
    // In blocks: what is needed no more when something is waited for must not lie in the future of every request.
    async fn operate<B>(
        &self,
        number: usize,
        values: &[String],
        head: &RequestHead<'_>,
        body: &mut Option<B>,
        trace: &Trace,
    ) -> Response
    where
        B: Body<Error: Into<Box<dyn std::error::Error + Send + Sync>>>,
    {
        let operation = self.operations().operations().get(number);
        let Some((operation, stage)) = operation.zip(self.inner.endpoints.get(number)) else {
            return self.inner.replies.fault(Fault::Unmounted, &trace.label);
        };
        let permit = {
            let decided = self.admit(operation, stage, head).await;
            self.note(&decided, trace);
            match decided {
                Ok(permit) => permit,
                Err(refusal) => {
                    let replies = &self.inner.replies;
                    return replies.refusal(&refusal, operation, self.operations(), &trace.label);
                }
            }
        };
        let answering = {
            let body = if stage.endpoint.reads_body() {
                match Box::pin(self.read_body(head, body, &trace.label)).await {
                    Ok(body) => body,
                    Err(refusal) => return refusal,
                }
            } else {
                Bytes::new()
            };
            let mut sent = Sent::new(
                head.headers(),
                head.query(),
                &body,
                &stage.parameters,
                values,
                &stage.queries,
            );
            match stage.endpoint.call(&mut sent, permit) {
                Ok(answering) => answering,
                Err(refused) => return self.inner.replies.refused(&refused, &trace.label),
            }
        };
        answering.await
    }

    async fn read_body<B>(
        &self,
        head: &RequestHead<'_>,
        body: &mut Option<B>,
        request: &RequestLabel,
    ) -> Result<Bytes, Response>
    where
        B: Body<Error: Into<Box<dyn std::error::Error + Send + Sync>>>,
    {
        let Some(body) = body.take() else {
            return Ok(Bytes::new());
        };
        let read = body::collect(head.headers(), body, self.inner.limits).await;
        read.map_err(|cause| self.inner.replies.unread(cause, request))
    }

    /// Counts and traces a decision.
    fn note(&self, decided: &Result<Option<Permit>, Refusal>, trace: &Trace) {
        let metrics = &self.inner.metrics;
        let (class, user) = match decided {
            Ok(permit) => (DecisionClass::Allow, permit.as_ref().and_then(Permit::user)),
            Err(refusal) => (DecisionClass::of(refusal), None),
        };
        if let Err(Refusal::Credential(cause, ..)) = decided {
            metrics.refused(cause.rule());
        }
        metrics.decided(class);
        trace.decided(class, user);
    }

    /// Asks the guard, or the double that stands in a test for who may go in.
    async fn admit(
        &self,
        operation: &ResolvedOperation,
        stage: &Stage,
        head: &RequestHead<'_>,
    ) -> Result<Option<Permit>, Refusal> {
        #[cfg(feature = "testing")]
        if let Some(double) = &self.double {
            return Box::pin(double.admit(&self.inner.admission, operation, &stage.sources)).await;
        }
        let asked = Asked {
            operation,
            sources: &stage.sources,
            beside: stage.beside.as_deref(),
            head,
        };
        self.inner.admission.admit(asked).await
    }

    async fn give_token<B>(&self, head: &RequestHead<'_>, body: &mut Option<B>, trace: &Trace) -> Response
    where
        B: Body<Error: Into<Box<dyn std::error::Error + Send + Sync>>>,
    {
        let (Some(server), Some(body)) = (&self.inner.token_endpoint, body.take()) else {
            return self.inner.replies.fault(Fault::Unmounted, &trace.label);
        };
        match body::collect(head.headers(), body, self.inner.limits).await {
            Ok(body) => {
                let proxies = &self.inner.trusted_proxies;
                let from = head.peer().map(|peer| proxies.client(peer, head.headers()));
                endpoint::token::token(server, head.headers(), &body, from).await
            }
            Err(cause) => {
                let (_, sentence) = cause.told();
                tracing::debug!(
                    request_id = trace.label.id_text(),
                    peer = trace.label.peer(),
                    cause = sentence,
                    "a body was refused"
                );
                endpoint::token::unread(server, cause)
            }
        }
    }

    /// A file that a page loads, compressed if the client accepts that.
    fn asset(&self, name: &str, headers: &HeaderMap) -> Response {
        let asset = self.inner.docs.as_ref().and_then(|_| Asset::find(name));
        let coded = asset.and_then(|asset| Some((asset, asset.page_in(ContentCoding::of(headers))?)));
        let Some((asset, (page, coding))) = coded else {
            return self.inner.replies.not_found();
        };
        let mut response = entity_tag::apply(asset.tag(coding), headers, shown(page));
        if asset.varies() {
            let vary = HeaderValue::from_static("accept-encoding");
            response.headers_mut().append(VARY, vary);
        }
        if coding == ContentCoding::Gzip && response.status() == StatusCode::OK {
            let coding = HeaderValue::from_static(coding.name());
            response.headers_mut().insert(CONTENT_ENCODING, coding);
        }
        response
    }

    fn page(&self, path: &str) -> Response {
        match self.inner.docs.as_ref().and_then(|docs| docs.page(path)) {
            Some(page) => shown(page),
            None => self.inner.replies.not_found(),
        }
    }
}

impl fmt::Debug for Gate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gate")
            .field("operations", &self.inner.endpoints.len())
            .finish_non_exhaustive()
    }
}

fn document(bytes: &Bytes) -> Response {
    let mut response = Response::new(bytes.clone().into());
    response
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

fn shown(page: DocsPage) -> Response {
    let headers = page.headers();
    let mut response = Response::new(page.body.into());
    for (name, value) in headers {
        response
            .headers_mut()
            .insert(HeaderName::from_static(name), HeaderValue::from_static(value));
    }
    response
}

/// The answer to `HEAD`: all headers, the length of what `GET` would have sent, and no body.
fn without_body(response: Response) -> Response {
    let (mut parts, body) = response.into_parts();
    if let Some(length) = body.size_hint().exact() {
        parts.headers.insert(http::header::CONTENT_LENGTH, length.into());
    }
    Response::from_parts(parts, Bytes::new().into())
}

/// What every answer has: its name, and that its media type is meant.
pub(crate) fn with_request_id(mut response: Response, id: HeaderValue) -> Response {
    let headers = response.headers_mut();
    headers.insert(request_id::HEADER, id);
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}
