//! The texts of a query, of headers, of cookies or of a form as a structure.

mod decode;
mod text;

use std::borrow::Cow;
use std::cell::Cell;

use serde::de::value::StrDeserializer;
use serde::de::{DeserializeOwned, DeserializeSeed, Deserializer, IntoDeserializer, MapAccess, SeqAccess, Visitor};
use serde::forward_to_deserialize_any;

pub(crate) use self::decode::parse;
use self::text::{Text, boolean};
pub(crate) use self::text::{scalar, text};
use crate::field_place::FieldPlace;
use crate::field_shape::{FieldShape, ValueType};
use crate::field_values::{FieldValue, FieldValues, Groups};
use crate::invalid_value::InvalidValue;
use crate::scalar_kind::ScalarKind;
use scopegate_gate::{InvalidInput, LocationStep};

/// The maximum number of unknown names that are listed as errors.
const UNKNOWN_NAMES: usize = 32;

/// Reads values by the fields of `T`.
///
/// A list takes all values of its name, and every other field the only one. An absent field is
/// `None` if its type allows it. Unknown names are ignored unless `T` denies them. If serde reads a
/// value before it knows the type (`flatten`, enums with a tag or without), the documented type of
/// the parameter decides.
///
/// # Errors
///
/// All missing parameters and all parameters of the wrong type, in the order of declaration.
pub(crate) fn read<T: DeserializeOwned>(
    texts: &FieldValues<'_>,
    shape: &FieldShape,
    place: FieldPlace,
) -> Result<T, Vec<InvalidInput>> {
    read_texts(texts, shape, &Cell::new(false)).map_err(|first| {
        let faults = faults(texts, shape, first, reader::<T>()).into_iter();
        faults
            .map(|fault| fault.renamed(place).into_input(place.as_str()))
            .collect()
    })
}

