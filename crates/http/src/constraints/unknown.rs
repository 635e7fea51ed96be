//! Removes members that the document does not name.
//!
//! serde reads a member by an alias, too. The document does not name it, so its value would be read
//! without its constraints.

use serde_json::Value;

use super::compile::{Compiled, Node};

/// Removes the members that none of these schemas of the value names. Returns whether there was
/// one.
pub(super) fn remove(compiled: &Compiled, schemas: &[usize], value: &mut Value) -> bool {
    let mut nodes = Vec::new();
    for schema in schemas {
        collect(compiled, *schema, &mut nodes);
    }
    if !nodes.iter().any(|node| node.leads_to_limits) {
        return false;
    }
    let mut is_removed = false;
    match value {
        Value::Array(elements) => {
            for (index, value) in elements.iter_mut().enumerate() {
                let inner: Vec<_> = nodes.iter().filter_map(|node| node.element(index)).collect();
                is_removed |= remove(compiled, &inner, value);
            }
        }
        Value::Object(members) => {
            let is_closed = nodes.iter().any(|node| node.has_members()) && !nodes.iter().any(|node| node.is_open);
            if is_closed {
                let before = members.len();
                members.retain(|name, _| nodes.iter().any(|node| node.names(name)));
                is_removed = members.len() < before;
            }
            for (name, value) in members {
                let inner: Vec<_> = nodes.iter().filter_map(|node| node.member(name)).collect();
                is_removed |= remove(compiled, &inner, value);
            }
        }
        _ => {}
    }
    is_removed
}

/// Collects a schema and all schemas of the same value.
fn collect<'c>(compiled: &'c Compiled, schema: usize, nodes: &mut Vec<&'c Node>) {
    if let Some(node) = compiled.nodes.get(schema) {
        nodes.push(node);
        for inner in node.of_same_value() {
            collect(compiled, inner, nodes);
        }
    }
}
