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
        match body::parse_json(parts.body()) {
            Ok(value) => match enforce(parts, TypeId::of::<Self>(), None)? {
                None => Ok(Self(value)),
                Some(known) => body::parse_json(known.as_bytes()).map(Self),
            },
            Err(error) => Err(with_broken(parts, TypeId::of::<Self>(), error)),
        }
    }

    fn is_absent(parts: &RequestParts<'_>) -> bool {
        parts.body().is_empty()
    }

    fn describe(description: &mut OperationDescription) {
        description.json_body::<Self, T>();
    }
}

/// Compares the body with the constraints of an input, next to the error of its type. Returns the
/// body to read instead, if it has a value that the document does not name, such as one of an
/// alias.
///
/// # Errors
///
/// All errors of the body.
fn enforce(
    parts: &RequestParts<'_>,
    input: TypeId,
    fault: Option<&InvalidInput>,
) -> Result<Option<String>, InputError> {
    let shape = parts.shape(input);
    let Some(constraints) = shape.and_then(|shape| shape.whole_constraints.as_ref()) else {
        return fault.map_or(Ok(None), |fault| Err(fault.clone().into()));
    };
    let Ok(value) = serde_json::from_slice(parts.body()) else {
        // The type ignores a part of the body that is not JSON, so nothing can be compared.
        let unreadable = || InvalidInput::new("json_invalid", "body", None, "JSON decode error");
        return Err(fault.cloned().unwrap_or_else(unreadable).into());
    };
    let mut faults: Vec<InvalidInput> = fault.cloned().into_iter().collect();
    faults.extend(constraints.check_body(&value, fault.is_none()));
    if faults.is_empty() {
        Ok(constraints.without_unknown(parts.body()))
    } else {
        Err(InputError::Several(faults))
    }
}

/// Adds the errors of the constraints to the error of the type.
fn with_broken(parts: &RequestParts<'_>, input: TypeId, error: InputError) -> InputError {
    match error {
        InputError::Invalid(fault) => match enforce(parts, input, Some(&fault)) {
            Ok(_) => fault.into(),
            Err(error) => error,
        },
        other => other,
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
