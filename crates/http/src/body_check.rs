//! Checks when a gate is built that the documented schema of a body agrees with its type.

use serde_json::{Map, Value, json};

use crate::json_fault::{self, JsonReader};

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

/// Returns the smallest value that the schema allows; `None` if the schema states too little.
pub(crate) fn sample(schema: &Value, components: &Map<String, Value>, depth: usize) -> Option<Value> {
    let depth = depth.checked_sub(1)?;
    let made = |schema: &Value| sample(schema, components, depth);
    if let Some(reference) = schema.get("$ref") {
        return made(components.get(reference.as_str()?.strip_prefix("#/components/schemas/")?)?);
    }
    let list = |word: &str| schema.get(word).and_then(Value::as_array);
    let value = ["const", "default", "example"].iter().find_map(|word| schema.get(word));
    let value = value.or_else(|| ["enum", "examples"].iter().find_map(|word| list(word)?.first()));
    if let Some(value) = value {
        return Some(value.clone());
    }
    if let Some(alternatives) = list("oneOf").or_else(|| list("anyOf")) {
        return made(alternatives.first()?);
    }
    if let Some(parts) = list("allOf") {
        let mut whole = Map::new();
        for part in parts {
            whole.extend(made(part)?.as_object()?.clone());
        }
        return Some(Value::Object(whole));
    }
    let of = match schema.get("type")? {
        Value::Array(types) => types.first()?.as_str()?,
        of => of.as_str()?,
    };
    match of {
        "null" => Some(Value::Null),
        "boolean" => Some(json!(false)),
        "integer" | "number" => Some(schema.get("minimum").cloned().unwrap_or_else(|| json!(7))),
        // A format, a pattern or a length may be a rule of the type.
        "string" => Some(json!("a")),
        "array" => match list("prefixItems") {
            Some(prefix) => prefix.iter().map(made).collect(),
            None => Some(json!([])),
        },
        "object" => {
            let properties = schema.get("properties").and_then(Value::as_object);
            if properties.is_none() && schema.get("additionalProperties").is_none() {
                return None;
            }
            let required = list("required").into_iter().flatten();
            let members = required.map(|name| {
                let name = name.as_str()?;
                Some((name.to_owned(), made(properties?.get(name)?)?))
            });
            members.collect::<Option<Map<_, _>>>().map(Value::Object)
        }
        _ => None,
    }
}
