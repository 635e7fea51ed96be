//! The gate with its handlers.

use std::any::TypeId;
use std::fmt;
use std::future::poll_fn;
use std::ops::Deref;
use std::panic::AssertUnwindSafe;
use std::pin::pin;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::FutureExt;
use futures_util::future::Either;
use http::{Extensions, Method};
use hyper::body::Body;
use scopegate_gate::{BodyError, RequestHead, Routed, ServerFault, Target};
use scopegate_policy::OperationTable;
use serde_json::Value;

use crate::body::{self, BodyLimits};
use crate::cors::CorsHeaders;
use crate::erased_handler::Handle;
use crate::field_shape::FieldShape;
use crate::input::BodyUse;
use crate::resource::MountedCheck;
use crate::response_body::{BoxError, Response};
use crate::sent::Sent;
use crate::stream_end::StreamStop;

/// All operations of an application with their guards and handlers. One declaration makes the warp
/// filter, the service, the operation table and the document. Cheap to clone.
///
/// The type wraps [`scopegate_gate::Gate`], which decides, and dereferences to it.
///
/// ```
/// use std::sync::Arc;
/// use scopegate_http::{Catalog, Gate, Guard, Json, Path, Permit, ScopeToken, SecurityScheme, get};
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
/// let verifier = Verifier::new(TokenRules::shared_secret(), key.verifying_key());
///
/// let gate = Gate::builder(catalog)
///     .bearer("oauth", verifier)
///     .operation(get("/status").public().then(|| async { "up" }))
///     .operation(
///         get("/reports/{id}")
///             .guard(Guard::requires([READ]))
///             .then(|permit: Permit, Path(id): Path<u32>| async move { Json(format!("{id}, of {:?}", permit.required())) }),
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
    pub(crate) gate: scopegate_gate::Gate,
    pub(crate) inner: Arc<Inner>,
}

pub(crate) struct Inner {
    /// One for each operation of the table, in its order.
    pub(crate) handlers: Vec<MountedOperation>,
    pub(crate) limits: BodyLimits,
    pub(crate) cors: Option<CorsHeaders>,
    pub(crate) document: Value,
    pub(crate) streams: StreamStop,
    /// The values of the application.
    pub(crate) states: Extensions,
}

/// The handler of one operation, with data for its inputs.
pub(crate) struct MountedOperation {
    pub(crate) endpoint: Box<dyn Handle>,
    pub(crate) parameters: Vec<String>,
    /// The shapes of the inputs with fields, by the type of the input.
    pub(crate) shapes: Vec<(TypeId, FieldShape)>,
    /// The number of arguments that take the permit, of the handler and of the check of the
    /// resource.
    pub(crate) callers: usize,
    /// The check of the resource, if there is one.
    pub(crate) resource: Option<MountedCheck>,
    pub(crate) body_use: BodyUse,
    pub(crate) limits: BodyLimits,
}

impl Deref for Gate {
    type Target = scopegate_gate::Gate;

    fn deref(&self) -> &Self::Target {
        &self.gate
    }
}

impl Gate {
    pub(crate) fn new(gate: scopegate_gate::Gate, inner: Inner) -> Self {
        Self {
            gate,
            inner: Arc::new(inner),
        }
    }

    /// Returns the operations with their requirements.
    #[must_use]
    pub fn operations(&self) -> &OperationTable {
        self.gate.operations()
    }

    /// Returns the OpenAPI 3.1 document: paths, parameters, bodies and answers from the types of
    /// the handlers, `security` from the guards.
    #[must_use]
    pub fn openapi(&self) -> &Value {
        &self.inner.document
    }

    /// Ends all event streams ([`Sse`](crate::answer::Sse)) and connections of WebSocket of this
    /// gate, and those that begin later. So a shutdown does not wait for their clients.
    ///
    /// `Gate::serve` calls it. With another server, call it when the process must stop:
    ///
    /// ```no_run
    /// # async fn run(gate: scopegate_http::Gate, listener: tokio::net::TcpListener) {
    /// use scopegate_http::warp;
    ///
    /// let stopping = gate.clone();
    /// let stop = async move {
    ///     let _ = tokio::signal::ctrl_c().await;
    ///     stopping.end_streams();
    /// };
    /// warp::serve(gate.site_filter()).incoming(listener).graceful(stop).run().await;
    /// # }
    /// ```
    pub fn end_streams(&self) {
        self.inner.streams.stop();
    }

