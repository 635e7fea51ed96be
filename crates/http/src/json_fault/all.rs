//! Finds all errors of a value, although serde ends at the first one.
//!
//! After an error, the value at its location is replaced by one that the document allows, and the
//! whole value is read again.

use std::vec::IntoIter;

use serde_json::{Map, Value};

use crate::body_schema::BodySchema;
use crate::invalid_value::InvalidValue;
use crate::sample::TEXTS;
use scopegate_gate::LocationStep;

/// The maximum number of times that a value is read.
const TRIES: usize = 128;

/// The maximum number of bytes that are read. A client chooses the length of a body, and an error
/// must not cost more than a valid body by orders of magnitude.
const BYTES: usize = 8 * 1024 * 1024;

/// A change of the value at the location of an error.
enum Change {
    Replace(Value),
    Remove,
    /// serde reads the other members first, and finds their errors.
    MoveToEnd,
}

struct Place {
    steps: Vec<LocationStep>,
    /// The location of the values that a change can make invalid.
    scope: Vec<LocationStep>,
    changes: IntoIter<Change>,
}

impl Place {
    /// Whether a change can be the cause of an error at this location.
    fn is_near(&self, steps: &[LocationStep]) -> bool {
        steps.starts_with(&self.scope) || self.steps.starts_with(steps)
    }
}

/// Returns the errors of a value whose text has this length, in the order in which serde finds
/// them.
pub(super) fn all(
    value: Value,
    length: usize,
    find: &dyn Fn(&Value) -> Option<InvalidValue>,
    schema: Option<&BodySchema>,
) -> Vec<InvalidValue> {
    let mut search = Search {
        value,
        find,
        schema,
        tries: BYTES.checked_div(length).unwrap_or(TRIES).clamp(2, TRIES),
        places: Vec::new(),
        faults: Vec::new(),
    };
    while let Some(fault) = search.read() {
        if search.change(fault).is_none() {
            break;
        }
    }
    search.faults
}

struct Search<'s> {
    value: Value,
    find: &'s dyn Fn(&Value) -> Option<InvalidValue>,
    schema: Option<&'s BodySchema>,
    /// The number of times that the value may still be read.
    tries: usize,
    places: Vec<Place>,
    faults: Vec<InvalidValue>,
}

impl Search<'_> {
    /// Returns the first error; `None` if there is none, or if the value was read too often.
    fn read(&mut self) -> Option<InvalidValue> {
        self.tries = self.tries.checked_sub(1)?;
        (self.find)(&self.value)
    }

    /// Records the error, and changes the value at its location; `None` if no change is left.
    fn change(&mut self, fault: InvalidValue) -> Option<()> {
        let fault = self.located(fault);
        let steps = fault.steps();
        let known = self.places.iter().position(|place| place.steps == steps);
        let number = known.unwrap_or(self.places.len());
        if known.is_none() {
            let (changes, scope) = (changes(&fault, &steps, self.schema), self.scope(&steps));
            if !self.places.iter().any(|place| place.is_near(&steps)) {
                self.faults.push(fault);
            }
            self.places.push(Place {
                steps,
                scope,
                changes: changes.into_iter(),
            });
        }
        let place = self.places.get_mut(number)?;
        apply(&mut self.value, &place.steps, place.changes.next()?)
    }

    /// The other members of an object depend on its tag.
    fn scope(&self, steps: &[LocationStep]) -> Vec<LocationStep> {
        let outer = steps.split_last().map(|(_, outer)| outer);
        let outer = outer.filter(|_| self.schema.is_some_and(|schema| schema.is_tag(steps)));
        outer.unwrap_or(steps).to_vec()
    }

    /// Finds the member that is the location of an error. With `flatten`, serde reads the members
    /// before it knows their types. One after the other is replaced until the error changes.
    fn located(&mut self, fault: InvalidValue) -> InvalidValue {
        let outer = fault.steps();
        let members = at(&mut self.value, &outer).and_then(|value| value.as_object());
        let Some(members) = members.filter(|_| fault.is_of_type() || fault.kind == "enum").cloned() else {
            return fault;
        };
        let mut replaced = members.clone();
        for name in members.clone().keys() {
            let steps: Vec<_> = outer.iter().cloned().chain([LocationStep::name(name)]).collect();
            let samples = self.schema.map(|schema| schema.samples(&steps)).unwrap_or_default();
            let Some(sample) = samples.into_iter().next() else {
                continue;
            };
            let Some(value) = replaced.insert(name.clone(), sample) else {
                continue;
            };
            self.set(&outer, replaced.clone());
            let other = self.read();
            if self.tries == 0 {
                break;
            }
            match other.map(|other| other.steps()) {
                Some(other) if other == outer => {}
                Some(other) if other.starts_with(&steps) => {
                    replaced.insert(name.clone(), value);
                }
                _ => {
                    self.set(&outer, members);
                    return fault.around(LocationStep::name(name));
                }
            }
        }
        self.set(&outer, members);
        fault
    }

    fn set(&mut self, steps: &[LocationStep], members: Map<String, Value>) {
        if let Some(value) = at(&mut self.value, steps) {
            *value = members.into();
        }
    }
}

fn at<'v>(value: &'v mut Value, steps: &[LocationStep]) -> Option<&'v mut Value> {
    steps.iter().try_fold(value, |value, step| match step {
        LocationStep::Name(name) => value.get_mut(name),
        LocationStep::Index(index) => value.get_mut(*index),
    })
}

fn changes(fault: &InvalidValue, steps: &[LocationStep], schema: Option<&BodySchema>) -> Vec<Change> {
    if fault.kind == "extra_forbidden" {
        return vec![Change::Remove];
    }
    let mut samples = schema.map(|schema| schema.samples(steps)).unwrap_or_default();
    if samples.iter().all(Value::is_string) {
        samples.extend(TEXTS.map(Value::from));
    }
    let replaced = samples.into_iter().map(Change::Replace);
    replaced.chain([Change::MoveToEnd, Change::Remove]).collect()
}

/// Changes the value at a place; `None` if the place is not there.
fn apply(value: &mut Value, steps: &[LocationStep], change: Change) -> Option<()> {
    let (last, outer) = steps.split_last()?;
    let mut parent = value;
    for step in outer {
        if let (Change::MoveToEnd, LocationStep::Name(name)) = (&change, step) {
            move_to_end(parent, name)?;
        }
        parent = match step {
            LocationStep::Name(name) => parent.get_mut(name)?,
            LocationStep::Index(index) => parent.get_mut(*index)?,
        };
    }
    match (last, change) {
        (LocationStep::Name(name), Change::Replace(value)) => {
            parent.as_object_mut()?.insert(name.clone(), value);
        }
        (LocationStep::Index(index), Change::Replace(value)) => *parent.get_mut(*index)? = value,
        (LocationStep::Name(name), Change::Remove) => {
            parent.as_object_mut()?.shift_remove(name)?;
        }
        (LocationStep::Name(name), Change::MoveToEnd) => move_to_end(parent, name)?,
        (LocationStep::Index(_), _) => {}
    }
    Some(())
}

fn move_to_end(object: &mut Value, name: &str) -> Option<()> {
    let members = object.as_object_mut()?;
    let (name, value) = members.shift_remove_entry(name)?;
    members.insert(name, value);
    Some(())
}
