//! Selects the alternative of a requirement that lacks the least.

use crate::requirement::minimise;
use crate::{Fact, FactSet, FactTable, Requirement};

/// The alternative that is nearest to being satisfied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NearestAlternative {
    pub(crate) alternative: usize,
    pub(crate) missing: FactSet,
}

impl NearestAlternative {
    /// Returns the index in [`Requirement::alternatives`].
    #[must_use]
    pub const fn alternative(&self) -> usize {
        self.alternative
    }

    /// Returns the facts that the alternative lacks.
    #[must_use]
    pub const fn missing(&self) -> &FactSet {
        &self.missing
    }
}

/// Selects among the alternatives that lack least: fewest facts that the client cannot obtain, then
/// fewest step-up facts, fewest missing generators, fewest missing facts, and the first by sorted
/// numbers. A contradictory alternative is selected only if all are contradictory.
pub(crate) fn nearest(
    requirement: &Requirement,
    fact_table: &FactTable,
    closed: &FactSet,
    obtainable: Option<&FactSet>,
) -> Option<NearestAlternative> {
    let step_up = |missing: &FactSet| {
        fact_table
            .facts_of(missing)
            .filter(|fact| matches!(fact, Fact::Acr(_) | Fact::AgeAtMost(_)))
            .count()
    };
    let key = |nearest: &NearestAlternative| {
        let missing = &nearest.missing;
        let unobtainable = obtainable.map_or(0, |obtainable| missing.difference(obtainable).len());
        let generators = fact_table.generators(missing).len();
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
    let (never, possible): (Vec<_>, Vec<_>) = sets.partition(|(_, set)| is_contradictory(fact_table, set));
    let candidates = if possible.is_empty() { never } else { possible };
    let candidates: Vec<NearestAlternative> = candidates
        .into_iter()
        .map(|(alternative, set)| NearestAlternative {
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

/// Whether no request satisfies the set: it requires more authentication contexts than there are
/// schemes, and each credential has one.
pub(crate) fn is_contradictory(fact_table: &FactTable, set: &FactSet) -> bool {
    let most = fact_table.scheme_names().count().max(1);
    let mut levels = fact_table.facts_of(set).filter(|fact| matches!(fact, Fact::Acr(_)));
    levels.nth(most).is_some()
}