    /// Answers a request with a known target. Every outcome is a response.
    #[expect(clippy::manual_async_fn, reason = "an `async fn` stores its arguments twice")]
    pub(crate) fn answer<'r, B>(
        &'r self,
        routed: Routed<'r>,
        head: &'r RequestHead<'_>,
        sent: &'r mut Sent<B>,
    ) -> impl Future<Output = Response> + Send
    where
        B: Body<Data: Send, Error: Into<BoxError>> + Send + 'static,
    {
        async move {
            let done = {
                // A panic leaves no shared state inconsistent, because all that is shared is
                // immutable.
                let mut work = pin!(AssertUnwindSafe(self.dispatch(&routed, head, sent)).catch_unwind());
                // `Instrument` would create a second span and enter it again when the work is done.
                poll_fn(|context| routed.span().in_scope(|| work.as_mut().poll(context))).await
            };
            let mut response = done.unwrap_or_else(|_| {
                let fault = || self.refusals().fault(ServerFault::Panic, routed.label());
                routed.span().in_scope(fault).map(Into::into)
            });
            if head.method() == Method::HEAD {
                response = without_body(response);
            }
            self.open_target(routed.target(), head.headers(), &mut response);
            routed.finish(&mut response);
            response
        }
    }

    fn dispatch<'r, B>(
        &'r self,
        routed: &'r Routed<'r>,
        head: &'r RequestHead<'r>,
        sent: &'r mut Sent<B>,
    ) -> impl Future<Output = Response> + Send
    where
        B: Body<Data: Send, Error: Into<BoxError>> + Send + 'static,
    {
        match routed.target() {
            Some(Target::Operation(number)) => Either::Left(self.run_operation(number, routed, head, sent)),
            // Boxed, so that the future of every other request stays small.
            Some(Target::Site { .. }) | None => Either::Right(Box::pin(self.run_site(routed, head, sent))),
        }
    }

    /// Reads the body if the route has one, and calls the site endpoint.
    async fn run_site<B>(&self, routed: &Routed<'_>, head: &RequestHead<'_>, sent: &mut Sent<B>) -> Response
    where
        B: Body<Data: Send, Error: Into<BoxError>> + Send + 'static,
    {
        let whole = if routed.site_reads_body() {
            let limits = BodyLimits {
                bytes: routed.site_body_limit(self.inner.limits.bytes),
                ..self.inner.limits
            };
            match self.read_body(head, sent, limits).await {
                Ok(whole) => whole,
                Err(error) => return routed.respond_body_error(error).map(Into::into),
            }
        } else {
            Bytes::new()
        };
        routed.answer_site(head, whole).await.map(Into::into)
    }

    pub(crate) async fn read_body<B>(
        &self,
        head: &RequestHead<'_>,
        sent: &mut Sent<B>,
        limits: BodyLimits,
    ) -> Result<Bytes, BodyError>
    where
        B: Body<Data: Send, Error: Into<BoxError>> + Send + 'static,
    {
        match sent.body.take() {
            Some(body) => body::collect(head.headers(), body, limits).await,
            None => Ok(Bytes::new()),
        }
    }
}

impl fmt::Debug for Gate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gate")
            .field("operations", &self.inner.handlers.len())
            .finish_non_exhaustive()
    }
}

/// Returns the answer to `HEAD`: all headers, the length of the body, and no body.
fn without_body(response: Response) -> Response {
    let (mut parts, body) = response.into_parts();
    if let Some(length) = body.size_hint().exact() {
        parts.headers.insert(http::header::CONTENT_LENGTH, length.into());
    }
    Response::from_parts(parts, Bytes::new().into())
}
