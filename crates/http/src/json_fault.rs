//! Finds the error in a JSON body: the path of the value and the message of its type.

mod all;
mod repeated;

use serde::de::value::{BorrowedStrDeserializer, MapAccessDeserializer};
use serde::de::{DeserializeOwned, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde::forward_to_deserialize_any;
use serde_json::{Map, Value};

use crate::constraints::FAULTS;
use crate::field_shape::FieldShape;
use crate::fields;
use crate::invalid_value::InvalidValue;
use scopegate_gate::{InvalidInput, LocationStep};

/// The maximum number of members that are tried alone to find the location of an error.
const TRIED_MEMBERS: usize = 64;

/// The kind of the error for a value that is not an object.
const NO_OBJECT: &str = "dict_type";

/// Finds the errors in a body that is not of a type, and those of its constraints.
///
/// The parser's own messages repeat the input and name types of the program. So the body is read
/// again by a reader that tracks the path. It separates the messages of serde from those of the
/// type.
pub(crate) fn explain(
    fault: &serde_json::Error,
    body: &[u8],
    reader: JsonReader,
    shape: Option<&FieldShape>,
) -> Vec<InvalidInput> {
    let Ok(value) = serde_json::from_slice::<Value>(body) else {
        return vec![InvalidInput::new("json_invalid", "body", None, "JSON decode error")];
    };
    let schema = shape.and_then(|shape| shape.body.as_deref());
    let mut faults = all::all(value.clone(), body.len(), &|value| find(value, reader), schema);
    add(&mut faults, repeated::find(body).into_iter().collect());
    if let Some(shape) = shape {
        add(&mut faults, shape.body_faults(&value, false));
    }
    if faults.is_empty() {
        let (line, column) = (fault.line(), fault.column());
        let message = format!("Value error, the input is not as declared at line {line}, column {column}");
        return vec![InvalidInput::new("value_error", "body", None, message)];
    }
    faults.sort_by_cached_key(|fault| position(&value, &fault.steps()));
    faults.truncate(FAULTS);
    faults.into_iter().map(|fault| fault.into_input("body")).collect()
}

/// Adds errors, except at a location that has one already. An error that states the bound says more
/// than one that states the type.
fn add(faults: &mut Vec<InvalidValue>, mut others: Vec<InvalidValue>) {
    let is_at = |fault: &InvalidValue, others: &[InvalidValue]| others.iter().any(|other| other.is_at_place_of(fault));
    faults.retain(|fault| !(fault.is_of_type() && is_at(fault, &others)));
    others.retain(|other| !is_at(other, faults));
    faults.append(&mut others);
}

/// Returns the place of a location in the order of a body. A missing member is behind the others.
fn position(body: &Value, steps: &[LocationStep]) -> Vec<usize> {
    let mut value = Some(body);
    let mut position = Vec::new();
    for step in steps {
        let (index, inner) = match step {
            LocationStep::Index(index) => (Some(*index), value.and_then(|value| value.get(*index))),
            LocationStep::Name(name) => {
                let members = value.and_then(Value::as_object);
                let index = members.and_then(|members| members.keys().position(|known| known == name));
                (index, members.and_then(|members| members.get(name)))
            }
        };
        position.push(index.unwrap_or(usize::MAX));
        value = inner;
    }
    position
}

/// Reads a value as one type, and returns the error.
pub(crate) type JsonReader = fn(&Value) -> Option<InvalidValue>;

/// Returns the reader of a type. A function that takes it is compiled once, and not for each type.
pub(crate) fn reader<T: DeserializeOwned>() -> JsonReader {
    |body| T::deserialize(Json(body)).err()
}

/// Returns the error of a value that is not of a type, with its location.
pub(crate) fn find(body: &Value, reader: JsonReader) -> Option<InvalidValue> {
    let fault = reader(body)?;
    match body.as_object() {
        Some(members) if !fault.has_place() => Some(placed(fault, members, reader)),
        _ => Some(fault),
    }
}

/// Finds the location of an error. With `flatten`, serde reads the members before it knows their
/// types, so an error has no location. If exactly one member has the same error, it is the
/// location.
fn placed(fault: InvalidValue, members: &Map<String, Value>, reader: JsonReader) -> InvalidValue {
    let is_same = |body: Map<String, Value>| {
        let body = Value::Object(body);
        reader(&body).is_some_and(|other| other == fault)
    };
    if is_same(Map::new()) {
        return fault;
    }
    let place = members.iter().take(TRIED_MEMBERS).find(|(name, value)| {
        let alone = ((*name).clone(), (*value).clone());
        is_same(Map::from_iter([alone]))
    });
    match place {
        Some((name, _)) => fault.inside(LocationStep::name(name)),
        None => fault,
    }
}

#[derive(Clone, Copy)]
struct Json<'de>(&'de Value);

