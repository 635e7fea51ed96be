//! The query of a request as a structure.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::collections::btree_map;
use std::fmt;

use serde::de::value::{BorrowedStrDeserializer, CowStrDeserializer};
use serde::de::{
    self, DeserializeOwned, DeserializeSeed, Deserializer, IntoDeserializer, MapAccess, SeqAccess, Visitor,
};
use serde::forward_to_deserialize_any;

use crate::invalid_input::InvalidInput;
use crate::path::Kind;

/// Reads a query by the fields of `T`.
///
/// A field takes the last value of its name, a list takes all of them; an absent field is `None` where it may be, and
/// names that `T` does not know are passed over unless `T` says otherwise.
///
/// # Errors
///
/// [`InvalidInput`] for the first field that is missing or is not of its type.
pub(crate) fn read<T: DeserializeOwned>(query: &str) -> Result<T, InvalidInput> {
    // Grouped in a tree: linear work for ten thousand names too.
    let mut fields: BTreeMap<Cow<'_, str>, Vec<Cow<'_, str>>> = BTreeMap::new();
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        fields.entry(name).or_default().push(value);
    }
    T::deserialize(QueryDeserializer(fields)).map_err(|fault| fault.0)
}

struct QueryDeserializer<'q>(BTreeMap<Cow<'q, str>, Vec<Cow<'q, str>>>);

impl<'de> Deserializer<'de> for QueryDeserializer<'de> {
    type Error = Fault;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        visitor.visit_map(Fields {
            rest: self.0.into_iter(),
            current: None,
        })
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, Fault> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        visitor.visit_some(self)
    }

    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        visitor.visit_unit()
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, Fault> {
        visitor.visit_unit()
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf
        seq tuple tuple_struct map struct enum identifier ignored_any
    }
}

struct Fields<'q> {
    rest: btree_map::IntoIter<Cow<'q, str>, Vec<Cow<'q, str>>>,
    current: Option<(Cow<'q, str>, Vec<Cow<'q, str>>)>,
}

impl<'de> MapAccess<'de> for Fields<'de> {
    type Error = Fault;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Fault> {
        self.current = self.rest.next();
        let Some((name, _)) = &self.current else {
            return Ok(None);
        };
        let name: CowStrDeserializer<'_, Fault> = name.clone().into_deserializer();
        seed.deserialize(name).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Fault> {
        let (name, values) = self.current.take().unwrap_or_default();
        let input = values.last().cloned().unwrap_or_default();
        seed.deserialize(Values(values))
            .map_err(|fault| fault.at(&name, &input))
    }
}

/// All values of one name; never empty.
struct Values<'q>(Vec<Cow<'q, str>>);

impl<'q> Values<'q> {
    fn last(mut self) -> Cow<'q, str> {
        self.0.pop().unwrap_or_default()
    }
}

macro_rules! parsed {
    ($($kind:ident: $($method:ident $visit:ident)*;)*) => {$($(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
            match self.last().parse() {
                Ok(value) => visitor.$visit(value),
                Err(_) => Err(Fault::of_kind(Kind::$kind)),
            }
        }
    )*)*};
}

impl<'de> Deserializer<'de> for Values<'de> {
    type Error = Fault;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        match self.last() {
            Cow::Borrowed(text) => visitor.visit_borrowed_str(text),
            Cow::Owned(text) => visitor.visit_string(text),
        }
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        let text = self.last();
        let is_one_of = |words: &[&str]| words.iter().any(|word| text.eq_ignore_ascii_case(word));
        if is_one_of(&["true", "1", "on", "t", "y", "yes"]) {
            visitor.visit_bool(true)
        } else if is_one_of(&["false", "0", "off", "f", "n", "no"]) {
            visitor.visit_bool(false)
        } else {
            Err(Fault::of_kind(Kind::Boolean))
        }
    }

    parsed! {
        Integer:
            deserialize_i8 visit_i8 deserialize_i16 visit_i16 deserialize_i32 visit_i32 deserialize_i64 visit_i64
            deserialize_i128 visit_i128 deserialize_u8 visit_u8 deserialize_u16 visit_u16 deserialize_u32 visit_u32
            deserialize_u64 visit_u64 deserialize_u128 visit_u128;
        Number: deserialize_f32 visit_f32 deserialize_f64 visit_f64;
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, Fault> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        visitor.visit_seq(List(self.0.into_iter()))
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fault> {
        match self.last() {
            Cow::Borrowed(text) => BorrowedStrDeserializer::new(text).deserialize_enum(name, variants, visitor),
            Cow::Owned(text) => text.into_deserializer().deserialize_enum(name, variants, visitor),
        }
    }

    forward_to_deserialize_any! {
        char str string bytes byte_buf unit unit_struct tuple tuple_struct map struct identifier ignored_any
    }
}

