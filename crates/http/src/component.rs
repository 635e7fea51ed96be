//! References to components in place of schemas that a wrapper such as `Vec` wrote out.

use serde_json::{Map, Value, json};

use crate::description::has_shape;

/// Marks a schema with the name of its type, until all components of the document are known.
const NAME: &str = "$component";

/// Types that write out the schema of the type that they hold.
const WRAPPERS: [&str; 7] = [
    "alloc::vec::Vec",
    "core::option::Option",
    "alloc::boxed::Box",
    "alloc::collections::linked_list::LinkedList",
    "alloc::collections::vec_deque::VecDeque",
    "alloc::collections::btree::set::BTreeSet",
    "std::collections::hash::set::HashSet",
];

/// Marks the schema of the type inside of `Vec`, `Option` and the like.
pub(crate) fn marked(type_name: &str, mut schema: Value) -> Value {
    mark(type_name, &mut schema);
    schema
}

fn mark(type_name: &str, schema: &mut Value) {
    let wrapped = type_name
        .split_once('<')
        .filter(|(wrapper, _)| WRAPPERS.contains(wrapper));
    if let Some(inner) = wrapped.and_then(|(_, rest)| rest.strip_suffix('>')) {
        if schema.get("items").is_some() {
            if let Some(items) = schema.get_mut("items") {
                mark(inner, items);
            }
        } else if let Some(alternatives) = schema.get_mut("oneOf").and_then(Value::as_array_mut) {
            let is_null = |schema: &Value| schema.get("type").is_some_and(|of| of == "null");
            if let [first, second] = alternatives.as_mut_slice()
                && is_null(first) != is_null(second)
            {
                mark(inner, if is_null(first) { second } else { first });
            }
        } else {
            mark(inner, schema);
        }
        return;
    }
    let is_generic = type_name.contains(['<', '(', '[', '&']);
    if !is_generic
        && has_shape(schema)
        && let Some(name) = type_name.rsplit("::").next()
        && let Some(members) = schema.as_object_mut()
    {
        members.insert(NAME.to_owned(), name.into());
    }
}

/// Replaces each marked schema by a reference to the component of the same schema. Where there is none, one is added by
/// the name of the type; where that name has another schema, the schema is written out.
pub(crate) fn resolve(value: &mut Value, components: &mut Map<String, Value>, style: &impl Fn(&str, &Value) -> Value) {
    match value {
        Value::Object(members) => {
            let Some(Value::String(name)) = members.remove(NAME) else {
                members.values_mut().for_each(|value| resolve(value, components, style));
                return;
            };
            let plain = Value::Object(members.clone());
            let is_same = |name: &str, known: &Value| *known == style(name, &plain);
            let known = components
                .iter()
                .find(|(known, schema)| is_same(known, schema))
                .map(|(known, _)| known.clone());
            let reference = match known {
                Some(known) => known,
                None if components.contains_key(&name) => return,
                None => {
                    components.insert(name.clone(), style(&name, &plain));
                    name
                }
            };
            *value = json!({ "$ref": format!("#/components/schemas/{reference}") });
        }
        Value::Array(values) => values.iter_mut().for_each(|value| resolve(value, components, style)),
        _ => {}
    }
}