macro_rules! typed {
    ($($pattern:pat, $kind:expr, $message:literal: $($method:ident)*;)*) => {$($(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, InvalidValue> {
            match self.0 {
                $pattern => self.deserialize_any(visitor),
                _ => Err(InvalidValue::new($kind, $message)),
            }
        }
    )*)*};
}

impl<'de> Deserializer<'de> for Json<'de> {
    type Error = InvalidValue;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, InvalidValue> {
        match self.0 {
            Value::Null => visitor.visit_unit(),
            Value::Bool(value) => visitor.visit_bool(*value),
            Value::Number(number) => match (number.as_u64(), number.as_i64(), number.as_f64()) {
                (Some(value), ..) => visitor.visit_u64(value),
                (_, Some(value), _) => visitor.visit_i64(value),
                (.., Some(value)) => visitor.visit_f64(value),
                _ => visitor.visit_unit(),
            },
            Value::String(text) => visitor.visit_borrowed_str(text),
            Value::Array(list) => visitor.visit_seq(Elements(list.iter().enumerate())),
            Value::Object(members) => visitor.visit_map(Members {
                rest: members.iter(),
                current: None,
            }),
        }
    }

    typed! {
        Value::Bool(_), "bool_type", "Input should be a valid boolean": deserialize_bool;
        Value::Number(_), "int_type", "Input should be a valid integer":
            deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64 deserialize_i128
            deserialize_u8 deserialize_u16 deserialize_u32 deserialize_u64 deserialize_u128;
        Value::Number(_), "float_type", "Input should be a valid number": deserialize_f32 deserialize_f64;
        Value::String(_), "string_type", "Input should be a valid string":
            deserialize_char deserialize_str deserialize_string;
        Value::Array(_), "list_type", "Input should be a valid list": deserialize_seq;
        Value::Object(_), NO_OBJECT, "Input should be a valid dictionary": deserialize_map;
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, InvalidValue> {
        match self.0 {
            Value::Object(_) => self.deserialize_any(visitor),
            _ => Err(InvalidValue::new(NO_OBJECT, "Input should be a valid dictionary")),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, InvalidValue> {
        match self.0 {
            Value::Null => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, InvalidValue> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, InvalidValue> {
        match self.0 {
            Value::String(text) => BorrowedStrDeserializer::new(text).deserialize_enum(name, variants, visitor),
            Value::Object(members) if members.len() == 1 => visitor.visit_enum(MapAccessDeserializer::new(Members {
                rest: members.iter(),
                current: None,
            })),
            _ => {
                let list: Vec<_> = variants.iter().map(|name| format!("'{name}'")).collect();
                Err(InvalidValue::new(
                    "enum",
                    format!("Input should be one of {}", list.join(", ")),
                ))
            }
        }
    }

    forward_to_deserialize_any! { bytes byte_buf unit unit_struct tuple tuple_struct identifier ignored_any }
}

struct Elements<'de>(std::iter::Enumerate<std::slice::Iter<'de, Value>>);

impl<'de> SeqAccess<'de> for Elements<'de> {
    type Error = InvalidValue;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, InvalidValue> {
        let Some((index, value)) = self.0.next() else {
            return Ok(None);
        };
        let read = seed.deserialize(Json(value)).map(Some);
        read.map_err(|fault| fault.inside(LocationStep::Index(index)))
    }
}

struct Members<'de> {
    rest: serde_json::map::Iter<'de>,
    current: Option<(&'de String, &'de Value)>,
}

impl<'de> MapAccess<'de> for Members<'de> {
    type Error = InvalidValue;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, InvalidValue> {
        self.current = self.rest.next();
        match self.current {
            // A key is a text of which a map may make a number, as the value of a parameter is.
            Some((name, _)) => seed.deserialize(fields::text(name)).map(Some),
            None => Ok(None),
        }
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, InvalidValue> {
        let (name, value) = self
            .current
            .take()
            .map_or(("", &Value::Null), |(name, value)| (name, value));
        let read = seed.deserialize(Json(value));
        read.map_err(|fault| fault.inside(LocationStep::name(name)))
    }
}
