//! The gate: everything declared, as one value.

use std::fmt;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::FutureExt;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use hyper::body::Body;
use scopegate_grant::AuthorizationServer;
use scopegate_policy::{OperationTable, ResolvedOperation};
use serde_json::Value;

use crate::admission::Admission;
use crate::answer::Response;
use crate::body::{self, BodyLimits};
use crate::docs::{Docs, DocsPage};
use crate::endpoint;
use crate::input::Sent;
use crate::reply::{Fault, Replies};
use crate::request_id::{self, RequestIds};
use crate::route::Endpoint;
use crate::routes::{Lookup, Routes};

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
    pub(crate) docs: Option<Docs>,
    pub(crate) document: Value,
    pub(crate) document_bytes: Bytes,
    pub(crate) request_ids: RequestIds,
}

/// What is called when an operation may be.
pub(crate) struct Stage {
    pub(crate) endpoint: Box<dyn Endpoint>,
    pub(crate) parameters: Vec<String>,
}

/// What stands at a method and a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    /// The file of this name that a page needs.
    Asset,
    /// The OpenAPI document.
    Document,
    /// The operation of this number.
    Operation(usize),
    /// A page that shows the document.
    Page(&'static str),
    /// The token endpoint.
    Token,
}

/// A request, without its path: that was looked up before.
#[derive(Debug)]
pub(crate) struct Incoming<'r, B> {
    pub(crate) method: &'r Method,
    pub(crate) query: &'r str,
    pub(crate) headers: &'r HeaderMap,
    pub(crate) body: B,
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
    pub(crate) async fn answer<B>(&self, target: Target, values: Vec<String>, request: Incoming<'_, B>) -> Response
    where
        B: Body<Error: Into<Box<dyn std::error::Error + Send + Sync>>>,
    {
        let id = self.inner.request_ids.next();
        // A panic leaves nothing of ours half done: all that is shared is immutable.
        let response = AssertUnwindSafe(self.dispatch(target, &values, request, &id))
            .catch_unwind()
            .await;
        let response = response.unwrap_or_else(|_| self.inner.replies.fault(Fault::Panic, &id));
        tracing::debug!(request_id = ?id, ?target, status = response.status().as_u16(), "answered");
        with_request_id(response, id)
    }

    /// Answers a request that has no place here.
    pub(crate) fn turn_away(&self, method: &Method, found: &Lookup<'_, Target>, query: &str) -> Response {
        let replies = &self.inner.replies;
        let response = match found {
            Lookup::Elsewhere(path) => replies.redirect(path, query),
            Lookup::OtherMethods(allow) => replies.method_not_allowed(allow),
            Lookup::Found(..) | Lookup::Unknown => replies.not_found(),
        };
        let response = if method == Method::HEAD {
            without_body(response)
        } else {
            response
        };
        with_request_id(response, self.inner.request_ids.next())
    }

    async fn dispatch<B>(
        &self,
        target: Target,
        values: &[String],
        request: Incoming<'_, B>,
        id: &HeaderValue,
    ) -> Response
    where
        B: Body<Error: Into<Box<dyn std::error::Error + Send + Sync>>>,
    {
        let is_head = request.method == Method::HEAD;
        let response = match target {
            Target::Operation(number) => return self.operate(number, values, request, id).await,
            Target::Token => return self.give_token(request, id).await,
            Target::Document => document(&self.inner.document_bytes),
            Target::Page(path) => self.page(path),
            Target::Asset => self.page(&format!("/docs/assets/{}", values.concat())),
        };
        if is_head { without_body(response) } else { response }
    }

    /// Guard, then body, then inputs, then handler.
    async fn operate<B>(&self, number: usize, values: &[String], request: Incoming<'_, B>, id: &HeaderValue) -> Response
    where
        B: Body<Error: Into<Box<dyn std::error::Error + Send + Sync>>>,
    {
        let Inner { replies, endpoints, .. } = &*self.inner;
        let operation = self.operations().operations().get(number).zip(endpoints.get(number));
        let Some((operation, stage)) = operation else {
            return replies.fault(Fault::Unmounted, id);
        };
        let permit = match self.admit(operation, request.headers).await {
            Ok(permit) => permit,
            Err(refusal) => return replies.refusal(&refusal, operation, self.operations(), id),
        };
        let body = if stage.endpoint.reads_body() {
            match body::collect(request.headers, request.body, self.inner.limits).await {
                Ok(body) => body,
                Err(cause) => return replies.unread(cause),
            }
        } else {
            Bytes::new()
        };
        let mut sent = Sent::new(request.headers, request.query, &body, &stage.parameters, values);
        match stage.endpoint.call(&mut sent, permit) {
            Ok(answering) => answering.await,
            Err(refused) => replies.refused(&refused, id),
        }
    }

    #[cfg(not(feature = "testing"))]
    async fn admit(
        &self,
        operation: &ResolvedOperation,
        headers: &HeaderMap,
    ) -> Result<Option<scopegate_policy::Permit>, crate::admission::Refusal> {
        self.inner.admission.admit(operation, headers).await
    }

    #[cfg(feature = "testing")]
    async fn admit(
        &self,
        operation: &ResolvedOperation,
        headers: &HeaderMap,
    ) -> Result<Option<scopegate_policy::Permit>, crate::admission::Refusal> {
        match &self.double {
            Some(double) => double.admit(&self.inner.admission, operation),
            None => self.inner.admission.admit(operation, headers).await,
        }
    }

    async fn give_token<B>(&self, request: Incoming<'_, B>, id: &HeaderValue) -> Response
    where
        B: Body<Error: Into<Box<dyn std::error::Error + Send + Sync>>>,
    {
        let Some(server) = &self.inner.token_endpoint else {
            return self.inner.replies.fault(Fault::Unmounted, id);
        };
        match body::collect(request.headers, request.body, self.inner.limits).await {
            Ok(body) => endpoint::token::token(server, request.headers, &body).await,
            Err(cause) => self.inner.replies.unread(cause),
        }
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

fn with_request_id(mut response: Response, id: HeaderValue) -> Response {
    response.headers_mut().insert(request_id::HEADER, id);
    response
}
