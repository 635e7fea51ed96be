//! Checks when a gate is built that the inputs read the parameters of the template.

use std::collections::BTreeSet;

use scopegate_gate::path;
use scopegate_policy::ResolvedOperation;

use crate::build_error::BuildError;
use crate::path_shape::PathShape;

/// Compares the parameters of the template with those that the inputs read. Each must be read, so
/// that none is documented without effect.
///
/// # Errors
///
/// [`BuildError::Path`] for a parameter that the template lacks, and [`BuildError::Parameters`] for
/// another number of parameters.
pub(crate) fn check<'p>(
    operation: &ResolvedOperation,
    shapes: &[&PathShape],
    own: impl Iterator<Item = &'p str>,
) -> Result<(), BuildError> {
    let template: Vec<&str> = path::parameter_names(operation.template()).collect();
    let mut read: BTreeSet<&str> = BTreeSet::new();
    let named = shapes.iter().flat_map(|shape| match shape {
        PathShape::Named(fields) => fields.as_slice(),
        PathShape::All | PathShape::InOrder(_) => &[],
    });
    for name in named.map(|(name, _)| *name).chain(own) {
        if !template.contains(&name) {
            return Err(BuildError::Path {
                operation: operation.to_string(),
                reason: format!("the handler reads parameter `{name}`, and the template has none of this name"),
            });
        }
        read.insert(name);
    }
    let parameters = |handler: usize| BuildError::Parameters {
        operation: operation.to_string(),
        template: template.len(),
        handler,
    };
    for shape in shapes.iter().filter(|shape| !matches!(shape, PathShape::Named(_))) {
        let count = shape.count(&template);
        if count != template.len() {
            return Err(parameters(count));
        }
        read.extend(&template);
    }
    if read.len() == template.iter().collect::<BTreeSet<_>>().len() {
        Ok(())
    } else {
        Err(parameters(read.len()))
    }
}
