//! The body of a request, with an end in size and in time.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;
use tokio::time::Sleep;

/// What arrives of a request's body, as long as it keeps to the time.
///
/// Its size is bounded where it is collected, because what a body that is too long is told depends on the profile.
#[derive(Debug)]
pub(crate) struct RequestBody {
    incoming: Incoming,
    timeout: Duration,
    timer: Option<Pin<Box<Sleep>>>,
}

/// Why a body did not arrive.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BodyError {
    /// The connection broke off, or what came was no body.
    #[error("the body broke off")]
    Broken(#[source] hyper::Error),
    /// It took longer than allowed.
    #[error("the body took too long")]
    TimedOut,
}

impl RequestBody {
    /// A body that has to be whole after `timeout`, counted from the first time it is waited for.
    pub(super) const fn new(incoming: Incoming, timeout: Duration) -> Self {
        Self { incoming, timeout, timer: None }
    }
}

impl Body for RequestBody {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        if let Poll::Ready(frame) = Pin::new(&mut self.incoming).poll_frame(context) {
            return Poll::Ready(frame.map(|frame| frame.map_err(BodyError::Broken)));
        }
        let timeout = self.timeout;
        let timer = self.timer.get_or_insert_with(|| Box::pin(tokio::time::sleep(timeout)));
        timer.as_mut().poll(context).map(|()| Some(Err(BodyError::TimedOut)))
    }

    fn is_end_stream(&self) -> bool {
        self.incoming.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.incoming.size_hint()
    }
}
