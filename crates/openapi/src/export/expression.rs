//! The requirement of an operation as an expression.

use scopegate_policy::{Alternative, Fact, FactSet, ResolvedOperation};

use super::words::Words;

impl Words<'_> {
    /// Writes the requirement as an expression.
    ///
    /// Alternatives are sorted. In each, scopes are grouped by scheme, in the order in which a
    /// challenge names them. Scopes of an earlier alternative keep the order of that alternative,
    /// because the reader keeps the first order. Guards come last.
    pub(super) fn expression(&self, operation: &ResolvedOperation) -> String {
        let requirement = operation.requirement().alternatives().iter();
        let mut ways: Vec<(Vec<String>, Vec<Placed>)> = requirement
            .zip(operation.alternatives())
            .map(|(set, alternative)| self.placed(set, alternative))
            .collect();
        ways.sort();
        if ways.is_empty() {
            return "deny".to_owned();
        }
        let mut named: Vec<String> = Vec::new();
        let several = ways.len() > 1;
        let written = ways.into_iter().map(|(_, mut way)| {
            way.sort_by_cached_key(|placed| {
                let known = named.iter().position(|known| *known == placed.word);
                (placed.scheme, known.unwrap_or(usize::MAX), placed.clone())
            });
            let words: Vec<String> = way.into_iter().map(|placed| placed.word).collect();
            let joined = words.join(" and ");
            let is_list = several && words.len() > 1;
            let new: Vec<String> = words.into_iter().filter(|word| !named.contains(word)).collect();
            named.extend(new);
            if is_list { format!("({joined})") } else { joined }
        });
        written.collect::<Vec<_>>().join(" or ")
    }

    /// Returns the maximal facts of an alternative with their positions, and the key by which
    /// alternatives are sorted.
    fn placed(&self, set: &FactSet, alternative: &Alternative) -> (Vec<String>, Vec<Placed>) {
        let fact_table = self.table.fact_table();
        let maximal = fact_table.generators(set);
        let mut key: Vec<String> = fact_table
            .facts_of(&maximal)
            .map(|fact| self.word(fact, true))
            .collect();
        key.sort();
        let placed = |fact: &Fact| {
            let (scheme, position) = self.place(fact, alternative).unwrap_or((usize::MAX, 0));
            let word = self.word(fact, false);
            Placed { scheme, position, word }
        };
        (key, fact_table.facts_of(&maximal).map(placed).collect())
    }

    /// Returns the scheme of a scope, and the position of the scope in its scheme.
    fn place(&self, fact: &Fact, alternative: &Alternative) -> Option<(usize, usize)> {
        let Fact::Scope { scheme, token } = fact else {
            return None;
        };
        let mut declared = self.table.catalog().schemes().iter();
        let mut asked = alternative.schemes().iter();
        let (_, scopes) = asked.find(|(name, _)| name == scheme)?;
        Some((
            declared.position(|declared| declared.name() == scheme)?,
            scopes.iter().position(|scope| scope == token)?,
        ))
    }
}

/// A word with its position in an alternative.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Placed {
    scheme: usize,
    position: usize,
    word: String,
}
