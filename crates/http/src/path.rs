//! The path of a request: decoded once, for the look-up and for its parameters alike.

use std::any::TypeId;
use std::borrow::Cow;
use std::fmt::Display;
use std::str::FromStr;

use percent_encoding::{AsciiSet, CONTROLS, percent_decode_str, utf8_percent_encode};
use serde_json::{Value, json};

use crate::invalid_input::InvalidInput;

/// Undoes the percent-encoding of a path; `None` if the result is not UTF-8.
///
/// SECURITY: this is the only decoding. Its result is looked up, guarded and passed to the handler.
/// No later decision reads the raw path (tests/it/gate.rs,
/// `one_decoding_one_look_up_then_the_guard`).
pub(crate) fn decode(raw: &str) -> Option<Cow<'_, str>> {
    if !raw.contains('%') {
        return Some(Cow::Borrowed(raw));
    }
    percent_decode_str(raw).decode_utf8().ok()
}

/// The bytes that must be encoded in the path of a `Location`.
const RESERVED: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'#')
    .add(b'%')
    .add(b'<')
    .add(b'>')
    .add(b'?')
    .add(b'\\');

/// Writes a decoded path so that it can be sent.
pub(crate) fn encode(path: &str) -> String {
    utf8_percent_encode(path, RESERVED).to_string()
}

/// Encodes a query for a header: unchanged, except for bytes that a header cannot contain.
pub(crate) fn encode_query(query: &str) -> String {
    utf8_percent_encode(query, CONTROLS).to_string()
}

/// The names of a template's parameters, in order: `/users/{id}/items/{item}` has `id` and `item`.
pub(crate) fn parameter_names(template: &str) -> impl Iterator<Item = &str> {
    template
        .split('{')
        .skip(1)
        .filter_map(|rest| rest.split_once('}'))
        .map(|(name, _)| name.trim_start_matches('*'))
}

/// Reads one parameter of the path.
///
/// # Errors
///
/// [`InvalidInput`] if the text is not a `T`; the message is that of `T`'s own error, or FastAPI's
/// for the numbers and `bool`.
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

/// The schema of a parameter: that of a number or `bool` for these, a string for every other type.
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

    /// What FastAPI says where a text is none of this kind: type and message.
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
    fn names_come_in_the_order_of_the_template() {
        let names: Vec<_> = parameter_names("/users/{id}/items/x-{item}/{*rest}").collect();
        assert_eq!(names, ["id", "item", "rest"]);
        assert_eq!(parameter_names("/status/").count(), 0);
    }

    #[test]
    fn a_path_is_decoded_once() {
        assert_eq!(decode("/a%2Fb%2573").as_deref(), Some("/a/b%73"));
        assert_eq!(decode("/%zz%").as_deref(), Some("/%zz%"));
        assert_eq!(decode("/%ff"), None);
    }

    #[test]
    fn a_fault_is_told_as_fastapi_tells_it() {
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
