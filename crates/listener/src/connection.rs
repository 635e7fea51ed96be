//! One connection, from the first byte to the last.

use std::convert::Infallible;
use std::error::Error;
use std::fmt::Display;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use hyper::body::{Body, Incoming};
use hyper::header::{CONNECTION, HeaderName, HeaderValue};
use hyper::service::{Service, service_fn};
use hyper::{Request, Response, Version};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use hyper_util::server::graceful::GracefulConnection;
use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;
use tokio::sync::{oneshot, watch};
use tokio::time::Sleep;
use tracing::debug;

use crate::connection_state::{Activity, Phase};
use crate::http2_streams::StreamExecutor;
use crate::limits::Limits;
use crate::request_body::Arriving;
use crate::response_body::ResponseBody;
use crate::tracked_stream::{Reading, Watched};

/// Maximum size of a request's head, in bytes, and of the buffer of one connection.
const HEAD_LIMIT: usize = 64 * 1024;

/// Maximum number of concurrent requests on one HTTP/2 connection.
const STREAM_LIMIT: u32 = 100;

/// Maximum bytes of bodies that an HTTP/2 peer may send ahead, for one request and for all
/// together. hyper would allow 1 MiB.
const STREAM_WINDOW: u32 = 64 * 1024;
const CONNECTION_WINDOW: u32 = 256 * 1024;

/// Maximum number of bytes that are read of a request after its refusal, and the time for that.
const SEE_OFF_LIMIT: usize = 1024 * 1024;
const SEE_OFF_TIME: Duration = Duration::from_millis(500);

/// Answers requests: a service that never fails and is cheap to clone.
pub trait Answers:
    Service<Request<Arriving>, Response = Response<Self::Body>, Error = Infallible, Future: Send + 'static>
    + Clone
    + Send
    + Sync
    + 'static
{
    /// The answer's body.
    type Body: Body<Data: Send + Unpin, Error: Into<Box<dyn Error + Send + Sync>>> + Send + Unpin + 'static;
}

impl<S, B> Answers for S
where
    S: Service<Request<Arriving>, Response = Response<B>, Error = Infallible, Future: Send + 'static>,
    S: Clone + Send + Sync + 'static,
    B: Body<Data: Send + Unpin, Error: Into<Box<dyn Error + Send + Sync>>> + Send + Unpin + 'static,
{
    type Body = B;
}

/// One accepted connection.
pub(crate) struct Connection<A> {
    stream: TcpStream,
    answers: A,
    limits: Limits,
    activity: Arc<Activity>,
    end: End,
}

/// The signals that end a connection.
pub(crate) struct End {
    /// Signals that the server stops.
    pub(crate) draining: watch::Receiver<bool>,
    /// A new connection needs its slot.
    pub(crate) leave: oneshot::Receiver<()>,
}

impl<A: Answers> Connection<A> {
    /// Prepares a connection, which [`serve`](Self::serve) serves.
    pub(crate) const fn new(stream: TcpStream, answers: A, limits: Limits, activity: Arc<Activity>, end: End) -> Self {
        Self {
            stream,
            answers,
            limits,
            activity,
            end,
        }
    }

    /// Serves it until either side closes it, its time is over, it is evicted, or the server stops.
    pub(crate) async fn serve(self) {
        let Self {
            stream,
            answers,
            limits,
            activity,
            end,
        } = self;
        if let Err(error) = stream.set_nodelay(true) {
            debug!(%error, "connection gone");
            return;
        }
        let (read, write) = stream.into_split();
        let read = Reading::new(read);
        let watched = Watched::new(read.clone(), write, Arc::clone(&activity));
        let io = TokioIo::new(watched);
        let service = service_fn(|request: Request<Incoming>| {
            let length = length(&request);
            let mut answering = activity.answer(length);
            let answer = answers.call(request.map(|body| Arriving::new(body, &activity)));
            async move {
                let mut response = answer.await?;
                if answering.respond() {
                    let close = HeaderValue::from_static("close");
                    response.headers_mut().insert(CONNECTION, close);
                }
                Ok::<_, Infallible>(response.map(|body| ResponseBody::new(body, answering, length.is_none())))
            }
        });
        let protocol = protocol(limits.idle_timeout);
        let connection = protocol.serve_connection(io, service);
        if drive(connection, &activity, limits, end).await == Ended::ByHyper {
            see_off(read).await;
        }
    }
}

