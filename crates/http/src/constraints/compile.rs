//! Prepares schemas for requests: references are resolved, and schemas without constraints are
//! known.

use std::collections::HashMap;

use serde_json::{Map, Value};

use super::limits::{IntegerBounds, Limits};
use crate::utoipa_schema::SEVERAL_TYPES;

/// The words of JSON Schema that would refuse values and are not enforced. A pattern needs an
/// engine, and no engine of patterns reads requests.
const UNENFORCED: [&str; 11] = [
    "contains",
    "dependentRequired",
    "dependentSchemas",
    "if",
    "maxContains",
    "minContains",
    "not",
    "pattern",
    "patternProperties",
    "unevaluatedItems",
    "unevaluatedProperties",
];

/// The schemas of one type.
#[derive(Clone, Debug)]
pub(super) struct Compiled {
    pub(super) nodes: Vec<Node>,
    pub(super) root: usize,
}

/// One schema. Other schemas are numbers of nodes.
#[derive(Clone, Debug, Default)]
pub(super) struct Node {
    pub(super) limits: Limits,
    pub(super) types: Vec<String>,
    /// The only possible values.
    pub(super) values: Option<Vec<Value>>,
    pub(super) required: Vec<String>,
    members: HashMap<String, usize>,
    /// Whether members of other names may be there.
    pub(super) is_open: bool,
    /// Whether the type refuses members of other names.
    pub(super) is_closed: bool,
    /// The schema of the names of a map.
    name: Option<usize>,
    rest: Option<usize>,
    pub(super) prefix: Vec<usize>,
    pub(super) items: Option<usize>,
    pub(super) all_of: Vec<usize>,
    pub(super) any_of: Vec<Vec<usize>>,
    /// Whether this schema or one inside it has a constraint.
    pub(super) leads_to_limits: bool,
}

impl Node {
    /// Returns the schema of a member.
    pub(super) fn member(&self, name: &str) -> Option<usize> {
        self.members.get(name).copied().or(self.rest)
    }

    /// Returns the schema of an element.
    pub(super) fn element(&self, index: usize) -> Option<usize> {
        self.prefix.get(index).copied().or(self.items)
    }

    /// Whether the schema names this member.
    pub(super) fn names(&self, name: &str) -> bool {
        self.members.contains_key(name)
    }

    /// Whether the schema names members.
    pub(super) fn has_members(&self) -> bool {
        !self.members.is_empty()
    }

    /// The schemas of the same value.
    pub(super) fn of_same_value(&self) -> impl Iterator<Item = usize> {
        self.all_of.iter().chain(self.any_of.iter().flatten()).copied()
    }

    fn children(&self) -> impl Iterator<Item = usize> {
        let inner = self
            .members
            .values()
            .chain(&self.rest)
            .chain(&self.prefix)
            .chain(&self.items);
        inner.copied().chain(self.of_same_value())
    }
}

/// Compiles a schema; `None` if it has no constraint.
///
/// # Errors
///
/// A sentence that names a constraint that cannot be enforced.
pub(super) fn compile(
    schema: &Value,
    components: &Map<String, Value>,
    bounds: IntegerBounds,
) -> Result<Option<Compiled>, String> {
    let mut compiler = Compiler {
        components,
        bounds,
        nodes: Vec::new(),
        names: HashMap::new(),
    };
    let root = compiler.add(schema)?;
    let mut nodes = compiler.nodes;
    // A check of such a schema would not end.
    let ends = spread(&nodes, |node, ends| node.of_same_value().all(ends));
    if ends.contains(&false) {
        return Err("its schema consists of itself".to_owned());
    }
    let leads = spread(&nodes, |node, leads| {
        !node.limits.is_empty() || node.children().any(leads)
    });
    for (node, leads) in nodes.iter_mut().zip(leads) {
        node.leads_to_limits = leads;
    }
    let of_names = nodes.iter().filter_map(|node| nodes.get(node.name?));
    if of_names.into_iter().any(|names| names.leads_to_limits) {
        return Err(unenforced("propertyNames"));
    }
    let has_limits = nodes.get(root).is_some_and(|node| node.leads_to_limits);
    Ok(has_limits.then_some(Compiled { nodes, root }))
}

/// Finds the nodes with a property that depends on that of other nodes, until none is found.
fn spread(nodes: &[Node], has: impl Fn(&Node, &mut dyn FnMut(usize) -> bool) -> bool) -> Vec<bool> {
    let mut found = vec![false; nodes.len()];
    loop {
        let mut is_known = |number: usize| found.get(number).copied().unwrap_or_default();
        let next: Vec<bool> = nodes.iter().map(|node| has(node, &mut is_known)).collect();
        if next == found {
            return found;
        }
        found = next;
    }
}

struct Compiler<'s> {
    components: &'s Map<String, Value>,
    bounds: IntegerBounds,
    nodes: Vec<Node>,
    /// The numbers of the components.
    names: HashMap<&'s str, usize>,
}

impl<'s> Compiler<'s> {
    /// Adds a schema, and returns its number.
    fn add(&mut self, schema: &'s Value) -> Result<usize, String> {
        let number = self.nodes.len();
        self.nodes.push(Node::default());
        let node = self.node(schema)?;
        if let Some(place) = self.nodes.get_mut(number) {
            *place = node;
        }
        Ok(number)
    }

    /// Adds a component once. A reference to a primitive type leads to no component.
    fn add_component(&mut self, name: &'s str) -> Result<usize, String> {
        if let Some(known) = self.names.get(name) {
            return Ok(*known);
        }
        self.names.insert(name, self.nodes.len());
        self.add(self.components.get(name).unwrap_or(&Value::Null))
    }

