//! The parameters of a path: read from text, and described.

use std::any::TypeId;
use std::fmt::Display;
use std::str::FromStr;

use serde_json::{Value, json};

use scopegate_gate::InvalidInput;

/// Reads one parameter of the path.
///
/// # Errors
///
/// [`InvalidInput`] if the text is not a `T`; the message is that of `T`'s own error. Numbers and
/// `bool` have messages of their own.
pub(crate) fn parse<T>(name: &str, text: &str) -> Result<T, InvalidInput>
where
    T: FromStr + 'static,
    T::Err: Display,
{
    text.parse().map_err(|fault: T::Err| {
        let (kind, message) = match Kind::of::<T>() {
            Kind::Text => ("value_error", format!("Value error, {fault}")),
            kind => kind.fault(),
        };
        InvalidInput::new(kind, "path", Some(name), message).with_input(text)
    })
}

/// Returns the schema of a parameter: a number or a boolean for these types, a string for every
/// other type.
pub(crate) fn schema<T: 'static>() -> Value {
    match Kind::of::<T>() {
        Kind::Boolean => json!({ "type": "boolean" }),
        Kind::Integer => json!({ "type": "integer" }),
        Kind::Number => json!({ "type": "number" }),
        Kind::Text => json!({ "type": "string" }),
    }
}

/// The kinds of scalar that a document tells apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Boolean,
    Integer,
    Number,
    Text,
}

impl Kind {
    fn of<T: 'static>() -> Self {
        let id = TypeId::of::<T>();
        let is_one_of = |ids: &[TypeId]| ids.contains(&id);
        if is_one_of(&[TypeId::of::<bool>()]) {
            Self::Boolean
        } else if is_one_of(&[TypeId::of::<f32>(), TypeId::of::<f64>()]) {
            Self::Number
        } else if is_one_of(&[
            TypeId::of::<u8>(),
            TypeId::of::<u16>(),
            TypeId::of::<u32>(),
            TypeId::of::<u64>(),
            TypeId::of::<u128>(),
            TypeId::of::<usize>(),
            TypeId::of::<i8>(),
            TypeId::of::<i16>(),
            TypeId::of::<i32>(),
            TypeId::of::<i64>(),
            TypeId::of::<i128>(),
            TypeId::of::<isize>(),
        ]) {
            Self::Integer
        } else {
            Self::Text
        }
    }

    /// Returns the type and the message of the error for a text that is not of this kind.
    pub(crate) fn fault(self) -> (&'static str, String) {
        let (kind, message) = match self {
            Self::Boolean => (
                "bool_parsing",
                "Input should be a valid boolean, unable to interpret input",
            ),
            Self::Integer => (
                "int_parsing",
                "Input should be a valid integer, unable to parse string as an integer",
            ),
            Self::Number => (
                "float_parsing",
                "Input should be a valid number, unable to parse string as a number",
            ),
            Self::Text => ("value_error", "Value error"),
        };
        (kind, message.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn invalid_parameter_has_type_and_message() {
        let fault = parse::<u32>("id", "x").unwrap_err();
        assert_eq!(
            fault.to_json(),
            json!({
                "type": "int_parsing",
                "loc": ["path", "id"],
                "msg": "Input should be a valid integer, unable to parse string as an integer",
                "input": "x",
            })
        );
        assert_eq!(parse::<i8>("id", "-3").unwrap(), -3);
    }
}
