//! Finds schemas that no value satisfies: a structure without other members is a part of an object
//! with other members.

use std::collections::HashSet;

use serde_json::{Map, Value};

use crate::sample::component;
use crate::utoipa_schema::VALUES;

/// The maximum depth of schemas that is followed, so that a recursive schema ends.
const DEPTH: usize = 16;

/// Returns the name of the first structure that refuses the members next to it, anywhere in a
/// schema.
pub(crate) fn find(schema: &Value, components: &Map<String, Value>) -> Option<String> {
    match schema {
        Value::Array(schemas) => schemas.iter().find_map(|schema| find(schema, components)),
        Value::Object(members) => {
            let parts = members.get("allOf").and_then(Value::as_array);
            parts
                .and_then(|parts| closed_part(parts, components))
                .map(name)
                .or_else(|| {
                    let schemas = members.iter().filter(|(name, _)| !VALUES.contains(&name.as_str()));
                    schemas.into_iter().find_map(|(_, schema)| find(schema, components))
                })
        }
        _ => None,
    }
}

/// Returns the part that refuses members of another part.
fn closed_part<'s>(parts: &'s [Value], components: &Map<String, Value>) -> Option<&'s Value> {
    let names: Vec<_> = parts.iter().map(|part| Names::of(part, components)).collect();
    let refuses = |closed: &Names<'_>| names.iter().any(|other| !other.is_inside(closed));
    let closed = names.iter().position(|names| names.is_closed && refuses(names))?;
    parts.get(closed)
}

/// Returns the name of the type of a part.
fn name(part: &Value) -> String {
    let reference = part.get("$ref").and_then(Value::as_str);
    let name = reference.and_then(|reference| reference.rsplit('/').next());
    name.map_or_else(|| "a type without a name".to_owned(), |name| format!("`{name}`"))
}

/// The names of the members of a schema.
#[derive(Default)]
struct Names<'s> {
    members: HashSet<&'s str>,
    /// Whether the schema names all members of its values.
    is_closed: bool,
    /// Whether the schema is that of a map.
    is_map: bool,
}

impl<'s> Names<'s> {
    fn of(schema: &'s Value, components: &'s Map<String, Value>) -> Self {
        let mut names = Self::default();
        names.collect(schema, components, DEPTH);
        names
    }

    fn collect(&mut self, schema: &'s Value, components: &'s Map<String, Value>, depth: usize) {
        let Some(depth) = depth.checked_sub(1) else {
            return;
        };
        match schema.get("additionalProperties") {
            Some(Value::Bool(false)) => self.is_closed = true,
            Some(rest) => self.is_map |= rest.is_object(),
            None => {}
        }
        let members = schema.get("properties").and_then(Value::as_object);
        self.members
            .extend(members.into_iter().flat_map(Map::keys).map(String::as_str));
        let lists = ["allOf", "oneOf", "anyOf"].into_iter();
        let parts = lists.filter_map(|word| schema.get(word)?.as_array()).flatten();
        for part in component(schema, components).into_iter().chain(parts) {
            self.collect(part, components, depth);
        }
    }

    fn is_inside(&self, closed: &Self) -> bool {
        !self.is_map && self.members.is_subset(&closed.members)
    }
}
