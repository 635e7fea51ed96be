//! The body of an incoming request.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use hyper::body::{Body, Bytes, Frame, Incoming, SizeHint};
use tokio::sync::futures::OwnedNotified;

use crate::connection_state::{AwaitedBody, ConnectionState};

/// The body of a request. It ends with an error if its connection is evicted.
///
/// The error of an eviction is [`io::ErrorKind::TimedOut`]; every other error is from hyper.
#[derive(Debug)]
pub struct RequestBody {
    body: Incoming,
    /// `None` if the body is already complete.
    awaited: Option<Awaited>,
}

#[derive(Debug)]
struct Awaited {
    body: AwaitedBody,
    /// Created only if the body does not arrive at once.
    evicted: Option<Pin<Box<OwnedNotified>>>,
}

impl Awaited {
    fn poll_evicted(&mut self, context: &mut Context<'_>) -> Poll<()> {
        let body = &self.body;
        let evicted = self.evicted.get_or_insert_with(|| Box::pin(body.evicted()));
        // Registers the waker first, so that no notification in between is lost.
        let woken = evicted.as_mut().poll(context);
        if body.is_evicted() { Poll::Ready(()) } else { woken }
    }
}

impl RequestBody {
    /// Wraps the body of a request on this connection.
    pub(crate) fn new(body: Incoming, state: &Arc<ConnectionState>) -> Self {
        let awaited = (!body.is_end_stream()).then(|| Awaited {
            body: state.await_body(),
            evicted: None,
        });
        Self { body, awaited }
    }
}

impl Body for RequestBody {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        if let Poll::Ready(frame) = Pin::new(&mut self.body).poll_frame(context) {
            if self.body.is_end_stream() {
                self.awaited = None;
            }
            return Poll::Ready(frame.map(|frame| frame.map_err(io::Error::other)));
        }
        let Some(awaited) = &mut self.awaited else {
            return Poll::Pending;
        };
        awaited
            .poll_evicted(context)
            .map(|()| Some(Err(io::ErrorKind::TimedOut.into())))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
