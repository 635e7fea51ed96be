//! Describes why a value does not have its declared type, without names of Rust types.

use std::borrow::Cow;
use std::fmt;

use serde::de;

use crate::field_place::FieldPlace;
use crate::scalar_kind::ScalarKind;
use scopegate_gate::{InvalidInput, LocationStep};

/// The message for bytes that are not UTF-8.
pub(crate) const NOT_TEXT: &str = "Value error, the value is not UTF-8";

/// The error of one value. Only messages of the type's own error are forwarded, because serde's
/// messages repeat the input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct InvalidValue {
    pub(crate) kind: &'static str,
    message: String,
    /// The location, from the innermost step to the outermost.
    location: Vec<LocationStep>,
    input: Option<String>,
}

impl InvalidValue {
    pub(crate) fn new(kind: &'static str, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
            location: Vec::new(),
            input: None,
        }
    }

    /// A text cannot be parsed as this kind.
    pub(crate) fn of_kind(kind: ScalarKind) -> Self {
        let (kind, message) = kind.fault();
        Self::new(kind, message)
    }

    fn of_type() -> Self {
        Self::new("value_error", "Value error, the input is not of the declared type")
    }

    /// The value is of another type than the document states.
    pub(crate) fn other_type() -> Self {
        Self::new("value_error", "Value error, the input is not of the documented type")
    }

    /// A text has bytes that are not UTF-8.
    pub(crate) fn not_text() -> Self {
        Self::new("value_error", NOT_TEXT)
    }

    /// A name that has one value occurs more than once.
    pub(crate) fn repeated() -> Self {
        Self::new("value_error", "Value error, the name is there more than once")
    }

    /// Adds this member or element to the location of the error.
    pub(crate) fn inside(mut self, step: LocationStep) -> Self {
        self.location.push(step);
        self
    }

    /// Adds this member to the location of the error, as its innermost step.
    pub(crate) fn around(mut self, step: LocationStep) -> Self {
        self.location.insert(0, step);
        self
    }

    /// Adds this parameter to the location of the error, unless it has a location.
    pub(crate) fn at(mut self, parameter: &str, input: &str) -> Self {
        if self.location.is_empty() {
            self.location.push(LocationStep::name(parameter));
            self.input = Some(input.to_owned());
        }
        self
    }

    /// Adds this parameter around the location of the error.
    pub(crate) fn within(mut self, parameter: &str, input: &str) -> Self {
        if self.location.is_empty() {
            return self.at(parameter, input);
        }
        self.location.push(LocationStep::name(parameter));
        self
    }

    /// Names the field of the error as the request does.
    pub(crate) fn renamed(mut self, place: FieldPlace) -> Self {
        if let Some(LocationStep::Name(name)) = self.location.last_mut()
            && let Cow::Owned(other) = place.name_of(name)
        {
            *name = other;
        }
        self
    }

    pub(crate) fn is_missing(&self) -> bool {
        self.kind == "missing"
    }

    pub(crate) fn has_place(&self) -> bool {
        !self.location.is_empty()
    }

    /// Whether these steps, from the outermost to the innermost, are the location.
    pub(crate) fn is_at(&self, steps: &[LocationStep]) -> bool {
        self.location.iter().rev().eq(steps)
    }

    /// Returns the location, from the outermost step to the innermost.
    pub(crate) fn steps(&self) -> Vec<LocationStep> {
        self.location.iter().rev().cloned().collect()
    }

    /// Whether both have the same location.
    pub(crate) fn is_at_place_of(&self, other: &Self) -> bool {
        self.location == other.location
    }

    /// Whether the error states only that the value is not of the type.
    pub(crate) fn is_of_type(&self) -> bool {
        self.is_like(&Self::of_type())
    }

    /// Returns the name of this step in a location.
    pub(crate) fn name(&self) -> Option<&str> {
        match self.location.as_slice() {
            [LocationStep::Name(name)] => Some(name),
            _ => None,
        }
    }

    /// The path of the value, for a developer.
    pub(crate) fn place(&self) -> String {
        let steps: Vec<_> = self.location.iter().rev().map(LocationStep::to_path).collect();
        format!("`{}`", steps.concat())
    }

    /// Whether both have the same cause, wherever they are.
    pub(crate) fn is_like(&self, other: &Self) -> bool {
        (self.kind, &self.message) == (other.kind, &other.message)
    }

    pub(crate) fn into_input(mut self, place: &'static str) -> InvalidInput {
        self.location.reverse();
        InvalidInput::at(self.kind, place, self.location, self.message, self.input)
    }
}

impl fmt::Display for InvalidValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the input is not as declared")
    }
}

impl std::error::Error for InvalidValue {}

impl de::Error for InvalidValue {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self::new("value_error", format!("Value error, {message}"))
    }

    fn invalid_type(_: de::Unexpected<'_>, _: &dyn de::Expected) -> Self {
        Self::of_type()
    }

    fn invalid_value(_: de::Unexpected<'_>, _: &dyn de::Expected) -> Self {
        Self::of_type()
    }

    fn invalid_length(_: usize, _: &dyn de::Expected) -> Self {
        Self::custom("the input has not the declared length")
    }

    fn unknown_variant(_: &str, expected: &'static [&'static str]) -> Self {
        let list: Vec<_> = expected.iter().map(|name| format!("'{name}'")).collect();
        Self::new("enum", format!("Input should be one of {}", list.join(", ")))
    }

    fn unknown_field(field: &str, _: &'static [&'static str]) -> Self {
        Self::new("extra_forbidden", "Extra inputs are not permitted").inside(LocationStep::name(field))
    }

    fn missing_field(field: &'static str) -> Self {
        Self::new("missing", "Field required").inside(LocationStep::name(field))
    }

    fn duplicate_field(field: &'static str) -> Self {
        Self::repeated().inside(LocationStep::name(field))
    }
}
