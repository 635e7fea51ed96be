//! The return types of handlers, and their responses.

mod broadcast;
mod content;
pub(crate) mod events;
pub(crate) mod file;
mod handler_error;
mod headers;
mod location;
pub(crate) mod refused;

use std::ops::Deref;

pub use http::{HeaderMap, HeaderName, StatusCode};
use serde::Serialize;

pub use self::broadcast::Broadcast;
pub use self::content::{Html, Streamed};
pub use self::events::{Event, Sse};
pub use self::file::File;
pub use self::handler_error::HandlerError;
pub use self::headers::WithHeaders;
pub use self::location::{CreatedAt, InvalidLocation, Redirect};
use crate::data::ResponseData;
pub use crate::description::OperationDescription;
use crate::response_body;
pub use crate::response_body::{Response, ResponseBody};
#[cfg(feature = "warp")]
pub use crate::warp_filter::WarpReply;

/// Converts the result of a handler into a response, and describes it for the document.
///
/// Implement it for the errors of an application, so that handlers may return `Result<Json<Report>,
/// ReportError>`:
///
/// ```
/// use scopegate_http::answer::{Answer, OperationDescription, Response, StatusCode};
///
/// enum ReportError { Gone }
///
/// impl Answer for ReportError {
///     fn into_response(self) -> Response {
///         StatusCode::GONE.into_response()
///     }
///
///     fn describe(description: &mut OperationDescription) {
///         description.response(StatusCode::GONE, "The report was taken down");
///     }
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an answer",
    label = "a handler answers `Json<T>`, `Html<T>`, text, bytes, a `StatusCode`, `(StatusCode, Json<T>)`, an `Option` of an answer, or a `Result` of two",
    note = "wrap data: `Json(data)`; wrap a `warp::Reply`: `WarpReply(reply)`; an error type of the application implements `Answer`; `HandlerError` takes any error by `?`"
)]
pub trait Answer: Send + 'static {
    /// The response.
    fn into_response(self) -> Response;

    /// Adds the description of responses of this type. [`Route::then`](crate::Route::then) calls
    /// it, before any request: a panic of it ends the program's start.
    fn describe(description: &mut OperationDescription);
}

/// Data as a JSON body, with status 200. Its type appears in the document, under its name in
/// `components.schemas`.
///
/// ```
/// use scopegate_http::{Json, answer::Answer};
///
/// let response = Json(vec!["Foo", "Bar"]).into_response();
/// assert_eq!(response.headers()["content-type"], "application/json");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "a wrapper is made by its constructor")]
pub struct Json<T>(pub T);

/// Data as a JSON body. The document states only that the body is JSON.
///
/// ```
/// use scopegate_http::{serde_json::json, answer::{Answer, AnyJson}};
///
/// assert_eq!(AnyJson(json!({ "status": "ok" })).into_response().status(), 200);
/// assert_eq!(AnyJson(["Foo", "Bar"]).into_response().status(), 200);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "a wrapper is made by its constructor")]
pub struct AnyJson<T = serde_json::Value>(pub T);

/// Sets status 201 on another answer, also in the document.
///
/// ```
/// use scopegate_http::{Json, answer::{Answer, Created}};
///
/// assert_eq!(Created(Json("made")).into_response().status(), 201);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "a wrapper is made by its constructor")]
pub struct Created<A>(pub A);

/// A response without a body: 204 in the response and in the document.
///
/// ```
/// use scopegate_http::answer::{Answer, NoContent};
///
/// assert_eq!(NoContent.into_response().status(), 204);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "there is nothing in it")]
pub struct NoContent;

/// The description of a success response without its own description.
pub(crate) const SUCCESS: &str = "Successful Response";

impl<T> Deref for Json<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T: ResponseData> Answer for Json<T> {
    fn into_response(self) -> Response {
        json_response(&self.0)
    }

    fn describe(description: &mut OperationDescription) {
        description.json_response::<T>(StatusCode::OK, SUCCESS);
    }
}

impl<T: Serialize + Send + 'static> Answer for AnyJson<T> {
    fn into_response(self) -> Response {
        json_response(&self.0)
    }

    fn describe(description: &mut OperationDescription) {
        description.any_json_response(StatusCode::OK, SUCCESS);
    }
}

