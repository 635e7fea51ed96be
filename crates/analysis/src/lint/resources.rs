//! Findings about checks of resources.

use scopegate_policy::{Fact, FactSet, LintRule, OperationTable, RESOURCE_CHECK, ResolvedOperation};

use super::Finding;

/// Operations that do not check a resource that another operation on it checks.
pub(super) fn unchecked(table: &OperationTable) -> Vec<Finding> {
    let checked: Vec<(&ResolvedOperation, String)> = table
        .operations()
        .iter()
        .filter(|operation| operation.template().contains('{'))
        .filter_map(|operation| Some((operation, check_of(operation)?)))
        .collect();
    let finding = |operation: &ResolvedOperation| {
        let is_on_it = |other: &&(&ResolvedOperation, String)| is_on(operation.template(), other.0.template());
        let (other, check) = checked.iter().find(is_on_it)?;
        if check_of(operation).is_some() {
            return None;
        }
        let message = format!(
            "`{other}` checks the resource by `{check}`, and this operation on it does not; check the resource here, too",
        );
        Some(Finding::new(LintRule::UncheckedResource, message).at_operation(operation))
    };
    table.operations().iter().filter_map(finding).collect()
}

/// Returns the check of a resource that every alternative requires.
fn check_of(operation: &ResolvedOperation) -> Option<String> {
    let mut alternatives = operation.requirement().alternatives().iter();
    let first = alternatives.next()?;
    let common = alternatives.fold(first.clone(), |common: FactSet, other| common.intersection(other));
    let mut facts = operation.fact_table().facts_of(&common);
    facts.find_map(|fact| match fact {
        Fact::Check { name, .. } if name.starts_with(RESOURCE_CHECK) => Some(name.to_string()),
        _ => None,
    })
}

/// Returns whether a template is on the resource of another: the same one up to its last parameter.
fn is_on(template: &str, resource: &str) -> bool {
    let end = resource.rfind('}').map_or(resource.len(), |end| end + 1);
    let mut segments = template.split('/');
    let same = |segment: &str| {
        segments
            .next()
            .is_some_and(|other| other == segment || (other.starts_with('{') && segment.starts_with('{')))
    };
    resource.get(..end).unwrap_or(resource).split('/').all(same)
}

#[cfg(test)]
mod tests {
    use super::is_on;

    #[test]
    fn resource_is_the_path_up_to_the_last_parameter() {
        assert!(is_on("/notes/{id}", "/notes/{note}/tags"));
        assert!(is_on("/notes/{id}/tags", "/notes/{id}"));
        assert!(!is_on("/notes", "/notes/{id}"));
        assert!(!is_on("/teams/{id}", "/notes/{id}"));
        assert!(!is_on("/notes/new", "/notes/{id}"));
    }
}
