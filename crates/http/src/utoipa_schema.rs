//! Completes the schemas that utoipa generates: formats and bounds of integers, and tuples.

use serde_json::{Value, json};
use utoipa::PartialSchema;
use utoipa::openapi::{RefOr, Schema};

/// The formats that utoipa writes for small and unsigned integers, their names in the
/// [registry of formats](https://spec.openapis.org/registry/format/), and their bounds.
const FORMATS: [(&str, &str, i64, u64); 6] = [
    ("int8", "int8", -128, 127),
    ("int16", "int16", -32_768, 32_767),
    ("u-int8", "uint8", 0, 255),
    ("u-int16", "uint16", 0, 65_535),
    ("u-int32", "uint32", 0, 4_294_967_295),
    ("u-int64", "uint64", 0, u64::MAX),
];

/// The description of the elements of a tuple structure or variant of several types. utoipa calls
/// each an object, and serde reads other values.
pub(crate) const SEVERAL_TYPES: &str = "The elements have different types.";

/// The members of a schema that contain values of the application.
pub(crate) const VALUES: [&str; 5] = ["const", "default", "enum", "example", "examples"];

/// The JSON of a schema.
pub(crate) fn to_json(schema: &RefOr<Schema>) -> Value {
    // A schema that cannot be written becomes an empty schema, which states nothing.
    let mut schema = serde_json::to_value(schema).unwrap_or_else(|_| json!({}));
    correct(&mut schema);
    schema
}

/// The schema of a primitive type, by the name that utoipa gives it.
pub(crate) fn primitive(name: &str) -> Option<Value> {
    macro_rules! of {
        ($($primitive:ident)*) => {
            match name {
                $(stringify!($primitive) => Some(to_json(&<$primitive>::schema())),)*
                _ => None,
            }
        };
    }
    of!(bool char String i8 i16 i32 i64 i128 isize u8 u16 u32 u64 u128 usize f32 f64)
}

/// Adds the bounds of integer types unless they are declared, and removes what nothing enforces.
///
/// Few readers know the formats of small integers, and all know the bounds.
fn correct(schema: &mut Value) {
    match schema {
        Value::Object(members) => {
            let format = members.get("format").and_then(Value::as_str);
            let known = FORMATS.iter().find(|(written, ..)| Some(*written) == format);
            if let Some((_, name, least, most)) = known {
                for (bound, other, value) in [
                    ("minimum", "exclusiveMinimum", json!(least)),
                    ("maximum", "exclusiveMaximum", json!(most)),
                ] {
                    if !members.contains_key(bound) && !members.contains_key(other) {
                        members.insert(bound.to_owned(), value);
                    }
                }
                members.insert("format".to_owned(), (*name).into());
            }
            let is_tuple = members.contains_key("minItems") && members.get("minItems") == members.get("maxItems");
            if is_tuple && members.get("items") == Some(&json!({ "type": "object" })) {
                members.insert("items".to_owned(), json!({ "description": SEVERAL_TYPES }));
            }
            // serde reads a repeated element of a set as one, so nothing enforces it.
            members.remove("uniqueItems");
            let schemas = members.iter_mut().filter(|(name, _)| !VALUES.contains(&name.as_str()));
            schemas.for_each(|(_, schema)| correct(schema));
        }
        Value::Array(values) => values.iter_mut().for_each(correct),
        _ => {}
    }
}
