//! Finds a repeated name in JSON.

use std::collections::HashSet;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

use crate::invalid_value::InvalidValue;
use scopegate_gate::LocationStep;

/// Returns the error of the first name that an object repeats.
pub(super) fn find(body: &[u8]) -> Option<InvalidValue> {
    let mut steps = Vec::new();
    let mut reader = serde_json::Deserializer::from_slice(body);
    Walk(&mut steps).deserialize(&mut reader).err()?;
    let steps = steps.into_iter().rev();
    Some(steps.fold(InvalidValue::repeated(), InvalidValue::inside))
}

/// Reads a value. On an error, the steps lead to it.
struct Walk<'s>(&'s mut Vec<LocationStep>);

impl<'de> DeserializeSeed<'de> for Walk<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<(), D::Error> {
        reader.deserialize_any(self)
    }
}

macro_rules! leaves {
    ($($method:ident($type:ty);)*) => {$(
        fn $method<E: Error>(self, _: $type) -> Result<(), E> {
            Ok(())
        }
    )*};
}

impl<'de> Visitor<'de> for Walk<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        IgnoredAny.expecting(f)
    }

    leaves! { visit_bool(bool); visit_i64(i64); visit_u64(u64); visit_f64(f64); visit_str(&str); }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<(), A::Error> {
        for index in 0.. {
            self.0.push(LocationStep::Index(index));
            let element = access.next_element_seed(Walk(self.0))?;
            self.0.pop();
            if element.is_none() {
                break;
            }
        }
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<(), A::Error> {
        let mut names: HashSet<String> = HashSet::new();
        while let Some(name) = access.next_key::<String>()? {
            self.0.push(LocationStep::name(&name));
            if !names.insert(name) {
                return Err(A::Error::custom("a name is there more than once"));
            }
            access.next_value_seed(Walk(self.0))?;
            self.0.pop();
        }
        Ok(())
    }
}
