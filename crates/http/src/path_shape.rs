//! The parameters that a type reads of a path: found by reading it from values of no meaning.

use std::cell::RefCell;

use serde::de::{DeserializeOwned, DeserializeSeed, Deserializer, IntoDeserializer, MapAccess, SeqAccess, Visitor};
use serde::forward_to_deserialize_any;
use serde_json::{Number, Value, json};
use utoipa::PartialSchema;

use crate::invalid_value::InvalidValue;
use crate::utoipa_schema::to_json;

/// Texts that are tried for a parameter, until the type accepts one.
pub(crate) const SAMPLES: [&str; 6] = [
    "7",
    "a",
    "67e55044-10b1-426f-9247-bb680e5fe0c8",
    "2026-01-31",
    "2026-01-31T12:00:00Z",
    "127.0.0.1",
];

/// The parameters that a type reads of a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum PathShape {
    /// All parameters, of any number: a map or a list.
    All,
    /// As many parameters as there are schemas, in the order of the template.
    InOrder(Vec<Value>),
    /// The parameters of these names.
    Named(Vec<(&'static str, Value)>),
}

impl PathShape {
    /// Finds the parameters that `T` reads.
    ///
    /// # Errors
    ///
    /// A sentence if `T` is a value that no path contains.
    pub(crate) fn of<T: DeserializeOwned>() -> Result<Self, String> {
        let mut best = Found::default();
        for sample in SAMPLES {
            let found = RefCell::new(Found::default());
            let is_read = T::deserialize(Root {
                found: &found,
                sample,
                first: 0,
            })
            .is_ok();
            let found = found.into_inner();
            if is_read || found.schemas.len() > best.schemas.len() || best.kind == Kind::Unread {
                best = found;
            }
            if is_read {
                break;
            }
        }
        match best.kind {
            Kind::Unread => Err("its type is neither a value, a tuple nor a structure".to_owned()),
            Kind::All => Ok(Self::All),
            Kind::InOrder(length) => {
                best.schemas.resize_with(length, text_schema);
                Ok(Self::InOrder(best.schemas))
            }
            Kind::Named(names) => Ok(Self::Named(schemas_of::<T>(names))),
        }
    }

    /// Returns the number of parameters of the template that the type reads.
    pub(crate) fn count(&self, template: &[&str]) -> usize {
        match self {
            Self::All => template.len(),
            Self::InOrder(schemas) => schemas.len(),
            Self::Named(fields) => fields.len(),
        }
    }
}

/// Returns the schema of each field. Each is read first once, because serde ends at the first
/// error.
fn schemas_of<T: DeserializeOwned>(names: &'static [&'static str]) -> Vec<(&'static str, Value)> {
    let schema = |first: usize| {
        let found = RefCell::new(Found::default());
        let _ = T::deserialize(Root {
            found: &found,
            sample: "7",
            first,
        });
        found
            .into_inner()
            .schemas
            .into_iter()
            .next()
            .unwrap_or_else(text_schema)
    };
    names
        .iter()
        .enumerate()
        .map(|(number, name)| (*name, schema(number)))
        .collect()
}

fn text_schema() -> Value {
    json!({ "type": "string" })
}

#[derive(Default)]
struct Found {
    kind: Kind,
    schemas: Vec<Value>,
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Kind {
    #[default]
    Unread,
    All,
    InOrder(usize),
    Named(&'static [&'static str]),
}

/// The whole path.
#[derive(Clone, Copy)]
struct Root<'f> {
    found: &'f RefCell<Found>,
    sample: &'static str,
    /// The number of the field that is read first.
    first: usize,
}

impl<'f> Root<'f> {
    fn note(self, kind: Kind) {
        self.found.borrow_mut().kind = kind;
    }

    const fn parameter(self) -> Parameter<'f> {
        Parameter {
            found: self.found,
            sample: self.sample,
        }
    }
}

macro_rules! one_parameter {
    ($($method:ident)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, InvalidValue> {
            self.note(Kind::InOrder(1));
            self.parameter().$method(visitor)
        }
    )*};
}

