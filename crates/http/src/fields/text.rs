//! One text of a query as a value.

use serde::de::{Deserializer, IntoDeserializer, Visitor};
use serde::forward_to_deserialize_any;
use serde_json::{Number, Value};

use crate::field_shape::ValueType;
use crate::invalid_value::InvalidValue;
use crate::scalar_kind::ScalarKind;

/// Returns a deserializer of a text, such as a name of a map.
pub(crate) fn text(text: &str) -> impl for<'de> Deserializer<'de, Error = InvalidValue> + '_ {
    Text(text)
}

/// Returns a text as a value of the first of these types that it is of.
pub(crate) fn scalar(text: &str, types: &[ValueType]) -> Option<Value> {
    types.iter().find_map(|of| match of {
        ValueType::Boolean => boolean(text).map(Value::Bool),
        ValueType::Integer => {
            let signed = text.parse().ok().map(|value: i64| value.into());
            let unsigned = || text.parse().ok().map(|value: u64| value.into());
            signed.or_else(unsigned).or_else(|| long_integer(text))
        }
        ValueType::Number => {
            let number = text.parse().ok().and_then(Number::from_f64);
            number.map(Value::Number)
        }
        ValueType::Text | ValueType::File => Some(text.into()),
        ValueType::List(_) | ValueType::Object => None,
    })
}

/// Returns an integer of more than 64 bits as JSON has it here: as a number with a fraction of
/// zero.
fn long_integer(text: &str) -> Option<Value> {
    let is_integer = text.parse::<i128>().is_ok() || text.parse::<u128>().is_ok();
    let number = text.parse().ok().filter(|_| is_integer).and_then(Number::from_f64);
    number.map(Value::Number)
}

pub(super) fn boolean(text: &str) -> Option<bool> {
    let is_one_of = |words: &[&str]| words.iter().any(|word| text.eq_ignore_ascii_case(word));
    if is_one_of(&["true", "1", "on", "t", "y", "yes"]) {
        Some(true)
    } else {
        is_one_of(&["false", "0", "off", "f", "n", "no"]).then_some(false)
    }
}

/// One text.
pub(super) struct Text<'a>(pub(super) &'a str);

/// Refuses a text that is not a number of JSON: neither infinity nor NaN is one.
fn not_a_number() -> InvalidValue {
    InvalidValue::of_kind(ScalarKind::Number)
}

macro_rules! parsed {
    ($($kind:ident: $($method:ident $visit:ident)*;)*) => {$($(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, InvalidValue> {
            match self.0.parse() {
                Ok(value) => visitor.$visit(value),
                Err(_) => Err(InvalidValue::of_kind(ScalarKind::$kind)),
            }
        }
    )*)*};
}

impl<'de> Deserializer<'de> for Text<'_> {
    type Error = InvalidValue;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, InvalidValue> {
        visitor.visit_str(self.0)
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, InvalidValue> {
        match boolean(self.0) {
            Some(value) => visitor.visit_bool(value),
            None => Err(InvalidValue::of_kind(ScalarKind::Boolean)),
        }
    }

    parsed! {
        Integer:
            deserialize_i8 visit_i8 deserialize_i16 visit_i16 deserialize_i32 visit_i32 deserialize_i64 visit_i64
            deserialize_i128 visit_i128 deserialize_u8 visit_u8 deserialize_u16 visit_u16 deserialize_u32 visit_u32
            deserialize_u64 visit_u64 deserialize_u128 visit_u128;
    }

    fn deserialize_f32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, InvalidValue> {
        visitor.visit_f32(
            self.0
                .parse()
                .ok()
                .filter(|value: &f32| value.is_finite())
                .ok_or_else(not_a_number)?,
        )
    }

    fn deserialize_f64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, InvalidValue> {
        visitor.visit_f64(
            self.0
                .parse()
                .ok()
                .filter(|value: &f64| value.is_finite())
                .ok_or_else(not_a_number)?,
        )
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, InvalidValue> {
        visitor.visit_some(self)
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
        IntoDeserializer::into_deserializer(self.0).deserialize_enum(name, variants, visitor)
    }

    forward_to_deserialize_any! {
        char str string bytes byte_buf seq tuple tuple_struct unit unit_struct map struct identifier ignored_any
    }
}
