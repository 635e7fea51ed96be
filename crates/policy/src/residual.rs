//! What is missing, and which way out is the nearest.

use scopegate_domain::{SchemeName, ScopeToken};

use crate::requirement::minimise;
use crate::{Atom, AtomSet, Requirement, ResolvedOperation, Universe};

/// The alternative that is nearest to being satisfied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Nearest {
    alternative: usize,
    missing: AtomSet,
}

impl Nearest {
    /// Which of [`Requirement::alternatives`], counted from 0.
    #[must_use]
    pub const fn alternative(&self) -> usize {
        self.alternative
    }

    /// The atoms that it lacks.
    #[must_use]
    pub const fn missing(&self) -> &AtomSet {
        &self.missing
    }
}

/// Chooses among the alternatives that lack least: fewest atoms that the client cannot obtain, then fewest step-up atoms,
/// fewest missing generators, fewest missing atoms, and the first by sorted numbers. One that contradicts itself is chosen
/// only where all do.
pub(crate) fn nearest(
    requirement: &Requirement,
    universe: &Universe,
    closed: &AtomSet,
    obtainable: Option<&AtomSet>,
) -> Option<Nearest> {
    let step_up = |missing: &AtomSet| {
        universe
            .atoms_of(missing)
            .filter(|atom| matches!(atom, Atom::Acr(_) | Atom::AgeAtMost(_)))
            .count()
    };
    let key = |nearest: &Nearest| {
        let missing = &nearest.missing;
        let unobtainable = obtainable.map_or(0, |obtainable| missing.difference(obtainable).len());
        let generators = universe.generators(missing).len();
        let ids: Vec<_> = missing.iter().collect();
        (
            unobtainable,
            step_up(missing),
            generators,
            missing.len(),
            ids,
            nearest.alternative,
        )
    };
    let sets = requirement.alternatives().iter().enumerate();
    let (never, possible): (Vec<_>, Vec<_>) = sets.partition(|(_, set)| is_contradictory(universe, set));
    let candidates = if possible.is_empty() { never } else { possible };
    let candidates: Vec<Nearest> = candidates
        .into_iter()
        .map(|(alternative, set)| Nearest {
            alternative,
            missing: set.difference(closed),
        })
        .collect();
    let mut residual = candidates.iter().map(|candidate| candidate.missing.clone()).collect();
    minimise(&mut residual);
    candidates
        .into_iter()
        .filter(|candidate| residual.contains(&candidate.missing))
        .min_by_key(key)
}

/// Whether no request satisfies the set: it names more authentication contexts than there are schemes, and each credential
/// says one.
pub(crate) fn is_contradictory(universe: &Universe, set: &AtomSet) -> bool {
    let most = universe.scheme_names().count().max(1);
    let mut levels = universe.atoms_of(set).filter(|atom| matches!(atom, Atom::Acr(_)));
    levels.nth(most).is_some()
}

/// Everything that a refused request lacks: the part of a denial that explanations and challenges are made of.
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

    /// The same in the fewest words, one list for each way out.
    #[must_use]
    pub fn ways_out(&self) -> Vec<Vec<&Atom>> {
        self.residual.iter().map(|set| self.words(set)).collect()
    }

    /// The alternative that is nearest, counted from 0; none where nothing would help.
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
    /// ([RFC 6750, section 3](https://www.rfc-editor.org/rfc/rfc6750#section-3)): dependants first, each scope once.
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
