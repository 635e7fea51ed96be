//! The body of a request in parts.

use std::{fmt, io};

use bytes::{Buf, Bytes};
use futures_util::{Stream, stream};
use http::HeaderMap;
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Limited};
use hyper::body::Body;
use scopegate_gate::BodyError;

use crate::body::{self, BodyLimits, BodyReader};
use crate::response_body::BoxError;

/// The body of a request in parts, while they arrive. The limits of the operation apply to all
/// parts together.
///
/// ```
/// use scopegate_http::{Guard, Permit, input::{BodyError, BodyStream}, post};
///
/// async fn count(_: Permit, mut body: BodyStream) -> Result<String, BodyError> {
///     let mut bytes = 0;
///     while let Some(part) = body.part().await? {
///         bytes += part.len();
///     }
///     Ok(format!("{bytes} bytes"))
/// }
///
/// let operation = post("/files").guard(Guard::authenticated()).body_limit(64 * 1024 * 1024).then(count);
/// # let _ = operation;
/// ```
pub struct BodyStream {
    reader: BodyReader<Limited<UnsyncBoxBody<Bytes, io::Error>>>,
}

impl BodyStream {
    /// Creates the stream. A length announced over the limit is refused before a byte is read.
    pub(crate) fn new<B>(headers: &HeaderMap, body: Option<B>, limits: BodyLimits) -> Result<Self, BodyError>
    where
        B: Body<Data: Send, Error: Into<BoxError>> + Send + 'static,
    {
        let body = match body {
            None => UnsyncBoxBody::default(),
            Some(body) => {
                body::check_announced(headers, &body, limits)?;
                let whole = |mut data: B::Data| data.copy_to_bytes(data.remaining());
                let body = body.map_frame(move |frame| frame.map_data(whole));
                UnsyncBoxBody::new(body.map_err(|fault| body::to_io_error(fault.into())))
            }
        };
        let reader = BodyReader::new(Limited::new(body, limits.bytes), limits);
        Ok(Self { reader })
    }

    /// Returns the next part; `None` at the end.
    ///
    /// # Errors
    ///
    /// [`BodyError`] if the body is larger or slower than its limits, or if it ends early. It is an
    /// [`Answer`](crate::answer::Answer): 413, 408 or 400.
    pub async fn part(&mut self) -> Result<Option<Bytes>, BodyError> {
        self.reader.part().await
    }

    /// Returns the parts as a stream.
    pub fn into_stream(self) -> impl Stream<Item = Result<Bytes, BodyError>> + Send + 'static {
        stream::try_unfold(self, async |mut body| Ok(body.part().await?.map(|part| (part, body))))
    }

    /// Whether the request has no body.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.reader.is_end()
    }
}

impl fmt::Debug for BodyStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BodyStream").finish_non_exhaustive()
    }
}
