//! Finds when a gate is built whether a type in Rust has the bounds of its documented integers. A
//! request needs no second check of these.

use std::cell::Cell;

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::body_check::sample;
use crate::constraints::{IntegerBounds, beyond};
use crate::field_shape::{FieldShape, Parameter, component};
use crate::field_values::FieldValues;
use crate::fields::{read_texts, text};
use crate::json_fault;
use scopegate_gate::LocationStep;

/// The maximum depth of a schema that is tried.
const DEPTH: usize = 12;

/// The maximum number of values that are tried.
const PROBES: usize = 512;

/// Returns what enforces the bounds of integers in a body of JSON.
pub(crate) fn of_body<T: DeserializeOwned>(schema: &Value, components: &Map<String, Value>) -> IntegerBounds {
    refused_by_type(schema, components, |value, place| {
        json_fault::find::<T>(value).is_some_and(|fault| fault.is_at(place))
    })
}

/// Returns what enforces the bounds of integers in a field of `T`.
pub(crate) fn of_field<T: DeserializeOwned>(
    parameter: &Parameter,
    shape: &FieldShape,
    components: &Map<String, Value>,
) -> IntegerBounds {
    refused_by_type(&parameter.schema, components, |value, _| {
        let text = one_text(value);
        let texts = FieldValues::one(&parameter.name, &text);
        let fault = read_texts::<T>(&texts, shape, &Cell::new(false)).err();
        fault.is_some_and(|fault| fault.name() == Some(&parameter.name) && !fault.is_missing())
    })
}

/// Returns what enforces the bounds of integers in a text that is read as a `T`.
pub(crate) fn of_text<T: DeserializeOwned>(parameter: &Parameter, components: &Map<String, Value>) -> IntegerBounds {
    refused_by_type(&parameter.schema, components, |value, _| {
        T::deserialize(text(&one_text(value))).is_err()
    })
}

fn refused_by_type(
    schema: &Value,
    components: &Map<String, Value>,
    is_refused: impl Fn(&Value, &[LocationStep]) -> bool,
) -> IntegerBounds {
    let mut probes = Probes {
        components,
        left: PROBES,
    };
    let all = probes.of(schema, DEPTH);
    match all {
        Some(all) if all.iter().all(|(value, place)| is_refused(value, place)) => IntegerBounds::OfType,
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

/// A value whose only error is one integer, and the location of the integer.
type Probe = (Value, Vec<LocationStep>);

struct Probes<'c> {
    components: &'c Map<String, Value>,
    left: usize,
}

impl Probes<'_> {
    /// Returns a value for each bound of an integer; `None` if there are too many, or if a value
    /// cannot be made.
    fn of(&mut self, schema: &Value, depth: usize) -> Option<Vec<Probe>> {
        let Some(depth) = depth.checked_sub(1) else {
            return Some(Vec::new());
        };
        if let Some(component) = component(schema, self.components) {
            return self.of(component, depth);
        }
        let mut found: Vec<Probe> = Vec::new();
        found.extend(beyond(schema)?.into_iter().map(|number| (number.into(), Vec::new())));
        let list = |word: &str| schema.get(word).and_then(Value::as_array).into_iter().flatten();
        for inner in ["oneOf", "anyOf"].into_iter().flat_map(list) {
            found.extend(self.of(inner, depth)?);
        }
        for part in list("allOf") {
            let base = sample(schema, self.components, depth);
            for (value, place) in self.of(part, depth)? {
                found.push((with_base(value, base.as_ref()), place));
            }
        }
        for (index, inner) in list("prefixItems").enumerate() {
            let base: Option<Vec<Value>> = list("prefixItems")
                .map(|inner| sample(inner, self.components, depth))
                .collect();
            for (value, place) in self.of(inner, depth)? {
                let mut elements = base.clone()?;
                *elements.get_mut(index)? = value;
                found.push((elements.into(), outside(place, LocationStep::Index(index))));
            }
        }
        if let Some(inner) = schema.get("items").filter(|inner| inner.is_object()) {
            let of_inner = self.of(inner, depth)?;
            let length = schema.get("minItems").and_then(Value::as_u64).unwrap_or(1).clamp(1, 16);
            let probes = of_inner.into_iter().map(|(value, place)| {
                let elements = (0..length).map(|_| value.clone()).collect();
                (elements, outside(place, LocationStep::Index(0)))
            });
            found.extend(probes);
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
        let any = "a".to_owned();
        for (name, inner) in named.chain(rest.map(|rest| (&any, rest))) {
            if inner.get("readOnly") == Some(&Value::Bool(true)) {
                continue;
            }
            for (value, place) in self.of(inner, depth)? {
                let alone = Map::from_iter([(name.clone(), value)]).into();
                let whole = with_base(alone, sample(schema, self.components, depth).as_ref());
                found.push((whole, outside(place, LocationStep::name(name))));
            }
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

fn outside(mut place: Vec<LocationStep>, step: LocationStep) -> Vec<LocationStep> {
    place.insert(0, step);
    place
}

#[cfg(test)]
mod tests;
