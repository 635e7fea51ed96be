//! Guards of a policy that is collected, each made once.

use std::sync::Arc;

use scopegate_policy::{Fact, Guard, MAX_ALTERNATIVES, Rule};

use super::super::error::ImportError;
use super::super::limits::{ImportLimit, MAX_WAYS, MAX_WORK};
use super::{Conjunction, Demand, Guarded, SchemeIndex, TableAssembler, Term};

impl TableAssembler {
    /// The guard of a demand.
    pub(in super::super) fn guarded(&mut self, demand: Demand) -> Result<Guarded, ImportError> {
        let mut undefined = std::mem::take(&mut self.undefined);
        undefined.sort_unstable();
        undefined.dedup();
        let Demand::Ways { ways, is_optional } = demand else {
            return Ok(Guarded {
                guard: Guard::public(),
                schemes: Arc::default(),
                is_optional: false,
                undefined: undefined.into(),
            });
        };
        let mut schemes: Vec<SchemeIndex> = ways.iter().flatten().filter_map(Term::scheme).collect();
        schemes.sort_unstable();
        schemes.dedup();
        Ok(Guarded {
            guard: self.guard(ways)?,
            schemes: schemes.into(),
            is_optional,
            undefined: undefined.into(),
        })
    }

    /// The guard of alternatives; the same one for the same alternatives.
    fn guard(&mut self, ways: Vec<Conjunction>) -> Result<Guard, ImportError> {
        if let Some(guard) = self.guards.get(&ways) {
            return Ok(guard.clone());
        }
        self.count_work(&ways)?;
        let all = |way: &Conjunction| Rule::All(way.iter().filter_map(|term| self.rule(term)).collect());
        let guard = Guard::rule(match &*ways {
            [] => Rule::Deny,
            [only] => all(only),
            _ => Rule::Any(ways.iter().map(all).collect()),
        });
        self.guards.insert(ways, guard.clone());
        Ok(guard)
    }

    /// Counts the comparison of alternatives with each other: the work grows with the square of
    /// their number.
    fn count_work(&mut self, ways: &[Conjunction]) -> Result<(), ImportError> {
        self.ways += ways.len() + ways.iter().map(Vec::len).sum::<usize>() / 8;
        let compared = ways.len().min(4 * MAX_ALTERNATIVES);
        self.work = self.work.saturating_add(compared * compared * (self.facts / 64 + 1));
        if self.ways > MAX_WAYS || self.work > MAX_WORK || ways.len() > 16 * MAX_ALTERNATIVES {
            return Err(ImportError::TooLarge(ImportLimit::Ways));
        }
        Ok(())
    }

    fn rule(&self, term: &Term) -> Option<Rule> {
        Some(Rule::Fact(match term {
            Term::Fact(fact) => fact.clone(),
            Term::Scheme(scheme) => Fact::Scheme(self.schemes.get(usize::from(scheme.0))?.name.clone()),
            Term::Scope(scheme, scope) => {
                let draft = self.schemes.get(usize::from(scheme.0))?;
                Fact::Scope {
                    scheme: draft.name.clone(),
                    token: draft.scopes.get(usize::from(scope.0))?.0.clone(),
                }
            }
        }))
    }
}
