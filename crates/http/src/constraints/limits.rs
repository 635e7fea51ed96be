//! The constraints of one schema on one value.

use std::cmp::Ordering;
use std::ops::RangeInclusive;

use serde_json::{Number, Value};

/// The words of JSON Schema that are enforced, in the order of their errors.
pub(super) const ENFORCED: [&str; 11] = [
    "minLength",
    "maxLength",
    "minimum",
    "exclusiveMinimum",
    "maximum",
    "exclusiveMaximum",
    "multipleOf",
    "minItems",
    "maxItems",
    "minProperties",
    "maxProperties",
];

/// The integer behind the greatest one of 64 bits.
const TWO_TO_64: f64 = 18_446_744_073_709_551_616.0;

/// The ends of the words whose limit is a size.
const SIZES: &[&str] = &["Length", "Items", "Properties"];

/// What enforces bounds that equal those of an integer type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum IntegerBounds {
    /// The type in Rust, which refused the values beyond them when the gate was built.
    OfType,
    /// The constraints: the type in Rust has other bounds, or is not known.
    Declared,
}

/// The constraints of one schema.
#[derive(Clone, Debug, Default)]
pub(super) struct Limits {
    stated: Vec<(&'static str, Number)>,
    /// The bounds of the integer type that the format names.
    range: Option<RangeInclusive<i128>>,
    /// The number of elements of a tuple.
    length: Option<u64>,
}

impl Limits {
    /// Returns the constraints of a schema.
    ///
    /// # Errors
    ///
    /// The name of a constraint whose value is not a number.
    pub(super) fn of(schema: &Value, bounds: IntegerBounds) -> Result<Self, String> {
        let of_type = type_bounds(schema).filter(|_| bounds == IntegerBounds::OfType);
        let stated = ENFORCED.iter().filter_map(|word| Some((*word, schema.get(*word)?)));
        let read = stated
            .filter(|(word, value)| !of_type.as_ref().is_some_and(|range| is_of_type(range, word, value)))
            .map(|(word, value)| match value {
                Value::Number(number) if !is_size(word) || number.is_u64() => Ok((word, number.clone())),
                _ => Err(format!("`{word}` cannot be `{value}`")),
            });
        let [least, most] = ["minItems", "maxItems"].map(|word| schema.get(word).and_then(Value::as_u64));
        Ok(Self {
            stated: read.collect::<Result<_, _>>()?,
            length: least.filter(|_| least == most),
            range: range(schema),
        })
    }

    /// Whether the type that serde reads can have this value. Stated constraints are not compared.
    pub(super) fn has_shape(&self, value: &Value) -> bool {
        match (value, &self.range, self.length) {
            (Value::Number(number), Some(range), _) => integer(number).is_some_and(|number| range.contains(&number)),
            (Value::Array(list), _, Some(length)) => u64::try_from(list.len()) == Ok(length),
            _ => true,
        }
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.stated.is_empty()
    }

