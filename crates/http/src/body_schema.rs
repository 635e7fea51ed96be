//! The documented schema of a body of JSON, which states more than its type in Rust.

use std::ptr;

use serde_json::{Map, Value};

use crate::invalid_value::InvalidValue;
use crate::sample::{component, sample};
use scopegate_gate::LocationStep;

/// The maximum number of schemas of one value. Schemas can refer to each other.
const SCHEMAS: usize = 64;

/// The maximum depth of a schema for which a value is made.
const DEPTH: usize = 16;

/// The maximum number of values that are made for one place.
const SAMPLES: usize = 8;

/// The maximum number of errors that are returned.
const FAULTS: usize = 100;

/// The schema of a body, with the schemas that it refers to.
#[derive(Debug)]
pub(crate) struct BodySchema {
    whole: Value,
    components: Map<String, Value>,
    is_loose: bool,
}

impl BodySchema {
    pub(crate) fn new(whole: &Value, components: &Map<String, Value>) -> Self {
        let mut schema = Self {
            whole: whole.clone(),
            components: components.clone(),
            is_loose: false,
        };
        schema.is_loose = schema.reads_loosely();
        schema
    }

    /// Whether serde can read an array or an object that the document does not allow: as a
    /// structure behind an enum or `flatten`, or as a variant without content.
    pub(crate) const fn is_loose(&self) -> bool {
        self.is_loose
    }

    /// Returns the schemas of a place of the body.
    fn at(&self, place: &[LocationStep]) -> Vec<&Value> {
        let enter = |schemas: Vec<_>, step| inner(&self.all_of_value(&schemas), step);
        place.iter().fold(vec![&self.whole], enter)
    }

    /// Whether the value at a place selects the schema of the object around it.
    pub(crate) fn is_tag(&self, place: &[LocationStep]) -> bool {
        self.at(place).into_iter().any(|schema| only_value(schema).is_some())
    }

    /// Returns values that the schema allows at a place of the body.
    pub(crate) fn samples(&self, place: &[LocationStep]) -> Vec<Value> {
        let schemas = self.at(place);
        let mut samples = Vec::new();
        for schema in schemas.iter().chain(&self.all_of_value(&schemas)) {
            let sample = sample(schema, &self.components, DEPTH);
            samples.extend(sample.filter(|sample| !samples.contains(sample)));
            if samples.len() >= SAMPLES {
                break;
            }
        }
        samples
    }

    /// Returns an error for each array and each object that the document does not allow.
    // SECURITY: serde reads an array as the fields of a structure, and the document does not name
    // this form, so a filter of requests could not know it. Tested by `tests/it/all_faults.rs`,
    // `array_and_object_are_refused_where_the_document_has_none`.
    pub(crate) fn other_types(&self, value: &Value) -> Vec<InvalidValue> {
        let mut faults = Vec::new();
        self.compare(&[&self.whole], value, &mut Vec::new(), &mut faults);
        faults
    }

    fn compare<'s>(
        &'s self,
        schemas: &[&'s Value],
        value: &Value,
        steps: &mut Vec<LocationStep>,
        faults: &mut Vec<InvalidValue>,
    ) {
        let of = match value {
            Value::Array(_) => "array",
            Value::Object(_) => "object",
            _ => return,
        };
        if faults.len() >= FAULTS || schemas.is_empty() {
            return;
        }
        if !schemas.iter().any(|schema| self.allows(schema, of, DEPTH)) {
            let located = steps.iter().rev().cloned();
            return faults.push(located.fold(InvalidValue::other_type(), InvalidValue::inside));
        }
        let all = self.all_of(schemas, Some(value));
        let mut enter = |step: LocationStep, schemas: &[&'s Value], value: &Value| {
            steps.push(step);
            self.compare(schemas, value, steps, faults);
            steps.pop();
        };
        match value {
            Value::Array(elements) => {
                for (index, value) in elements.iter().enumerate().filter(|(_, value)| has_inner(value)) {
                    let step = LocationStep::Index(index);
                    enter(step.clone(), &inner(&all, &step), value);
                }
            }
            Value::Object(members) => {
                for (name, value) in members.iter().filter(|(_, value)| has_inner(value)) {
                    let step = LocationStep::name(name);
                    enter(step.clone(), &inner(&all, &step), value);
                }
            }
            _ => {}
        }
    }

    /// Whether a schema allows values of this type.
    fn allows(&self, schema: &Value, of: &str, depth: usize) -> bool {
        let Some(depth) = depth.checked_sub(1) else {
            return true;
        };
        let is_stated = match schema.get("type") {
            Some(Value::Array(types)) => types.iter().any(|name| name == of),
            Some(name) => name == of,
            None => true,
        };
        let of_part = |part: &Value| self.allows(part, of, depth);
        let list = |word: &str| schema.get(word).and_then(Value::as_array);
        is_stated
            && component(schema, &self.components).is_none_or(of_part)
            && list("allOf").is_none_or(|parts| parts.iter().all(of_part))
            && ["oneOf", "anyOf"]
                .into_iter()
                .filter_map(list)
                .all(|alternatives| alternatives.iter().any(of_part))
    }

