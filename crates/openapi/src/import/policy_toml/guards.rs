//! Guards with and without a name.

use std::collections::HashMap;

use scopegate_policy::{Guard, MAX_ALTERNATIVES, MAX_DEPTH, Rule};

use super::super::error::ImportError;
use super::super::expression;
use super::super::limits::{ImportLimit, MAX_WORK};
use super::super::shown::QuotedValue;
use super::super::table::{Table, Value};
use crate::guard_words::ChecksNeed;

/// The guards `[guards.NAME]`. Each is made when it is first required.
pub(super) struct Guards<'v, 't> {
    written: HashMap<&'v str, Value<'v, 't>>,
    made: HashMap<&'v str, Guard>,
    /// The guards by their rule, so that equal requirements share one guard.
    rules: HashMap<&'v str, Guard>,
    checks: ChecksNeed,
    work: usize,
}

impl<'v, 't> Guards<'v, 't> {
    pub(super) fn read(root: &mut Table<'v, 't>, checks: ChecksNeed) -> Result<Self, ImportError> {
        let mut written = HashMap::new();
        if let Some(value) = root.take("guards") {
            written.extend(value.table()?.all().map(|(name, _, value)| (name, value)));
        }
        Ok(Self {
            written,
            made: HashMap::new(),
            rules: HashMap::new(),
            checks,
            work: 0,
        })
    }

    /// Returns the guards of a group or an operation: `behind` (names of guards) and `requires`.
    pub(super) fn of(&mut self, table: &mut Table<'v, 't>) -> Result<Vec<Guard>, ImportError> {
        let mut guards = Vec::new();
        if let Some(value) = table.take("requires") {
            guards.push(self.rule(value)?);
        }
        if let Some(value) = table.take("behind") {
            for item in value.items()? {
                guards.push(self.named(item, 0)?);
            }
        }
        Ok(guards)
    }

    /// Checks the guards that no operation requires, too.
    pub(super) fn refuse_wrong_ones(&mut self) -> Result<(), ImportError> {
        let mut names: Vec<(usize, &'v str)> = self.written.iter().map(|(name, at)| (at.start(), *name)).collect();
        names.sort_unstable();
        names.into_iter().try_for_each(|(_, name)| self.make(name, 0).map(drop))
    }

    fn named(&mut self, item: Value<'v, 't>, depth: usize) -> Result<Guard, ImportError> {
        let name = item.text()?;
        if depth > MAX_DEPTH {
            return Err(item.fault("guards depend on each other in a circle, or in too long a chain"));
        }
        match self.make(name, depth)? {
            Some(guard) => Ok(guard),
            None => Err(item.fault(self.unknown(name))),
        }
    }

    fn unknown(&self, name: &str) -> String {
        let near = |known: &&str| strsim::jaro_winkler(known, name);
        let nearest = self
            .written
            .keys()
            .max_by(|a, b| near(a).total_cmp(&near(b)).then_with(|| b.cmp(a)));
        match nearest {
            Some(nearest) => format!(
                "no guard is named `{}`; `{}` is one",
                QuotedValue(name),
                QuotedValue(nearest)
            ),
            None => format!("no guard is named `{}`", QuotedValue(name)),
        }
    }

    fn make(&mut self, name: &'v str, depth: usize) -> Result<Option<Guard>, ImportError> {
        if let Some(guard) = self.made.get(name) {
            return Ok(Some(guard.clone()));
        }
        let Some(value) = self.written.get(name).copied() else {
            return Ok(None);
        };
        let mut table = value.table()?;
        let mut guard = match table.take("requires") {
            Some(value) => Guard::rule(self.parse(value)?),
            None => Guard::all_of([]),
        };
        if let Some(scheme) = table.text("scheme")? {
            guard = guard.with_scheme(scheme);
        }
        if let Some(on) = table.take("on") {
            for item in on.items()? {
                guard = guard.depends_on(&self.named(item, depth + 1)?);
            }
        }
        table.finish()?;
        let guard = guard.named(name);
        self.made.insert(name, guard.clone());
        Ok(Some(guard))
    }

    fn rule(&mut self, value: Value<'v, 't>) -> Result<Guard, ImportError> {
        let text = value.text()?;
        if let Some(guard) = self.rules.get(text) {
            return Ok(guard.clone());
        }
        let guard = Guard::rule(self.parse(value)?);
        self.rules.insert(text, guard.clone());
        Ok(guard)
    }

    fn parse(&mut self, value: Value<'v, 't>) -> Result<Rule, ImportError> {
        let text = value.text()?;
        let rule = expression::parse(text, &self.checks)
            .map_err(|fault| value.fault(format!("{} (at byte {} of the text)", fault.message, fault.byte)))?;
        let ways = ways(&rule).min(16 * MAX_ALTERNATIVES);
        self.work = self.work.saturating_add(ways * ways);
        if self.work > MAX_WORK {
            return Err(ImportError::TooLarge(ImportLimit::Ways));
        }
        Ok(rule)
    }
}

/// Returns the most alternatives that a rule can have after multiplication.
fn ways(rule: &Rule) -> usize {
    match rule {
        Rule::All(rules) => rules.iter().map(ways).fold(1, usize::saturating_mul),
        Rule::Any(rules) => rules.iter().map(ways).fold(0, usize::saturating_add),
        Rule::Fact(_) | Rule::Deny | Rule::Scope(_) => 1,
    }
}
