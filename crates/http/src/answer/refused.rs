//! Answers that the gate writes as its refusals: an absent resource, an invalid input or body, an
//! error of a handler.

use std::borrow::Cow;
use std::error::Error;
use std::sync::Arc;

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
    /// An error of a handler that the client may know.
    Handler {
        status: StatusCode,
        code: &'static str,
        message: Cow<'static, str>,
    },
    /// An error that the client may not know.
    Fault(Arc<dyn Error + Send + Sync>),
}

impl AsRefusal {
    /// Returns a response that only the gate completes.
    pub(crate) fn into_response(self) -> Response {
        let status = match &self {
            Self::Missing => StatusCode::NOT_FOUND,
            Self::Body(error) => error.status(),
            Self::Input(_) => StatusCode::BAD_REQUEST,
            Self::Handler { status, .. } => *status,
            Self::Fault(_) => StatusCode::INTERNAL_SERVER_ERROR,
        };
        let mut response = Answer::into_response(status);
        response.extensions_mut().insert(self);
        response
    }
}

/// `None` is 404, written as every refusal of the gate.
impl<A: Answer> Answer for Option<A> {
    fn into_response(self) -> Response {
        self.map_or_else(|| AsRefusal::Missing.into_response(), Answer::into_response)
    }

    fn describe(description: &mut OperationDescription) {
        A::describe(description);
        description.may_be_missing();
    }
}

/// 400, 408 or 413, written as every refusal of the gate.
impl Answer for BodyError {
    fn into_response(self) -> Response {
        AsRefusal::Body(self).into_response()
    }

    fn describe(_: &mut OperationDescription) {}
}

/// 400 or 415, written as every refusal of the gate.
impl Answer for InputError {
    fn into_response(self) -> Response {
        AsRefusal::Input(self).into_response()
    }

    fn describe(_: &mut OperationDescription) {}
}
