//! The body in pieces, which bound what the parser buffers.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use futures_util::Stream;
use scopegate_gate::BodyError;

/// The maximum number of bytes that the parser reads between two fields, and at once.
const LIMIT: usize = 16 * 1024;

/// The stream that the parser reads.
///
/// The parser buffers all that is ready. After each piece this stream is not ready once, so that
/// the parser works on the piece first.
// SECURITY: between two fields the parser reads at most `LIMIT` bytes. In a field it returns the
// bytes before it reads on. So it buffers two pieces at most. Tested by
// `multipart::part_whose_headers_never_end_is_refused` and `benches/tests/uploads.rs`.
pub(super) struct Source<S> {
    body: Pin<Box<S>>,
    budget: ReadBudget,
    rest: Bytes,
    is_paused: bool,
}

/// The number of bytes that the parser may still read between two fields. In a field it is
/// [`usize::MAX`].
#[derive(Clone, Debug)]
pub(super) struct ReadBudget(Arc<AtomicUsize>);

/// The reason why the parser gets no piece.
#[derive(Clone, Copy, Debug, thiserror::Error)]
pub(super) enum SourceError {
    #[error("{0}")]
    Body(BodyError),
    #[error("no field begins within the limit")]
    OverBudget,
}

impl<S> Source<S> {
    pub(super) fn new(body: S, budget: ReadBudget) -> Self {
        Self {
            body: Box::pin(body),
            budget,
            rest: Bytes::new(),
            is_paused: false,
        }
    }
}

impl<S: Stream<Item = Result<Bytes, BodyError>>> Stream for Source<S> {
    type Item = Result<Bytes, SourceError>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if std::mem::take(&mut self.is_paused) {
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        if self.rest.is_empty() {
            match ready!(self.body.as_mut().poll_next(context)) {
                Some(Ok(part)) => self.rest = part,
                Some(Err(error)) => return Poll::Ready(Some(Err(SourceError::Body(error)))),
                None => return Poll::Ready(None),
            }
        }
        let length = self.budget.take(self.rest.len().min(LIMIT));
        if length == 0 {
            return Poll::Ready(Some(Err(SourceError::OverBudget)));
        }
        self.is_paused = true;
        Poll::Ready(Some(Ok(self.rest.split_to(length))))
    }
}

impl ReadBudget {
    pub(super) fn between_fields(&self) {
        self.0.store(LIMIT, Ordering::Relaxed);
    }

    pub(super) fn in_field(&self) {
        self.0.store(usize::MAX, Ordering::Relaxed);
    }

    /// Takes at most this number of bytes.
    fn take(&self, wanted: usize) -> usize {
        let left = self.0.load(Ordering::Relaxed);
        if left == usize::MAX {
            return wanted;
        }
        let taken = wanted.min(left);
        self.0.store(left.saturating_sub(taken), Ordering::Relaxed);
        taken
    }
}

impl Default for ReadBudget {
    fn default() -> Self {
        Self(Arc::new(AtomicUsize::new(LIMIT)))
    }
}
