//! Serves one HTTP/1 or HTTP/2 connection with hyper, and sets the HTTP/2 settings.

use std::convert::Infallible;
use std::error::Error;
use std::fmt::Display;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use hyper::body::{Body, Incoming};
use hyper::header::{CONNECTION, HeaderName, HeaderValue};
use hyper::service::{Service, service_fn};
use hyper::{Request, Response, StatusCode, Version};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use hyper_util::server::graceful::GracefulConnection;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::time::Sleep;
use tracing::debug;

use crate::connection_state::{ConnectionPhase, ConnectionState};
use crate::drain::Shutdown;
use crate::http2_streams::StreamExecutor;
use crate::limits::Limits;
use crate::request_body::RequestBody;
use crate::response_body::ResponseBody;
use crate::tracked_stream::{SharedStream, TrackedStream};

/// Maximum size of a request's head, in bytes, and of the buffer of one connection.
const HEAD_LIMIT: usize = 64 * 1024;

/// Maximum number of concurrent requests on one HTTP/2 connection.
const STREAM_LIMIT: u32 = 100;

/// Maximum bytes of bodies that an HTTP/2 peer may send ahead, for one request and for all
/// together. hyper would allow 1 MiB.
const STREAM_WINDOW: u32 = 64 * 1024;
const CONNECTION_WINDOW: u32 = 256 * 1024;

/// Maximum number of bytes that are read of a request after its refusal, and the time for that.
const DRAIN_INPUT_LIMIT: usize = 1024 * 1024;
const DRAIN_INPUT_TIME: Duration = Duration::from_millis(500);

/// A hyper service that never fails and is cheap to clone.
///
/// The trait is implemented for every [`Service`] with these bounds, such as a
/// [`service_fn`](hyper::service::service_fn). Do not implement it yourself.
pub trait HttpService:
    Service<Request<RequestBody>, Response = Response<Self::Body>, Error = Infallible, Future: Send + 'static>
    + Clone
    + Send
    + Sync
    + 'static
{
    /// The body of a response.
    type Body: Body<Data: Send + Unpin, Error: Into<Box<dyn Error + Send + Sync>>> + Send + Unpin + 'static;
}

impl<S, B> HttpService for S
where
    S: Service<Request<RequestBody>, Response = Response<B>, Error = Infallible, Future: Send + 'static>,
    S: Clone + Send + Sync + 'static,
    B: Body<Data: Send + Unpin, Error: Into<Box<dyn Error + Send + Sync>>> + Send + Unpin + 'static,
{
    type Body = B;
}

/// An accepted connection.
pub(crate) struct Connection<IO, S> {
    stream: IO,
    peer: SocketAddr,
    service: S,
    limits: Limits,
    state: Arc<ConnectionState>,
    shutdown: Shutdown,
}

impl<IO, S> Connection<IO, S>
where
    IO: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    S: HttpService,
{
    /// Prepares a connection, which [`serve`](Self::serve) serves.
    pub(crate) const fn new(
        stream: IO,
        peer: SocketAddr,
        service: S,
        limits: Limits,
        state: Arc<ConnectionState>,
        shutdown: Shutdown,
    ) -> Self {
        Self {
            stream,
            peer,
            service,
            limits,
            state,
            shutdown,
        }
    }

    /// Serves it until either side closes it, its time is over, it is evicted, or the server stops.
    /// If the application upgrades it, this waits until the application drops it.
    pub(crate) async fn serve(self) {
        let Self {
            stream,
            peer,
            service,
            limits,
            state,
            mut shutdown,
        } = self;
        let stream = SharedStream::new(stream);
        let (tracked, mut in_use) = TrackedStream::new(stream.clone(), Arc::clone(&state));
        let service = service_fn(|request: Request<Incoming>| {
            let length = length(&request);
            let mut pending = state.begin_request(length);
            let response = service.call(request.map(|body| RequestBody::new(body, &state)));
            async move {
                let mut response = response.await?;
                if pending.record_head() && response.status() != StatusCode::SWITCHING_PROTOCOLS {
                    let close = HeaderValue::from_static("close");
                    response.headers_mut().insert(CONNECTION, close);
                }
                Ok::<_, Infallible>(response.map(|body| ResponseBody::new(body, pending, length.is_none())))
            }
        });
        let protocol = protocol(limits.idle_timeout);
        let connection = protocol.serve_connection_with_upgrades(TokioIo::new(tracked), service);
        let end = drive(connection, peer, &state, limits, &mut shutdown).await;
        if in_use.is_alive() {
            drop(stream);
            // A request in progress: it is not evicted, and the shutdown waits for it.
            let _upgraded = state.begin_request(Some(0));
            in_use.ended().await;
        } else if end == ConnectionEnd::Finished {
            drain_input(stream).await;
        }
    }
}

/// The end of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ConnectionEnd {
    /// hyper has finished, or the peer violated the protocol.
    Finished,
    /// The time limit of the connection was over, or it was evicted.
    Cancelled,
}

