//! Lines of scopes and credentials.

use std::collections::BTreeSet;

use super::super::model::{Counts, Listed, Model, Scheme};

/// A line for a scope, or for a credential without scopes.
pub(super) enum Opener<'m> {
    /// A credential of the scheme, if it suffices for some operation or the scheme has no scopes.
    Credential(&'m Scheme),
    Scope(&'m Listed),
}

impl Opener<'_> {
    pub(super) const fn atom(&self) -> usize {
        match self {
            Self::Credential(scheme) => scheme.atom,
            Self::Scope(scope) => scope.atom,
        }
    }

    pub(super) const fn depth(&self) -> usize {
        match self {
            Self::Credential(_) => 0,
            Self::Scope(scope) => {
                if scope.depth < 8 {
                    scope.depth
                } else {
                    8
                }
            }
        }
    }

    pub(super) fn label<'m>(&self, model: &'m Model) -> &'m str {
        match self {
            Self::Credential(_) => "any credential of it",
            Self::Scope(scope) => model.label(scope.atom),
        }
    }

    /// Returns the name, if the label is shorter.
    pub(super) fn whole_name<'m>(&self, model: &'m Model) -> &'m str {
        match self {
            Self::Credential(_) => self.label(model),
            Self::Scope(scope) => model.name(scope.atom),
        }
    }

    /// Returns the text of its tooltip.
    pub(super) fn about(&self, model: &Model) -> String {
        let Some(fact) = model.atoms.get(self.atom()) else {
            return String::new();
        };
        let weaker: Vec<&str> = match self {
            Self::Credential(_) => Vec::new(),
            Self::Scope(_) => fact
                .implies
                .iter()
                .filter(|atom| model.scopes.contains(atom))
                .map(|atom| model.name(*atom))
                .collect(),
        };
        let implies = if weaker.is_empty() {
            String::new()
        } else {
            format!(" Implies {}.", weaker.join(", "))
        };
        let about = if fact.about.is_empty() {
            String::new()
        } else {
            format!(": {}", fact.about)
        };
        format!("{}{about}{implies}", fact.name)
    }
}

/// The lines of a scheme.
pub(super) fn openers<'m>(model: &Model, scheme: &'m Scheme) -> Vec<Opener<'m>> {
    let credential = model.is_required(scheme.atom) || scheme.scopes.is_empty();
    let credential = credential.then_some(Opener::Credential(scheme));
    credential
        .into_iter()
        .chain(scheme.scopes.iter().map(Opener::Scope))
        .collect()
}

/// Returns the operations with an alternative that contains an opener.
pub(super) fn opened<'m>(model: &'m Model, opener: &Opener<'_>) -> &'m BTreeSet<usize> {
    const NOTHING: &BTreeSet<usize> = &BTreeSet::new();
    model.atoms.get(opener.atom()).map_or(NOTHING, |fact| &fact.used_by)
}

pub(super) fn counts(model: &Model, opener: &Opener<'_>) -> Counts {
    model
        .atoms
        .get(opener.atom())
        .map(|fact| fact.counts)
        .unwrap_or_default()
}
