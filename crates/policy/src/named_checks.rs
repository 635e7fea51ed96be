//! The code of checks that rules name.

use std::sync::Arc;

use crate::rule_resolver::RuleError;
use crate::{Check, Fact, FactId, FactTable, Needs, Reason, Rule};

/// A fact with the code that decides it.
type FactCode = (FactId, Arc<dyn Check>);

/// The code of checks by name, and whether a rule names it.
pub(crate) struct NamedChecks(Vec<(Arc<dyn Check>, bool)>);

impl NamedChecks {
    pub(crate) fn new(checks: Vec<Arc<dyn Check>>) -> Self {
        Self(checks.into_iter().map(|check| (check, false)).collect())
    }

    /// Returns the code of each check that the rule names, with its fact. A check without code is
    /// left out.
    ///
    /// # Errors
    ///
    /// [`RuleError::CheckNeeds`], because otherwise the code would run for other requests than the
    /// rule states.
    pub(crate) fn of(&mut self, rule: &Rule, fact_table: &FactTable) -> Result<Vec<FactCode>, RuleError> {
        let mut found: Vec<FactCode> = Vec::new();
        if self.0.is_empty() {
            return Ok(found);
        }
        for fact in rule.facts() {
            let (Fact::Check { name, needs }, Some(id)) = (fact, fact_table.find(fact)) else {
                continue;
            };
            if found.iter().any(|(known, _)| *known == id) {
                continue;
            }
            for (check, is_used) in &mut self.0 {
                if check.name() == &**name && check.reason() == Reason::Check {
                    refuse_other_needs(&**check, *needs)?;
                    *is_used = true;
                    found.push((id, Arc::clone(check)));
                }
            }
        }
        Ok(found)
    }

    /// Returns the name of the first check that no rule names.
    pub(crate) fn unused(&self) -> Option<&str> {
        let mut unused = self.0.iter().filter(|(_, is_used)| !is_used);
        unused.next().map(|(check, _)| check.name())
    }
}

fn refuse_other_needs(check: &dyn Check, declared: Needs) -> Result<(), RuleError> {
    let needed = check.needs();
    if needed == declared {
        return Ok(());
    }
    Err(RuleError::CheckNeeds {
        check: check.name().to_owned(),
        declared,
        needed,
    })
}