impl<'de> Deserializer<'de> for Root<'_> {
    type Error = InvalidValue;

    one_parameter! {
        deserialize_any deserialize_bool deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64
        deserialize_i128 deserialize_u8 deserialize_u16 deserialize_u32 deserialize_u64 deserialize_u128
        deserialize_f32 deserialize_f64 deserialize_char deserialize_str deserialize_string deserialize_identifier
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, InvalidValue> {
        self.note(Kind::InOrder(1));
        self.parameter().deserialize_enum(name, variants, visitor)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, InvalidValue> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, InvalidValue> {
        self.note(Kind::All);
        visitor.visit_seq(Elements { root: self, left: 0 })
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, InvalidValue> {
        self.note(Kind::All);
        let names = Names {
            root: self,
            fields: &[],
            left: 0,
        };
        visitor.visit_map(names)
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, length: usize, visitor: V) -> Result<V::Value, InvalidValue> {
        self.note(Kind::InOrder(length));
        visitor.visit_seq(Elements {
            root: self,
            left: length,
        })
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        length: usize,
        visitor: V,
    ) -> Result<V::Value, InvalidValue> {
        self.deserialize_tuple(length, visitor)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        names: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, InvalidValue> {
        self.note(Kind::Named(names));
        let left = names.len();
        visitor.visit_map(Names {
            root: self,
            fields: names,
            left,
        })
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, InvalidValue> {
        visitor.visit_none()
    }

    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, InvalidValue> {
        self.note(Kind::InOrder(0));
        visitor.visit_unit()
    }

    forward_to_deserialize_any! { bytes byte_buf unit_struct ignored_any }
}

/// The elements of a tuple.
struct Elements<'f> {
    root: Root<'f>,
    left: usize,
}

impl<'de> SeqAccess<'de> for Elements<'_> {
    type Error = InvalidValue;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, InvalidValue> {
        let Some(left) = self.left.checked_sub(1) else {
            return Ok(None);
        };
        self.left = left;
        seed.deserialize(self.root.parameter()).map(Some)
    }
}

/// The fields of a structure, beginning with one of them.
struct Names<'f> {
    root: Root<'f>,
    fields: &'static [&'static str],
    left: usize,
}

impl<'de> MapAccess<'de> for Names<'_> {
    type Error = InvalidValue;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, InvalidValue> {
        let Some(left) = self.left.checked_sub(1) else {
            return Ok(None);
        };
        self.left = left;
        let number = self.root.first + self.fields.len() - left - 1;
        let name = self.fields.iter().cycle().nth(number).copied().unwrap_or_default();
        let name: serde::de::value::StrDeserializer<'_, InvalidValue> = name.into_deserializer();
        seed.deserialize(name).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, InvalidValue> {
        seed.deserialize(self.root.parameter())
    }
}

/// One parameter: it notes its schema, and reads as a sample.
struct Parameter<'f> {
    found: &'f RefCell<Found>,
    sample: &'static str,
}

impl Parameter<'_> {
    fn note(&self, schema: Value) {
        self.found.borrow_mut().schemas.push(schema);
    }
}

macro_rules! noted {
    ($($kind:literal $visit:ident $sample:expr => $($method:ident)*;)*) => {$($(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, InvalidValue> {
            self.note(json!({ "type": $kind }));
            visitor.$visit($sample)
        }
    )*)*};
}

/// Notes the schema of the type in Rust, with its bounds: a path can contain any number of digits.
macro_rules! integers {
    ($($type:ident $method:ident;)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, InvalidValue> {
            let mut schema = to_json(&$type::schema());
            for (bound, value) in [("minimum", i128::try_from($type::MIN)), ("maximum", i128::try_from($type::MAX))] {
                // JSON has no integers of 128 bits here.
                let value = value.ok().and_then(|value| Some(Number::from_i128(value)?.into()));
                if let (Some(members), Some(value)) = (schema.as_object_mut(), value) {
                    members.insert(bound.to_owned(), value);
                }
            }
            self.note(schema);
            visitor.visit_u64(7)
        }
    )*};
}

impl<'de> Deserializer<'de> for Parameter<'_> {
    type Error = InvalidValue;

    noted! {
        "boolean" visit_bool true => deserialize_bool;
        "number" visit_f64 7.0 => deserialize_f32 deserialize_f64;
        "string" visit_char 'a' => deserialize_char;
    }

    integers! {
        i8 deserialize_i8; i16 deserialize_i16; i32 deserialize_i32; i64 deserialize_i64; i128 deserialize_i128;
        u8 deserialize_u8; u16 deserialize_u16; u32 deserialize_u32; u64 deserialize_u64; u128 deserialize_u128;
    }

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, InvalidValue> {
        self.note(text_schema());
        visitor.visit_str(self.sample)
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
        self.note(json!({ "type": "string", "enum": variants }));
        let first: serde::de::value::StrDeserializer<'_, InvalidValue> =
            variants.first().copied().unwrap_or_default().into_deserializer();
        first.deserialize_enum(name, variants, visitor)
    }

    forward_to_deserialize_any! {
        str string bytes byte_buf seq tuple tuple_struct unit unit_struct map struct identifier ignored_any
    }
}

#[cfg(test)]
mod tests;
