//! What a document states and a table does not contain.

use std::collections::BTreeMap;
use std::sync::Arc;

use scopegate_domain::SchemeName;
use scopegate_policy::analysis::DocumentFacts;
use scopegate_policy::{Method, OperationTable, nearest_name};

use super::{Assembly, SchemeIndex, ScopeIndex};

impl Assembly {
    /// What the table does not contain.
    pub(super) fn facts(&self, facts: DocumentFacts) -> DocumentFacts {
        let mut facts = facts
            .security_origins(self.operations.iter().map(|entry| entry.origin))
            .asking_for_credentials(self.operations.iter().map(|entry| entry.asks_for_credential));
        let draft = |scheme: SchemeIndex| self.schemes.get(usize::from(scheme.0));
        for draft in self.named.iter().filter_map(|scheme| draft(*scheme)) {
            facts = facts.used_scheme(draft.name.as_str());
        }
        let mut undeclared: Vec<(SchemeIndex, ScopeIndex)> = self.undeclared.iter().copied().collect();
        undeclared.sort_unstable();
        for (scheme, scope) in undeclared {
            let Some(draft) = draft(scheme) else { continue };
            let Some((token, _)) = draft.scopes.get(usize::from(scope.0)) else {
                continue;
            };
            let declared = draft
                .index
                .iter()
                .filter(|(_, other)| !self.is_undeclared(scheme, **other));
            let suggestion = nearest_name(token.as_str(), declared.map(|(token, _)| token.as_str()));
            facts = facts.undeclared_scope(draft.name.clone(), token.clone(), suggestion);
        }
        facts
    }
}

/// Adds the undefined schemes, each with the operations that name it.
pub(super) fn with_undefined(
    facts: DocumentFacts,
    table: &OperationTable,
    undefined: &[Arc<[String]>],
    schemes: &[SchemeName],
) -> DocumentFacts {
    let mut operations: BTreeMap<&str, Vec<(Method, String)>> = BTreeMap::new();
    for (operation, names) in table.operations().iter().zip(undefined) {
        for name in &**names {
            let place = (operation.method(), operation.template().to_owned());
            operations.entry(name).or_default().push(place);
        }
    }
    operations.into_iter().fold(facts, |facts, (name, operations)| {
        let suggestion = nearest_name(name, schemes.iter().map(SchemeName::as_str));
        facts.undefined_scheme(name, suggestion, operations)
    })
}
