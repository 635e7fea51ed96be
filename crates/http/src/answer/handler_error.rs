//! Errors of handlers that the gate writes as its refusals.

use std::borrow::Cow;
use std::error::Error;
use std::sync::Arc;

use http::StatusCode;
use scopegate_domain::ReadClaimError;
use scopegate_gate::{BodyError, InputError};

use super::Answer;
use super::refused::AsRefusal;
use crate::credential::TicketError;
use crate::description::OperationDescription;
#[cfg(feature = "multipart")]
use crate::input::MultipartError;
use crate::response_body::Response;

/// An error of a handler. The gate writes it as every refusal, so that clients read one form of
/// errors: problem details ([RFC 9457](https://www.rfc-editor.org/rfc/rfc9457)), or the form of
/// `GateBuilder::refusals`.
///
/// `?` converts every other error: the client reads 500 without the cause, and the log has the
/// cause. The errors of inputs and bodies keep their statuses. A claim of a token that has another
/// type is 403. The document shows the
/// errors as the `default` response of the operation. An error type of your own that implements
/// [`Answer`] documents each status.
///
/// ```
/// use scopegate_http::answer::{HandlerError, StatusCode};
/// use scopegate_http::{Catalog, Gate, get, testing::TestClient};
///
/// async fn report() -> Result<String, HandlerError> {
///     let id: u32 = "7".parse()?;
///     if id == 0 {
///         return Err(HandlerError::conflict("no_number", "reports begin with 1"));
///     }
///     if id < 100 {
///         return Err(HandlerError::new(StatusCode::GONE, "archived", "the report is in the archive"));
///     }
///     Ok(format!("report {id}"))
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let gate = Gate::builder(Catalog::builder().build()?).operation(get("/report").public().then(report)).build()?;
/// let response = TestClient::new(gate).get("/report").send().await;
/// assert_eq!(response.status(), 410);
/// let body: serde_json::Value = response.json();
/// assert_eq!((&body["error"], &body["detail"]), (&"archived".into(), &"the report is in the archive".into()));
/// # Ok(())
/// # }
/// ```
///
/// `Debug` prints the cause, for a log.
#[derive(Clone, Debug)]
pub struct HandlerError(AsRefusal);

impl HandlerError {
    /// Creates an error with this status, this code for programs and this message for people.
    ///
    /// A status outside of 400 to 599 becomes 500. A response with 401 has no challenge, so leave
    /// 401 to guards ([RFC 9110, section
    /// 15.5.2](https://www.rfc-editor.org/rfc/rfc9110#section-15.5.2)).
    #[must_use]
    pub fn new(status: StatusCode, code: &'static str, message: impl Into<Cow<'static, str>>) -> Self {
        let message = message.into();
        Self(AsRefusal::Handler { status, code, message })
    }

    /// Creates an error with 403: the caller may not do this with these values.
    #[must_use]
    pub fn forbidden(code: &'static str, message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::FORBIDDEN, code, message)
    }

    /// Creates an error with 409: the state of a row does not allow the request.
    #[must_use]
    pub fn conflict(code: &'static str, message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::CONFLICT, code, message)
    }
}

impl<E: Error + Send + Sync + 'static> From<E> for HandlerError {
    fn from(error: E) -> Self {
        let known = known_refusal(&error);
        Self(known.unwrap_or_else(|| AsRefusal::Fault(Arc::new(error))))
    }
}

impl Answer for HandlerError {
    fn into_response(self) -> Response {
        self.0.into_response()
    }

    fn describe(description: &mut OperationDescription) {
        description.may_fail();
    }
}

/// Returns the refusal for an error of the library that is not a fault of the server.
fn known_refusal(error: &(dyn Error + 'static)) -> Option<AsRefusal> {
    if let Some(error) = error.downcast_ref::<InputError>() {
        return Some(AsRefusal::Input(error.clone()));
    }
    if let Some(error) = error.downcast_ref::<ReadClaimError>() {
        return Some(AsRefusal::Input(error.clone().into()));
    }
    if let Some(error) = error.downcast_ref::<BodyError>() {
        return Some(AsRefusal::Body(*error));
    }
    #[cfg(feature = "multipart")]
    if let Some(error) = error.downcast_ref::<MultipartError>() {
        return Some(error.as_refusal());
    }
    error.downcast_ref::<TicketError>().map(|error| error.as_refusal())
}