/// Drives a connection to its end.
async fn drive<C>(connection: C, activity: &Activity, limits: Limits, mut end: End) -> Ended
where
    C: GracefulConnection<Error: Display>,
{
    let mut connection = pin!(connection);
    let mut timer = pin!(tokio::time::sleep(limits.header_timeout));
    let (mut stopping, mut leaving) = (false, false);
    loop {
        let next = Next {
            connection: connection.as_mut(),
            timer: timer.as_mut(),
            activity,
        };
        tokio::select! {
            // Polled in this order: the first is seldom ready, so it starves no other. Otherwise
            // every poll draws a random number.
            biased;
            next = next => match next {
                Event::Closed if activity.is_dismissed() => return Ended::ByTime,
                Event::Closed => return Ended::ByHyper,
                Event::TimeOver(Phase::Closing(_)) => return Ended::ByTime,
                Event::TimeOver(phase) => debug!(?phase, "connection closed for its silence"),
            },
            _ = end.draining.wait_for(|draining| *draining), if !stopping => {
                stopping = true;
                // Not `graceful_shutdown`: over HTTP/1 that would close a connection with a
                // received but unread request.
                if !activity.drain() {
                    continue;
                }
            }
            told = &mut end.leave, if !leaving => {
                leaving = true;
                if told.is_err() {
                    continue;
                }
                debug!("connection closed to make room");
                activity.dismiss();
            }
        }
        connection.as_mut().graceful_shutdown();
    }
}

/// The usual length of an HTTP/1 request in bytes, with its body if its length is declared.
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

/// How driving a connection ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ended {
    /// hyper has finished, or the peer broke the protocol.
    ByHyper,
    /// Its time was over, or it was evicted.
    ByTime,
}

/// Reads the rest of a request that was refused early, for a moment, and discards it.
///
/// A socket that closes with unread bytes cancels the response: the peer would see a reset instead
/// of a 413 or 431.
async fn see_off(mut read: Reading) {
    let mut thrown_away = [0; 1024];
    let reading = async {
        let mut left = SEE_OFF_LIMIT;
        while left > 0 {
            match read.read(&mut thrown_away).await {
                Ok(0) | Err(_) => break,
                Ok(count) => left = left.saturating_sub(count),
            }
        }
    };
    let _ = tokio::time::timeout(SEE_OFF_TIME, reading).await;
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
        // `Activity` measures the time over a connection's whole life. hyper's own timer begins
        // with the first byte.
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
    /// It is closed.
    Closed,
    /// A time limit has passed in this phase.
    TimeOver(Phase),
}

/// Drives a connection and enforces its time limits.
struct Next<'a, C> {
    connection: Pin<&'a mut C>,
    timer: Pin<&'a mut Sleep>,
    activity: &'a Activity,
}

impl<C> Future for Next<'_, C>
where
    C: GracefulConnection<Error: Display>,
{
    type Output = Event;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Event> {
        if let Poll::Ready(ended) = self.connection.as_mut().poll(context) {
            if let Err(error) = ended {
                debug!(%error, "connection ended");
            }
            return Poll::Ready(Event::Closed);
        }
        // The timer moves only to an earlier moment, or after it ended too early. So a request that
        // is answered at once never changes it.
        while let Some(deadline) = self.activity.deadline() {
            if deadline < self.timer.deadline() {
                self.timer.as_mut().reset(deadline);
            }
            if self.timer.as_mut().poll(context).is_pending() {
                return Poll::Pending;
            }
            if self.timer.deadline() < deadline {
                self.timer.as_mut().reset(deadline);
            } else if let Some(phase) = self.activity.expire() {
                return Poll::Ready(Event::TimeOver(phase));
            }
        }
        Poll::Pending
    }
}
