//! The body of a response.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use futures_util::{Stream, TryStreamExt};
use http::HeaderValue;
use http::header::CONTENT_TYPE;
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Full, StreamBody};
use hyper::body::{Body, Frame, SizeHint};

/// Any error of a body.
pub(crate) type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// A response with its body.
pub type Response = http::Response<ResponseBody>;

/// The body of a response: bytes, or a stream of them.
///
/// ```
/// use scopegate_http::answer::{Response, ResponseBody};
/// use hyper::body::Body;
///
/// let response = Response::new(ResponseBody::from("hello"));
/// assert_eq!(response.body().size_hint().exact(), Some(5));
/// assert!(ResponseBody::default().is_end_stream());
/// ```
#[derive(Default)]
pub struct ResponseBody(Inner);

enum Inner {
    Boxed(BoxBody<Bytes, BoxError>),
    Full(Full<Bytes>),
}

impl ResponseBody {
    /// Creates a body from any other. Its errors end the connection or the stream.
    #[must_use]
    pub fn new<B>(body: B) -> Self
    where
        B: Body<Data = Bytes, Error: Into<BoxError>> + Send + Sync + 'static,
    {
        Self(Inner::Boxed(BodyExt::boxed(body.map_err(Into::into))))
    }

    /// Creates a body that sends the parts of a stream.
    pub(crate) fn streamed<S, E>(parts: S) -> Self
    where
        S: Stream<Item = Result<Bytes, E>> + Send + Sync + 'static,
        E: Into<BoxError> + 'static,
    {
        Self::new(StreamBody::new(parts.map_ok(Frame::data).map_err(Into::into)))
    }

    /// Returns the bytes, or the body if it is a stream.
    #[cfg(feature = "warp")]
    pub(crate) fn into_bytes(self) -> Result<Bytes, BoxBody<Bytes, BoxError>> {
        match self.0 {
            Inner::Boxed(body) => Err(body),
            Inner::Full(body) => Ok(body.into_inner().unwrap_or_default()),
        }
    }
}

/// Returns a response with status 200 and a body of this media type.
pub(crate) fn with_type(media_type: &'static str, body: ResponseBody) -> Response {
    let mut response = Response::new(body);
    response
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
    response
}

impl Default for Inner {
    fn default() -> Self {
        Self::Full(Full::default())
    }
}

impl Body for ResponseBody {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        match &mut self.get_mut().0 {
            Inner::Boxed(body) => Pin::new(body).poll_frame(context),
            Inner::Full(body) => Pin::new(body).poll_frame(context).map_err(Into::into),
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.0 {
            Inner::Boxed(body) => body.is_end_stream(),
            Inner::Full(body) => body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.0 {
            Inner::Boxed(body) => body.size_hint(),
            Inner::Full(body) => body.size_hint(),
        }
    }
}

/// Prints no content, because it can contain a secret.
impl fmt::Debug for ResponseBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseBody").finish_non_exhaustive()
    }
}

impl From<Bytes> for ResponseBody {
    fn from(bytes: Bytes) -> Self {
        Self(Inner::Full(Full::new(bytes)))
    }
}

impl From<Vec<u8>> for ResponseBody {
    fn from(bytes: Vec<u8>) -> Self {
        Bytes::from(bytes).into()
    }
}

impl From<String> for ResponseBody {
    fn from(text: String) -> Self {
        Bytes::from(text).into()
    }
}

impl From<&'static str> for ResponseBody {
    fn from(text: &'static str) -> Self {
        Bytes::from_static(text.as_bytes()).into()
    }
}
