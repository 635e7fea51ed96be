//! The gate as a layer of tower, in front of routes that the router of an application owns.

use std::fmt;
use std::net::IpAddr;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::request::Parts;
use http::{Extensions, Request, Response};
use scopegate_policy::{Access, Permit, anonymous_template};
use tower_layer::Layer;
use tower_service::Service;

use crate::gate::Gate;
use crate::request_head::RequestHead;
use crate::routed::Routed;

/// Reads the template that the router of the application matched.
type ReadTemplate = fn(&Extensions) -> Option<&str>;
/// Reads the address at the other end of the connection.
type ReadPeer = fn(&Extensions) -> Option<IpAddr>;

/// A layer of tower that guards routes of another router, from [`Gate::layer`].
///
/// The inner service receives only requests that the gate allows. Their extensions contain the
/// [`Permit`], unless the operation is public, or optional and the request anonymous. All other
/// requests get the response that refuses them:
///
/// - 404 for a path that no operation has, and 405 for a method that the path does not have,
/// - 404 for a path that routers can read in two ways, as in [`Gate::authorize`],
/// - 401 and 403 with a challenge.
///
/// A service that answers CORS preflights is outside of this layer. So it also adds its headers to
/// refusals. Each response, that of the inner service included, gets the id of the request and
/// `X-Content-Type-Options: nosniff`.
///
/// ```
/// use bytes::Bytes;
/// use http::{Request, Response};
/// use scopegate_gate::{Catalog, Gate, Guard, Operation, SecurityScheme};
/// use tower::{Layer, ServiceExt, service_fn};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let gate = Gate::builder(Catalog::builder().build()?)
///     .operation(Operation::get("/status").guard(Guard::public()))
///     .build()?;
/// let router = service_fn(|_: Request<()>| async { Ok::<_, std::convert::Infallible>(Response::new(Bytes::from("up"))) });
/// let guarded = gate.layer().layer(router);
///
/// let request = |path| Request::get(path).header("host", "api.example").body(());
/// assert_eq!(guarded.clone().oneshot(request("/status")?).await?.body(), "up");
/// assert_eq!(guarded.oneshot(request("/secrets")?).await?.status(), 404);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
#[must_use = "a layer guards the service that it wraps"]
pub struct GateLayer {
    gate: Gate,
    template: Option<ReadTemplate>,
    peer: Option<ReadPeer>,
}

/// A service that receives only requests which the gate allows, from [`GateLayer`].
#[derive(Clone, Debug)]
pub struct GuardedService<S> {
    layer: GateLayer,
    inner: S,
}

impl Gate {
    /// Returns the gate as a layer of tower, for routes that another router owns.
    pub fn layer(&self) -> GateLayer {
        GateLayer {
            gate: self.clone(),
            template: None,
            peer: None,
        }
    }
}

impl GateLayer {
    /// Sets the function that reads the template which the router of the application matched.
    /// Default: none, and nothing is compared.
    ///
    /// The layer must be between the router and its routes. A request whose template differs from
    /// that of its operation, or that the router does not match, gets 404. So a route without an
    /// operation never runs, although its path matches the template of an operation. Names of
    /// parameters can differ.
    ///
    /// ```
    /// # fn layer(gate: &scopegate_gate::Gate) -> axum::Router {
    /// use axum::extract::MatchedPath;
    ///
    /// // `Router::layer` puts it between the router and its routes.
    /// # axum::Router::new().layer(
    /// gate.layer().matched_template(|extensions| extensions.get::<MatchedPath>().map(MatchedPath::as_str))
    /// # )
    /// # }
    /// ```
    pub fn matched_template(mut self, read: fn(&Extensions) -> Option<&str>) -> Self {
        self.template = Some(read);
        self
    }

    /// Sets the function that reads the address at the other end of the connection. Default: none,
    /// and the address is unknown.
    pub fn peer(mut self, read: fn(&Extensions) -> Option<IpAddr>) -> Self {
        self.peer = Some(read);
        self
    }

    fn head<'r>(&self, parts: &'r Parts) -> RequestHead<'r> {
        let peer = self.peer.and_then(|read| read(&parts.extensions));
        RequestHead::of_parts(parts)
            .from_socket(Some(parts.version))
            .from_peer(peer)
    }

    #[expect(clippy::result_large_err, reason = "a refusal is the complete response")]
    fn route(&self, head: &RequestHead<'_>, extensions: &Extensions) -> Result<Routed<'_>, Response<Bytes>> {
        self.gate.route_alike(head, |operation| {
            let template = operation.template();
            self.template.is_none_or(|read| {
                // `{id}` and `{*rest}` differ in more than the name.
                let shape = |template: &str| (template.contains("{*"), anonymous_template(template));
                let is_same = |matched| matched == template || shape(matched) == shape(template);
                read(extensions).is_some_and(is_same)
            })
        })
    }

    /// Answers a request by the inner service, or refuses it.
    async fn answer<S, B, R>(&self, mut inner: S, request: Request<B>) -> Result<Response<R>, S::Error>
    where
        S: Service<Request<B>, Response = Response<R>>,
        R: From<Bytes>,
    {
        let (mut parts, body) = request.into_parts();
        // A layer outside of this one decided about another policy.
        parts.extensions.remove::<Permit>();
        let head = self.head(&parts);
        let routed = match self.route(&head, &parts.extensions) {
            Ok(routed) => routed,
            Err(refusal) => return Ok(refusal.map(R::from)),
        };
        match routed.decide_in_span(&head).await {
            Ok(permit) => insert(permit, &mut parts.extensions),
            Err(mut refusal) => {
                routed.finish(&mut refusal);
                return Ok(refusal.map(R::from));
            }
        }
        let request = Request::from_parts(parts, body);
        let mut response = routed.in_span(async { inner.call(request).await }).await?;
        routed.finish(&mut response);
        Ok(response)
    }
}

/// Inserts the permit. That of a public operation is left out, so that a handler that takes a
/// permit fails if its operation is public by mistake.
fn insert(permit: Option<Permit>, extensions: &mut Extensions) {
    if let Some(permit) = permit.filter(|permit| permit.operation().access() != Access::Public) {
        extensions.insert(permit);
    }
}

impl<S> Layer<S> for GateLayer {
    type Service = GuardedService<S>;

    fn layer(&self, inner: S) -> GuardedService<S> {
        GuardedService {
            layer: self.clone(),
            inner,
        }
    }
}

impl<S, B, R> Service<Request<B>> for GuardedService<S>
where
    S: Service<Request<B>, Response = Response<R>, Future: Send> + Clone + Send + 'static,
    B: Send + 'static,
    R: From<Bytes>,
{
    type Response = Response<R>;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Response<R>, S::Error>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let layer = self.layer.clone();
        // The clone may not be ready, so the ready service takes the request.
        let clone = self.inner.clone();
        let ready = std::mem::replace(&mut self.inner, clone);
        Box::pin(async move { layer.answer(ready, request).await })
    }
}

impl fmt::Debug for GateLayer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GateLayer")
            .field("gate", &self.gate)
            .field("compares_templates", &self.template.is_some())
            .finish_non_exhaustive()
    }
}
