//! Answers with headers that the document describes.

use std::any::type_name;

use http::{HeaderName, HeaderValue, StatusCode};
use serde_json::Value;

use super::Answer;
use crate::data::ResponseData;
use crate::description::OperationDescription;
use crate::field_place::FieldPlace;
use crate::response_body::Response;

/// Adds headers to another answer, also in the document: each field of the structure `H` is one
/// header, and `x_total` is `X-Total`.
///
/// A list is separated by commas. A field that is `None` is not sent. A header of the same name
/// replaces that of the answer. A value that is an object, or that a header cannot contain, is an
/// error of the program: 500.
///
/// ```
/// use scopegate_http::answer::{Answer, WithHeaders};
/// use scopegate_http::{Json, serde, utoipa};
/// use scopegate_http::utoipa::ToSchema;
///
/// #[derive(serde::Serialize, ToSchema)]
/// #[serde(crate = "scopegate_http::serde")]
/// struct Total {
///     /// The number of all reports.
///     x_total: u32,
/// }
///
/// async fn list() -> WithHeaders<Total, Json<Vec<String>>> {
///     WithHeaders(Total { x_total: 2 }, Json(vec!["a".to_owned()]))
/// }
/// # let response = WithHeaders(Total { x_total: 2 }, Json(vec!["a"])).into_response();
/// # assert_eq!(response.headers()["x-total"], "2");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "a wrapper is made by its constructor")]
pub struct WithHeaders<H, A>(pub H, pub A);

impl<H: ResponseData, A: Answer> Answer for WithHeaders<H, A> {
    fn into_response(self) -> Response {
        let Some(headers) = headers(&self.0) else {
            // A value may be a secret, so the log has only the type.
            tracing::error!(headers = type_name::<H>(), "a handler answers with an invalid header");
            return StatusCode::INTERNAL_SERVER_ERROR.into_response();
        };
        let mut response = self.1.into_response();
        for (name, value) in headers {
            response.headers_mut().insert(name, value);
        }
        response
    }

    fn describe(description: &mut OperationDescription) {
        description.with_headers::<H>(A::describe);
    }
}

/// Returns the headers of a structure; `None` if one cannot be sent.
fn headers<H: ResponseData>(fields: &H) -> Option<Vec<(HeaderName, HeaderValue)>> {
    let Ok(Value::Object(fields)) = serde_json::to_value(fields) else {
        return None;
    };
    let sent = fields.iter().filter(|(_, value)| !value.is_null());
    let header = |(name, value): (&String, &Value)| {
        let name = HeaderName::try_from(&*FieldPlace::Header.name_of(name)).ok()?;
        Some((name, HeaderValue::try_from(text(value)?).ok()?))
    };
    sent.map(header).collect()
}

fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Bool(_) | Value::Number(_) => Some(value.to_string()),
        Value::Array(list) => {
            let texts: Option<Vec<_>> = list.iter().map(text).collect();
            texts.map(|texts| texts.join(", "))
        }
        Value::Null | Value::Object(_) => None,
    }
}
