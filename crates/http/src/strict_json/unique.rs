//! Refuses an object with a repeated name, where serde reads any names.

use std::collections::HashSet;
use std::fmt::{self, Display};

use serde::de::{DeserializeSeed, Deserializer, EnumAccess, Error, MapAccess, Visitor};

/// The members of an object, whose names must differ. A structure checks its own names.
// SECURITY: of two values, a proxy or a second reader could use the other one
// ([RFC 8259, section 4](https://www.rfc-editor.org/rfc/rfc8259#section-4)). Tested by
// `tests/it/repeated.rs`, `member_of_json_is_refused_if_it_is_repeated`.
pub(super) struct Unique<A> {
    access: A,
    names: HashSet<String>,
}

impl<A> Unique<A> {
    pub(super) fn new(access: A) -> Self {
        Self {
            access,
            names: HashSet::new(),
        }
    }
}

impl<'de, A: MapAccess<'de>> MapAccess<'de> for Unique<A> {
    type Error = A::Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, A::Error> {
        self.access.next_key_seed(Key {
            inner: seed,
            names: &mut self.names,
        })
    }

    fn next_value_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<T::Value, A::Error> {
        self.access.next_value_seed(seed)
    }

    fn size_hint(&self) -> Option<usize> {
        self.access.size_hint()
    }
}

/// A reader, a visitor or an access of one name.
struct Key<'n, T> {
    inner: T,
    names: &'n mut HashSet<String>,
}

impl<T> Key<'_, T> {
    /// Returns the visitor of a name that is new.
    fn new_name<E: Error>(self, name: impl Display) -> Result<T, E> {
        if self.names.insert(name.to_string()) {
            Ok(self.inner)
        } else {
            Err(E::custom("a name is there more than once"))
        }
    }
}

impl<'de, S: DeserializeSeed<'de>> DeserializeSeed<'de> for Key<'_, S> {
    type Value = S::Value;

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<S::Value, D::Error> {
        self.inner.deserialize(Key {
            inner: reader,
            names: self.names,
        })
    }
}

macro_rules! read {
    ($($method:ident($($argument:ident: $type:ty),*);)*) => {$(
        fn $method<V: Visitor<'de>>(self, $($argument: $type,)* visitor: V) -> Result<V::Value, D::Error> {
            self.inner.$method($($argument,)* Key { inner: visitor, names: self.names })
        }
    )*};
}

impl<'de, D: Deserializer<'de>> Deserializer<'de> for Key<'_, D> {
    type Error = D::Error;

    read! {
        deserialize_any(); deserialize_bool(); deserialize_i8(); deserialize_i16(); deserialize_i32();
        deserialize_i64(); deserialize_i128(); deserialize_u8(); deserialize_u16(); deserialize_u32();
        deserialize_u64(); deserialize_u128(); deserialize_f32(); deserialize_f64(); deserialize_char();
        deserialize_str(); deserialize_string(); deserialize_bytes(); deserialize_byte_buf(); deserialize_option();
        deserialize_unit(); deserialize_unit_struct(name: &'static str);
        deserialize_newtype_struct(name: &'static str); deserialize_seq(); deserialize_tuple(length: usize);
        deserialize_tuple_struct(name: &'static str, length: usize); deserialize_map();
        deserialize_struct(name: &'static str, fields: &'static [&'static str]);
        deserialize_enum(name: &'static str, variants: &'static [&'static str]);
        deserialize_identifier(); deserialize_ignored_any();
    }

    fn is_human_readable(&self) -> bool {
        self.inner.is_human_readable()
    }
}

macro_rules! named {
    ($($method:ident($type:ty);)*) => {$(
        fn $method<E: Error>(self, name: $type) -> Result<V::Value, E> {
            self.new_name::<E>(&name)?.$method(name)
        }
    )*};
}

impl<'de, V: Visitor<'de>> Visitor<'de> for Key<'_, V> {
    type Value = V::Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.expecting(f)
    }

    named! {
        visit_bool(bool); visit_i64(i64); visit_i128(i128); visit_u64(u64); visit_u128(u128); visit_f64(f64);
        visit_str(&str); visit_borrowed_str(&'de str); visit_string(String);
    }

    fn visit_some<D: Deserializer<'de>>(self, reader: D) -> Result<V::Value, D::Error> {
        self.inner.visit_some(Key {
            inner: reader,
            names: self.names,
        })
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(self, reader: D) -> Result<V::Value, D::Error> {
        self.inner.visit_newtype_struct(Key {
            inner: reader,
            names: self.names,
        })
    }

    fn visit_enum<A: EnumAccess<'de>>(self, access: A) -> Result<V::Value, A::Error> {
        self.inner.visit_enum(Key {
            inner: access,
            names: self.names,
        })
    }
}

impl<'de, A: EnumAccess<'de>> EnumAccess<'de> for Key<'_, A> {
    type Error = A::Error;
    type Variant = A::Variant;

    fn variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<(T::Value, A::Variant), A::Error> {
        self.inner.variant_seed(Key {
            inner: seed,
            names: self.names,
        })
    }
}
