#![expect(dead_code, reason = "only their schemas matter")]

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use utoipa::ToSchema;

use super::*;
use crate::utoipa_schema::to_json;

#[derive(Deserialize, ToSchema)]
struct Inner {
    small: u8,
    signed: Option<i16>,
    #[schema(no_recursion)]
    next: Option<Box<Inner>>,
}

#[derive(Deserialize, ToSchema)]
struct Outer {
    name: String,
    inner: Inner,
    list: Vec<Inner>,
    map: BTreeMap<String, u16>,
    numbers: BTreeMap<u16, u8>,
    #[serde(flatten)]
    flat: Flat,
    pair: (i8, u32),
    kind: Kind,
    wide: u64,
    size: usize,
    widest: u128,
}

#[derive(Deserialize, ToSchema)]
struct Flat {
    level: u8,
}

#[derive(Deserialize, ToSchema)]
enum Kind {
    Number(u8),
    Named { count: u16 },
    None,
}

#[derive(Deserialize, ToSchema)]
struct Wider {
    name: String,
    #[schema(value_type = u8)]
    count: i64,
}

#[derive(Deserialize, ToSchema)]
struct Hidden {
    list: Vec<Option<Wider>>,
}

#[derive(Deserialize, ToSchema)]
struct Positive {
    #[schema(minimum = 0)]
    count: isize,
}

fn bounds<T: DeserializeOwned + ToSchema>() -> IntegerBounds {
    let mut referenced = Vec::new();
    T::schemas(&mut referenced);
    let components = referenced.iter().map(|(name, schema)| (name.clone(), to_json(schema)));
    of_body(&to_json(&T::schema()), &components.collect(), json_fault::reader::<T>())
}

#[test]
fn bounds_of_a_type_need_no_second_check() {
    assert_eq!(bounds::<Outer>(), IntegerBounds::OfType);
    assert_eq!(bounds::<Vec<Outer>>(), IntegerBounds::OfType);
    assert_eq!(bounds::<Vec<u8>>(), IntegerBounds::OfType);
    assert_eq!(bounds::<String>(), IntegerBounds::OfType);
}

#[test]
fn bounds_that_the_type_does_not_have_are_declared() {
    assert_eq!(bounds::<Wider>(), IntegerBounds::Declared);
    assert_eq!(bounds::<Hidden>(), IntegerBounds::Declared);
    assert_eq!(bounds::<Positive>(), IntegerBounds::Declared);
}
