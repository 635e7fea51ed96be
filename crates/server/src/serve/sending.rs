//! The body of a response while it is sent.

use std::io::IoSlice;
use std::pin::Pin;
use std::task::{Context, Poll};

use hyper::body::{Body, Buf, Bytes, Frame, SizeHint};

use super::activity::{Answering, UnsentPart};

/// A response body that records whether its bytes are sent.
///
/// hyper drops a body as soon as it has its last frame, long before the peer has the bytes. The
/// frames themselves are dropped when they are sent, in HTTP/1 and in HTTP/2, so they carry the
/// record.
#[derive(Debug)]
pub(crate) struct ResponseBody<B> {
    body: B,
    /// `None` after the last frame.
    answering: Option<Answering>,
}

impl<B> ResponseBody<B> {
    /// Wraps the body of a response whose head is complete.
    pub(super) const fn new(body: B, answering: Answering) -> Self {
        Self {
            body,
            answering: Some(answering),
        }
    }
}

impl<B: Body + Unpin> Body for ResponseBody<B> {
    type Data = UnsentData<B::Data>;
    type Error = B::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Self::Data>, Self::Error>>> {
        let polled = Pin::new(&mut self.body).poll_frame(context);
        polled.map(|frame| {
            let Some(Ok(frame)) = frame else {
                self.answering = None;
                return frame.map(|failed| failed.map(|frame| frame.map_data(UnsentData::untracked)));
            };
            let part = if self.body.is_end_stream() {
                self.answering.take().map(Answering::into_last_part)
            } else {
                self.answering.as_ref().map(Answering::part)
            };
            Some(Ok(frame.map_data(|data| UnsentData { data, part })))
        })
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// Bytes of a response that wait for the peer until this is dropped.
#[derive(Debug)]
pub(crate) struct UnsentData<D> {
    data: D,
    part: Option<UnsentPart>,
}

impl<D> UnsentData<D> {
    const fn untracked(data: D) -> Self {
        Self { data, part: None }
    }
}

impl<D: Buf> Buf for UnsentData<D> {
    fn remaining(&self) -> usize {
        self.data.remaining()
    }

    fn chunk(&self) -> &[u8] {
        self.data.chunk()
    }

    fn chunks_vectored<'a>(&'a self, slices: &mut [IoSlice<'a>]) -> usize {
        self.data.chunks_vectored(slices)
    }

    fn advance(&mut self, count: usize) {
        self.data.advance(count);
        // The drop that follows the last byte records that one.
        if self.data.has_remaining()
            && let Some(part) = &mut self.part
        {
            part.moved();
        }
    }

    fn copy_to_bytes(&mut self, length: usize) -> Bytes {
        self.data.copy_to_bytes(length)
    }
}
