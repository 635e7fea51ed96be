//! The errors of the application, and refusals in the same form.

use scopegate_http::Json;
use scopegate_http::answer::{Answer, OperationDescription, Response, StatusCode};
use scopegate_http::input::{LocationStep, MultipartError};
use scopegate_http::site::{RefusalContext, RefusalFormat, RefusalSchema};
use scopegate_http::token::RandomError;
use serde::Serialize;
use utoipa::{PartialSchema, ToSchema};

pub(crate) type Answered<T> = Result<T, Error>;

#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error("the database failed: {0}")]
    Database(#[from] sqlx::Error),
    #[error(transparent)]
    Random(#[from] RandomError),
    #[error("the upload is invalid")]
    Upload(MultipartError),
    #[error("the form has no field `file` with a file name")]
    NoFile,
    #[error("a key has only scopes of its creator")]
    ForeignScope,
    #[error("the reader is not a member of the tenant")]
    ForeignReader,
}

/// The body of every error and of every refusal.
#[derive(Serialize, ToSchema)]
pub(crate) struct ErrorBody {
    /// The error, for programs.
    code: String,
    /// The error, for people.
    message: String,
    /// The errors of the input.
    fields: Vec<String>,
}

impl Answer for Error {
    fn into_response(self) -> Response {
        let (status, code) = match self {
            Self::Upload(error) => return error.into_response(),
            Self::Database(_) | Self::Random(_) => (StatusCode::INTERNAL_SERVER_ERROR, "server_fault"),
            Self::NoFile => (StatusCode::BAD_REQUEST, "no_file"),
            Self::ForeignScope => (StatusCode::FORBIDDEN, "foreign_scope"),
            Self::ForeignReader => (StatusCode::CONFLICT, "foreign_reader"),
        };
        let message = if status.is_server_error() {
            tracing::error!(cause = %self, "request failed");
            "the request failed; try again later".to_owned()
        } else {
            self.to_string()
        };
        let (code, fields) = (code.to_owned(), Vec::new());
        (status, Json(ErrorBody { code, message, fields })).into_response()
    }

    fn describe(description: &mut OperationDescription) {
        description.json_response::<ErrorBody>(StatusCode::CONFLICT, "The request does not fit the stored rows");
        description.json_response::<ErrorBody>(StatusCode::INTERNAL_SERVER_ERROR, "The request failed");
    }
}

impl From<MultipartError> for Error {
    fn from(error: MultipartError) -> Self {
        Self::Upload(error)
    }
}

/// Writes the refusals of the gate.
pub(crate) struct Refusals;

impl RefusalFormat for Refusals {
    fn body(&self, refusal: &RefusalContext<'_>) -> Vec<u8> {
        let fields = refusal.inputs.iter().map(|input| {
            let path: String = input.location().iter().map(LocationStep::to_path).collect();
            format!("{}{path}: {}", input.place(), input.message())
        });
        let (code, message) = (refusal.kind.as_str().to_owned(), refusal.sentence.to_owned());
        serde_json::to_vec(&ErrorBody {
            code,
            message,
            fields: fields.collect(),
        })
        .unwrap_or_default()
    }

    fn schema(&self) -> RefusalSchema {
        let schema = serde_json::to_value(ErrorBody::schema()).unwrap_or_default();
        RefusalSchema::new(ErrorBody::name(), "application/json", schema)
    }
}