/// Reads values as one type, and returns the error. The flag becomes true if the type accepts a
/// value without reading it.
pub(crate) type FieldReader = fn(&FieldValues<'_>, &FieldShape, &Cell<bool>) -> Option<InvalidValue>;

/// Returns the reader of a type. A function that takes it is compiled once, and not for each type.
pub(crate) fn reader<T: DeserializeOwned>() -> FieldReader {
    |texts, shape, ignored| read_texts::<T>(texts, shape, ignored).err()
}

/// Reads one text as one type, and returns the error.
pub(crate) type TextReader = fn(&str) -> Option<InvalidValue>;

/// Returns the reader of a type.
pub(crate) fn text_reader<T: DeserializeOwned>() -> TextReader {
    |sent| T::deserialize(text(sent)).err()
}

fn read_texts<T: DeserializeOwned>(
    texts: &FieldValues<'_>,
    shape: &FieldShape,
    ignored: &Cell<bool>,
) -> Result<T, InvalidValue> {
    T::deserialize(FieldDeserializer { texts, shape, ignored })
}

/// Returns all errors of the values. Each parameter is tried alone, because serde ends at the first
/// error.
fn faults(texts: &FieldValues<'_>, shape: &FieldShape, first: InvalidValue, reader: FieldReader) -> Vec<InvalidValue> {
    let try_only = |texts: &FieldValues<'_>| reader(texts, shape, &Cell::new(false));
    // With the others that are required, because serde reads `flatten` only if these are present.
    let good: FieldValues<'_> = shape
        .parameters
        .iter()
        .filter(|parameter| parameter.required)
        .filter_map(|parameter| {
            let sample = Cow::Borrowed(parameter.sample.as_deref()?);
            Some((Cow::Borrowed(parameter.name.as_str()), sample))
        })
        .collect();
    let base = try_only(&good);
    let mut found: Vec<InvalidValue> = Vec::new();
    for parameter in &shape.parameters {
        let name = parameter.name.as_str();
        let Some(values) = texts.get(name) else {
            continue;
        };
        let mut alone = good.clone();
        alone.take_from(name, texts);
        let Some(fault) = try_only(&alone) else {
            continue;
        };
        // Without a location, the error may concern the whole structure. Then it also occurs
        // without this value, or belongs to no part.
        let is_of_all = base.as_ref().is_some_and(|base| base.is_like(&fault));
        let is_of_value = fault.has_place() || (!is_of_all && (shape.has_parts || fault.is_like(&first)));
        if !fault.is_missing() && is_of_value {
            let input = values.last().map_or("", |(_, value)| value);
            found.push(fault.at(name, input));
        }
    }
    for parameter in shape.parameters.iter().filter(|parameter| parameter.required) {
        if !texts.contains(&parameter.name) {
            found.push(InvalidValue::new("missing", "Field required").inside(LocationStep::name(&parameter.name)));
        }
    }
    let unknown = texts.names().filter(|name| shape.parameter(name).is_none());
    let alone = unknown
        .take(UNKNOWN_NAMES)
        .filter_map(|name| try_only(&FieldValues::one(name, "")));
    found.extend(alone.filter(|fault| fault.kind == "extra_forbidden"));
    let is_told = |fault: &InvalidValue| match fault.name() {
        Some(name) => found.iter().any(|other| other.name() == Some(name)),
        None => found.iter().any(|other| other.is_like(fault)),
    };
    if !is_told(&first) {
        found.push(first);
    }
    let place = |fault: &InvalidValue| {
        let mut names = shape.parameters.iter().map(|parameter| Some(parameter.name.as_str()));
        names.position(|name| name == fault.name()).unwrap_or(usize::MAX)
    };
    found.sort_by_key(place);
    found
}

struct FieldDeserializer<'a, 'q> {
    texts: &'a FieldValues<'q>,
    shape: &'a FieldShape,
    ignored: &'a Cell<bool>,
}

impl<'de> Deserializer<'de> for FieldDeserializer<'_, '_> {
    type Error = InvalidValue;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, InvalidValue> {
        visitor.visit_map(Fields {
            rest: self.texts.groups(),
            current: None,
            shape: self.shape,
            ignored: self.ignored,
        })
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, InvalidValue> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, InvalidValue> {
        let is_known = |name: &Cow<'_, str>| self.shape.rest.is_some() || self.shape.parameter(name).is_some();
        if self.texts.names().any(is_known) {
            visitor.visit_some(self)
        } else {
            visitor.visit_none()
        }
    }

    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, InvalidValue> {
        visitor.visit_unit()
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, InvalidValue> {
        visitor.visit_unit()
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf
        seq tuple tuple_struct map struct enum identifier ignored_any
    }
}

struct Fields<'a, 'q> {
    rest: Groups<'a, 'q>,
    current: Option<(&'a str, &'a [FieldValue<'q>])>,
    shape: &'a FieldShape,
    ignored: &'a Cell<bool>,
}

impl<'de> MapAccess<'de> for Fields<'_, '_> {
    type Error = InvalidValue;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, InvalidValue> {
        self.current = self.rest.next().and_then(|values| Some((&*values.first()?.0, values)));
        let Some((name, _)) = self.current else {
            return Ok(None);
        };
        let name: StrDeserializer<'_, InvalidValue> = name.into_deserializer();
        seed.deserialize(name).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, InvalidValue> {
        let (name, values) = self.current.take().unwrap_or_default();
        let values = Values {
            texts: values,
            types: Types::Of(self.shape, name),
            ignored: Some(self.ignored),
        };
        let input = values.last();
        seed.deserialize(values).map_err(|fault| fault.at(name, input))
    }
}

/// The documented types of a value, which are used only if serde requests any type.
#[derive(Clone, Copy)]
enum Types<'a> {
    Of(&'a FieldShape, &'a str),
    Known(&'a [ValueType]),
}

impl<'a> Types<'a> {
    fn get(self) -> &'a [ValueType] {
        match self {
            Self::Of(shape, name) => shape.types(name),
            Self::Known(types) => types,
        }
    }

    /// Whether the document names the value. `flatten` reads others, too, and ignores them.
    fn are_declared(self) -> bool {
        match self {
            Self::Of(shape, name) => shape.rest.is_some() || shape.parameter(name).is_some(),
            Self::Known(_) => true,
        }
    }

    /// The types of the elements, if the value is a list.
    fn elements(self) -> Option<&'a [ValueType]> {
        self.get().iter().find_map(|of| match of {
            ValueType::List(elements) => Some(elements.as_slice()),
            _ => None,
        })
    }
}

/// All values of one name.
struct Values<'a, 'q> {
    texts: &'a [FieldValue<'q>],
    types: Types<'a>,
    ignored: Option<&'a Cell<bool>>,
}

impl<'a> Values<'a, '_> {
    fn last(&self) -> &'a str {
        self.texts.last().map_or("", |(_, value)| value)
    }

    /// Returns the only text.
    // SECURITY: of two values, a proxy or a second reader could use the other one. Tested by
    // `tests/it/repeated.rs`, `name_of_one_value_is_refused_if_it_is_repeated`.
    fn only(&self) -> Result<Text<'a>, InvalidValue> {
        if self.texts.len() > 1 {
            return Err(InvalidValue::repeated());
        }
        Ok(Text(self.last()))
    }

    fn list<'de, V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, InvalidValue> {
        visitor.visit_seq(List {
            values: self.texts.iter(),
            types: self.types.elements().unwrap_or_default(),
        })
    }
}

