//! Decides which alternative of a requirement the facts of a request satisfy.

use crate::{RequestFacts, Requirement, ResolvedOperation};

/// The result of [`ResolvedOperation::decide`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[must_use]
#[expect(clippy::exhaustive_enums, reason = "an answer is yes or no")]
pub enum Decision {
    /// The facts satisfy this alternative of the requirement, counted from 0.
    Allow {
        /// The index in [`Requirement::alternatives`].
        witness: usize,
    },
    /// No alternative is satisfied.
    Deny,
}

impl ResolvedOperation {
    /// Decides without a reason and without an allocation.
    #[inline]
    pub fn decide(&self, facts: &RequestFacts<'_>) -> Decision {
        witness(self.requirement(), facts).map_or(Decision::Deny, |witness| Decision::Allow { witness })
    }
}

/// The first alternative within the facts.
#[inline]
pub(crate) fn witness(requirement: &Requirement, facts: &RequestFacts<'_>) -> Option<usize> {
    requirement
        .alternatives()
        .iter()
        .position(|set| set.is_covered_by(&facts.token, &facts.request))
}
