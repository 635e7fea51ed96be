//! Finds when a gate is built whether a type in Rust has the bounds of its documented integers. A
//! request needs no second check of these.

use std::cell::Cell;

use serde_json::{Map, Value};

use crate::constraints::{IntegerBounds, beyond};
use crate::field_shape::{FieldShape, Parameter};
use crate::field_values::FieldValue;
use crate::fields::{FieldReader, TextReader};
use crate::json_fault::{self, JsonReader};
use crate::sample::{component, sample};
use scopegate_gate::LocationStep;

/// The maximum depth of a schema that is tried.
const DEPTH: usize = 12;

/// The maximum number of values that are tried.
const PROBES: usize = 512;

/// Returns what enforces the bounds of integers in a body of JSON.
pub(crate) fn of_body(schema: &Value, components: &Map<String, Value>, reader: JsonReader) -> IntegerBounds {
    refused_by_type(schema, components, |probe| {
        match json_fault::find(&probe.beyond, reader) {
            Some(fault) => fault.is_at(&probe.place) || json_fault::find(&probe.within, reader).is_none(),
            None => false,
        }
    })
}

/// Returns what enforces the bounds of integers in a field of a type.
pub(crate) fn of_field(
    parameter: &Parameter,
    shape: &FieldShape,
    components: &Map<String, Value>,
    reader: FieldReader,
) -> IntegerBounds {
    let name = parameter.name.as_str();
    let required = shape
        .parameters
        .iter()
        .filter(|other| other.required && other.name != name);
    let others: Vec<FieldValue<'_>> = required
        .filter_map(|other| Some((other.name.as_str().into(), other.sample.as_deref()?.into())))
        .collect();
    let fault = |value: &Value| {
        let texts = others.iter().cloned().chain([(name.into(), one_text(value).into())]);
        reader(&texts.collect(), shape, &Cell::new(false))
    };
    refused_by_type(&parameter.schema, components, |probe| match fault(&probe.beyond) {
        Some(found) => (found.name() == Some(name) && !found.is_missing()) || fault(&probe.within).is_none(),
        None => false,
    })
}

/// Returns what enforces the bounds of integers in a text that is read as a type.
pub(crate) fn of_text(parameter: &Parameter, components: &Map<String, Value>, reader: TextReader) -> IntegerBounds {
    refused_by_type(&parameter.schema, components, |probe| {
        reader(&one_text(&probe.beyond)).is_some()
    })
}

fn refused_by_type(
    schema: &Value,
    components: &Map<String, Value>,
    is_refused: impl Fn(&Probe) -> bool,
) -> IntegerBounds {
    let mut probes = Probes {
        components,
        left: PROBES,
    };
    match probes.of(schema, DEPTH) {
        Some(all) if all.iter().all(is_refused) => IntegerBounds::OfType,
        _ => IntegerBounds::Declared,
    }
}

/// Returns the text of a number, or of the only element of a list.
fn one_text(value: &Value) -> String {
    match value {
        Value::Array(list) => list.first().map_or_else(String::new, one_text),
        other => other.to_string(),
    }
}

/// Two values that differ in one integer.
struct Probe {
    /// The value whose integer is next to a bound of the document.
    beyond: Value,
    /// The value whose integer is the bound.
    within: Value,
    /// The location of the integer.
    place: Vec<LocationStep>,
}

impl Probe {
    /// Puts both values into others, in which they are at this step.
    fn inside(mut self, step: LocationStep, wrap: impl Fn(Value) -> Value) -> Self {
        self.place.insert(0, step);
        self.same_place(wrap)
    }

    fn same_place(self, wrap: impl Fn(Value) -> Value) -> Self {
        Self {
            beyond: wrap(self.beyond),
            within: wrap(self.within),
            place: self.place,
        }
    }
}

struct Probes<'c> {
    components: &'c Map<String, Value>,
    left: usize,
}

impl Probes<'_> {
    /// Returns the probes of each bound of an integer; `None` if there are too many.
    fn of(&mut self, schema: &Value, depth: usize) -> Option<Vec<Probe>> {
        let Some(depth) = depth.checked_sub(1) else {
            return Some(Vec::new());
        };
        if let Some(component) = component(schema, self.components) {
            return self.of(component, depth);
        }
        let mut found: Vec<Probe> = Vec::new();
        found.extend(beyond(schema)?.into_iter().map(|(beyond, within)| Probe {
            beyond: beyond.into(),
            within: within.into(),
            place: Vec::new(),
        }));
        let list = |word: &str| schema.get(word).and_then(Value::as_array).into_iter().flatten();
        for inner in ["oneOf", "anyOf"].into_iter().flat_map(list) {
            found.extend(self.of(inner, depth)?);
        }
        let base = sample(schema, self.components, depth);
        for part in list("allOf") {
            let probes = self.of(part, depth)?.into_iter();
            found.extend(probes.map(|probe| probe.same_place(|value| with_base(value, base.as_ref()))));
        }
        for (index, inner) in list("prefixItems").enumerate() {
            let elements = base.as_ref().and_then(Value::as_array);
            let replaced = |value| {
                let elements = elements.into_iter().flatten().enumerate();
                let element = |(other, sample): (usize, &Value)| if other == index { &value } else { sample }.clone();
                elements.map(element).collect()
            };
            let probes = self.of(inner, depth)?.into_iter();
            found.extend(probes.map(|probe| probe.inside(LocationStep::Index(index), replaced)));
        }
        if let Some(inner) = schema.get("items").filter(|inner| inner.is_object()) {
            let length = schema.get("minItems").and_then(Value::as_u64).unwrap_or(1).clamp(1, 16);
            let repeated = |value: Value| (0..length).map(|_| value.clone()).collect();
            let probes = self.of(inner, depth)?.into_iter();
            found.extend(probes.map(|probe| probe.inside(LocationStep::Index(0), repeated)));
        }
        self.add_members(schema, depth, &mut found)?;
        self.left = self.left.checked_sub(found.len())?;
        Some(found)
    }

    fn add_members(&mut self, schema: &Value, depth: usize, found: &mut Vec<Probe>) -> Option<()> {
        let named = schema
            .get("properties")
            .and_then(Value::as_object)
            .into_iter()
            .flatten();
        let rest = schema.get("additionalProperties").filter(|rest| rest.is_object());
        let of_names = schema.get("propertyNames").and_then(|names| names.get("type"));
        let any = if of_names.is_some_and(|of| of == "integer") {
            "7"
        } else {
            "a"
        }
        .to_owned();
        let base = sample(schema, self.components, depth);
        for (name, inner) in named.chain(rest.map(|rest| (&any, rest))) {
            if inner.get("readOnly") == Some(&Value::Bool(true)) {
                continue;
            }
            let member = |value| with_base(Map::from_iter([(name.clone(), value)]).into(), base.as_ref());
            let probes = self.of(inner, depth)?.into_iter();
            found.extend(probes.map(|probe| probe.inside(LocationStep::name(name), member)));
        }
        Some(())
    }
}

/// Adds the members of a base that the value lacks. Those of the value come first, so that serde
/// reads them first.
fn with_base(mut value: Value, base: Option<&Value>) -> Value {
    if let (Some(members), Some(base)) = (value.as_object_mut(), base.and_then(Value::as_object)) {
        for (name, other) in base {
            members.entry(name.clone()).or_insert_with(|| other.clone());
        }
    }
    value
}

#[cfg(test)]
mod tests;
