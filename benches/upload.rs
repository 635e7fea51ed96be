//! A form with one large file.

use std::pin::Pin;
use std::task::{Context, Poll};

use hyper::body::{Body, Bytes, Frame};

/// The length of one part of the body, as from a fast network.
const PART: usize = 256 * 1024;

/// A body of `multipart/form-data` with one file, whose parts are made while they are read.
#[derive(Debug)]
pub struct Upload {
    left: usize,
    part: Bytes,
    begin: Option<Bytes>,
    end: Option<Bytes>,
}

impl Upload {
    /// The boundary of the form.
    pub const BOUNDARY: &str = "X";
    /// The media type of the form.
    pub const MEDIA_TYPE: &str = "multipart/form-data; boundary=X";

    /// Makes a form with a file of this many bytes, a multiple of 256 KiB.
    ///
    /// The file consists of `filler`. With `\r` each byte may begin a boundary.
    #[must_use]
    pub fn new(length: usize, filler: u8) -> Self {
        let begin = "--X\r\nContent-Disposition: form-data; name=\"f\"; filename=\"f\"\r\n\r\n";
        Self {
            left: length,
            part: vec![filler; PART].into(),
            begin: Some(begin.into()),
            end: Some("\r\n--X--".into()),
        }
    }

    /// Returns the next part.
    pub fn next_part(&mut self) -> Option<Bytes> {
        match self.begin.take() {
            Some(begin) => Some(begin),
            None if self.left == 0 => self.end.take(),
            None => {
                self.left -= PART;
                Some(self.part.clone())
            }
        }
    }
}

impl Body for Upload {
    type Data = Bytes;
    type Error = std::io::Error;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, std::io::Error>>> {
        Poll::Ready(self.next_part().map(|part| Ok(Frame::data(part))))
    }
}
