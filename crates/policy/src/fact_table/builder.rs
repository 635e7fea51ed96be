//! Calculates once for a table what each fact implies.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use scopegate_domain::{Catalog, DeclaredScheme, Lifetime, SchemeName, ScopeToken};

use super::scope_text::ScopeText;
use super::{FactTable, SchemeFacts};
use crate::limits::{Limit, MAX_FACTS};
use crate::{Binding, Fact, FactId, FactSet, Needs, SubjectKind};

impl FactTable {
    /// Creates a builder with the declarations of the catalog.
    #[must_use]
    pub fn builder(catalog: &Catalog) -> FactTableBuilder<'_> {
        FactTableBuilder::new(catalog)
    }
}

/// Builds a fact table. [`FactTableBuilder::build`] reports errors.
#[derive(Debug)]
pub struct FactTableBuilder<'a> {
    catalog: &'a Catalog,
    declared: usize,
    guards: Vec<Fact>,
    known: HashSet<Fact>,
    checks: HashSet<Arc<str>>,
    fault: Option<FactTableError>,
}

impl<'a> FactTableBuilder<'a> {
    fn new(catalog: &'a Catalog) -> Self {
        let guards = vec![Fact::Authenticated, Fact::User, Fact::Active];
        Self {
            catalog,
            declared: catalog.schemes().iter().map(|scheme| scheme.scopes().len() + 1).sum(),
            known: guards.iter().cloned().collect(),
            guards,
            checks: HashSet::new(),
            fault: None,
        }
    }

    /// Adds a guard fact. Schemes and scopes come from the catalog; adding one here has no effect.
    #[must_use]
    pub fn fact(mut self, fact: Fact) -> Self {
        self.add(fact);
        self
    }

    pub(crate) fn add(&mut self, fact: Fact) {
        if matches!(fact, Fact::Scheme(_) | Fact::Scope { .. }) || self.known.contains(&fact) {
            return;
        }
        if self.guards.len() + self.declared >= MAX_FACTS {
            self.fault.get_or_insert(FactTableError::TooLarge(Limit::Facts));
            return;
        }
        if let Fact::Check { name, .. } = &fact
            && !self.checks.insert(Arc::clone(name))
        {
            self.fault
                .get_or_insert(FactTableError::CheckTwice { name: Arc::clone(name) });
            return;
        }
        self.known.insert(fact.clone());
        self.guards.push(fact);
    }

    pub(crate) const fn fault(&self) -> Option<&FactTableError> {
        self.fault.as_ref()
    }

    /// Numbers the facts and calculates the implications of each.
    ///
    /// # Errors
    ///
    /// The first [`FactTableError`].
    pub fn build(self) -> Result<FactTable, FactTableError> {
        if let Some(fault) = self.fault {
            return Err(fault);
        }
        let mut facts = self.guards;
        for declared in self.catalog.schemes() {
            let scheme = declared.name();
            facts.push(Fact::Scheme(scheme.clone()));
            let scope = |token: &ScopeToken| Fact::Scope {
                scheme: scheme.clone(),
                token: token.clone(),
            };
            facts.extend(declared.scopes().iter().map(|declared| scope(declared.token())));
        }
        if facts.len() > MAX_FACTS {
            return Err(FactTableError::TooLarge(Limit::Facts));
        }
        let numbers: HashMap<Fact, FactId> = facts.iter().cloned().zip((0..).map(FactId)).collect();
        let edges = edges(&facts, &numbers, self.catalog);
        let closures: Vec<FactSet> = (0..).map(FactId).zip(&facts).map(|(id, _)| reach(id, &edges)).collect();
        let select = |wanted: fn(&Fact, &FactSet) -> bool| {
            (0..)
                .map(FactId)
                .zip(facts.iter().zip(&closures))
                .filter(move |(_, (fact, closure))| wanted(fact, closure))
        };
        let anonymous = select(|_, closure| !closure.contains(FactId::AUTHENTICATED))
            .map(|(id, _)| id)
            .collect();
        let is_token_guard =
            |fact: &Fact, _: &FactSet| matches!(fact, Fact::Acr(_) | Fact::Audience(_) | Fact::Subject(_));
        let token_guards = select(is_token_guard).map(|(id, _)| id).collect();
        let age = |(id, (fact, _)): (FactId, (&Fact, _))| {
            if let Fact::AgeAtMost(age) = fact {
                Some((*age, id))
            } else {
                None
            }
        };
        let ages = select(|_, _| true).filter_map(age).collect();
        let schemes = scheme_facts(self.catalog, &numbers);
        Ok(FactTable {
            facts,
            numbers,
            closures,
            schemes,
            ages,
            token_guards,
            anonymous,
        })
    }
}

