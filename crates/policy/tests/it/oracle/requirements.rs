//! Truth tables and random words for the laws of requirements, and the fact table that the engine
//! makes of words.

use std::collections::BTreeSet;

use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use scopegate_policy::{FactSet, FactTable, FactTableBuilder, Limit, Requirement};

use crate::oracle::bridge::{Names, catalog, fact_named};
use crate::oracle::words::Words;
use crate::oracle::{Facts, Formula};
use crate::random_words::scheme;

impl Formula {
    /// Its truth table: the lines on which it holds, out of these.
    pub(crate) fn table<'a>(&self, lines: &'a [Facts]) -> Vec<&'a Facts> {
        lines.iter().filter(|line| self.holds(line)).collect()
    }

    /// A formula with this truth table, however it came about.
    pub(crate) fn from_table(lines: &[&Facts]) -> Self {
        let line = |facts: &Facts| Self::All(facts.iter().cloned().map(Self::Fact).collect());
        Self::Any(lines.iter().map(|facts| line(facts)).collect())
    }
}

impl Words {
    /// Every closed set of facts: the lines of a truth table.
    pub(crate) fn closed_sets(&self) -> Vec<Facts> {
        let implications = self.implications();
        let closed: BTreeSet<Facts> = subsets(&self.facts())
            .iter()
            .map(|set| implications.close(set))
            .collect();
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

/// One scheme and few words, so that a truth table is short and two random formulas are often
/// equal.
pub(crate) fn few_words() -> impl Strategy<Value = Words> {
    let guards = select(vec![
        vec![],
        vec!["user", "active"],
        vec!["check:signature", "user", "active"],
    ]);
    (scheme(4), guards).prop_map(|(scheme, guards)| Words {
        schemes: vec![scheme],
        guards: guards.into_iter().map(str::to_owned).collect(),
    })
}

/// Some of these facts, as a request provides them: not closed.
pub(crate) fn some_of(facts: Vec<String>) -> impl Strategy<Value = Facts> {
    let count = facts.len();
    subsequence(facts, 0..=count).prop_map(|facts| facts.into_iter().collect())
}

/// A fact table of the engine with all words.
#[derive(Debug)]
pub(crate) struct Bridge {
    pub(crate) fact_table: FactTable,
    pub(crate) names: Names,
}

impl Bridge {
    /// Builds the fact table of these words.
    pub(crate) fn new(words: &Words) -> Self {
        let catalog = catalog(words);
        let atoms = words.facts().into_iter().map(|fact| fact_named(words, &fact));
        let fact_table = atoms.fold(FactTable::builder(&catalog), FactTableBuilder::fact).build();
        let fact_table = fact_table.expect("these words make a fact table");
        let names = Names::new(words, &fact_table);
        Self { fact_table, names }
    }

    /// The facts with all that they imply, as the engine sees it.
    pub(crate) fn world(&self, facts: &Facts) -> FactSet {
        self.fact_table.close(&self.names.set(facts))
    }

    /// The formula in normal form.
    pub(crate) fn requirement(&self, formula: &Formula) -> Result<Requirement, Limit> {
        let list = |formulas: &[Formula]| {
            let each = formulas.iter().map(|formula| self.requirement(formula));
            each.collect::<Result<Vec<_>, _>>()
        };
        match formula {
            Formula::All(formulas) => Requirement::all(list(formulas)?),
            Formula::Any(formulas) => Requirement::any(list(formulas)?),
            Formula::Fact(fact) => Ok(Requirement::fact(
                &self.fact_table,
                self.names.number(fact).expect("a word"),
            )),
        }
    }
}