struct List<'q>(std::vec::IntoIter<Cow<'q, str>>);

impl<'de> SeqAccess<'de> for List<'de> {
    type Error = Fault;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Fault> {
        self.0
            .next()
            .map(|value| seed.deserialize(Values(vec![value])))
            .transpose()
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.0.len())
    }
}

/// What went wrong, in words that name no type of the program.
#[derive(Debug)]
struct Fault(InvalidInput);

impl Fault {
    fn of_kind(kind: Kind) -> Self {
        let (kind, message) = kind.fault();
        Self(InvalidInput::new(kind, "query", None, message))
    }

    fn at(self, field: &str, input: &str) -> Self {
        Self(self.0.in_field(field, input))
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the query is not as declared")
    }
}

impl std::error::Error for Fault {}

impl de::Error for Fault {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self(InvalidInput::new(
            "value_error",
            "query",
            None,
            format!("Value error, {message}"),
        ))
    }

    fn invalid_type(_: de::Unexpected<'_>, _: &dyn de::Expected) -> Self {
        Self::custom("the input is not of the declared type")
    }

    fn invalid_value(_: de::Unexpected<'_>, _: &dyn de::Expected) -> Self {
        Self::custom("the input is not of the declared type")
    }

    fn invalid_length(_: usize, _: &dyn de::Expected) -> Self {
        Self::custom("the input has not the declared length")
    }

    fn unknown_variant(_: &str, expected: &'static [&'static str]) -> Self {
        let list: Vec<_> = expected.iter().map(|name| format!("'{name}'")).collect();
        Self(InvalidInput::new(
            "enum",
            "query",
            None,
            format!("Input should be one of {}", list.join(", ")),
        ))
    }

    fn unknown_field(field: &str, _: &'static [&'static str]) -> Self {
        Self(InvalidInput::new(
            "extra_forbidden",
            "query",
            Some(field),
            "Extra inputs are not permitted",
        ))
    }

    fn missing_field(field: &'static str) -> Self {
        Self(InvalidInput::missing("query", Some(field)))
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;
    use serde_json::{Value, json};

    use super::*;

    #[derive(Debug, PartialEq, Deserialize)]
    struct Page {
        number: u32,
        #[serde(default)]
        tags: Vec<String>,
        order: Option<Order>,
        all: Option<bool>,
    }

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(rename_all = "snake_case")]
    enum Order {
        Newest,
        Oldest,
    }

    fn fault(query: &str) -> Value {
        read::<Page>(query).unwrap_err().to_json()
    }

    #[test]
    fn a_query_becomes_a_structure() {
        let page: Page = read("number=1&number=2&tags=a%20b&tags=c+d&order=oldest&all=Yes&unknown=x").unwrap();
        let expected = Page {
            number: 2,
            tags: vec!["a b".into(), "c d".into()],
            order: Some(Order::Oldest),
            all: Some(true),
        };
        assert_eq!(page, expected);
        read::<()>("anything=1").unwrap();
    }

    #[test]
    fn faults_name_the_field_and_no_type() {
        assert_eq!(
            fault(""),
            json!({ "type": "missing", "loc": ["query", "number"], "msg": "Field required", "input": null })
        );
        assert_eq!(fault("number=x").get("type"), Some(&json!("int_parsing")));
        assert_eq!(fault("number=x").get("loc"), Some(&json!(["query", "number"])));
        assert_eq!(fault("number=-1").get("input"), Some(&json!("-1")));
        assert_eq!(fault("number=1&all=maybe").get("type"), Some(&json!("bool_parsing")));
        assert_eq!(
            fault("number=1&order=best").get("msg"),
            Some(&json!("Input should be one of 'newest', 'oldest'"))
        );
        for query in [
            "",
            "number=x",
            "number=1&order=best",
            "number=1&all=maybe",
            "number=99999999999999",
        ] {
            let text = fault(query).to_string();
            assert!(
                !text.contains("Page") && !text.contains("u32") && !text.contains("Order"),
                "{text}"
            );
        }
    }

    #[test]
    fn ten_thousand_names_are_linear_work() {
        let names: Vec<_> = (0..10_000).map(|index| format!("n{index}=")).collect();
        assert_eq!(
            read::<Page>(&names.join("&")).unwrap_err().to_json().get("type"),
            Some(&json!("missing"))
        );
    }
}