fn scheme_facts(catalog: &Catalog, numbers: &HashMap<Fact, FactId>) -> Vec<SchemeFacts> {
    let found = |fact: Fact| numbers.get(&fact).copied();
    let scheme = |(declared, server): (&DeclaredScheme, usize)| {
        let name = declared.name().clone();
        let scope = |token: &ScopeToken| {
            let id = found(Fact::Scope {
                scheme: name.clone(),
                token: token.clone(),
            })?;
            Some((ScopeText(token.clone()), id))
        };
        let scopes = declared
            .scopes()
            .iter()
            .filter_map(|declared| scope(declared.token()))
            .collect();
        let id = found(Fact::Scheme(name.clone()))?;
        Some(SchemeFacts {
            name,
            has_subject: declared.has_subject(),
            has_scopes: declared.has_scopes(),
            server,
            id,
            scopes,
        })
    };
    let servers = crate::servers::group(catalog);
    catalog.schemes().iter().zip(servers).filter_map(scheme).collect()
}

/// Returns for each fact the facts that it implies directly.
fn edges<'a>(facts: &[Fact], numbers: &HashMap<Fact, FactId>, catalog: &'a Catalog) -> Vec<Vec<FactId>> {
    let ages: Vec<Lifetime> = facts
        .iter()
        .filter_map(|fact| {
            if let Fact::AgeAtMost(age) = fact {
                Some(*age)
            } else {
                None
            }
        })
        .collect();
    let declared = |scheme: &'a DeclaredScheme| {
        let scopes = scheme.scopes().iter();
        scopes.map(|scope| ((scheme.name(), scope.token()), scope.implies()))
    };
    let weaker: HashMap<(&SchemeName, &ScopeToken), &[ScopeToken]> =
        catalog.schemes().iter().flat_map(declared).collect();
    let implied = |fact: &Fact| -> Vec<Fact> {
        match fact {
            Fact::Authenticated
            | Fact::Check {
                needs: Needs::Nothing, ..
            } => Vec::new(),
            Fact::Active | Fact::Check { needs: Needs::User, .. } => vec![Fact::User],
            Fact::AgeAtMost(age) => {
                let longer = ages.iter().filter(|other| *other > age).copied().map(Fact::AgeAtMost);
                longer.chain([Fact::Authenticated]).collect()
            }
            Fact::Scope { scheme, token } => {
                let weaker = weaker.get(&(scheme, token)).copied().unwrap_or_default();
                let weaker = weaker.iter().map(|token| Fact::Scope {
                    scheme: scheme.clone(),
                    token: token.clone(),
                });
                weaker.chain([Fact::Scheme(scheme.clone())]).collect()
            }
            Fact::Acr(_)
            | Fact::Audience(_)
            | Fact::Bound(Binding::Dpop | Binding::Mtls)
            | Fact::Check {
                needs: Needs::Authentication,
                ..
            }
            | Fact::Scheme(_)
            | Fact::Subject(SubjectKind::Service | SubjectKind::User)
            | Fact::User => vec![Fact::Authenticated],
        }
    };
    facts
        .iter()
        .map(|fact| {
            implied(fact)
                .iter()
                .filter_map(|fact| numbers.get(fact).copied())
                .collect()
        })
        .collect()
}

/// Returns all facts that can be reached along the edges, including the start.
fn reach(start: FactId, edges: &[Vec<FactId>]) -> FactSet {
    let mut reached = FactSet::EMPTY;
    let mut open = vec![start];
    while let Some(id) = open.pop() {
        if !reached.contains(id) {
            reached.insert(id);
            open.extend(edges.get(id.index()).into_iter().flatten());
        }
    }
    reached
}

/// The errors of building a fact table.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FactTableError {
    /// Two checks with the same name need different things.
    #[error("two checks are named `{name}` and need different things")]
    CheckTwice {
        /// The name.
        name: Arc<str>,
    },
    /// The policy has too many facts.
    #[error(transparent)]
    TooLarge(#[from] Limit),
}
