//! What a policy means, said a second time and as simply as can be.
//!
//! A fact is a text, a requirement is a formula, and each question is answered by walking: no normal form, no numbers,
//! no bits. Nothing in this file knows the engine; [`bridge`] alone carries words over to it.

pub(crate) mod bridge;
pub(crate) mod words;

use std::collections::BTreeSet;

/// The facts that hold for a request.
pub(crate) type Facts = BTreeSet<String>;

/// Which fact brings which other with it, one step each.
#[derive(Clone, Debug, Default)]
pub(crate) struct Implications(pub(crate) Vec<(String, String)>);

impl Implications {
    /// The facts with all that they bring.
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

    /// Every closed set of these facts: the lines of a truth table.
    pub(crate) fn closed_sets(&self, facts: &[String]) -> Vec<Facts> {
        let closed: BTreeSet<Facts> = subsets(facts).iter().map(|subset| self.close(subset)).collect();
        closed.into_iter().collect()
    }
}

fn subsets(facts: &[String]) -> Vec<Facts> {
    let Some((first, rest)) = facts.split_first() else {
        return vec![Facts::new()];
    };
    let without = subsets(rest);
    let with = without
        .iter()
        .map(|subset| subset.iter().chain([first]).cloned().collect());
    without.iter().cloned().chain(with).collect()
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

    /// Its truth table: the lines on which it holds, out of these.
    pub(crate) fn table<'a>(&self, lines: &'a [Facts]) -> Vec<&'a Facts> {
        lines.iter().filter(|line| self.holds(line)).collect()
    }

    /// A formula with this truth table, however it came about.
    pub(crate) fn from_table(lines: &[&Facts]) -> Self {
        let line = |facts: &Facts| Self::All(facts.iter().cloned().map(Self::Fact).collect());
        Self::Any(lines.iter().map(|facts| line(facts)).collect())
    }

    /// The same with each fact under another name.
    pub(crate) fn renamed(&self, rename: &impl Fn(&str) -> String) -> Self {
        let list = |formulas: &[Self]| formulas.iter().map(|formula| formula.renamed(rename)).collect();
        match self {
            Self::All(formulas) => Self::All(list(formulas)),
            Self::Any(formulas) => Self::Any(list(formulas)),
            Self::Fact(fact) => Self::Fact(rename(fact)),
        }
    }
}
