//! Inputs that read the body: JSON, bytes and streams.

use std::any::TypeId;

use bytes::Bytes;
use scopegate_gate::{InputError, InvalidInput};
use serde::de::DeserializeOwned;
use serde_json::json;

use crate::answer::Json;
use crate::body;
use crate::body_stream::BodyStream;
use crate::constraints::Constraints;
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
        let read = body::read_json(parts.headers(), parts.body());
        let shape = parts.shape(TypeId::of::<Self>());
        match shape.and_then(|shape| shape.whole_constraints.as_ref()) {
            None => read.map(Self),
            Some(constraints) => enforce(constraints, parts.body(), read).map(Self),
        }
    }

    fn is_absent(parts: &RequestParts<'_>) -> bool {
        parts.body().is_empty()
    }

    fn describe(description: &mut OperationDescription) {
        description.json_body::<Self, T>();
    }
}

/// Adds the errors of constraints to the result of reading a body. A value that the document does
/// not name, such as one of an alias, is not read.
fn enforce<T: DeserializeOwned>(
    constraints: &Constraints,
    sent: &[u8],
    read: Result<T, InputError>,
) -> Result<T, InputError> {
    let mut faults = match &read {
        Ok(_) => Vec::new(),
        Err(InputError::Invalid(fault)) => vec![fault.clone()],
        Err(_) => return read,
    };
    let Ok(value) = serde_json::from_slice(sent) else {
        // The type ignores a part of the body that is not JSON, so nothing can be compared.
        return read.and(Err(InvalidInput::new(
            "json_invalid",
            "body",
            None,
            "JSON decode error",
        )
        .into()));
    };
    faults.extend(constraints.check_body(&value, read.is_ok()));
    if !faults.is_empty() {
        return Err(InputError::Several(faults));
    }
    match constraints.without_unknown(sent) {
        Some(known) => body::parse_json(known.as_bytes()),
        None => read,
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
