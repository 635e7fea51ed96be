//! Words and formulas under other names.

use crate::oracle::Formula;
use crate::oracle::words::{Scheme, Words};

impl Formula {
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

impl Words {
    /// The same with each scheme and scope under another name.
    pub(crate) fn renamed(&self, rename: &impl Fn(&str) -> String) -> Self {
        let scheme = |scheme: &Scheme| Scheme {
            name: rename(&scheme.name),
            scopes: scheme.scopes.iter().map(|scope| rename(scope)).collect(),
            edges: scheme.edges.clone(),
            server: scheme.server,
            has_subject: scheme.has_subject,
        };
        Self {
            schemes: self.schemes.iter().map(scheme).collect(),
            guards: self.guards.clone(),
        }
    }

    /// The name that a fact has there.
    pub(crate) fn fact_in(&self, renamed: &Self, fact: &str) -> String {
        let place = self.facts().iter().position(|known| known == fact).expect("a word");
        renamed.facts()[place].clone()
    }
}

/// A longer name that sorts the other way round.
pub(crate) fn backwards(name: &str) -> String {
    format!("{}.{name}", 10_000 - name.bytes().map(u32::from).sum::<u32>())
}
