//! The alternatives that satisfy an operation, as text.

use scopegate_domain::{SchemeName, ScopeToken};

use crate::{Fact, FactId, FactSet, FactTable};

/// An alternative that satisfies an operation, as text.
///
/// Implied scopes and guards are omitted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alternative {
    schemes: Vec<(SchemeName, Vec<ScopeToken>)>,
    scope: Vec<ScopeToken>,
    guards: Vec<Fact>,
}

impl Alternative {
    /// Returns the schemes that are needed together, each with its scopes: dependants first, each
    /// scope at its first position.
    #[must_use]
    pub fn schemes(&self) -> &[(SchemeName, Vec<ScopeToken>)] {
        &self.schemes
    }

    /// The scopes of all schemes in that order.
    #[must_use]
    pub fn scope(&self) -> &[ScopeToken] {
        &self.scope
    }

    /// Returns the needs other than schemes and scopes; authentication alone is not named.
    #[must_use]
    pub fn guards(&self) -> &[Fact] {
        &self.guards
    }

    /// Converts a closed set to text; `generators` are its maximal members.
    pub(crate) fn new(fact_table: &FactTable, closed: &FactSet, generators: &FactSet, named: &[FactId]) -> Self {
        let mut schemes: Vec<(SchemeName, Vec<ScopeToken>)> = Vec::new();
        let mut scope = Vec::new();
        for id in named.iter().filter(|id| closed.contains(**id)) {
            let (name, token) = match fact_table.fact(*id) {
                Some(Fact::Scheme(name)) => (name, None),
                Some(Fact::Scope { scheme, token }) => (scheme, Some(token).filter(|_| generators.contains(*id))),
                _ => continue,
            };
            let index = schemes
                .iter()
                .position(|(known, _)| known == name)
                .unwrap_or(schemes.len());
            if index == schemes.len() {
                schemes.push((name.clone(), Vec::new()));
            }
            if let (Some(token), Some((_, tokens))) = (token, schemes.get_mut(index)) {
                push_new(tokens, token);
                push_new(&mut scope, token);
            }
        }
        let is_guard = |fact: &&Fact| !matches!(fact, Fact::Authenticated | Fact::Scheme(_) | Fact::Scope { .. });
        let guards = fact_table.facts_of(generators).filter(is_guard).cloned().collect();
        Self { schemes, scope, guards }
    }

    pub(crate) fn into_schemes(self) -> Vec<(SchemeName, Vec<ScopeToken>)> {
        self.schemes
    }

    /// Returns the same alternative with this scheme.
    pub(crate) fn with_scheme(&self, name: &SchemeName) -> Self {
        Self {
            schemes: vec![(name.clone(), Vec::new())],
            ..self.clone()
        }
    }
}

fn push_new(tokens: &mut Vec<ScopeToken>, token: &ScopeToken) {
    if !tokens.contains(token) {
        tokens.push(token.clone());
    }
}
