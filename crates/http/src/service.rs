//! The gate as warp filters and as a service.

use std::convert::Infallible;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Buf;
use futures_util::{Stream, TryStreamExt, future};
use http::uri::Authority;
use http::{HeaderMap, Method, Request};
use http_body_util::{Either, Empty, StreamBody};
use hyper::body::{Body, Bytes, Frame};
use scopegate_gate::{Lookup, RequestHead, Target, TargetAuthority};
use warp::filters::path::FullPath;
use warp::{Filter, Rejection};

use crate::answer::Response;
use crate::gate::Gate;

type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// The future of the service's answer.
type Answered = Pin<Box<dyn Future<Output = Result<Response, Infallible>> + Send>>;

impl Gate {
    /// Returns the operations as an ordinary warp filter, for use with others.
    ///
    /// A path or a method that is not declared is a rejection (`not_found`, or warp's own for a
    /// wrong method). So the next filter of an `.or` chain gets the request. Once an operation
    /// matched, every outcome is an answer: a denial, a bad body and a panic never reach another
    /// filter. Templates are whole paths, also below `warp::path(..)`.
    ///
    /// ```
    /// use scopegate_http::{Catalog, Gate, get, warp::{self, Filter}};
    ///
    /// let gate = Gate::builder(Catalog::builder().build()?).operation(get("/new").public().then(|| async { "new" })).build()?;
    /// let old = warp::path!("old").map(|| "old");
    /// let routes = gate.filter().or(old);
    /// # let _ = routes;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn filter(&self) -> impl Filter<Extract = (Response,), Error = Rejection> + Clone + Send + Sync + use<> {
        let (finding, answering, asked, refusing) = (self.clone(), self.clone(), self.clone(), self.clone());
        let found = warp::method()
            .and(warp::path::full())
            .and_then(move |method: Method, path: FullPath| {
                future::ready(match finding.lookup(&method, path.as_str()) {
                    Lookup::Found(target, values) => Ok((*target, values)),
                    Lookup::Redirect(_) | Lookup::OtherMethods(_) | Lookup::Unknown => Err(warp::reject::not_found()),
                })
            });
        let answered = found
            .and(warp::path::full())
            .and(warp::method())
            .and(query())
            .and(warp::header::headers_cloned())
            .and(warp::addr::remote())
            .and(authority())
            .and(body())
            .then(
                move |(target, values): (Target, Vec<String>),
                      path: FullPath,
                      method: Method,
                      query: String,
                      headers: HeaderMap,
                      peer: Option<SocketAddr>,
                      authority: FoundAuthority,
                      body| {
                    let gate = answering.clone();
                    async move {
                        let head = RequestHead::new(&method, path.as_str(), &headers)
                            .with_query(&query)
                            .with_authority(known(&authority))
                            .from_peer(peer.map(|peer| peer.ip()));
                        if !head.names_one_host() {
                            return gate.respond_invalid_host(&head).map(Into::into);
                        }
                        let mut body = Some(body);
                        gate.answer(target, values, &head, &mut body).await
                    }
                },
            );
        let preflights = warp::method()
            .and(warp::path::full())
            .and(warp::header::headers_cloned())
            .and(authority())
            .and_then(
                move |method: Method, path: FullPath, headers: HeaderMap, authority: FoundAuthority| {
                    let answer = asked.own_preflight(&method, path.as_str(), &headers);
                    let answer = answer.map(|answer| {
                        let head = RequestHead::new(&method, path.as_str(), &headers).with_authority(known(&authority));
                        if head.names_one_host() {
                            answer
                        } else {
                            asked.respond_invalid_host(&head).map(Into::into)
                        }
                    });
                    future::ready(answer.ok_or_else(warp::reject::not_found))
                },
            );
        answered.or(preflights).unify().or(refusing.other_methods()).unify()
    }

    /// Rejects what is at a path for other methods, as warp rejects it.
    fn other_methods(self) -> impl Filter<Extract = (Response,), Error = Rejection> + Clone + Send + Sync + use<> {
        // Warp's rejection for a wrong method has no public name; two methods that exclude each
        // other produce it.
        let other_methods = warp::method()
            .and(warp::path::full())
            .and_then(move |method: Method, path: FullPath| {
                future::ready(match self.lookup(&method, path.as_str()) {
                    Lookup::OtherMethods(_) => Ok(()),
                    Lookup::Redirect(_) | Lookup::Found(..) | Lookup::Unknown => Err(warp::reject::not_found()),
                })
            });
        other_methods
            .untuple_one()
            .and(warp::get())
            .and(warp::post())
            .map(Response::default)
    }

    /// Returns the whole site as a warp filter that answers every request: unknown paths, wrong
    /// methods and a missing slash too. For `warp::serve`, or for the end of an `.or` chain.
    ///
    /// ```no_run
    /// # async fn run(gate: scopegate_http::Gate) {
    /// use scopegate_http::warp;
    ///
    /// warp::serve(gate.site_filter()).run(([127, 0, 0, 1], 8000)).await;
    /// # }
    /// ```
    #[must_use]
    pub fn site_filter(&self) -> impl Filter<Extract = (Response,), Error = Infallible> + Clone + Send + Sync + use<> {
        let gate = self.clone();
        let head = warp::method()
            .and(warp::path::full())
            .and(query())
            .and(warp::header::headers_cloned())
            .and(warp::addr::remote())
            .and(authority());
        head.and(body()).then(
            move |method: Method,
                  path: FullPath,
                  query: String,
                  headers: HeaderMap,
                  peer: Option<SocketAddr>,
                  authority: FoundAuthority,
                  body| {
                let gate = gate.clone();
                async move {
                    let mut body = Some(body);
                    let head = RequestHead::new(&method, path.as_str(), &headers)
                        .with_query(&query)
                        .with_authority(known(&authority))
                        .from_peer(peer.map(|peer| peer.ip()));
                    gate.handle(&head, &mut body).await
                }
            },
        )
    }

    /// Returns the whole site as a service, for a custom accept loop.
    #[must_use]
    pub fn service(&self) -> GateService {
        GateService {
            gate: self.clone(),
            from_socket: false,
            peer: None,
        }
    }

    async fn handle<B>(&self, head: &RequestHead<'_>, body: &mut Option<B>) -> Response
    where
        B: Body<Error: Into<BoxError>>,
    {
        if !head.names_one_host() {
            return self.respond_invalid_host(head).map(Into::into);
        }
        match self.lookup(head.method(), head.path()) {
            Lookup::Found(target, values) => self.answer(*target, values, head, body).await,
            other => self.respond_without_target(&other, head),
        }
    }
}

