//! The constraints of documented schemas, such as lengths and bounds, enforced on values.
//!
//! A constraint is declared once, by `#[schema(..)]` of utoipa: the document shows the schema, and
//! this module enforces the same schema. A constraint that is not enforced is an error when the
//! gate is built.

mod alternatives;
mod compile;
mod limits;
mod unknown;

use scopegate_gate::LocationStep;
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use self::alternatives::{has_shape, is_of_type};
use self::compile::{Compiled, Node};
pub(crate) use self::limits::{IntegerBounds, beyond};
use crate::invalid_value::InvalidValue;

/// The maximum number of errors in one answer.
pub(crate) const FAULTS: usize = 100;

/// The maximum number of schemas that are compared with one value, on average. Alternatives in
/// alternatives would multiply them.
const SCHEMAS_PER_VALUE: usize = 64;

/// The constraints of the schema of one type.
#[derive(Clone, Debug)]
pub(crate) struct Constraints(Compiled);

impl Constraints {
    /// Returns the constraints of a schema and of all schemas that it refers to; `None` if there is
    /// none.
    ///
    /// # Errors
    ///
    /// A sentence that names a constraint that cannot be enforced.
    pub(crate) fn of(
        schema: &Value,
        components: &Map<String, Value>,
        bounds: IntegerBounds,
    ) -> Result<Option<Self>, String> {
        compile::compile(schema, components, bounds).map(|compiled| compiled.map(Self))
    }

    /// Returns the errors of a value. The location of each is inside the value.
    ///
    /// With `types`, a value of another type than the documented one is an error, because its
    /// constraints would not apply. Without it, serde has refused the value already.
    // SECURITY: a value that serde reads and the document does not allow breaks no constraint of
    // the document. Tested by `tests/it/constraints.rs`,
    // `value_of_another_shape_follows_constraints`.
    pub(crate) fn check(&self, value: &Value, types: bool) -> Vec<InvalidValue> {
        let mut checking = Checking {
            compiled: &self.0,
            steps: Vec::new(),
            faults: Vec::new(),
            fuel: count(value).saturating_mul(SCHEMAS_PER_VALUE),
            types,
        };
        checking.check(self.0.root, value);
        if checking.fuel == 0 {
            checking.faults = vec![InvalidValue::new(
                "value_error",
                "Value error, the input is too complex",
            )];
        }
        checking.faults
    }

    /// Returns a body without the members that the document does not name, at the places of
    /// constraints; `None` if there is none.
    pub(crate) fn without_unknown(&self, body: &[u8]) -> Option<String> {
        let body: &RawValue = serde_json::from_slice(body).ok()?;
        unknown::remove(&self.0, &[self.0.root], body.get())
    }
}

/// Returns the number of values in a value.
fn count(value: &Value) -> usize {
    match value {
        Value::Array(elements) => elements.iter().map(count).sum::<usize>().saturating_add(1),
        Value::Object(members) => members.values().map(count).sum::<usize>().saturating_add(1),
        _ => 1,
    }
}

struct Checking<'c> {
    compiled: &'c Compiled,
    steps: Vec<LocationStep>,
    faults: Vec<InvalidValue>,
    /// The number of schemas that may still be compared.
    fuel: usize,
    /// Whether a value of another type is an error.
    types: bool,
}

impl Checking<'_> {
    fn check(&mut self, number: usize, value: &Value) {
        self.fuel = self.fuel.saturating_sub(1);
        if self.fuel == 0 || self.faults.len() >= FAULTS {
            return;
        }
        let compiled = self.compiled;
        let Some(node) = compiled.nodes.get(number).filter(|node| node.leads_to_limits) else {
            return;
        };
        if self.types && !is_of_type(node, value) {
            return self.add_other_type();
        }
        if let Some(members) = value.as_object().filter(|_| self.types) {
            for name in node.required.iter().filter(|name| !members.contains_key(*name)) {
                let fault = InvalidValue::new("missing", "Field required");
                self.push(fault.inside(LocationStep::name(name)));
            }
        }
        for (kind, message) in node.limits.faults(value) {
            self.add(kind, message);
        }
        match value {
            Value::Array(elements) => self.check_elements(node, elements),
            Value::Object(members) => {
                for (name, value) in members {
                    if let Some(schema) = node.member(name) {
                        self.inside(LocationStep::name(name), schema, value);
                    }
                }
            }
            _ => {}
        }
        for part in &node.all_of {
            self.check(*part, value);
        }
        for alternatives in &node.any_of {
            self.check_alternatives(alternatives, value);
        }
    }

    fn check_elements(&mut self, node: &Node, elements: &[Value]) {
        for (index, value) in elements.iter().enumerate() {
            if let Some(schema) = node.element(index) {
                self.inside(LocationStep::Index(index), schema, value);
            }
        }
    }

    fn inside(&mut self, step: LocationStep, schema: usize, value: &Value) {
        self.steps.push(step);
        self.check(schema, value);
        self.steps.pop();
    }

    /// The first alternative that has the shape of the value decides, because serde reads it as
    /// that one.
    // SECURITY: a value that breaks a constraint of the alternative that the handler gets is
    // refused, even if another alternative allows it. Tested by `tests/it/alternatives.rs`,
    // `alternative_that_is_read_decides`.
    fn check_alternatives(&mut self, alternatives: &[usize], value: &Value) {
        let (compiled, fuel) = (self.compiled, &mut self.fuel);
        let mut alternatives = alternatives.iter();
        match alternatives.find(|alternative| has_shape(compiled, **alternative, value, fuel)) {
            Some(first) => self.check(*first, value),
            None if self.types => self.add_other_type(),
            None => {}
        }
    }

    fn add_other_type(&mut self) {
        let fault = InvalidValue::other_type();
        self.push(fault);
    }

    fn add(&mut self, kind: &'static str, message: String) {
        self.push(InvalidValue::new(kind, message));
    }

    fn push(&mut self, fault: InvalidValue) {
        let steps = self.steps.iter().rev().cloned();
        self.faults.push(steps.fold(fault, InvalidValue::inside));
    }
}
