//! The end of event streams and of connections of WebSocket: the credential expires, or the program
//! stops.

use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

/// Ends the streams of a gate when the program stops.
#[derive(Debug)]
pub(crate) struct StreamStop(watch::Sender<bool>);

impl StreamStop {
    pub(crate) fn new() -> Self {
        Self(watch::Sender::new(false))
    }

    /// Ends all streams, and those that begin later.
    pub(crate) fn stop(&self) {
        self.0.send_replace(true);
    }

    /// Returns the end of a stream after this time; `None` if its credential does not expire.
    pub(crate) fn end_after(&self, left: Option<Duration>) -> StreamEnd {
        StreamEnd {
            at: left.map(|left| Instant::now() + left),
            stopped: self.0.subscribe(),
        }
    }
}

/// The end of one stream.
#[derive(Clone, Debug)]
pub(crate) struct StreamEnd {
    at: Option<Instant>,
    stopped: watch::Receiver<bool>,
}

impl StreamEnd {
    /// Ends the stream at this time, if it does not end before.
    #[cfg(feature = "websocket")]
    pub(crate) fn no_later_than(&mut self, time: Option<Instant>) {
        self.at = self.at.into_iter().chain(time).min();
    }

    /// Whether the stream has ended.
    #[cfg(feature = "websocket")]
    pub(crate) fn is_reached(&self) -> bool {
        *self.stopped.borrow() || self.at.is_some_and(|at| at <= Instant::now())
    }

    /// Waits for the end.
    pub(crate) async fn reached(mut self) {
        let stopped = async {
            // A gate that is dropped stops nothing.
            if self.stopped.wait_for(|stopped| *stopped).await.is_err() {
                std::future::pending::<()>().await;
            }
        };
        match self.at {
            None => stopped.await,
            Some(at) => {
                futures_util::future::select(std::pin::pin!(stopped), std::pin::pin!(sleep_until(at))).await;
            }
        }
    }
}
