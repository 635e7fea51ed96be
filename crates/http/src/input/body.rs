//! Inputs that read the body: JSON, bytes and streams.

use std::any::TypeId;

use bytes::Bytes;
use scopegate_gate::{InputError, InvalidInput};
use serde_json::json;

use crate::answer::Json;
use crate::body;
use crate::body_stream::BodyStream;
use crate::data::RequestData;
use crate::description::OperationDescription;
use crate::field_shape::FieldShape;
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
        body::check_json(parts.headers(), parts.body())?;
        let shape = parts.shape(TypeId::of::<Self>());
        let value = body::parse_json(parts.body(), shape)?;
        match enforce(parts.body(), shape)? {
            None => Ok(Self(value)),
            Some(known) => body::parse_json(known.as_bytes(), shape).map(Self),
        }
    }

    fn is_absent(parts: &RequestParts<'_>) -> bool {
        parts.body().is_empty()
    }

    fn describe(description: &mut OperationDescription) {
        description.json_body::<Self, T>();
    }
}

/// Compares a body that the type accepts with the document. Returns the body to read instead, if it
/// has a value that the document does not name, such as one of an alias.
///
/// # Errors
///
/// All errors of the body.
fn enforce(body: &[u8], shape: Option<&FieldShape>) -> Result<Option<String>, InputError> {
    let Some(shape) = shape.filter(|shape| shape.compares_body()) else {
        return Ok(None);
    };
    // The type ignores a part of a body that is not JSON, so nothing can be compared.
    let Ok(value) = serde_json::from_slice(body) else {
        return Err(InvalidInput::new("json_invalid", "body", None, "JSON decode error").into());
    };
    let faults = shape.body_faults(&value, true).into_iter();
    let faults: Vec<_> = faults.map(|fault| fault.into_input("body")).collect();
    if faults.is_empty() {
        let constraints = shape.whole_constraints.as_ref();
        Ok(constraints.and_then(|constraints| constraints.without_unknown(body)))
    } else {
        Err(InputError::Several(faults))
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