impl<A: Answer> Answer for Created<A> {
    fn into_response(self) -> Response {
        (StatusCode::CREATED, self.0).into_response()
    }

    fn describe(description: &mut OperationDescription) {
        description.under("201", A::describe);
    }
}

/// Sets another status and adds headers. A header of the same name replaces that of the answer. The
/// status is known only at run time, so the document calls it the default.
impl<A: Answer> Answer for (StatusCode, HeaderMap, A) {
    fn into_response(self) -> Response {
        let mut response = (self.0, self.2).into_response();
        response.headers_mut().extend(self.1);
        response
    }

    fn describe(description: &mut OperationDescription) {
        description.under("default", A::describe);
    }
}

/// The same as [`NoContent`].
impl Answer for () {
    fn into_response(self) -> Response {
        NoContent.into_response()
    }

    fn describe(description: &mut OperationDescription) {
        NoContent::describe(description);
    }
}

/// Always 204, without a body
/// ([RFC 9110, section 15.3.5](https://www.rfc-editor.org/rfc/rfc9110#section-15.3.5)).
impl Answer for NoContent {
    fn into_response(self) -> Response {
        Answer::into_response(StatusCode::NO_CONTENT)
    }

    fn describe(description: &mut OperationDescription) {
        description.response(StatusCode::NO_CONTENT, SUCCESS);
    }
}

impl Answer for Response {
    fn into_response(self) -> Response {
        self
    }

    fn describe(description: &mut OperationDescription) {
        description.response(StatusCode::OK, SUCCESS);
    }
}

/// A status without a body. Its value is known at run time only, so the document has `default`.
///
/// Handlers with a constant 204 return [`NoContent`].
impl Answer for StatusCode {
    fn into_response(self) -> Response {
        let mut response = Response::default();
        *response.status_mut() = self;
        response
    }

    fn describe(description: &mut OperationDescription) {
        description.under("default", |description| description.response(StatusCode::OK, SUCCESS));
    }
}

/// Sets another status of a response. An error keeps its status: data that cannot be written stays
/// 500. The status is known only at run time, so the document calls it the default. For a constant
/// 201, use [`Created`].
// SECURITY: tested by `handler_errors::error_keeps_its_status_inside_of_another_answer`.
impl<A: Answer> Answer for (StatusCode, A) {
    fn into_response(self) -> Response {
        let mut response = self.1.into_response();
        let is_error = response.status().is_client_error() || response.status().is_server_error();
        if !is_error {
            *response.status_mut() = self.0;
        }
        response
    }

    fn describe(description: &mut OperationDescription) {
        description.under("default", A::describe);
    }
}

impl<A: Answer, E: Answer> Answer for Result<A, E> {
    fn into_response(self) -> Response {
        match self {
            Ok(answer) => answer.into_response(),
            Err(error) => error.into_response(),
        }
    }

    fn describe(description: &mut OperationDescription) {
        A::describe(description);
        E::describe(description);
    }
}

/// Plain text.
impl Answer for String {
    fn into_response(self) -> Response {
        response_body::with_type(TEXT, self.into())
    }

    fn describe(description: &mut OperationDescription) {
        description.text_response(StatusCode::OK, SUCCESS);
    }
}

/// Plain text.
impl Answer for &'static str {
    fn into_response(self) -> Response {
        response_body::with_type(TEXT, self.into())
    }

    fn describe(description: &mut OperationDescription) {
        description.text_response(StatusCode::OK, SUCCESS);
    }
}

const TEXT: &str = "text/plain; charset=utf-8";

fn json_response<T: Serialize>(value: &T) -> Response {
    written_json(serde_json::to_vec(value))
}

fn written_json(written: serde_json::Result<Vec<u8>>) -> Response {
    match written {
        Ok(bytes) => response_body::with_type("application/json", bytes.into()),
        Err(fault) => {
            // For example, a map whose keys are not strings. The message may contain data, so the
            // log has only the position.
            tracing::error!(line = fault.line(), "cannot serialize response as JSON");
            Answer::into_response(StatusCode::INTERNAL_SERVER_ERROR)
        }
    }
}