/// Drives a connection to its end.
async fn drive<C>(
    connection: C,
    peer: SocketAddr,
    state: &ConnectionState,
    limits: Limits,
    shutdown: &mut Shutdown,
) -> ConnectionEnd
where
    C: GracefulConnection<Error: Display>,
{
    let mut connection = pin!(connection);
    let mut timer = pin!(tokio::time::sleep(limits.header_timeout));
    let (mut is_draining, mut is_evicted) = (false, false);
    loop {
        let next = NextEvent {
            connection: connection.as_mut(),
            timer: timer.as_mut(),
            state,
            peer,
        };
        tokio::select! {
            // Polled in this order: the first is seldom ready, so it starves no other. Otherwise
            // every poll draws a random number.
            biased;
            next = next => match next {
                Event::Closed if state.is_evicted() => return ConnectionEnd::Cancelled,
                Event::Closed => return ConnectionEnd::Finished,
                Event::TimeOver(ConnectionPhase::Closing(_)) => return ConnectionEnd::Cancelled,
                Event::TimeOver(phase) => debug!(%peer, ?phase, "connection reached its time limit"),
            },
            _ = shutdown.draining.wait_for(|draining| *draining), if !is_draining => {
                is_draining = true;
                // Not `graceful_shutdown`: over HTTP/1 that would close a connection with a
                // received but unread request.
                if !state.begin_drain() {
                    continue;
                }
            }
            evicted = &mut shutdown.evicted, if !is_evicted => {
                is_evicted = true;
                if evicted.is_err() {
                    continue;
                }
                debug!(%peer, "connection evicted");
                state.evict();
            }
        }
        connection.as_mut().graceful_shutdown();
    }
}

/// Returns the usual length of an HTTP/1 request in bytes, with its body if its length is declared.
///
/// If more bytes have arrived, another request follows this one.
fn length(request: &Request<Incoming>) -> Option<u64> {
    if request.version() > Version::HTTP_11 {
        return None;
    }
    let target = request.uri().path_and_query().map_or(0, |target| target.as_str().len());
    let line = request.method().as_str().len() + target + "  HTTP/1.1\r\n".len();
    let field = |(name, value): (&HeaderName, &HeaderValue)| name.as_str().len() + value.len() + ": \r\n".len();
    let head = line + request.headers().iter().map(field).sum::<usize>() + "\r\n".len();
    let body = request.body().size_hint().exact().unwrap_or_default();
    Some(body.saturating_add(u64::try_from(head).unwrap_or(u64::MAX)))
}

/// Reads the rest of a request that was refused early, for a moment, and discards it.
///
/// A socket that closes with unread bytes cancels the response: the peer would receive a reset
/// instead of a 413 or 431.
async fn drain_input<IO: AsyncRead + AsyncWrite + Unpin>(mut stream: SharedStream<IO>) {
    let mut discarded = [0; 1024];
    let reading = async {
        // The end of the response, for a peer that waits for it. An error means that the peer
        // has closed the connection, or that hyper has sent the end already.
        let _ = stream.shutdown().await;
        let mut left = DRAIN_INPUT_LIMIT;
        while left > 0 {
            match stream.read(&mut discarded).await {
                Ok(0) | Err(_) => break,
                Ok(count) => left = left.saturating_sub(count),
            }
        }
    };
    let _ = tokio::time::timeout(DRAIN_INPUT_TIME, reading).await;
}

/// HTTP/1 and, by prior knowledge, HTTP/2, with their limits.
///
/// A head of HTTP/1 has at most 100 fields. That is hyper's default: setting it would make hyper
/// clear the memory of the fields at each request.
fn protocol(stream_limit: Duration) -> auto::Builder<StreamExecutor> {
    let mut protocol = auto::Builder::new(StreamExecutor(stream_limit));
    protocol
        .http1()
        .timer(TokioTimer::new())
        // `ConnectionState` measures the time over a connection's whole life. hyper's own timer
        // begins with the first byte.
        .header_read_timeout(None)
        .max_buf_size(HEAD_LIMIT);
    protocol
        .http2()
        .timer(TokioTimer::new())
        .max_header_list_size(u32::try_from(HEAD_LIMIT).unwrap_or(u32::MAX))
        .initial_stream_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW)
        .max_concurrent_streams(STREAM_LIMIT)
        .max_send_buf_size(HEAD_LIMIT);
    protocol
}

/// The next event of a connection.
enum Event {
    /// The connection is closed.
    Closed,
    /// A time limit has passed in this phase.
    TimeOver(ConnectionPhase),
}

/// Drives a connection and enforces its time limits.
struct NextEvent<'a, C> {
    connection: Pin<&'a mut C>,
    timer: Pin<&'a mut Sleep>,
    state: &'a ConnectionState,
    peer: SocketAddr,
}

impl<C> Future for NextEvent<'_, C>
where
    C: GracefulConnection<Error: Display>,
{
    type Output = Event;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Event> {
        if let Poll::Ready(ended) = self.connection.as_mut().poll(context) {
            if let Err(error) = ended {
                // hyper itself refuses a head that is not a valid request, with a 400 or 431. This
                // line is the only record of it.
                debug!(peer = %self.peer, %error, "connection failed");
            }
            return Poll::Ready(Event::Closed);
        }
        // The timer moves only to an earlier moment, or after it ended too early. So a request that
        // is answered at once never changes it.
        while let Some(deadline) = self.state.deadline() {
            if deadline < self.timer.deadline() {
                self.timer.as_mut().reset(deadline);
            }
            if self.timer.as_mut().poll(context).is_pending() {
                return Poll::Pending;
            }
            if self.timer.deadline() < deadline {
                self.timer.as_mut().reset(deadline);
            } else if let Some(phase) = self.state.expire() {
                return Poll::Ready(Event::TimeOver(phase));
            }
        }
        Poll::Pending
    }
}