    /// Returns the kind and the message of each constraint that the value breaks. A constraint
    /// concerns values of one type only.
    pub(super) fn faults(&self, value: &Value) -> impl Iterator<Item = (&'static str, String)> {
        self.stated
            .iter()
            .filter_map(move |(word, limit)| fault(word, limit, value))
    }
}

/// Returns the bounds that a type in Rust may have. The schema of `usize` and `u128` has no format.
fn type_bounds(schema: &Value) -> Option<RangeInclusive<i128>> {
    let is_unsigned = || schema.get("format").is_none() && schema.get("type").is_some_and(|of| of == "integer");
    range(schema).or_else(|| is_unsigned().then(|| 0..=u64::MAX.into()))
}

/// Returns the bounds of the integer type that the format names.
fn range(schema: &Value) -> Option<RangeInclusive<i128>> {
    let (least, most) = match schema.get("format")?.as_str()? {
        "int8" => (i8::MIN.into(), i8::MAX.into()),
        "int16" => (i16::MIN.into(), i16::MAX.into()),
        "int32" => (i32::MIN.into(), i32::MAX.into()),
        "int64" => (i64::MIN.into(), i64::MAX.into()),
        "uint8" => (0, u8::MAX.into()),
        "uint16" => (0, u16::MAX.into()),
        "uint32" => (0, u32::MAX.into()),
        "uint64" => (0, u64::MAX.into()),
        _ => return None,
    };
    Some(least..=most)
}

/// Returns each bound of a schema that equals the one of its type, after the value next to it. A
/// value of more than 64 bits is read as a fraction, as `serde_json` does.
pub(crate) fn beyond(schema: &Value) -> Option<Vec<(Number, Number)>> {
    let Some(range) = type_bounds(schema) else {
        return Some(Vec::new());
    };
    let (start, end) = (*range.start(), *range.end());
    let sides = [("minimum", start - 1, start), ("maximum", end + 1, end)];
    let stated = sides.into_iter().filter(|(word, ..)| {
        let bound = schema.get(*word);
        bound.is_some_and(|bound| is_of_type(&range, word, bound))
    });
    let beyond = |number| Number::from_i128(number).or_else(|| Number::from_f64(TWO_TO_64));
    let numbers = stated.map(|(_, next, within)| Some((beyond(next)?, Number::from_i128(within)?)));
    numbers.collect()
}

/// Whether a bound is that of an integer type.
fn is_of_type(range: &RangeInclusive<i128>, word: &str, value: &Value) -> bool {
    let bound = value.as_number().and_then(integer);
    match word {
        "minimum" => bound == Some(*range.start()),
        "maximum" => bound == Some(*range.end()),
        _ => false,
    }
}

fn is_size(word: &str) -> bool {
    SIZES.iter().any(|end| word.ends_with(end))
}

fn fault(word: &str, limit: &Number, value: &Value) -> Option<(&'static str, String)> {
    let number = |kind, is_valid: fn(Ordering) -> bool, words: &str| {
        let order = order(value.as_number()?, limit)?;
        (!is_valid(order)).then(|| (kind, format!("Input should be {words} {limit}")))
    };
    let size = |kind, size: Option<usize>, is_valid: fn(Ordering) -> bool, words: &str| {
        let order = u64::try_from(size?).ok()?.cmp(&limit.as_u64()?);
        let ending = if limit.as_u64() == Some(1) { "" } else { "s" };
        (!is_valid(order)).then(|| (kind, words.replace('_', &limit.to_string()) + ending))
    };
    let text = || value.as_str().map(|text| text.chars().count());
    let list = || value.as_array().map(Vec::len);
    let object = || value.as_object().map(serde_json::Map::len);
    let (least, most) = (Ordering::is_ge, Ordering::is_le);
    match word {
        "minLength" => size(
            "string_too_short",
            text(),
            least,
            "String should have at least _ character",
        ),
        "maxLength" => size(
            "string_too_long",
            text(),
            most,
            "String should have at most _ character",
        ),
        "minItems" => size("too_short", list(), least, "List should have at least _ item"),
        "maxItems" => size("too_long", list(), most, "List should have at most _ item"),
        "minProperties" => size("too_short", object(), least, "Dictionary should have at least _ item"),
        "maxProperties" => size("too_long", object(), most, "Dictionary should have at most _ item"),
        "minimum" => number("greater_than_equal", least, "greater than or equal to"),
        "exclusiveMinimum" => number("greater_than", Ordering::is_gt, "greater than"),
        "maximum" => number("less_than_equal", most, "less than or equal to"),
        "exclusiveMaximum" => number("less_than", Ordering::is_lt, "less than"),
        "multipleOf" => {
            let broken = !is_multiple(value.as_number()?, limit);
            broken.then(|| ("multiple_of", format!("Input should be a multiple of {limit}")))
        }
        _ => None,
    }
}

/// Integers are compared exactly.
fn order(value: &Number, limit: &Number) -> Option<Ordering> {
    match (integer(value), integer(limit)) {
        (Some(value), Some(limit)) => Some(value.cmp(&limit)),
        _ => value.as_f64()?.partial_cmp(&limit.as_f64()?),
    }
}

fn integer(number: &Number) -> Option<i128> {
    number
        .as_i64()
        .map(i128::from)
        .or_else(|| number.as_u64().map(i128::from))
}

/// A fraction in binary is not exact: 0.3 counts as a multiple of 0.1.
fn is_multiple(value: &Number, limit: &Number) -> bool {
    if let (Some(value), Some(limit)) = (integer(value), integer(limit)) {
        return value.checked_rem(limit).is_none_or(|rest| rest == 0);
    }
    let (Some(value), Some(limit)) = (value.as_f64(), limit.as_f64()) else {
        return true;
    };
    let quotient = value / limit;
    (quotient - quotient.round()).abs() <= 4.0 * f64::EPSILON * quotient.abs()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::utoipa_schema::primitive;

    #[test]
    fn bounds_of_rust_types_are_not_constraints() {
        let names = [
            "bool", "char", "String", "i8", "i16", "i32", "i64", "i128", "isize", "u8", "u16", "u32", "u64", "u128",
            "usize", "f32", "f64",
        ];
        for name in names {
            let schema = primitive(name).unwrap();
            assert!(
                Limits::of(&schema, IntegerBounds::OfType).unwrap().is_empty(),
                "{name} {schema}"
            );
        }
        let narrower = json!({ "type": "integer", "format": "uint8", "minimum": 0, "maximum": 254 });
        assert_eq!(Limits::of(&narrower, IntegerBounds::OfType).unwrap().stated.len(), 1);
        assert_eq!(Limits::of(&narrower, IntegerBounds::Declared).unwrap().stated.len(), 2);
    }

    #[test]
    fn limits_are_compared_exactly() {
        let broken = |word: &str, limit: Value, value: Value| {
            let schema = json!({ word: limit });
            Limits::of(&schema, IntegerBounds::OfType)
                .unwrap()
                .faults(&value)
                .count()
        };
        for (word, limit, valid, invalid) in [
            ("minLength", json!(2), json!("éé"), json!("é")),
            ("maxLength", json!(2), json!("\u{1F600}é"), json!("ééé")),
            ("minimum", json!(1), json!(1), json!(0.999)),
            (
                "maximum",
                json!(9_007_199_254_740_992_u64),
                json!(9_007_199_254_740_992_u64),
                json!(9_007_199_254_740_993_u64),
            ),
            ("exclusiveMinimum", json!(0), json!(0.1), json!(-0.0)),
            ("exclusiveMaximum", json!(1.5), json!(1), json!(1.5)),
            ("multipleOf", json!(3), json!(-9), json!(10)),
            ("multipleOf", json!(0.1), json!(0.3), json!(0.35)),
            ("minItems", json!(1), json!([1]), json!([])),
            ("maxItems", json!(1), json!([1]), json!([1, 2])),
            ("minProperties", json!(1), json!({ "a": 1 }), json!({})),
            ("maxProperties", json!(1), json!({ "a": 1 }), json!({ "a": 1, "b": 2 })),
        ] {
            assert_eq!(broken(word, limit.clone(), valid), 0, "{word}");
            assert_eq!(broken(word, limit.clone(), invalid), 1, "{word}");
            assert_eq!(broken(word, limit, Value::Null), 0, "{word} of another type");
        }
        let of = |schema: &Value| Limits::of(schema, IntegerBounds::Declared);
        assert!(of(&json!({ "maxLength": 1.5 })).is_err());
        assert!(of(&json!({ "minimum": "1" })).is_err());
    }
}
