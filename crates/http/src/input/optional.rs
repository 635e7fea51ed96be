//! Inputs that may be absent or invalid.

use scopegate_gate::InputError;

use crate::description::OperationDescription;
use crate::input::declaration::Input;
use crate::input::parts::RequestParts;

/// `None` if the request does not contain the input at all: no parameter of a query, an empty body.
/// An input that is there and invalid is refused.
impl<I: Input> Input for Option<I> {
    type Reads = I::Reads;

    fn read(parts: &mut RequestParts<'_>) -> Result<Self, InputError> {
        if I::is_absent(parts) {
            return Ok(None);
        }
        I::read(parts).map(Some)
    }

    fn is_absent(parts: &RequestParts<'_>) -> bool {
        I::is_absent(parts)
    }

    fn describe(description: &mut OperationDescription) {
        description.optional(I::describe);
    }
}

/// Passes the error to the handler, which may answer it: an [`InputError`] is an answer.
impl<I: Input> Input for Result<I, InputError> {
    type Reads = I::Reads;

    fn read(parts: &mut RequestParts<'_>) -> Result<Self, InputError> {
        Ok(I::read(parts))
    }

    fn is_absent(parts: &RequestParts<'_>) -> bool {
        I::is_absent(parts)
    }

    fn describe(description: &mut OperationDescription) {
        I::describe(description);
    }
}
