//! The streams of an HTTP/2 connection, each with its own time limit.
//!
//! hyper does not poll a body while the peer's window is full, so the body cannot end its stream.
//! But hyper runs each stream as a task: when the task is dropped, h2 resets the stream alone.

use std::cell::RefCell;
use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use hyper::rt::Executor;
use tokio::time::{Instant, Sleep, sleep_until};
use tracing::debug;

thread_local! {
    /// The progress of the stream whose task is polled now; created for its first part.
    static CURRENT: RefCell<Option<Arc<StreamProgress>>> = const { RefCell::new(None) };
}

/// Runs each stream as a task, and drops one whose response stalls for this time.
#[derive(Clone, Copy, Debug)]
pub(crate) struct StreamExecutor(pub(crate) Duration);

impl<F> Executor<F> for StreamExecutor
where
    F: Future<Output: Send> + Send + 'static,
{
    fn execute(&self, stream: F) {
        let mut watch = StreamWatch {
            limit: self.0,
            progress: None,
            timer: None,
        };
        tokio::spawn(async move {
            let mut stream = pin!(stream);
            poll_fn(move |context| watch.poll(stream.as_mut(), context)).await;
        });
    }
}

/// The progress of one stream's response.
#[derive(Debug)]
pub(crate) struct StreamProgress(Mutex<Unsent>);

#[derive(Clone, Copy, Debug)]
struct Unsent {
    parts: usize,
    /// The time when bytes were last sent.
    progress: Instant,
}

impl StreamProgress {
    /// Returns the progress of the stream that is polled now.
    pub(crate) fn current() -> Arc<Self> {
        CURRENT.with_borrow_mut(|current| {
            let new = || {
                Arc::new(Self(Mutex::new(Unsent {
                    parts: 0,
                    progress: Instant::now(),
                })))
            };
            Arc::clone(current.get_or_insert_with(new))
        })
    }

    /// Records a part of the response that the peer has not received, until the result is dropped.
    pub(crate) fn part(self: &Arc<Self>) -> StreamPart {
        let mut unsent = self.lock();
        if unsent.parts == 0 {
            unsent.progress = Instant::now();
        }
        unsent.parts += 1;
        drop(unsent);
        StreamPart(Arc::clone(self))
    }

    /// Returns when the stream ends unless bytes are sent. `None` if the peer has received
    /// everything.
    fn deadline(&self, limit: Duration) -> Option<Instant> {
        let unsent = *self.lock();
        (unsent.parts > 0).then(|| unsent.progress + limit)
    }

    fn lock(&self) -> MutexGuard<'_, Unsent> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A part of a response that the peer has not received.
#[derive(Debug)]
pub(crate) struct StreamPart(Arc<StreamProgress>);

impl StreamPart {
    /// Records that the peer received some of the bytes.
    pub(crate) fn record_progress(&self) {
        self.0.lock().progress = Instant::now();
    }
}

impl Drop for StreamPart {
    fn drop(&mut self) {
        let mut unsent = self.0.lock();
        unsent.parts = unsent.parts.saturating_sub(1);
        unsent.progress = Instant::now();
    }
}

/// Polls one stream and enforces its time limit.
struct StreamWatch {
    limit: Duration,
    progress: Option<Arc<StreamProgress>>,
    timer: Option<Pin<Box<Sleep>>>,
}

impl StreamWatch {
    fn poll<F: Future>(&mut self, stream: Pin<&mut F>, context: &mut Context<'_>) -> Poll<()> {
        CURRENT.set(self.progress.take());
        let polled = stream.poll(context);
        self.progress = CURRENT.take();
        if polled.is_ready() {
            return Poll::Ready(());
        }
        while let Some(deadline) = self
            .progress
            .as_ref()
            .and_then(|progress| progress.deadline(self.limit))
        {
            let timer = self.timer.get_or_insert_with(|| Box::pin(sleep_until(deadline)));
            if timer.deadline() == deadline && timer.is_elapsed() {
                debug!("stream reset; its response stalled");
                return Poll::Ready(());
            }
            if timer.deadline() != deadline {
                timer.as_mut().reset(deadline);
            }
            ready!(timer.as_mut().poll(context));
        }
        Poll::Pending
    }
}
