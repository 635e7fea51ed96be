//! Removes members that the document does not name.
//!
//! serde reads a member by an alias, too. The document does not name it, so its value would be read
//! without its constraints.

use std::collections::BTreeMap;

use serde_json::value::RawValue;

use super::compile::{Compiled, Node};

/// Returns the text of a value without the members that none of these schemas of the value names;
/// `None` if there is none. The other texts stay as they are: an integer can have more digits than
/// a parsed value has.
pub(super) fn remove(compiled: &Compiled, schemas: &[usize], text: &str) -> Option<String> {
    let mut nodes = Vec::new();
    for schema in schemas {
        collect(compiled, *schema, &mut nodes);
    }
    if !nodes.iter().any(|node| node.leads_to_limits) {
        return None;
    }
    match text.as_bytes().first()? {
        b'[' => elements(compiled, &nodes, text),
        b'{' => members(compiled, &nodes, text),
        _ => None,
    }
}

fn elements(compiled: &Compiled, nodes: &[&Node], text: &str) -> Option<String> {
    let elements: Vec<&RawValue> = serde_json::from_str(text).ok()?;
    let mut is_removed = false;
    let kept = elements.into_iter().enumerate().map(|(index, value)| {
        let inner: Vec<_> = nodes.iter().filter_map(|node| node.element(index)).collect();
        let other = remove(compiled, &inner, value.get());
        is_removed |= other.is_some();
        other.unwrap_or_else(|| value.get().to_owned())
    });
    let kept: Vec<_> = kept.collect();
    is_removed.then(|| format!("[{}]", kept.join(",")))
}

fn members(compiled: &Compiled, nodes: &[&Node], text: &str) -> Option<String> {
    let is_closed = nodes.iter().any(|node| node.has_members()) && !nodes.iter().any(|node| node.is_open);
    let members: BTreeMap<String, &RawValue> = serde_json::from_str(text).ok()?;
    let mut is_removed = false;
    let mut kept = Vec::new();
    for (name, value) in members {
        if is_closed && !nodes.iter().any(|node| node.names(&name)) {
            is_removed = true;
            continue;
        }
        let inner: Vec<_> = nodes.iter().filter_map(|node| node.member(&name)).collect();
        let other = remove(compiled, &inner, value.get());
        is_removed |= other.is_some();
        let name = serde_json::to_string(&name).ok()?;
        kept.push(format!("{name}:{}", other.as_deref().unwrap_or_else(|| value.get())));
    }
    is_removed.then(|| format!("{{{}}}", kept.join(",")))
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
