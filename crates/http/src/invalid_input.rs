//! What is wrong with what was sent.

use serde_json::{Value, json};

/// One thing wrong with what was sent.
///
/// It says what is wrong and where; what was sent stands in it only where FastAPI repeats it too, for a parameter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidInput {
    kind: &'static str,
    place: &'static str,
    field: Option<String>,
    message: String,
    input: Option<String>,
}

impl InvalidInput {
    /// A fault of a kind in FastAPI's words (`int_parsing`, `value_error`), in the `path`, `query`, `header` or `body`.
    #[must_use]
    pub fn new(kind: &'static str, place: &'static str, field: Option<&str>, message: impl Into<String>) -> Self {
        Self {
            kind,
            place,
            field: field.map(str::to_owned),
            message: message.into(),
            input: None,
        }
    }

    /// Something that must be there is not.
    #[must_use]
    pub fn missing(place: &'static str, field: Option<&str>) -> Self {
        Self::new("missing", place, field, "Field required")
    }

    /// In this field, unless the fault names one already.
    pub(crate) fn in_field(mut self, field: &str, input: &str) -> Self {
        if self.field.is_none() {
            self.field = Some(field.to_owned());
            self.input = Some(input.to_owned());
        }
        self
    }

    /// Repeats what was sent. Not for anything that may be a secret.
    #[must_use]
    pub fn with_input(mut self, text: &str) -> Self {
        self.input = Some(text.to_owned());
        self
    }

    /// One entry of FastAPI's list of validation errors.
    pub(crate) fn to_json(&self) -> Value {
        let location = match &self.field {
            Some(field) => json!([self.place, field]),
            None => json!([self.place]),
        };
        json!({ "type": self.kind, "loc": location, "msg": self.message, "input": self.input })
    }
}

/// Why an input could not be read.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "each has its answer in the one table of replies")]
pub enum InputError {
    /// A value is missing or is not of its type.
    Invalid(InvalidInput),
    /// The body is of a media type that the operation does not read.
    MediaType,
}

impl From<InvalidInput> for InputError {
    fn from(fault: InvalidInput) -> Self {
        Self::Invalid(fault)
    }
}
