//! Converts the gate to warp filters, and warp replies to responses of handlers.

use std::convert::Infallible;
use std::net::SocketAddr;

use bytes::{Buf, Bytes};
use futures_util::{Stream, TryStreamExt, future};
use http::header::CONTENT_LENGTH;
use http::uri::Authority;
use http::{HeaderMap, Method, StatusCode};
use http_body_util::{BodyExt, Either, Empty, StreamBody};
use hyper::body::{Body, Frame};
use scopegate_gate::{Lookup, RequestHead, Target, TargetAuthority};
use warp::filters::path::FullPath;
use warp::{Filter, Rejection, Reply};

use crate::answer::{Answer, SUCCESS};
use crate::description::OperationDescription;
use crate::gate::Gate;
use crate::response_body::{BoxError, Response, ResponseBody};
use crate::sent::Sent;

impl Gate {
    /// Returns the operations as an ordinary warp filter, for use with others.
    ///
    /// A path or a method that is not declared is a rejection (`not_found`, or warp's own for a
    /// wrong method). So the next filter of an `.or` chain gets the request. If an operation
    /// matched, every outcome is a response: a denial, an invalid body and a panic never reach
    /// another filter. Templates are whole paths, also below `warp::path(..)`.
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
    pub fn filter(
        &self,
    ) -> impl Filter<Extract = (warp::reply::Response,), Error = Rejection> + Clone + Send + Sync + use<> {
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
            .and(sent())
            .then(
                move |(target, values): (Target, Vec<String>),
                      path: FullPath,
                      method: Method,
                      query: String,
                      headers: HeaderMap,
                      peer: Option<SocketAddr>,
                      authority: FoundAuthority,
                      mut sent| {
                    let gate = answering.clone();
                    async move {
                        let head = RequestHead::new(&method, path.as_str(), &headers)
                            .with_query(&query)
                            .with_authority(known(&authority))
                            .from_peer(peer.map(|peer| peer.ip()));
                        if !head.names_one_host() {
                            return into_reply(gate.respond_invalid_host(&head).map(Into::into));
                        }
                        into_reply(gate.answer(gate.routed(target, values, &head), &head, &mut sent).await)
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
                    future::ready(answer.map(into_reply).ok_or_else(warp::reject::not_found))
                },
            );
        answered.or(preflights).unify().or(refusing.other_methods()).unify()
    }

    /// Rejects a request whose path exists only for other methods, as warp rejects it.
    fn other_methods(
        self,
    ) -> impl Filter<Extract = (warp::reply::Response,), Error = Rejection> + Clone + Send + Sync + use<> {
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
            .map(warp::reply::Response::default)
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
    pub fn site_filter(
        &self,
    ) -> impl Filter<Extract = (warp::reply::Response,), Error = Infallible> + Clone + Send + Sync + use<> {
        let gate = self.clone();
        let head = warp::method()
            .and(warp::path::full())
            .and(query())
            .and(warp::header::headers_cloned())
            .and(warp::addr::remote())
            .and(authority());
        head.and(sent()).then(
            move |method: Method,
                  path: FullPath,
                  query: String,
                  headers: HeaderMap,
                  peer: Option<SocketAddr>,
                  authority: FoundAuthority,
                  mut sent| {
                let gate = gate.clone();
                async move {
                    let head = RequestHead::new(&method, path.as_str(), &headers)
                        .with_query(&query)
                        .with_authority(known(&authority))
                        .from_peer(peer.map(|peer| peer.ip()));
                    into_reply(gate.handle(&head, &mut sent).await)
                }
            },
        )
    }
}

/// Returns the authority of a request by warp's rules: `None` if warp refuses it.
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

/// Returns the body and the connection, if the client may use it for another protocol.
fn sent() -> impl Filter<Extract = (Sent<impl Body<Data: Send, Error = BoxError> + Send>,), Error = Infallible> + Copy {
    body().and(warp::ext::optional()).map(Sent::new)
}

/// Returns the body, or an empty body if an earlier filter took it. That is not a reason for a
/// rejection.
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

/// Any reply of warp. The document states only that there is a response.
///
/// ```
/// use scopegate_http::{warp, answer::{Answer, WarpReply}};
///
/// assert_eq!(WarpReply(warp::reply::html("<p>hello")).into_response().status(), 200);
/// ```
#[derive(Clone, Copy, Debug)]
#[expect(clippy::exhaustive_structs, reason = "a wrapper is made by its constructor")]
pub struct WarpReply<R>(pub R);

impl<R: Reply + 'static> Answer for WarpReply<R> {
    fn into_response(self) -> Response {
        self.0.into_response().map(ResponseBody::new)
    }

    fn describe(description: &mut OperationDescription) {
        description.response(StatusCode::OK, SUCCESS);
    }
}

/// Converts a response to a reply of warp's.
fn into_reply(response: Response) -> warp::reply::Response {
    let (mut parts, body) = response.into_parts();
    let body = match body.into_bytes() {
        Ok(bytes) => bytes.into(),
        Err(body) => {
            // A stream of warp's has no length.
            if let Some(length) = body.size_hint().exact() {
                parts.headers.entry(CONTENT_LENGTH).or_insert_with(|| length.into());
            }
            warp::reply::stream(body.into_data_stream()).into_response().into_body()
        }
    };
    http::Response::from_parts(parts, body)
}
