//! An absent resource: `Option` as an answer.

use http::StatusCode;

use super::Answer;
use crate::description::OperationDescription;
use crate::response_body::Response;

/// Marks a response that the gate replaces by its own 404.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Missing;

/// `None` is 404, written as every refusal of the gate.
impl<A: Answer> Answer for Option<A> {
    fn into_response(self) -> Response {
        self.map_or_else(
            || {
                let mut response = Answer::into_response(StatusCode::NOT_FOUND);
                response.extensions_mut().insert(Missing);
                response
            },
            Answer::into_response,
        )
    }

    fn describe(description: &mut OperationDescription) {
        A::describe(description);
        description.may_be_missing();
    }
}