macro_rules! as_text {
    ($($method:ident)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, InvalidValue> {
            self.only()?.$method(visitor)
        }
    )*};
}

impl<'de> Deserializer<'de> for Values<'_, '_> {
    type Error = InvalidValue;

    /// The first documented type that the text is of.
    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, InvalidValue> {
        if self.types.elements().is_some() || (self.texts.len() > 1 && !self.types.are_declared()) {
            return self.list(visitor);
        }
        let Text(text) = self.only()?;
        let types = self.types.get();
        for of in types {
            match of {
                ValueType::Boolean => {
                    if let Some(value) = boolean(text) {
                        return visitor.visit_bool(value);
                    }
                }
                ValueType::Integer => {
                    if let Ok(value) = text.parse() {
                        return visitor.visit_u64(value);
                    }
                    if let Ok(value) = text.parse() {
                        return visitor.visit_i64(value);
                    }
                }
                ValueType::Number => {
                    if let Ok(value) = text.parse() {
                        return visitor.visit_f64(value);
                    }
                }
                ValueType::Text | ValueType::File | ValueType::List(_) | ValueType::Object => {
                    return visitor.visit_str(text);
                }
            }
        }
        match types.first() {
            Some(ValueType::Boolean) => Err(InvalidValue::of_kind(ScalarKind::Boolean)),
            Some(ValueType::Integer) => Err(InvalidValue::of_kind(ScalarKind::Integer)),
            Some(ValueType::Number) => Err(InvalidValue::of_kind(ScalarKind::Number)),
            _ => visitor.visit_str(text),
        }
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

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, InvalidValue> {
        self.list(visitor)
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, length: usize, visitor: V) -> Result<V::Value, InvalidValue> {
        if self.texts.len() > length {
            return Err(serde::de::Error::invalid_length(self.texts.len(), &"a tuple"));
        }
        self.list(visitor)
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        length: usize,
        visitor: V,
    ) -> Result<V::Value, InvalidValue> {
        self.deserialize_tuple(length, visitor)
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, InvalidValue> {
        if let Some(ignored) = self.ignored {
            ignored.set(true);
        }
        visitor.visit_unit()
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, InvalidValue> {
        self.only()?.deserialize_unit_struct(name, visitor)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, InvalidValue> {
        self.only()?.deserialize_struct(name, fields, visitor)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, InvalidValue> {
        self.only()?.deserialize_enum(name, variants, visitor)
    }

    as_text! {
        deserialize_bool deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64 deserialize_i128 deserialize_u8
        deserialize_u16 deserialize_u32 deserialize_u64 deserialize_u128 deserialize_f32 deserialize_f64
        deserialize_char deserialize_str deserialize_string deserialize_bytes deserialize_byte_buf deserialize_unit
        deserialize_map deserialize_identifier
    }
}

struct List<'a, 'q> {
    values: std::slice::Iter<'a, FieldValue<'q>>,
    types: &'a [ValueType],
}

impl<'de> SeqAccess<'de> for List<'_, '_> {
    type Error = InvalidValue;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, InvalidValue> {
        let Some(value) = self.values.next() else {
            return Ok(None);
        };
        let value = Values {
            texts: std::slice::from_ref(value),
            types: Types::Known(self.types),
            ignored: None,
        };
        seed.deserialize(value).map(Some)
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.values.len())
    }
}

#[cfg(test)]
mod tests;
