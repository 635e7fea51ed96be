//! WebSocket behind a guard, behind the feature `websocket`
//! ([RFC 6455](https://www.rfc-editor.org/rfc/rfc6455)).
//!
//! A route of WebSocket is an operation like any other: guard, document, counters and span are
//! those of a `GET`. Its handler takes a [`WebSocketUpgrade`]:
//!
//! ```
//! use scopegate_http::websocket::{Message, SwitchingProtocols, WebSocket, WebSocketUpgrade, ws};
//! use scopegate_http::{Guard, Permit};
//!
//! async fn echo(_: Permit, upgrade: WebSocketUpgrade) -> SwitchingProtocols {
//!     upgrade.on_upgrade(|mut socket: WebSocket| async move {
//!         while let Ok(Some(message)) = socket.receive().await {
//!             if socket.send(message).await.is_err() {
//!                 break;
//!             }
//!         }
//!     })
//! }
//!
//! let operation = ws("/echo").guard(Guard::authenticated()).then(echo);
//! # let _ = operation;
//! ```
//!
//! A browser cannot set `Authorization` on such a request. Give its page a [one-time
//! ticket](crate::credential::Tickets).
//!
//! A handshake from a page of another origin is refused with 403, unless
//! [`Cors`](crate::cors::Cors) allows the origin: a browser sends cookies with it, regardless of
//! CORS. The gate does not know whether its clients use TLS, so `http` and `https` of one host are
//! one origin here. Only HTTP/1.1 is supported; a handshake of HTTP/2 ([RFC
//! 8441](https://www.rfc-editor.org/rfc/rfc8441)) is refused with 426.

mod socket;

use std::pin::pin;
use std::time::Duration;

use futures_util::Stream;
use futures_util::future::{Either, select};
use http::header::{CONNECTION, ORIGIN, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_VERSION, UPGRADE};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use scopegate_domain::{SystemClock, Timestamp};
use scopegate_gate::InputError;
use scopegate_policy::Method;
use tokio::time::Instant;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::{Role, WebSocketConfig};
use tracing::Instrument;

pub use self::socket::{Message, WebSocket, WebSocketError};
use crate::answer::Answer;
use crate::answer::events::time_left;
use crate::caller::AccessUndeclared;
use crate::description::OperationDescription;
use crate::input::RequestParts;
use crate::input::declaration::{Head, Input};
use crate::response_body::Response;
use crate::route::{Route, route};
use crate::stream_end::StreamEnd;

/// Declares a route of WebSocket: `GET` on a path template, whose handler takes a
/// [`WebSocketUpgrade`].
pub fn ws(template: impl Into<String>) -> Route<AccessUndeclared> {
    route(Method::Get, template)
}

/// The limits of one connection.
#[derive(Clone, Debug)]
struct SocketLimits {
    message: usize,
    idle: Duration,
    end: StreamEnd,
}

/// A request to use the connection for WebSocket. The handler answers with
/// [`WebSocketUpgrade::on_upgrade`]. The gate checks the credential once, so the connection ends no
/// later than the credential expires. [`Gate::end_streams`](crate::Gate::end_streams) ends it at a
/// shutdown.
///
/// As an input it refuses other requests: 426 if the request is not a handshake of version 13, 403
/// if it comes from a page of another origin.
#[must_use = "the connection is used after `on_upgrade`"]
#[derive(Debug)]
pub struct WebSocketUpgrade {
    upgrade: OnUpgrade,
    accept: HeaderValue,
    limits: SocketLimits,
}

impl WebSocketUpgrade {
    /// Sets the maximum size of a message in bytes. A larger message ends the connection. Default:
    /// 64 KiB.
    pub const fn max_message_bytes(mut self, bytes: usize) -> Self {
        self.limits.message = bytes;
        self
    }

    /// Sets the time without a frame from the client after which the connection ends, and the time
    /// limit of sending a message. After half of it the server sends a ping. Default: 60 s.
    pub const fn idle_timeout(mut self, time: Duration) -> Self {
        self.limits.idle = time;
        self
    }

    /// Sets the time at which the connection ends, if the credential does not expire before.
    /// Default: none.
    pub fn ends_at(mut self, time: Option<Timestamp>) -> Self {
        let end = time.map(|time| Instant::now() + time_left(time, &SystemClock));
        self.limits.end.no_later_than(end);
        self
    }

    /// Returns the answer to the handshake, and runs the function on the connection in a task of
    /// its own. The connection ends with the function, or with the [`WebSocket`] if that outlives
    /// it.
    pub fn on_upgrade<F, Fut>(self, run: F) -> SwitchingProtocols
    where
        F: FnOnce(WebSocket) -> Fut + Send + 'static,
        Fut: Future<Output = ()> + Send + 'static,
    {
        let Self { upgrade, limits, .. } = self;
        let work = async move {
            let upgraded = match upgrade.await {
                Ok(upgraded) => TokioIo::new(upgraded),
                Err(error) => {
                    tracing::debug!(%error, "cannot upgrade connection to WebSocket");
                    return;
                }
            };
            let config = WebSocketConfig::default()
                .max_message_size(Some(limits.message))
                .max_frame_size(Some(limits.message))
                .max_write_buffer_size(limits.message.saturating_mul(2).max(256 * 1024));
            let stream = WebSocketStream::from_raw_socket(upgraded, Role::Server, Some(config)).await;
            let work = run(WebSocket::new(stream, limits.idle, limits.end.clone()));
            if let Either::Right(_) = select(pin!(work), pin!(limits.end.reached())).await {
                tracing::debug!("connection of WebSocket ended at its time");
            }
        };
        tokio::spawn(work.in_current_span());
        SwitchingProtocols { accept: self.accept }
    }
}

