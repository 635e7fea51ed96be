//! The body of a response while it is sent.

use std::io::IoSlice;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use hyper::body::{Body, Buf, Bytes, Frame, SizeHint};

use crate::connection_state::{PendingResponse, UnsentPart};
use crate::http2_streams::{StreamPart, StreamProgress};

/// A response body that records whether its bytes are sent.
///
/// hyper drops a body as soon as it has its last frame, long before the peer has the bytes. Frames
/// are dropped when they are sent, in HTTP/1 and in HTTP/2, so they carry the record.
///
/// Over HTTP/2 it sends large frames in pieces. hyper passes a frame to h2 as a whole, and a stream
/// cannot be reset after its last frame was passed.
#[derive(Debug)]
pub(crate) struct ResponseBody<B: Body> {
    body: B,
    /// `None` after the last frame.
    pending: Option<PendingResponse>,
    is_http2: bool,
    /// The rest of a frame that is sent in pieces.
    rest: Option<B::Data>,
    stream: Option<Arc<StreamProgress>>,
}

/// Largest piece, in bytes: the largest frame that each peer of HTTP/2 accepts
/// ([RFC 9113, section 4.2](https://www.rfc-editor.org/rfc/rfc9113#section-4.2)).
const PIECE: usize = 16 * 1024;

impl<B: Body> ResponseBody<B> {
    /// Wraps the body of a response whose head is complete.
    pub(crate) const fn new(body: B, pending: PendingResponse, is_http2: bool) -> Self {
        Self {
            body,
            pending: Some(pending),
            is_http2,
            rest: None,
            stream: None,
        }
    }

    /// Returns the next piece of a frame, with the record that it is unsent.
    fn next_piece(&mut self, mut data: B::Data) -> UnsentData<B::Data> {
        let piece = if self.is_http2 && data.remaining() > PIECE {
            let piece = data.copy_to_bytes(PIECE);
            self.rest = Some(data);
            Piece::Part(piece)
        } else {
            Piece::Whole(data)
        };
        let is_last = self.rest.is_none() && self.body.is_end_stream();
        if self.is_http2 && !is_last && self.stream.is_none() {
            self.stream = Some(StreamProgress::current());
        }
        UnsentData {
            piece,
            part: if is_last {
                self.pending.take().map(PendingResponse::into_last_part)
            } else {
                self.pending.as_ref().map(PendingResponse::part)
            },
            stream: self.stream.as_ref().map(StreamProgress::part),
        }
    }
}

impl<B: Body<Data: Unpin> + Unpin> Body for ResponseBody<B> {
    type Data = UnsentData<B::Data>;
    type Error = B::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Self::Data>, Self::Error>>> {
        if let Some(rest) = self.rest.take() {
            return Poll::Ready(Some(Ok(Frame::data(self.next_piece(rest)))));
        }
        let polled = Pin::new(&mut self.body).poll_frame(context);
        polled.map(|frame| match frame? {
            Err(error) => {
                self.pending = None;
                Some(Err(error))
            }
            Ok(frame) => Some(Ok(match frame.into_data() {
                Ok(data) => Frame::data(self.next_piece(data)),
                // Trailers are the last frame.
                Err(trailers) => {
                    self.pending = None;
                    trailers.map_data(UnsentData::untracked)
                }
            })),
        })
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_none() && self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        let of_body = self.body.size_hint();
        let Some(rest) = &self.rest else {
            return of_body;
        };
        let rest = u64::try_from(rest.remaining()).unwrap_or(u64::MAX);
        let mut hint = SizeHint::new();
        hint.set_lower(of_body.lower().saturating_add(rest));
        if let Some(upper) = of_body.upper() {
            hint.set_upper(upper.saturating_add(rest));
        }
        hint
    }
}

/// A frame, or a part of one.
#[derive(Debug)]
enum Piece<D> {
    Whole(D),
    Part(Bytes),
}

/// Bytes of a response that the peer has not received, until this is dropped.
#[derive(Debug)]
pub(crate) struct UnsentData<D> {
    piece: Piece<D>,
    part: Option<UnsentPart>,
    stream: Option<StreamPart>,
}

impl<D> UnsentData<D> {
    const fn untracked(data: D) -> Self {
        Self {
            piece: Piece::Whole(data),
            part: None,
            stream: None,
        }
    }
}

impl<D: Buf> Buf for UnsentData<D> {
    fn remaining(&self) -> usize {
        match &self.piece {
            Piece::Whole(data) => data.remaining(),
            Piece::Part(data) => data.remaining(),
        }
    }

    fn chunk(&self) -> &[u8] {
        match &self.piece {
            Piece::Whole(data) => data.chunk(),
            Piece::Part(data) => data.chunk(),
        }
    }

    fn chunks_vectored<'a>(&'a self, slices: &mut [IoSlice<'a>]) -> usize {
        match &self.piece {
            Piece::Whole(data) => data.chunks_vectored(slices),
            Piece::Part(data) => data.chunks_vectored(slices),
        }
    }

    fn advance(&mut self, count: usize) {
        match &mut self.piece {
            Piece::Whole(data) => data.advance(count),
            Piece::Part(data) => data.advance(count),
        }
        // The drop after the last byte records that one.
        if self.has_remaining() {
            if let Some(part) = &mut self.part {
                part.record_progress();
            }
            if let Some(stream) = &self.stream {
                stream.record_progress();
            }
        }
    }

    fn copy_to_bytes(&mut self, length: usize) -> Bytes {
        match &mut self.piece {
            Piece::Whole(data) => data.copy_to_bytes(length),
            Piece::Part(data) => data.copy_to_bytes(length),
        }
    }
}
