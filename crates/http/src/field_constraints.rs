//! Enforces the constraints of documented parameters on their texts.

use serde_json::{Map, Value};

use crate::constraints::{Constraints, IntegerBounds};
use crate::field_place::FieldPlace;
use crate::field_shape::{FieldShape, Parameter, ValueType};
use crate::field_values::{FieldValue, FieldValues};
use crate::fields;
use crate::invalid_value::InvalidValue;
use scopegate_gate::InvalidInput;

/// Compiles the constraints of each parameter. The constraints of alternatives concern all
/// parameters together: the tag, or the shape, selects one.
///
/// # Errors
///
/// A sentence that names a constraint that cannot be enforced.
pub(crate) fn compile(shape: &mut FieldShape, whole: &Value, components: &Map<String, Value>) -> Result<(), String> {
    for parameter in &mut shape.parameters {
        let constraints = Constraints::of(&parameter.schema, components, parameter.bounds);
        let named = |reason| format!("parameter `{}`: {reason}", parameter.name);
        parameter.constraints = constraints.map_err(named)?.filter(|_| !shape.has_alternatives);
    }
    if shape.has_alternatives {
        let is_of_type = |parameter: &Parameter| parameter.bounds == IntegerBounds::OfType;
        let bounds = if shape.parameters.iter().all(is_of_type) {
            IntegerBounds::OfType
        } else {
            IntegerBounds::Declared
        };
        shape.whole_constraints = Constraints::of(whole, components, bounds)?;
    } else if let Some((schema, _)) = &shape.rest {
        shape.rest_constraints = Constraints::of(schema, components, IntegerBounds::Declared)?;
    }
    Ok(())
}

/// Returns the errors of the parameters that break a constraint. `is_read` states whether serde
/// read the values.
pub(crate) fn check(
    texts: &FieldValues<'_>,
    shape: &FieldShape,
    place: FieldPlace,
    is_read: bool,
) -> Vec<InvalidInput> {
    if !shape.has_constraints() {
        return Vec::new();
    }
    let mut faults = Vec::new();
    let mut members = Map::new();
    let declared = shape.parameters.iter().map(|parameter| parameter.name.as_str());
    let others = texts
        .names()
        .map(AsRef::as_ref)
        .filter(|name| shape.parameter(name).is_none());
    for name in declared.chain(others) {
        let Some(values) = texts.get(name).filter(|_| shape.is_constrained(name)) else {
            continue;
        };
        let last = values.last().map_or("", |(_, value)| value);
        // A text that is of no documented type would break no constraint.
        let found = match value(values, shape.types(name)) {
            Some(value) if shape.whole_constraints.is_some() => {
                members.insert(name.to_owned(), value);
                continue;
            }
            Some(value) => {
                let constraints = shape.constraints(name);
                constraints.map_or_else(Vec::new, |constraints| constraints.check(&value, is_read))
            }
            None if is_read => vec![InvalidValue::other_type()],
            None => Vec::new(),
        };
        faults.extend(found.into_iter().map(|fault| fault.within(name, last)));
    }
    if let Some(constraints) = shape.whole_constraints.as_ref().filter(|_| !members.is_empty()) {
        faults.extend(constraints.check(&members.into(), is_read));
    }
    let located = faults.into_iter();
    located
        .map(|fault| fault.renamed(place).into_input(place.as_str()))
        .collect()
}

/// Adds the errors of constraints to those of serde, except for a parameter that has one already.
pub(crate) fn with_broken(mut faults: Vec<InvalidInput>, broken: Vec<InvalidInput>) -> Vec<InvalidInput> {
    let is_told = |fault: &InvalidInput| faults.iter().any(|other| other.location() == fault.location());
    let others: Vec<_> = broken.into_iter().filter(|fault| !is_told(fault)).collect();
    faults.extend(others);
    faults
}

/// Returns the texts that the document names; `None` if there are no others, or no constraints.
///
/// The reason is an alias of serde, whose value would have no constraints.
pub(crate) fn without_unknown<'q>(texts: &FieldValues<'q>, shape: &FieldShape) -> Option<FieldValues<'q>> {
    let is_known = |name: &str| shape.rest.is_some() || shape.parameter(name).is_some();
    if !shape.has_constraints() || texts.names().all(|name| is_known(name)) {
        return None;
    }
    Some(texts.filtered(is_known))
}

/// Returns the texts as a value of the first documented type that they are of.
fn value(texts: &[FieldValue<'_>], types: &[ValueType]) -> Option<Value> {
    let of = |of: &ValueType| match of {
        ValueType::List(elements) => texts.iter().map(|(_, text)| fields::scalar(text, elements)).collect(),
        _ => None,
    };
    let only = || match texts {
        [(_, text)] => fields::scalar(text, types),
        _ => None,
    };
    types.iter().find_map(of).or_else(only)
}