impl WebSocketUpgrade {
    /// Returns the answer to the handshake, sends all messages of a stream
    /// ([`WebSocket::send_all`]), and closes the connection.
    ///
    /// ```
    /// use scopegate_http::answer::Broadcast;
    /// use scopegate_http::websocket::{SwitchingProtocols, WebSocketUpgrade, ws};
    /// use scopegate_http::{Guard, Permit, State};
    ///
    /// async fn news(_: Permit, news: State<Broadcast<String>>, upgrade: WebSocketUpgrade) -> SwitchingProtocols {
    ///     upgrade.send_all(news.subscribe())
    /// }
    ///
    /// let operation = ws("/news").guard(Guard::authenticated()).then(news);
    /// # let _ = operation;
    /// ```
    pub fn send_all<M: Into<Message>>(self, messages: impl Stream<Item = M> + Send + 'static) -> SwitchingProtocols {
        self.on_upgrade(|mut socket| async move {
            let sent = match socket.send_all(messages).await {
                Ok(()) => socket.close().await,
                error => error,
            };
            if let Err(error) = sent {
                tracing::debug!(%error, "connection of WebSocket ended");
            }
        })
    }
}

impl Input for WebSocketUpgrade {
    type Reads = Head;

    fn read(parts: &mut RequestParts<'_>) -> Result<Self, InputError> {
        let headers = parts.headers();
        let is_get = parts.method() == http::Method::GET;
        let accept = accept_key(headers)
            .filter(|_| is_get)
            .ok_or(InputError::UpgradeRequired)?;
        if !is_of_this_site(headers) && !parts.is_allowed_origin() {
            return Err(InputError::ForeignOrigin);
        }
        let upgrade = parts.take_upgrade().ok_or(InputError::UpgradeRequired)?;
        let limits = SocketLimits {
            message: 64 * 1024,
            idle: Duration::from_mins(1),
            end: parts.stream_end(),
        };
        Ok(Self {
            upgrade,
            accept,
            limits,
        })
    }

    fn describe(description: &mut OperationDescription) {
        description.response(StatusCode::FORBIDDEN, "The page is of another origin");
        description.response(
            StatusCode::UPGRADE_REQUIRED,
            "The request is not a handshake of WebSocket",
        );
    }
}

/// The answer to a handshake: 101.
#[derive(Debug)]
pub struct SwitchingProtocols {
    accept: HeaderValue,
}

impl Answer for SwitchingProtocols {
    fn into_response(self) -> Response {
        let mut response = StatusCode::SWITCHING_PROTOCOLS.into_response();
        let headers = response.headers_mut();
        headers.insert(CONNECTION, HeaderValue::from_static("upgrade"));
        headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
        headers.insert(SEC_WEBSOCKET_ACCEPT, self.accept);
        response
    }

    fn describe(description: &mut OperationDescription) {
        description.response(StatusCode::SWITCHING_PROTOCOLS, "The connection is used for WebSocket");
    }
}

/// Returns the answer to the key of a handshake; `None` if the request is not a handshake
/// ([RFC 6455, section 4.2.1](https://www.rfc-editor.org/rfc/rfc6455#section-4.2.1)).
fn accept_key(headers: &HeaderMap) -> Option<HeaderValue> {
    let key = only(headers, &SEC_WEBSOCKET_KEY)?.as_bytes();
    // Sixteen bytes in base64.
    let is_base64 = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/');
    let is_key = key
        .strip_suffix(b"==")
        .is_some_and(|rest| rest.len() == 22 && rest.iter().all(is_base64));
    let is_version = only(headers, &SEC_WEBSOCKET_VERSION)? == "13";
    let is_handshake =
        is_key && is_version && lists(headers, &CONNECTION, "upgrade") && lists(headers, &UPGRADE, "websocket");
    HeaderValue::try_from(derive_accept_key(key))
        .ok()
        .filter(|_| is_handshake)
}

fn only<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Option<&'h HeaderValue> {
    let mut values = headers.get_all(name).iter();
    values.next().filter(|_| values.next().is_none())
}

/// Whether a header lists a token, without regard to case.
fn lists(headers: &HeaderMap, name: &HeaderName, token: &str) -> bool {
    let values = headers.get_all(name).iter().filter_map(|value| value.to_str().ok());
    let mut tokens = values.flat_map(|value| value.split(','));
    tokens.any(|listed| listed.trim().eq_ignore_ascii_case(token))
}

/// Whether the request has no origin, as one of a program, or the origin of this host.
// SECURITY: a browser sends the cookies of this site with a handshake from any page. Tested by
// `tests/it/websocket.rs`, `page_of_another_origin_is_refused`.
fn is_of_this_site(headers: &HeaderMap) -> bool {
    if !headers.contains_key(ORIGIN) {
        return true;
    }
    let origin = only(headers, &ORIGIN).and_then(|origin| origin.to_str().ok());
    let host = only(headers, &http::header::HOST).and_then(|host| host.to_str().ok());
    let is_web = |(scheme, _): &(&str, &str)| matches!(*scheme, "http" | "https");
    let authority = origin
        .and_then(|origin| origin.split_once("://"))
        .filter(is_web)
        .map(|(_, authority)| authority);
    authority
        .zip(host)
        .is_some_and(|(authority, host)| authority.eq_ignore_ascii_case(host))
}
