//! What a policy means, said a second time and as simply as can be.
//!
//! A fact is a text, a requirement is a formula, and each question is answered by walking: no
//! normal form, no numbers, no bits. Nothing here knows the engine but [`bridge`], which carries
//! words over to it.

pub(crate) mod bridge;
pub(crate) mod words;

use std::collections::BTreeSet;

/// The facts that hold for a request.
pub(crate) type Facts = BTreeSet<String>;

/// Which fact provides which other with it, one step each.
#[derive(Clone, Debug, Default)]
pub(crate) struct Implications(pub(crate) Vec<(String, String)>);

impl Implications {
    /// The facts with all that they provide.
    pub(crate) fn close(&self, facts: &Facts) -> Facts {
        let mut closed = facts.clone();
        loop {
            let brought = self.0.iter().filter(|(strong, _)| closed.contains(strong));
            let more: Facts = brought
                .map(|(_, weak)| weak.clone())
                .filter(|weak| !closed.contains(weak))
                .collect();
            if more.is_empty() {
                return closed;
            }
            closed.extend(more);
        }
    }
}

/// A requirement, as it is spoken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Formula {
    /// All of them; of nothing, always.
    All(Vec<Formula>),
    /// One of them; of nothing, never.
    Any(Vec<Formula>),
    /// This fact.
    Fact(String),
}

impl Formula {
    /// Whether it holds where these facts and no others do.
    pub(crate) fn holds(&self, closed: &Facts) -> bool {
        match self {
            Self::All(formulas) => formulas.iter().all(|formula| formula.holds(closed)),
            Self::Any(formulas) => formulas.iter().any(|formula| formula.holds(closed)),
            Self::Fact(fact) => closed.contains(fact),
        }
    }
}
