//! The body of a response with a file.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};
use tokio::task::{JoinHandle, spawn_blocking};

use super::source::{OpenedFile, Source};

/// The length of one part.
const PART: usize = 64 * 1024;

/// A file, or a range of it, read while it is sent.
pub(super) struct SentFile {
    source: Source,
    start: u64,
    left: u64,
    /// The part that another thread reads.
    reading: Option<JoinHandle<io::Result<Bytes>>>,
}

impl SentFile {
    /// Creates a body of a range that is in the file.
    pub(super) const fn new(source: Source, start: u64, length: u64) -> Self {
        Self {
            source,
            start,
            left: length,
            reading: None,
        }
    }

    fn poll_opened(
        &mut self,
        opened: Arc<OpenedFile>,
        length: usize,
        context: &mut Context<'_>,
    ) -> Poll<io::Result<Bytes>> {
        let start = self.start;
        let reading = self
            .reading
            .get_or_insert_with(|| spawn_blocking(move || opened.read(start, length)));
        let read = ready!(Pin::new(reading).poll(context));
        self.reading = None;
        Poll::Ready(read.unwrap_or_else(|fault| Err(io::Error::other(fault))))
    }
}

impl Body for SentFile {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        let this = self.get_mut();
        if this.left == 0 {
            return Poll::Ready(None);
        }
        let length = usize::try_from(this.left).unwrap_or(PART).min(PART);
        let read = match &this.source {
            Source::Bytes(bytes) => Ok(part(bytes, this.start, length)),
            Source::Opened(opened) => {
                let opened = Arc::clone(opened);
                ready!(this.poll_opened(opened, length, context))
            }
        };
        match read {
            Ok(part) => {
                let sent = u64::try_from(part.len()).unwrap_or(u64::MAX);
                this.start = this.start.saturating_add(sent);
                this.left = this.left.saturating_sub(sent);
                Poll::Ready(Some(Ok(Frame::data(part))))
            }
            Err(fault) => {
                tracing::warn!(cause = %fault, "cannot send file; the connection ends");
                this.left = 0;
                Poll::Ready(Some(Err(fault)))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.left == 0
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left)
    }
}

/// Returns a part, without a copy.
fn part(bytes: &Bytes, start: u64, length: usize) -> Bytes {
    let start = usize::try_from(start).unwrap_or(usize::MAX).min(bytes.len());
    bytes.slice(start..start.saturating_add(length).min(bytes.len()))
}
