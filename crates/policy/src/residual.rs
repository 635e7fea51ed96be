//! The requirements that a refused request does not meet.

use scopegate_domain::{SchemeName, ScopeToken};

use crate::{Atom, AtomSet, Nearest, ResolvedOperation};

/// Everything that a refused request lacks. Explanations and challenges are made from it.
#[derive(Clone, Debug)]
pub struct Shortfall {
    operation: ResolvedOperation,
    residual: Vec<AtomSet>,
    chosen: Option<usize>,
    missing: AtomSet,
}

impl Shortfall {
    pub(crate) fn new(operation: &ResolvedOperation, closed: &AtomSet) -> Self {
        let residual = operation.requirement().residual(closed);
        let (chosen, missing) = match operation.nearest(closed, None) {
            Some(Nearest { alternative, missing }) => (Some(alternative), missing),
            None => (None, AtomSet::EMPTY),
        };
        Self {
            operation: operation.clone(),
            residual,
            chosen,
            missing,
        }
    }

    /// The operation that was refused.
    #[must_use]
    pub const fn operation(&self) -> &ResolvedOperation {
        &self.operation
    }

    /// All the smallest sets that would have to be added, as atoms, closed under implication.
    #[must_use]
    pub fn residual(&self) -> &[AtomSet] {
        &self.residual
    }

    /// The same in the fewest words, one list for each remedy.
    #[must_use]
    pub fn ways_out(&self) -> Vec<Vec<&Atom>> {
        self.residual.iter().map(|set| self.words(set)).collect()
    }

    /// The index of the nearest alternative, from 0. `None` if no atoms would help.
    #[must_use]
    pub const fn chosen(&self) -> Option<usize> {
        self.chosen
    }

    /// What the chosen alternative lacks, in the fewest words.
    #[must_use]
    pub fn missing(&self) -> Vec<&Atom> {
        self.words(&self.missing)
    }

    /// The scope of the whole chosen alternative, what the request has of it included
    /// ([RFC 6750, section 3](https://www.rfc-editor.org/rfc/rfc6750#section-3)): dependants first,
    /// each scope once.
    #[must_use]
    pub fn scope(&self) -> &[ScopeToken] {
        self.operation.scope_of(self.chosen)
    }

    /// The part of [`Shortfall::scope`] that belongs to one scheme.
    #[must_use]
    pub fn scope_of(&self, scheme: &SchemeName) -> &[ScopeToken] {
        let schemes = self
            .operation
            .alternative(self.chosen)
            .map_or(&[][..], |alternative| alternative.schemes());
        schemes
            .iter()
            .find(|(name, _)| name == scheme)
            .map_or(&[], |(_, scope)| scope)
    }

    pub(crate) const fn missing_atoms(&self) -> &AtomSet {
        &self.missing
    }

    fn words(&self, set: &AtomSet) -> Vec<&Atom> {
        let universe = self.operation.universe();
        universe
            .generators(set)
            .iter()
            .filter_map(|id| universe.atom(id))
            .collect()
    }
}
