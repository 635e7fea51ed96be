//! The alternative of a requirement that lacks the least.

use crate::requirement::minimise;
use crate::{Atom, AtomSet, Requirement, Universe};

/// The alternative that is nearest to being satisfied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Nearest {
    pub(crate) alternative: usize,
    pub(crate) missing: AtomSet,
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

/// Chooses among the alternatives that lack least: fewest atoms that the client cannot obtain, then
/// fewest step-up atoms, fewest missing generators, fewest missing atoms, and the first by sorted
/// numbers. One that contradicts itself is chosen only where all do.
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

/// Whether no request satisfies the set: it names more authentication contexts than there are
/// schemes, and each credential says one.
pub(crate) fn is_contradictory(universe: &Universe, set: &AtomSet) -> bool {
    let most = universe.scheme_names().count().max(1);
    let mut levels = universe.atoms_of(set).filter(|atom| matches!(atom, Atom::Acr(_)));
    levels.nth(most).is_some()
}