    fn node(&mut self, schema: &'s Value) -> Result<Node, String> {
        if let Some(word) = UNENFORCED.iter().find(|word| schema.get(**word).is_some()) {
            return Err(unenforced(word));
        }
        let of_elements = schema.get("items").and_then(|items| items.get("description"));
        if of_elements.is_some_and(|text| text == SEVERAL_TYPES) {
            let reason = "the document does not describe the elements of a tuple of several types; give them names";
            return Err(reason.to_owned());
        }
        let mut node = Node {
            limits: Limits::of(schema, self.bounds)?,
            types: texts(schema.get("type")),
            values: values(schema),
            required: required(schema),
            name: self.names(schema)?,
            rest: self.optional(schema.get("additionalProperties"))?,
            is_open: schema
                .get("additionalProperties")
                .is_some_and(|rest| *rest != Value::Bool(false)),
            is_closed: schema.get("additionalProperties") == Some(&Value::Bool(false)),
            prefix: self.list(schema.get("prefixItems"))?,
            items: self.optional(schema.get("items"))?,
            all_of: self.list(schema.get("allOf"))?,
            ..Node::default()
        };
        for (name, schema) in schema
            .get("properties")
            .and_then(Value::as_object)
            .into_iter()
            .flatten()
        {
            let member = self.add(schema).map_err(|reason| inside(name, &reason))?;
            node.members.insert(name.clone(), member);
        }
        for word in ["oneOf", "anyOf"] {
            let alternatives = self.list(schema.get(word))?;
            node.any_of.extend(Some(alternatives).filter(|list| !list.is_empty()));
        }
        let reference = schema.get("$ref").and_then(Value::as_str);
        if let Some(name) = reference.and_then(|reference| reference.strip_prefix("#/components/schemas/")) {
            node.all_of.push(self.add_component(name)?);
        }
        Ok(node)
    }

    /// Adds the schema of the names of a map. serde reads a number of a name with the bounds of its
    /// type.
    fn names(&mut self, schema: &'s Value) -> Result<Option<usize>, String> {
        let bounds = std::mem::replace(&mut self.bounds, IntegerBounds::OfType);
        let names = self.optional(schema.get("propertyNames"));
        self.bounds = bounds;
        names
    }

    fn optional(&mut self, schema: Option<&'s Value>) -> Result<Option<usize>, String> {
        schema
            .filter(|schema| schema.is_object())
            .map(|schema| self.add(schema))
            .transpose()
    }

    fn list(&mut self, schemas: Option<&'s Value>) -> Result<Vec<usize>, String> {
        let schemas = schemas.and_then(Value::as_array).into_iter().flatten();
        schemas.map(|schema| self.add(schema)).collect()
    }
}

fn unenforced(word: &str) -> String {
    format!("the document states `{word}`, and nothing enforces it; remove it, and let the type refuse the value")
}

fn inside(name: &str, reason: &str) -> String {
    if reason.starts_with("member ") {
        format!("member `{name}`, {reason}")
    } else {
        format!("member `{name}`: {reason}")
    }
}

fn texts(value: Option<&Value>) -> Vec<String> {
    let list = match value {
        Some(Value::Array(list)) => list.as_slice(),
        Some(one) => std::slice::from_ref(one),
        None => &[],
    };
    list.iter().filter_map(Value::as_str).map(str::to_owned).collect()
}

/// Returns the names of required members that a request contains.
fn required(schema: &Value) -> Vec<String> {
    let properties = schema.get("properties");
    let is_read_only = |name: &String| {
        let member = properties.and_then(|properties| properties.get(name));
        member.and_then(|member| member.get("readOnly")) == Some(&Value::Bool(true))
    };
    let mut names = texts(schema.get("required"));
    names.retain(|name| !is_read_only(name));
    names
}

fn values(schema: &Value) -> Option<Vec<Value>> {
    let list = schema.get("enum").and_then(Value::as_array).cloned();
    list.or_else(|| schema.get("const").map(|value| vec![value.clone()]))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn compiled(schema: &Value) -> Result<Option<Compiled>, String> {
        let components = json!({
            "Loop": { "allOf": [{ "$ref": "#/components/schemas/Loop" }] },
            "Plain": { "type": "object", "properties": { "next": { "$ref": "#/components/schemas/Plain" } } },
        });
        compile(schema, components.as_object().unwrap(), IntegerBounds::OfType)
    }

    #[test]
    fn schema_without_constraints_is_not_compiled() {
        for schema in [
            json!({}),
            json!({ "$ref": "#/components/schemas/Plain" }),
            json!({ "$ref": "#/components/schemas/String" }),
            json!({ "properties": { "minLength": { "type": "string" } }, "default": { "pattern": "a" } }),
        ] {
            assert!(compiled(&schema).unwrap().is_none(), "{schema}");
        }
        let next_to_reference = json!({ "$ref": "#/components/schemas/Plain", "minProperties": 1 });
        assert!(compiled(&next_to_reference).unwrap().is_some());
    }

    #[test]
    fn schema_that_cannot_be_enforced_is_an_error() {
        for word in UNENFORCED {
            let inner = json!({ "items": { "oneOf": [{ "type": "null" }, { word: {} }] } });
            assert!(compiled(&inner).unwrap_err().contains(word), "{word}");
        }
        let endless = json!({ "items": { "$ref": "#/components/schemas/Loop" } });
        assert!(compiled(&endless).unwrap_err().contains("itself"));
    }
}
