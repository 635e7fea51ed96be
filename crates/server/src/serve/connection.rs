//! One connection, from the first byte to the last.

use std::convert::Infallible;
use std::error::Error;
use std::fmt::Display;
use std::io;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use hyper::body::{Body, Incoming};
use hyper::service::{Service, service_fn};
use hyper::{Request, Response};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use hyper_util::server::graceful::GracefulConnection;
use tokio::net::TcpStream;
use tokio::net::tcp::OwnedReadHalf;
use tokio::sync::watch;
use tokio::time::Sleep;
use tracing::debug;

use super::activity::{Activity, Phase, Watched};
use crate::config::Limits;

/// Largest head of a request, in bytes, and the most that is buffered of one connection.
const HEAD_LIMIT: usize = 64 * 1024;

/// Most fields in a head.
const FIELD_LIMIT: usize = 100;

/// Most requests at a time on one HTTP/2 connection.
const STREAM_LIMIT: u32 = 100;

/// How much is read of a request after its refusal, in bytes, and for how long.
const SEE_OFF_LIMIT: usize = 1024 * 1024;
const SEE_OFF_TIME: Duration = Duration::from_millis(500);

/// What answers requests: a service that never fails, cheap to clone.
pub(crate) trait Answers:
    Service<Request<Incoming>, Response = Response<Self::Body>, Error = Infallible, Future: Send + 'static>
    + Clone
    + Send
    + Sync
    + 'static
{
    /// The answer's body.
    type Body: Body<Data: Send, Error: Into<Box<dyn Error + Send + Sync>>> + Send + 'static;
}

impl<S, B> Answers for S
where
    S: Service<Request<Incoming>, Response = Response<B>, Error = Infallible, Future: Send + 'static>,
    S: Clone + Send + Sync + 'static,
    B: Body<Data: Send, Error: Into<Box<dyn Error + Send + Sync>>> + Send + 'static,
{
    type Body = B;
}

/// One accepted connection.
pub(super) struct Connection<A> {
    stream: TcpStream,
    answers: A,
    limits: Limits,
    draining: watch::Receiver<bool>,
}

impl<A: Answers> Connection<A> {
    /// A connection that is yet to be served.
    pub(super) const fn new(stream: TcpStream, answers: A, limits: Limits, draining: watch::Receiver<bool>) -> Self {
        Self {
            stream,
            answers,
            limits,
            draining,
        }
    }

    /// Serves it until either side closes it, its time is over, or the server stops.
    pub(super) async fn serve(self) {
        let Self {
            stream,
            answers,
            limits,
            draining,
        } = self;
        if let Err(error) = stream.set_nodelay(true) {
            debug!(%error, "connection gone");
            return;
        }
        let activity = Activity::new(limits);
        let (read, write) = stream.into_split();
        let read = Arc::new(read);
        let io = TokioIo::new(Watched::new(Arc::clone(&read), write, Arc::clone(&activity)));
        let service = service_fn(|request: Request<Incoming>| {
            let answering = activity.answer();
            let answer = answers.call(request);
            async move {
                let answer = answer.await;
                drop(answering);
                answer
            }
        });
        let protocol = protocol();
        let connection = protocol.serve_connection(io, service);
        if drive(connection, &activity, limits, draining).await == Ended::ByHyper {
            see_off(&read).await;
        }
    }
}

/// Drives a connection to its end.
async fn drive<C>(connection: C, activity: &Activity, limits: Limits, mut draining: watch::Receiver<bool>) -> Ended
where
    C: GracefulConnection<Error: Display>,
{
    let mut connection = pin!(connection);
    let mut timer = pin!(tokio::time::sleep(limits.header_timeout));
    let mut stopping = false;
    loop {
        let next = Next {
            connection: connection.as_mut(),
            timer: timer.as_mut(),
            activity,
        };
        tokio::select! {
            next = next => match next {
                Event::Closed => return Ended::ByHyper,
                Event::TimeOver(Phase::Closing(_)) => return Ended::ByTime,
                Event::TimeOver(phase) => debug!(?phase, "connection closed for its silence"),
            },
            _ = draining.wait_for(|draining| *draining), if !stopping => stopping = true,
        }
        connection.as_mut().graceful_shutdown();
    }
}

/// How driving a connection ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ended {
    /// All was said, or the peer spoke nonsense.
    ByHyper,
    /// Its time was over.
    ByTime,
}

/// Reads on for a moment what is left of a request that was refused before its end, and throws it away.
///
/// A socket that is closed with bytes unread takes the answer back: the peer would see a reset in place of a 413 or 431.
async fn see_off(read: &OwnedReadHalf) {
    let mut thrown_away = [0; 1024];
    let reading = async {
        let mut left = SEE_OFF_LIMIT;
        while left > 0 && read.readable().await.is_ok() {
            match read.try_read(&mut thrown_away) {
                Ok(0) => break,
                Ok(count) => left = left.saturating_sub(count),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(_) => break,
            }
        }
    };
    let _ = tokio::time::timeout(SEE_OFF_TIME, reading).await;
}

/// HTTP/1 and, by prior knowledge, HTTP/2, with their limits.
fn protocol() -> auto::Builder<TokioExecutor> {
    let mut protocol = auto::Builder::new(TokioExecutor::new());
    protocol
        .http1()
        .timer(TokioTimer::new())
        // `Activity` keeps the time, over a connection's whole life: hyper's own begins with the first byte.
        .header_read_timeout(None)
        .max_buf_size(HEAD_LIMIT)
        .max_headers(FIELD_LIMIT);
    protocol
        .http2()
        .timer(TokioTimer::new())
        .max_header_list_size(u32::try_from(HEAD_LIMIT).unwrap_or(u32::MAX))
        .max_concurrent_streams(STREAM_LIMIT)
        .max_send_buf_size(HEAD_LIMIT);
    protocol
}

/// What happens to a connection next.
enum Event {
    /// It is over.
    Closed,
    /// It took too long over this.
    TimeOver(Phase),
}

/// Drives a connection and keeps its time.
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
        // The timer moves only to an earlier moment, or when it has run out too early: a request that is answered at
        // once never touches it.
        while let Some(deadline) = self.activity.deadline() {
            if deadline < self.timer.deadline() {
                self.timer.as_mut().reset(deadline);
            }
            if self.timer.as_mut().poll(context).is_pending() {
                return Poll::Pending;
            }
            if self.timer.deadline() >= deadline {
                return Poll::Ready(Event::TimeOver(self.activity.expire()));
            }
            self.timer.as_mut().reset(deadline);
        }
        Poll::Pending
    }
}
