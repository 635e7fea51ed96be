//! The parameters of a path as a value, a tuple or a structure.

use std::any::TypeId;
use std::ops::Deref;

use serde::de::{DeserializeOwned, DeserializeSeed, Deserializer, IntoDeserializer, MapAccess, SeqAccess, Visitor};

use scopegate_gate::{InputError, InvalidInput};

use crate::data::RequestData;
use crate::description::OperationDescription;
use crate::field_constraints;
use crate::field_place::FieldPlace;
use crate::fields::text;
use crate::input::declaration::{Head, Input};
use crate::input::parts::RequestParts;
use crate::invalid_value::InvalidValue;
use crate::path_shape::SAMPLES;

/// The parameters of the path: one value, a tuple in the order of the template, or a structure
/// whose fields have the names of the template.
///
/// The template is the whole one, with those of the prefixes of its groups. A structure may have
/// some of the parameters alone. The gate is not built if a parameter of the template is read by no
/// argument, or if an argument reads one that the template lacks.
///
/// A parameter that is not of its type is refused with 400, after the guard authorized the caller.
/// So is one that breaks a constraint of its type or its field, such as `#[schema(minimum = 1)]`;
/// see the [module](crate::input).
///
/// ```
/// use scopegate_http::{Guard, Path, Permit, get};
///
/// async fn one(_: Permit, Path(id): Path<u32>) -> String {
///     format!("report {id}")
/// }
///
/// async fn two(_: Permit, Path((user, id)): Path<(String, u32)>) -> String {
///     format!("report {id} of {user}")
/// }
///
/// let operations = [
///     get("/reports/{id}").guard(Guard::authenticated()).then(one),
///     get("/users/{user}/reports/{id}").guard(Guard::authenticated()).then(two),
/// ];
/// # let _ = operations;
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "a handler takes it apart")]
pub struct Path<T>(pub T);

impl<T: RequestData> Input for Path<T> {
    type Reads = Head;

    fn read(parts: &mut RequestParts<'_>) -> Result<Self, InputError> {
        read::<Self, T>(parts).map(Self)
    }

    fn describe(description: &mut OperationDescription) {
        description.path::<Self, T>();
    }
}

/// Reads the parameters for the input `I`, and compares them with the constraints of its types.
pub(crate) fn read<I: 'static, T: DeserializeOwned>(parts: &RequestParts<'_>) -> Result<T, InputError> {
    let read = T::deserialize(Parameters(parts.parameters()));
    // A path without constraints has no shape, so that it costs nothing more.
    let broken = parts.shape(TypeId::of::<I>()).map_or_else(Vec::new, |shape| {
        let texts = parts.parameters().map(|(name, value)| (name.into(), value.into()));
        field_constraints::check(&texts.collect(), shape, FieldPlace::Path, read.is_ok())
    });
    match read {
        Ok(value) if broken.is_empty() => Ok(value),
        Ok(_) => Err(InputError::Several(broken)),
        Err(first) => {
            let faults = faults::<T>(parts, first);
            Err(InputError::Several(field_constraints::with_broken(faults, broken)))
        }
    }
}

/// Returns the errors of all parameters. Each invalid one is replaced by a text that its type
/// accepts, because serde ends at the first error.
fn faults<T: DeserializeOwned>(parts: &RequestParts<'_>, first: InvalidValue) -> Vec<InvalidInput> {
    let mut parameters: Vec<_> = parts.parameters().collect();
    let mut next = Some(first);
    let mut faults = Vec::new();
    while let Some(fault) = next.take() {
        let is_invalid = |(name, _): &(&str, &str)| fault.name() == Some(name);
        if let Some(number) = parameters.iter().position(is_invalid) {
            next = SAMPLES.iter().find_map(|sample| {
                parameters.get_mut(number)?.1 = sample;
                let other = T::deserialize(Parameters(parameters.iter().copied())).err()?;
                (other.name() != fault.name()).then_some(other)
            });
        }
        faults.push(fault.into_input("path"));
        // A type can blame a parameter again that it accepted before.
        if faults.len() == parameters.len() {
            break;
        }
    }
    faults
}

/// The parameters of a path, each with its value.
#[derive(Clone, Copy)]
struct Parameters<P>(P);

impl<'r, P: Iterator<Item = (&'r str, &'r str)>> Parameters<P> {
    /// Reads the only parameter.
    fn only<T>(mut self, read: impl FnOnce(&'r str) -> Result<T, InvalidValue>) -> Result<T, InvalidValue> {
        // INVARIANT: the gate is not built unless the template has one parameter, so there is one
        // (tests/it/typed.rs, `parameters_are_counted`).
        let (name, value) = self.0.next().unwrap_or_default();
        read(value).map_err(|fault| fault.at(name, value))
    }

    fn rest(self) -> Rest<'r, P> {
        Rest {
            parameters: self.0,
            current: None,
        }
    }
}

macro_rules! only {
    ($($method:ident)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, InvalidValue> {
            self.only(|value| text(value).$method(visitor))
        }
    )*};
}

impl<'de, 'r, P: Iterator<Item = (&'r str, &'r str)>> Deserializer<'de> for Parameters<P> {
    type Error = InvalidValue;

    only! {
        deserialize_any deserialize_bool deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64
        deserialize_i128 deserialize_u8 deserialize_u16 deserialize_u32 deserialize_u64 deserialize_u128
        deserialize_f32 deserialize_f64 deserialize_char deserialize_str deserialize_string deserialize_bytes
        deserialize_byte_buf deserialize_identifier deserialize_ignored_any
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, InvalidValue> {
        self.only(|value| text(value).deserialize_enum(name, variants, visitor))
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, InvalidValue> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, InvalidValue> {
        visitor.visit_some(self)
    }

    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, InvalidValue> {
        visitor.visit_unit()
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, InvalidValue> {
        visitor.visit_unit()
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, InvalidValue> {
        visitor.visit_seq(self.rest())
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, InvalidValue> {
        visitor.visit_seq(self.rest())
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: usize,
        visitor: V,
    ) -> Result<V::Value, InvalidValue> {
        visitor.visit_seq(self.rest())
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, InvalidValue> {
        visitor.visit_map(self.rest())
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, InvalidValue> {
        visitor.visit_map(self.rest())
    }
}

/// The parameters that are not read yet.
struct Rest<'r, P> {
    parameters: P,
    current: Option<(&'r str, &'r str)>,
}

impl<'de, 'r, P: Iterator<Item = (&'r str, &'r str)>> SeqAccess<'de> for Rest<'r, P> {
    type Error = InvalidValue;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, InvalidValue> {
        let Some((name, value)) = self.parameters.next() else {
            return Ok(None);
        };
        let read = seed.deserialize(text(value)).map(Some);
        read.map_err(|fault| fault.at(name, value))
    }
}

impl<'de, 'r, P: Iterator<Item = (&'r str, &'r str)>> MapAccess<'de> for Rest<'r, P> {
    type Error = InvalidValue;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, InvalidValue> {
        self.current = self.parameters.next();
        let Some((name, _)) = self.current else {
            return Ok(None);
        };
        let name: serde::de::value::StrDeserializer<'_, InvalidValue> = name.into_deserializer();
        seed.deserialize(name).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, InvalidValue> {
        let (name, value) = self.current.take().unwrap_or_default();
        seed.deserialize(text(value)).map_err(|fault| fault.at(name, value))
    }
}

impl<T> Deref for Path<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}
