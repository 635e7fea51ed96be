//! Checks when a gate is built that the documented schema of a body agrees with its type.

use serde_json::{Map, Value};

use crate::json_fault::{self, JsonReader};
use crate::sample::sample;

/// The maximum depth of a schema for which a value is made.
const DEPTH: usize = 16;

/// The kinds of errors that show a value of another type. A type's own rules have other kinds.
const OF_TYPE: [&str; 9] = [
    "bool_type",
    "dict_type",
    "enum",
    "extra_forbidden",
    "float_type",
    "int_type",
    "list_type",
    "missing",
    "string_type",
];

/// Reads the smallest value that the schema allows as a type.
///
/// The value comes from `example`, `default`, `enum` and `const`, if the schema has them. If the
/// schema states too little, nothing is checked.
///
/// # Errors
///
/// A sentence with the value and the place that the type refuses.
pub(crate) fn check(schema: &Value, components: &Map<String, Value>, reader: JsonReader) -> Result<(), String> {
    let Some(sample) = sample(schema, components, DEPTH) else {
        return Ok(());
    };
    match json_fault::find(&sample, reader) {
        Some(fault) if OF_TYPE.contains(&fault.kind) => Err(format!(
            "the document allows `{sample}`, and the type refuses it ({} at {})",
            fault.kind,
            fault.place()
        )),
        _ => Ok(()),
    }
}
