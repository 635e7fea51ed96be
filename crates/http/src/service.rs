//! The gate as a service of hyper and of tower.

use std::convert::Infallible;
use std::net::IpAddr;
use std::pin::Pin;
use std::task::{Context, Poll};

use http::Request;
use hyper::body::Body;
use scopegate_gate::{Lookup, RequestHead};

use crate::gate::Gate;
use crate::response_body::{BoxError, Response};
use crate::sent::Sent;

/// The future of the response of the service.
type Answered = Pin<Box<dyn Future<Output = Result<Response, Infallible>> + Send>>;

impl Gate {
    /// Returns the whole site as a service, for a custom accept loop.
    #[must_use]
    pub fn service(&self) -> GateService {
        GateService {
            gate: self.clone(),
            from_socket: false,
            peer: None,
        }
    }

    /// Answers a request to the whole site.
    pub(crate) async fn handle<B>(&self, head: &RequestHead<'_>, sent: &mut Sent<B>) -> Response
    where
        B: Body<Data: Send, Error: Into<BoxError>> + Send + 'static,
    {
        if !head.names_one_host() {
            return self.respond_invalid_host(head).map(Into::into);
        }
        let routed = match self.lookup(head.method(), head.path()) {
            Lookup::Found(target, values) => self.routed(*target, values, head),
            other => return self.respond_without_target(&other, head),
        };
        self.answer(routed, head, sent).await
    }
}

/// The whole site as a service of hyper and of tower, from [`Gate::service`].
///
/// ```
/// use scopegate_http::{Catalog, Gate, get};
/// use hyper::service::Service;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let gate = Gate::builder(Catalog::builder().build()?).operation(get("/status/").public().then(|| async { "up" })).build()?;
/// let request = http::Request::get("/status").body(String::new())?;
/// let response = gate.service().call(request).await?;
/// assert_eq!(response.status(), 307);
/// assert_eq!(response.headers()["location"], "./status/");
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct GateService {
    gate: Gate,
    from_socket: bool,
    peer: Option<IpAddr>,
}

impl GateService {
    /// Treats requests as requests from a socket: HTTP/1.1 without a `Host` is refused with 400
    /// ([RFC 9112, section 3.2](https://www.rfc-editor.org/rfc/rfc9112#section-3.2)). Requests that
    /// a program creates itself, such as those of a test, seldom have one.
    #[must_use]
    pub fn from_socket(mut self) -> Self {
        self.from_socket = true;
        self
    }

    /// Sets the peer address of the connection. Default: unknown.
    ///
    /// Failed logins count for the address, or for the one that a trusted proxy forwards
    /// (`TokenEndpoint::trusted_proxies` of `scopegate-portal`).
    #[must_use]
    pub const fn from_peer(mut self, peer: IpAddr) -> Self {
        self.peer = Some(peer);
        self
    }
}

impl<B> hyper::service::Service<Request<B>> for GateService
where
    B: Body<Data: Send, Error: Into<BoxError>> + Send + 'static,
{
    type Response = Response;
    type Error = Infallible;
    type Future = Answered;

    fn call(&self, request: Request<B>) -> Answered {
        let gate = self.gate.clone();
        let (mut parts, body) = request.into_parts();
        let mut sent = Sent::new(body, parts.extensions.remove());
        let version = self.from_socket.then_some(parts.version);
        let peer = self.peer;
        Box::pin(async move {
            let head = RequestHead::of_parts(&parts).from_socket(version).from_peer(peer);
            Ok(gate.handle(&head, &mut sent).await)
        })
    }
}

impl<B> tower_service::Service<Request<B>> for GateService
where
    Self: hyper::service::Service<Request<B>, Response = Response, Error = Infallible, Future = Answered>,
{
    type Response = Response;
    type Error = Infallible;
    type Future = Answered;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Answered {
        hyper::service::Service::call(self, request)
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use http_body_util::Full;
    use hyper::service::Service as _;

    use super::*;
    use crate::{Catalog, Guard, Permit, get};

    /// The C library of Linux keeps freed blocks of up to 1,032 bytes for the next request. A
    /// larger future made a request a tenth slower (`benches/handlers.rs`).
    #[tokio::test]
    async fn future_of_a_request_is_small() {
        let catalog = Catalog::builder().build().unwrap();
        let operation = get("/").guard(Guard::deny()).then(async |_: Permit| "");
        let gate = Gate::builder(catalog).operation(operation).build().unwrap();
        let future = gate.service().call(Request::new(Full::<Bytes>::default()));
        assert!(size_of_val(&*future) <= 1_032, "{} bytes", size_of_val(&*future));
        assert_eq!(future.await.unwrap().status(), 403);
    }
}
