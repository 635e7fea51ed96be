//! Inputs that read the body: JSON, bytes and streams.

use bytes::Bytes;
use scopegate_gate::InputError;
use serde_json::json;

use crate::answer::Json;
use crate::body;
use crate::body_stream::BodyStream;
use crate::data::RequestData;
use crate::description::OperationDescription;
use crate::input::declaration::{Input, StreamedBody, WholeBody};
use crate::input::parts::RequestParts;

/// The media type of a body of any type.
const ANY: &str = "*/*";

/// The body, read as JSON. Its type is a schema of the document. The body is not read before the
/// guard authorizes the caller.
///
/// An input that reads the body at `GET` or `HEAD` is a [`BuildError`](crate::BuildError).
///
/// ```
/// use scopegate_http::{Guard, Json, Permit, post, serde, utoipa};
/// use scopegate_http::utoipa::ToSchema;
///
/// #[derive(serde::Deserialize, ToSchema)]
/// #[serde(crate = "scopegate_http::serde")]
/// struct NewReport {
///     title: String,
/// }
///
/// async fn write(_: Permit, Json(report): Json<NewReport>) -> String {
///     report.title
/// }
///
/// let operation = post("/reports").guard(Guard::authenticated()).then(write);
/// # let _ = operation;
/// ```
impl<T: RequestData> Input for Json<T> {
    type Reads = WholeBody;

    fn read(parts: &mut RequestParts<'_>) -> Result<Self, InputError> {
        body::read_json(parts.headers(), parts.body()).map(Self)
    }

    fn is_absent(parts: &RequestParts<'_>) -> bool {
        parts.body().is_empty()
    }

    fn describe(description: &mut OperationDescription) {
        description.json_body::<T>();
    }
}

/// The whole body, of any media type.
impl Input for Bytes {
    type Reads = WholeBody;

    fn read(parts: &mut RequestParts<'_>) -> Result<Self, InputError> {
        Ok(parts.take_body())
    }

    fn is_absent(parts: &RequestParts<'_>) -> bool {
        parts.body().is_empty()
    }

    fn describe(description: &mut OperationDescription) {
        description.request_body(ANY, &json!({}));
    }
}

/// The body in parts, of any media type.
impl Input for BodyStream {
    type Reads = StreamedBody;

    fn read(parts: &mut RequestParts<'_>) -> Result<Self, InputError> {
        parts.take_stream().ok_or(InputError::Unavailable)
    }

    fn is_absent(parts: &RequestParts<'_>) -> bool {
        !parts.has_stream()
    }

    fn describe(description: &mut OperationDescription) {
        description.request_body(ANY, &json!({}));
    }
}
