//! The reasons why a form cannot be read, and their answers.

use std::error::Error as _;

use scopegate_gate::{BodyError, InputError, InvalidInput};

use super::source::SourceError;
use crate::answer::refused::AsRefusal;
use crate::answer::{Answer, Response};
use crate::description::OperationDescription;

/// The reason why a [`Multipart`](crate::input::Multipart) cannot be read. It is an
/// [`Answer`]: 413 if a size is over its limit, 408 if the body is too slow, else 400.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MultipartError {
    /// The body ends early, is too large or too slow.
    #[error("{0}")]
    Body(BodyError),
    /// The value of a field is over the limit of the handler.
    #[error("a field is too large")]
    FieldTooLarge,
    /// The headers of a part are over 16 KiB.
    #[error("the headers of a part are too large")]
    HeadersTooLarge,
    /// The body does not follow its format, or ends before the last boundary.
    #[error("the body is not multipart/form-data")]
    Malformed,
    /// A value is not UTF-8.
    #[error("a field is not UTF-8")]
    Text,
    /// The body has more fields than the limit.
    #[error("there are too many fields")]
    TooManyFields,
}

impl MultipartError {
    /// Returns the error of a form that is read whole.
    pub(super) fn to_input(self) -> InputError {
        InvalidInput::new("value_error", "body", None, format!("Value error, {self}")).into()
    }

    pub(crate) fn as_refusal(self) -> AsRefusal {
        match self {
            Self::Body(error) => AsRefusal::Body(error),
            Self::FieldTooLarge => AsRefusal::Body(BodyError::TooLarge),
            Self::HeadersTooLarge | Self::Malformed | Self::Text | Self::TooManyFields => {
                AsRefusal::Input(self.to_input())
            }
        }
    }

    /// Returns the reason why the parser fails.
    pub(super) fn of_parser(error: &multer::Error) -> Self {
        let source: Option<&SourceError> = error.source().and_then(|source| source.downcast_ref());
        match source {
            Some(SourceError::Body(error)) => Self::Body(*error),
            Some(SourceError::OverBudget) => Self::HeadersTooLarge,
            None => Self::Malformed,
        }
    }
}

/// 400, 408 or 413, written as every refusal of the gate.
impl Answer for MultipartError {
    fn into_response(self) -> Response {
        self.as_refusal().into_response()
    }

    fn describe(_: &mut OperationDescription) {}
}
