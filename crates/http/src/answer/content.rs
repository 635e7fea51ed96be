//! Answers with a media type: HTML, bytes, streams of bytes.

use bytes::Bytes;
use futures_util::Stream;
use http::StatusCode;
use serde_json::json;

use super::{Answer, SUCCESS};
use crate::description::OperationDescription;
use crate::response_body::{BoxError, Response, ResponseBody, with_type};

/// A page: `text/html` in UTF-8. The text is sent as it is, so the application escapes the values
/// in it.
///
/// ```
/// use scopegate_http::answer::{Answer, Html};
///
/// let response = Html("<!doctype html><title>Reports</title>").into_response();
/// assert_eq!(response.headers()["content-type"], "text/html; charset=utf-8");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "a wrapper is made by its constructor")]
pub struct Html<T>(pub T);

/// A body that is produced while it is sent, as `application/octet-stream`. An error of the stream
/// ends the connection, because the status is sent before.
///
/// ```
/// use futures_util::stream;
/// use scopegate_http::answer::{Answer, Streamed};
///
/// let parts = stream::iter(["first", "second"].map(|part| Ok::<_, std::io::Error>(part.into())));
/// let response = Streamed(parts).into_response();
/// assert_eq!(response.headers()["content-type"], "application/octet-stream");
/// ```
#[derive(Clone, Copy, Debug)]
#[expect(clippy::exhaustive_structs, reason = "a wrapper is made by its constructor")]
pub struct Streamed<S>(pub S);

impl<T: Into<ResponseBody> + Send + 'static> Answer for Html<T> {
    fn into_response(self) -> Response {
        with_type("text/html; charset=utf-8", self.0.into())
    }

    fn describe(description: &mut OperationDescription) {
        description.content_response(StatusCode::OK, SUCCESS, "text/html", &json!({ "type": "string" }));
    }
}

/// Bytes: `application/octet-stream`.
impl Answer for Bytes {
    fn into_response(self) -> Response {
        with_type(OCTETS, self.into())
    }

    fn describe(description: &mut OperationDescription) {
        describe_octets(description);
    }
}

impl<S, E> Answer for Streamed<S>
where
    S: Stream<Item = Result<Bytes, E>> + Send + Sync + 'static,
    E: Into<BoxError> + 'static,
{
    fn into_response(self) -> Response {
        with_type(OCTETS, ResponseBody::streamed(self.0))
    }

    fn describe(description: &mut OperationDescription) {
        describe_octets(description);
    }
}

const OCTETS: &str = "application/octet-stream";

/// OpenAPI 3.1 describes any bytes by an empty schema ([section
/// 4.8.14.2](https://spec.openapis.org/oas/v3.1.0#considerations-for-file-uploads)).
fn describe_octets(description: &mut OperationDescription) {
    description.content_response(StatusCode::OK, SUCCESS, OCTETS, &json!({}));
}
