//! Answers that the gate writes as its refusals: an absent resource, an invalid input or body.

use http::StatusCode;
use scopegate_gate::{BodyError, InputError};

use super::Answer;
use crate::description::OperationDescription;
use crate::response_body::Response;

/// Marks a response that the gate replaces by its own refusal.
#[derive(Clone, Debug)]
pub(crate) enum AsRefusal {
    /// 404.
    Missing,
    /// An error of the body.
    Body(BodyError),
    /// An error of the input.
    Input(InputError),
}

impl AsRefusal {
    fn with_status(self, status: StatusCode) -> Response {
        let mut response = Answer::into_response(status);
        response.extensions_mut().insert(self);
        response
    }
}

/// `None` is 404, written as every refusal of the gate.
impl<A: Answer> Answer for Option<A> {
    fn into_response(self) -> Response {
        self.map_or_else(
            || AsRefusal::Missing.with_status(StatusCode::NOT_FOUND),
            Answer::into_response,
        )
    }

    fn describe(description: &mut OperationDescription) {
        A::describe(description);
        description.may_be_missing();
    }
}

/// 400, 408 or 413, written as every refusal of the gate.
impl Answer for BodyError {
    fn into_response(self) -> Response {
        AsRefusal::Body(self).with_status(self.status())
    }

    fn describe(_: &mut OperationDescription) {}
}

/// 400 or 415, written as every refusal of the gate.
impl Answer for InputError {
    fn into_response(self) -> Response {
        AsRefusal::Input(self).with_status(StatusCode::BAD_REQUEST)
    }

    fn describe(_: &mut OperationDescription) {}
}
