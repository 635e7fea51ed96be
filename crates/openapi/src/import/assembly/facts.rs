//! The facts that a document states and a table does not contain.

use scopegate_policy::{DocumentFacts, nearest_name};

use super::{SchemeIndex, ScopeIndex, TableAssembler};

impl TableAssembler {
    /// Returns the facts that the table does not contain.
    pub(super) fn facts(&self, facts: DocumentFacts) -> DocumentFacts {
        let mut facts = facts
            .security_origins(self.operations.iter().map(|entry| entry.origin))
            .documented_errors(self.operations.iter().map(|entry| entry.errors));
        facts = self.texts.add_to(facts);
        let entries = self.operations.iter().enumerate();
        for (number, _) in entries.filter(|(_, entry)| entry.has_credential) {
            facts = facts.credential_parameter(number);
        }
        let entries = self.operations.iter().enumerate();
        for (number, _) in entries.filter(|(_, entry)| entry.needs_no_permission) {
            facts = facts.no_permission(number);
        }
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
