//! Makes values that a schema allows.

use serde_json::{Map, Value, json};

/// Texts that are tried if a schema contains no value.
pub(crate) const TEXTS: [&str; 10] = [
    "7",
    "true",
    "a",
    "",
    "2026-01-31",
    "2026-01-31T12:00:00Z",
    "67e55044-10b1-426f-9247-bb680e5fe0c8",
    "a@example.org",
    "https://example.org/",
    "127.0.0.1",
];

/// Returns the component that a schema refers to.
pub(crate) fn component<'c>(schema: &Value, components: &'c Map<String, Value>) -> Option<&'c Value> {
    let reference = schema.get("$ref")?.as_str()?;
    components.get(reference.strip_prefix("#/components/schemas/")?)
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
