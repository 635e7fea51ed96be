//! Resolves a rule: scopes and schemes become facts.

use scopegate_domain::{SchemeName, ScopeToken};

use crate::limits::{Limit, ResolutionBudget};
use crate::similar::nearest_name;
use crate::{Fact, FactId, FactTable, Needs, Operation, Requirement, Rule, TableError};

/// Resolves one rule over a fact table.
pub(crate) struct RuleResolver<'u> {
    fact_table: &'u FactTable,
    scheme: Option<SchemeName>,
    pub(crate) named: Vec<FactId>,
    pub(crate) budget: ResolutionBudget,
}

impl<'u> RuleResolver<'u> {
    pub(crate) const fn new(fact_table: &'u FactTable, budget: ResolutionBudget) -> Self {
        Self {
            fact_table,
            scheme: None,
            named: Vec::new(),
            budget,
        }
    }

    pub(crate) fn rule(&mut self, rule: &Rule) -> Result<Requirement, RuleError> {
        let each = |reading: &mut Self, rules: &[Rule]| -> Result<Vec<Requirement>, RuleError> {
            rules.iter().map(|rule| reading.rule(rule)).collect()
        };
        match rule {
            // SECURITY: an empty list requires authentication; tested by
            // `an_empty_rule_is_not_public`.
            Rule::All(rules) if rules.is_empty() => Ok(Requirement::fact(self.fact_table, FactId::AUTHENTICATED)),
            Rule::All(rules) => {
                let rules = each(self, rules)?;
                Requirement::all_within(rules, &mut self.budget).map_err(RuleError::TooLarge)
            }
            Rule::Any(rules) => {
                let rules = each(self, rules)?;
                Requirement::any(rules).map_err(RuleError::TooLarge)
            }
            Rule::Fact(Fact::Scheme(name)) => {
                let (_, id) = self.scheme(name.as_str())?;
                Ok(Requirement::fact(self.fact_table, id))
            }
            Rule::Fact(Fact::Scope { scheme, token }) => self.scope(token, Some(scheme.clone())),
            Rule::Fact(fact) => match self.fact_table.find(fact) {
                Some(id) => Ok(Requirement::fact(self.fact_table, id)),
                None => Err(RuleError::TooLarge(Limit::Facts)),
            },
            Rule::Deny => Ok(Requirement::deny()),
            Rule::Scope(token) => self.scope(token, self.scheme.clone()),
        }
    }

    /// Resolves the rule of a guard: with a credential of one of these schemes, if there are any.
    pub(crate) fn rule_of_schemes(
        &mut self,
        schemes: &[String],
        rule: Option<&Rule>,
    ) -> Result<Option<Requirement>, RuleError> {
        if schemes.is_empty() {
            return rule.map(|rule| self.rule(rule)).transpose();
        }
        let mut alternatives = Vec::with_capacity(schemes.len());
        for text in schemes {
            let (name, id) = self.scheme(text)?;
            self.scheme = Some(name);
            let mut conjuncts = vec![Requirement::fact(self.fact_table, id)];
            if let Some(rule) = rule {
                conjuncts.push(self.rule(rule)?);
            }
            alternatives.push(Requirement::all_within(conjuncts, &mut self.budget).map_err(RuleError::TooLarge)?);
        }
        Requirement::any(alternatives).map(Some).map_err(RuleError::TooLarge)
    }

    fn scheme(&mut self, text: &str) -> Result<(SchemeName, FactId), RuleError> {
        let name = SchemeName::parse(text).ok();
        let found = name.and_then(|name| Some((self.fact_table.find(&Fact::Scheme(name.clone()))?, name)));
        let Some((id, name)) = found else {
            return Err(self.undeclared_scheme(text));
        };
        self.named.push(id);
        Ok((name, id))
    }

    fn scope(&mut self, token: &ScopeToken, scheme: Option<SchemeName>) -> Result<Requirement, RuleError> {
        let scheme = scheme.map_or_else(|| self.only_scheme_with(token), Ok)?;
        let fact = Fact::Scope {
            scheme: scheme.clone(),
            token: token.clone(),
        };
        let id = self
            .fact_table
            .find(&fact)
            .ok_or_else(|| self.undeclared(Some(scheme), token))?;
        self.named.push(id);
        Ok(Requirement::fact(self.fact_table, id))
    }

    fn undeclared_scheme(&self, text: &str) -> RuleError {
        let schemes = self.fact_table.facts().iter().filter_map(Fact::scheme_name);
        RuleError::UndeclaredScheme(text.to_owned(), nearest_name(text, schemes.map(SchemeName::as_str)))
    }

    fn undeclared(&self, scheme: Option<SchemeName>, token: &ScopeToken) -> RuleError {
        if let Some(name) = &scheme
            && self.fact_table.find(&Fact::Scheme(name.clone())).is_none()
        {
            return self.undeclared_scheme(name.as_str());
        }
        let is_of = |other: &SchemeName| scheme.as_ref().is_none_or(|scheme| scheme == other);
        let known = self.fact_table.facts().iter().filter_map(|fact| match fact {
            Fact::Scope { scheme, token } if is_of(scheme) => Some(token.as_str()),
            _ => None,
        });
        let suggestion = nearest_name(token.as_str(), known);
        RuleError::UndeclaredScope(scheme, token.clone(), suggestion)
    }

    fn only_scheme_with(&self, token: &ScopeToken) -> Result<SchemeName, RuleError> {
        let schemes: Vec<&SchemeName> = self.fact_table.schemes_with(token.as_str()).collect();
        match *schemes {
            [] => Err(self.undeclared(None, token)),
            [name] => Ok(name.clone()),
            _ => Err(RuleError::Ambiguous(
                token.clone(),
                schemes.into_iter().cloned().collect(),
            )),
        }
    }
}

/// An error in a guard, before its operation is known.
pub(crate) enum RuleError {
    Ambiguous(ScopeToken, Vec<SchemeName>),
    /// What a rule declares that a check needs, and what its code needs.
    CheckNeeds {
        check: String,
        declared: Needs,
        needed: Needs,
    },
    TooLarge(Limit),
    UndeclaredScheme(String, Option<String>),
    UndeclaredScope(Option<SchemeName>, ScopeToken, Option<String>),
}

impl RuleError {
    pub(crate) fn in_operation(self, operation: &Operation) -> TableError {
        let operation = operation.label();
        match self {
            Self::Ambiguous(token, schemes) => TableError::AmbiguousScheme {
                operation,
                token,
                schemes,
            },
            Self::CheckNeeds {
                check,
                declared,
                needed,
            } => TableError::CheckNeeds {
                operation,
                check,
                declared,
                needed,
            },
            Self::TooLarge(limit) => TableError::TooLarge { operation, limit },
            Self::UndeclaredScheme(scheme, suggestion) => TableError::UndeclaredScheme {
                operation,
                scheme,
                suggestion,
            },
            Self::UndeclaredScope(scheme, token, suggestion) => TableError::UndeclaredScope {
                operation,
                scheme,
                token,
                suggestion,
            },
        }
    }
}
