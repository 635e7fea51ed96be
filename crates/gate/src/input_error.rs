//! Describes an invalid input of a request.

use std::borrow::Cow;

use http::StatusCode;
use scopegate_domain::ReadClaimError;
use serde_json::{Value, json};

/// The maximum length of a name in a location, in characters, because a client can choose the names
/// of a map.
const NAME_LIMIT: usize = 128;

/// A step of a location: a member of an object, or an element of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "a JSON location has names and indexes")]
pub enum LocationStep {
    /// The member of this name.
    Name(String),
    /// The element of this index.
    Index(usize),
}

impl LocationStep {
    /// Returns the step of a member. A name longer than 128 characters is cut.
    #[must_use]
    pub fn name(name: &str) -> Self {
        Self::Name(name.chars().take(NAME_LIMIT).collect())
    }

    /// Returns the step in a path: `/name` or `/0`.
    #[must_use]
    pub fn to_path(&self) -> String {
        match self {
            Self::Name(name) => format!("/{name}"),
            Self::Index(index) => format!("/{index}"),
        }
    }
}

/// An error in the input of a request.
///
/// The text contains the error and its location. It repeats a value of the client only for a
/// parameter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidInput {
    kind: &'static str,
    place: &'static str,
    location: Vec<LocationStep>,
    message: String,
    input: Option<String>,
}

impl InvalidInput {
    /// Creates an error of a kind (such as `int_parsing` or `value_error`), in the `path`, `query`,
    /// `header` or `body`.
    #[must_use]
    pub fn new(kind: &'static str, place: &'static str, field: Option<&str>, message: impl Into<String>) -> Self {
        let location = field.map(|name| LocationStep::Name(name.to_owned()));
        Self::at(kind, place, location.into_iter().collect(), message.into(), None)
    }

    /// Creates an error at a location of several steps.
    #[must_use]
    pub const fn at(
        kind: &'static str,
        place: &'static str,
        location: Vec<LocationStep>,
        message: String,
        input: Option<String>,
    ) -> Self {
        Self {
            kind,
            place,
            location,
            message,
            input,
        }
    }

    /// Creates an error for a required value that is missing.
    #[must_use]
    pub fn missing(place: &'static str, field: Option<&str>) -> Self {
        Self::new("missing", place, field, "Field required")
    }

    /// Adds the value that the client sent. Not for a value that may be a secret.
    #[must_use]
    pub fn with_input(mut self, text: &str) -> Self {
        self.input = Some(text.to_owned());
        self
    }

    /// Returns the kind, such as `missing` or `int_parsing`.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        self.kind
    }

    /// Returns the part of the request: `path`, `query`, `header` or `body`.
    #[must_use]
    pub const fn place(&self) -> &'static str {
        self.place
    }

    /// Returns the location in that part: the name of a parameter, or the steps into a body.
    #[must_use]
    pub fn location(&self) -> &[LocationStep] {
        &self.location
    }

    /// Returns the sentence for the client.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }

    /// Returns the value that the client sent; `None` for a body.
    #[must_use]
    pub fn input(&self) -> Option<&str> {
        self.input.as_deref()
    }

    /// Returns the kind and the location, for the log. The rest may contain data of the client.
    #[must_use]
    pub const fn cause(&self) -> (&'static str, &'static str) {
        (self.kind, self.place)
    }

    /// Returns the error as JSON: `type`, `loc`, `msg` and `input`.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let steps = self.location.iter().map(|step| match step {
            LocationStep::Name(name) => json!(name),
            LocationStep::Index(index) => json!(index),
        });
        let location: Vec<Value> = std::iter::once(json!(self.place)).chain(steps).collect();
        json!({ "type": self.kind, "loc": location, "msg": self.message, "input": self.input })
    }
}

/// The reasons why an input could not be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[expect(clippy::exhaustive_enums, reason = "each has its answer in the one table of replies")]
pub enum InputError {
    /// A value is missing or has the wrong type.
    #[error("{} in {}", _0.kind, _0.place)]
    Invalid(InvalidInput),
    /// Several values are missing or have the wrong type.
    #[error("{} values are not as declared", _0.len())]
    Several(Vec<InvalidInput>),
    /// The body is of a media type that the operation does not read. The sentence names the right
    /// one.
    #[error("{0}")]
    MediaType(&'static str),
    /// The request comes from a page of another origin, which may not make it.
    #[error("the request comes from a page of another origin")]
    ForeignOrigin,
    /// The request is not a handshake of WebSocket
    /// ([RFC 6455, section 4.4](https://www.rfc-editor.org/rfc/rfc6455#section-4.4)).
    #[error("the request is not a handshake of WebSocket")]
    UpgradeRequired,
    /// The handler, or an input of the application, cannot read a claim of the credential. A claim
    /// of another type is 403, because the caller presents it. One that no verifier keeps is an
    /// error of the program.
    #[error(transparent)]
    Claim(#[from] ReadClaimError),
    /// An input of the application refuses the request: see [`InputError::refused`].
    #[error("{status}: {message}")]
    Refused {
        /// The status.
        status: StatusCode,
        /// The code for programs.
        code: &'static str,
        /// The message for people.
        message: Cow<'static, str>,
    },
    /// The server cannot provide the value, which is an error of the program.
    #[error("the server cannot provide the value of an argument")]
    Unavailable,
}

impl InputError {
    /// Creates the refusal of an input of the application, with this status, this code for programs
    /// and this message for people. It is answered alone, also if other inputs are invalid.
    ///
    /// A status outside of 400 to 599 becomes 500. A response with 401 has no challenge, so leave
    /// 401 to guards ([RFC 9110, section
    /// 15.5.2](https://www.rfc-editor.org/rfc/rfc9110#section-15.5.2)).
    #[must_use]
    pub fn refused(status: StatusCode, code: &'static str, message: impl Into<Cow<'static, str>>) -> Self {
        let message = message.into();
        Self::Refused { status, code, message }
    }
}

impl From<InvalidInput> for InputError {
    fn from(fault: InvalidInput) -> Self {
        Self::Invalid(fault)
    }
}