/// The whole site as a service of hyper and of tower: made by [`Gate::service`].
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
/// assert_eq!(response.headers()["location"], "/status/");
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
    /// Treats requests as those of a socket: HTTP/1.1 without a `Host` is refused with 400 ([RFC
    /// 9112, section 3.2](https://www.rfc-editor.org/rfc/rfc9112#section-3.2)). Requests that a
    /// program makes for itself, such as those of a test, seldom have one.
    #[must_use]
    pub fn from_socket(mut self) -> Self {
        self.from_socket = true;
        self
    }

    /// Takes requests from a connection with this address at its other end. Default: unknown.
    ///
    /// Failed logins count for the address, or for the one that a trusted proxy forwards
    /// ([`GateBuilder::trusted_proxies`](crate::GateBuilder::trusted_proxies)).
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
        let (parts, body) = request.into_parts();
        let mut body = Some(body);
        let version = self.from_socket.then_some(parts.version);
        let peer = self.peer;
        Box::pin(async move {
            let head = RequestHead::of_parts(&parts).from_socket(version).from_peer(peer);
            Ok(gate.handle(&head, &mut body).await)
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

/// Warp's result for the authority of a request: `None` if warp refuses it.
type FoundAuthority = Option<Option<Authority>>;

fn authority() -> impl Filter<Extract = (FoundAuthority,), Error = Infallible> + Copy {
    let refused = warp::any().map(|| None);
    warp::host::optional().map(Some).or(refused).unify()
}

fn known(authority: &FoundAuthority) -> TargetAuthority<'_> {
    match authority {
        Some(authority) => TargetAuthority::Known(authority.as_ref()),
        None => TargetAuthority::Refused,
    }
}

fn query() -> impl Filter<Extract = (String,), Error = Infallible> + Copy {
    warp::query::raw().or(warp::any().map(String::new)).unify()
}

/// Returns the body, or an empty one if an earlier filter took it: that is not a reason to let a
/// request fall through.
fn body() -> impl Filter<Extract = (impl Body<Data: Send, Error = BoxError> + Send,), Error = Infallible> + Copy {
    let sent = warp::body::stream().map(|stream| Either::Left(framed(stream)));
    let taken = warp::any().map(|| Either::Right(Empty::<Bytes>::new()));
    sent.or(taken).unify()
}

fn framed<S, D>(stream: S) -> impl Body<Data = Bytes, Error = warp::Error> + Send
where
    S: Stream<Item = Result<D, warp::Error>> + Send,
    D: Buf,
{
    StreamBody::new(stream.map_ok(|mut data| Frame::data(data.copy_to_bytes(data.remaining()))))
}