    /// Returns the schemas with their parts, their alternatives and what they refer to.
    fn all_of_value<'s>(&'s self, schemas: &[&'s Value]) -> Vec<&'s Value> {
        self.all_of(schemas, None)
    }

    /// Returns the schemas like [`Self::all_of_value`]. Of alternatives, only those that have the
    /// tag of the value; all, if none has it.
    fn all_of<'s>(&'s self, schemas: &[&'s Value], value: Option<&Value>) -> Vec<&'s Value> {
        let mut found = schemas.to_vec();
        let mut next = 0;
        while let Some(schema) = found.get(next).copied().filter(|_| next < SCHEMAS) {
            next = next.saturating_add(1);
            let list = |word: &str| schema.get(word).and_then(Value::as_array);
            let alternatives = ["oneOf", "anyOf"].into_iter().filter_map(list);
            let alternatives = alternatives.flat_map(|list| self.tagged_as(list, value));
            let parts = list("allOf").into_iter().flatten().chain(alternatives);
            for part in component(schema, &self.components).into_iter().chain(parts) {
                if !found.iter().any(|known| ptr::eq(*known, part)) {
                    found.push(part);
                }
            }
        }
        found
    }

    /// Returns the alternatives that have the tag of the value; all, if none has it.
    fn tagged_as<'s>(&'s self, alternatives: &'s [Value], value: Option<&Value>) -> Vec<&'s Value> {
        let has_tag = |schema: &&Value| value.is_none_or(|value| !self.has_other_tag(schema, value, DEPTH));
        let tagged: Vec<_> = alternatives.iter().filter(has_tag).collect();
        if tagged.iter().all(|schema| is_null(schema)) {
            return alternatives.iter().collect();
        }
        tagged
    }

    /// Whether a schema has only one value for a member, and the object has another one there.
    fn has_other_tag(&self, schema: &Value, value: &Value, depth: usize) -> bool {
        let Some(depth) = depth.checked_sub(1) else {
            return false;
        };
        let members = schema.get("properties").and_then(Value::as_object);
        let is_other = |(name, schema): (&String, &Value)| {
            let tag = only_value(schema).zip(value.get(name));
            tag.is_some_and(|(only, value)| only != value)
        };
        let parts = schema.get("allOf").and_then(Value::as_array);
        let mut parts = parts.into_iter().flatten().chain(component(schema, &self.components));
        members.into_iter().flatten().any(is_other) || parts.any(|part| self.has_other_tag(part, value, depth))
    }

    fn reads_loosely(&self) -> bool {
        let mut found = vec![&self.whole];
        let mut next = 0;
        while let Some(schema) = found.get(next).copied() {
            next = next.saturating_add(1);
            if is_loose(schema) {
                return true;
            }
            let lists = ["allOf", "oneOf", "anyOf", "prefixItems"].into_iter();
            let parts = lists.filter_map(|word| schema.get(word)?.as_array()).flatten();
            let members = schema.get("properties").and_then(Value::as_object);
            let members = members.into_iter().flat_map(Map::values);
            let others = ["items", "additionalProperties"].into_iter();
            let others = others.filter_map(|word| schema.get(word));
            let inner = parts.chain(members).chain(others);
            for schema in inner.chain(component(schema, &self.components)) {
                if !found.iter().any(|known| ptr::eq(*known, schema)) {
                    found.push(schema);
                }
            }
        }
        false
    }
}

const fn has_inner(value: &Value) -> bool {
    matches!(value, Value::Array(_) | Value::Object(_))
}

fn is_null(schema: &Value) -> bool {
    schema.get("type").is_some_and(|of| of == "null")
}

/// Returns the value of a schema that allows only one, such as a tag.
fn only_value(schema: &Value) -> Option<&Value> {
    let listed = schema.get("enum").and_then(Value::as_array);
    let only = listed.and_then(|values| match values.as_slice() {
        [only] => Some(only),
        _ => None,
    });
    only.or_else(|| schema.get("const"))
}

/// Whether a schema is that of an enum or of a structure with `flatten`.
fn is_loose(schema: &Value) -> bool {
    let list = |word: &str| schema.get(word).and_then(Value::as_array);
    let has_alternatives = |list: &Vec<Value>| list.iter().filter(|schema| !is_null(schema)).count() > 1;
    ["oneOf", "anyOf"].into_iter().filter_map(list).any(has_alternatives)
        || list("allOf").is_some_and(|parts| parts.len() > 1)
        || schema.get("enum").is_some()
}

/// Returns the schemas of a member or an element.
fn inner<'s>(schemas: &[&'s Value], step: &LocationStep) -> Vec<&'s Value> {
    let of = |schema: &&'s Value| {
        let (named, rest) = match step {
            LocationStep::Name(name) => (
                schema.get("properties").and_then(|named| named.get(name)),
                "additionalProperties",
            ),
            LocationStep::Index(index) => (schema.get("prefixItems").and_then(|prefix| prefix.get(*index)), "items"),
        };
        named.or_else(|| schema.get(rest).filter(|rest| rest.is_object()))
    };
    schemas.iter().filter_map(of).collect()
}
