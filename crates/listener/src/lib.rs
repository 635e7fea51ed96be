//! **How are connections accepted, limited and drained?** Serves a hyper service on HTTP/1 and
//! HTTP/2 connections, with limits that hyper alone does not have.
//!
//! A process that serves HTTP to untrusted clients uses it: the program `scopegate` for its public
//! and its admin listener. The server of warp has neither a limit of connections nor a time limit
//! for a silent one.
//!
//! - Each state of a connection has a time limit. A download or an event stream has none while its
//!   bytes move.
//! - When all slots are taken, a new connection replaces one that never sent a request, or the one
//!   with the longest idle time. A connection with a request in progress keeps its slot.
//! - At a signal, the requests in progress get their complete responses before the process ends.
//! - A service may upgrade a connection of HTTP/1 to another protocol, such as WebSocket
//!   ([`hyper::upgrade::on`]). The connection keeps its slot, and has no time limit. The shutdown
//!   waits for it like for a request.
//!
//! # Names to start with
//!
//! | name | purpose |
//! |---|---|
//! | [`Listener`] | binds an address and serves a service on its connections |
//! | [`Limits`] | the times, and the number of connections |
//! | [`HttpService`] | the bounds of the service: what `hyper::service::service_fn` returns |
//! | [`RequestBody`] | the body of the requests that the service receives |
//! | [`Signals`], [`SignalAction`] | the signals that stop a process |
//! | [`DrainOutcome`] | how the shutdown ended |
//! | [`Accept`] | a source of other streams, such as TLS or a socket pair |
//!
//! # Example
//!
//! ```
//! use std::convert::Infallible;
//! use std::time::Duration;
//!
//! use hyper::service::service_fn;
//! use hyper::{Request, Response};
//! use scopegate_listener::{DrainOutcome, Limits, Listener, RequestBody};
//! use tokio::io::{AsyncReadExt, AsyncWriteExt};
//! use tokio::net::TcpStream;
//! use tokio::sync::Notify;
//!
//! # #[tokio::main]
//! # async fn main() -> std::io::Result<()> {
//! let limits = Limits::new().drain_deadline(Duration::from_secs(5));
//! let listener = Listener::bind(([127, 0, 0, 1], 0).into())?.limits(limits);
//! let address = listener.local_addr()?;
//! let service = service_fn(async |request: Request<RequestBody>| {
//!     Ok::<_, Infallible>(Response::new(format!("path {}", request.uri().path())))
//! });
//!
//! // A program waits for `Signals::next` instead.
//! let stop = Notify::new();
//! let server = listener.serve(service, async || stop.notified().await);
//! let client = async {
//!     let mut stream = TcpStream::connect(address).await?;
//!     stream.write_all(b"GET /a HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").await?;
//!     let mut response = String::new();
//!     stream.read_to_string(&mut response).await?;
//!     stop.notify_one();
//!     Ok::<_, std::io::Error>(response)
//! };
//! let (outcome, response) = tokio::join!(server, client);
//! assert_eq!(outcome, DrainOutcome::Complete);
//! assert!(response?.ends_with("path /a"));
//! # Ok(())
//! # }
//! ```
//!
//! # Out of scope
//!
//! TLS and the PROXY protocol: write an [`Accept`], or put a proxy in front. Limits of request
//! bodies: the service has them. Limits for each client address: all clients behind a proxy share
//! one address.

mod accept;
mod connection;
mod connection_metrics;
mod connection_state;
mod drain;
mod eviction;
mod http2_streams;
mod limits;
mod listener;
mod request_body;
mod response_body;
mod signals;
mod tracked_stream;

pub use self::accept::Accept;
pub use self::connection::HttpService;
pub use self::drain::DrainOutcome;
pub use self::limits::Limits;
pub use self::listener::Listener;
pub use self::request_body::RequestBody;
pub use self::signals::{SignalAction, Signals};
