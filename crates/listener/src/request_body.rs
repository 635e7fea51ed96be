//! The body of an incoming request.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use hyper::body::{Body, Bytes, Frame, Incoming, SizeHint};
use tokio::sync::futures::OwnedNotified;

use crate::connection_state::{Activity, AwaitedBody};

/// A request body that ends with an error if its connection is evicted.
#[derive(Debug)]
pub struct Arriving {
    body: Incoming,
    /// `None` if the body is already complete.
    awaited: Option<Awaited>,
}

#[derive(Debug)]
struct Awaited {
    counted: AwaitedBody,
    /// Created only if the body does not arrive at once.
    given_up: Option<Pin<Box<OwnedNotified>>>,
}

impl Awaited {
    fn poll_given_up(&mut self, context: &mut Context<'_>) -> Poll<()> {
        let counted = &self.counted;
        let given_up = self.given_up.get_or_insert_with(|| Box::pin(counted.given_up()));
        // Registers the waker first, so that no notification in between is lost.
        let woken = given_up.as_mut().poll(context);
        if counted.is_given_up() { Poll::Ready(()) } else { woken }
    }
}

impl Arriving {
    /// The body of a request on this connection.
    pub(crate) fn new(body: Incoming, activity: &Arc<Activity>) -> Self {
        let awaited = (!body.is_end_stream()).then(|| Awaited {
            counted: activity.await_body(),
            given_up: None,
        });
        Self { body, awaited }
    }
}

impl Body for Arriving {
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
            .poll_given_up(context)
            .map(|()| Some(Err(io::ErrorKind::TimedOut.into())))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
