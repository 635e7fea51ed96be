//! Calculates once for a table what each atom implies.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use scopegate_domain::{Catalog, DeclaredScheme, Lifetime, SchemeName, ScopeToken};

use super::scope_text::ScopeText;
use super::{SchemeAtoms, Universe};
use crate::limits::{Limit, MAX_ATOMS};
use crate::{Atom, AtomId, AtomSet, Binding, Needs, SubjectKind};

impl Universe {
    /// Starts from everything that the catalog declares.
    #[must_use]
    pub fn builder(catalog: &Catalog) -> UniverseBuilder<'_> {
        UniverseBuilder::new(catalog)
    }
}

/// Collects the atoms of a universe. [`UniverseBuilder::build`] reports errors.
#[derive(Debug)]
pub struct UniverseBuilder<'a> {
    catalog: &'a Catalog,
    declared: usize,
    guards: Vec<Atom>,
    known: HashSet<Atom>,
    checks: HashSet<Arc<str>>,
    fault: Option<UniverseError>,
}

impl<'a> UniverseBuilder<'a> {
    fn new(catalog: &'a Catalog) -> Self {
        let guards = vec![Atom::Authenticated, Atom::User, Atom::Active];
        Self {
            catalog,
            declared: catalog.schemes().iter().map(|scheme| scheme.scopes().len() + 1).sum(),
            known: guards.iter().cloned().collect(),
            guards,
            checks: HashSet::new(),
            fault: None,
        }
    }

    /// Names a guard. Schemes and scopes come from the catalog, and naming one here changes
    /// nothing.
    #[must_use]
    pub fn atom(mut self, atom: Atom) -> Self {
        self.add(atom);
        self
    }

    pub(crate) fn add(&mut self, atom: Atom) {
        if matches!(atom, Atom::Scheme(_) | Atom::Scope { .. }) || self.known.contains(&atom) {
            return;
        }
        if self.guards.len() + self.declared >= MAX_ATOMS {
            self.fault.get_or_insert(UniverseError::TooLarge(Limit::Atoms));
            return;
        }
        if let Atom::Check { name, .. } = &atom
            && !self.checks.insert(Arc::clone(name))
        {
            self.fault
                .get_or_insert(UniverseError::CheckTwice { name: Arc::clone(name) });
            return;
        }
        self.known.insert(atom.clone());
        self.guards.push(atom);
    }

    pub(crate) const fn fault(&self) -> Option<&UniverseError> {
        self.fault.as_ref()
    }

    /// Numbers the atoms and works out what each implies.
    ///
    /// # Errors
    ///
    /// The first [`UniverseError`].
    pub fn build(self) -> Result<Universe, UniverseError> {
        if let Some(fault) = self.fault {
            return Err(fault);
        }
        let mut atoms = self.guards;
        for declared in self.catalog.schemes() {
            let scheme = declared.name();
            atoms.push(Atom::Scheme(scheme.clone()));
            let scope = |token: &ScopeToken| Atom::Scope {
                scheme: scheme.clone(),
                token: token.clone(),
            };
            atoms.extend(declared.scopes().iter().map(|declared| scope(declared.token())));
        }
        if atoms.len() > MAX_ATOMS {
            return Err(UniverseError::TooLarge(Limit::Atoms));
        }
        let numbers: HashMap<Atom, AtomId> = atoms.iter().cloned().zip((0..).map(AtomId)).collect();
        let edges = edges(&atoms, &numbers, self.catalog);
        let closures: Vec<AtomSet> = (0..).map(AtomId).zip(&atoms).map(|(id, _)| reach(id, &edges)).collect();
        let select = |wanted: fn(&Atom, &AtomSet) -> bool| {
            (0..)
                .map(AtomId)
                .zip(atoms.iter().zip(&closures))
                .filter(move |(_, (atom, closure))| wanted(atom, closure))
        };
        let anonymous = select(|_, closure| !closure.contains(AtomId::AUTHENTICATED))
            .map(|(id, _)| id)
            .collect();
        let is_token_guard =
            |atom: &Atom, _: &AtomSet| matches!(atom, Atom::Acr(_) | Atom::Audience(_) | Atom::Subject(_));
        let token_guards = select(is_token_guard).map(|(id, _)| id).collect();
        let age = |(id, (atom, _)): (AtomId, (&Atom, _))| {
            if let Atom::AgeAtMost(age) = atom {
                Some((*age, id))
            } else {
                None
            }
        };
        let ages = select(|_, _| true).filter_map(age).collect();
        let schemes = scheme_atoms(self.catalog, &numbers);
        Ok(Universe {
            atoms,
            numbers,
            closures,
            schemes,
            ages,
            token_guards,
            anonymous,
        })
    }
}

fn scheme_atoms(catalog: &Catalog, numbers: &HashMap<Atom, AtomId>) -> Vec<SchemeAtoms> {
    let found = |atom: Atom| numbers.get(&atom).copied();
    let scheme = |(declared, server): (&DeclaredScheme, usize)| {
        let name = declared.name().clone();
        let scope = |token: &ScopeToken| {
            let id = found(Atom::Scope {
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
        let id = found(Atom::Scheme(name.clone()))?;
        Some(SchemeAtoms {
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

/// What each atom implies by one step.
fn edges<'a>(atoms: &[Atom], numbers: &HashMap<Atom, AtomId>, catalog: &'a Catalog) -> Vec<Vec<AtomId>> {
    let ages: Vec<Lifetime> = atoms
        .iter()
        .filter_map(|atom| {
            if let Atom::AgeAtMost(age) = atom {
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
    let implied = |atom: &Atom| -> Vec<Atom> {
        match atom {
            Atom::Authenticated
            | Atom::Check {
                needs: Needs::Nothing, ..
            } => Vec::new(),
            Atom::Active | Atom::Check { needs: Needs::User, .. } => vec![Atom::User],
            Atom::AgeAtMost(age) => {
                let longer = ages.iter().filter(|other| *other > age).copied().map(Atom::AgeAtMost);
                longer.chain([Atom::Authenticated]).collect()
            }
            Atom::Scope { scheme, token } => {
                let weaker = weaker.get(&(scheme, token)).copied().unwrap_or_default();
                let weaker = weaker.iter().map(|token| Atom::Scope {
                    scheme: scheme.clone(),
                    token: token.clone(),
                });
                weaker.chain([Atom::Scheme(scheme.clone())]).collect()
            }
            Atom::Acr(_)
            | Atom::Audience(_)
            | Atom::Bound(Binding::Dpop | Binding::Mtls)
            | Atom::Check {
                needs: Needs::Authentication,
                ..
            }
            | Atom::Scheme(_)
            | Atom::Subject(SubjectKind::Service | SubjectKind::User)
            | Atom::User => vec![Atom::Authenticated],
        }
    };
    atoms
        .iter()
        .map(|atom| {
            implied(atom)
                .iter()
                .filter_map(|atom| numbers.get(atom).copied())
                .collect()
        })
        .collect()
}

/// Everything that can be reached along the edges, the start included.
fn reach(start: AtomId, edges: &[Vec<AtomId>]) -> AtomSet {
    let mut reached = AtomSet::EMPTY;
    let mut open = vec![start];
    while let Some(id) = open.pop() {
        if !reached.contains(id) {
            reached.insert(id);
            open.extend(edges.get(id.index()).into_iter().flatten());
        }
    }
    reached
}

/// Why atoms do not make a universe.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum UniverseError {
    /// Two checks of one name that do not agree on what they need.
    #[error("two checks are named `{name}` and need different things")]
    CheckTwice {
        /// The name.
        name: Arc<str>,
    },
    /// Too many atoms.
    #[error(transparent)]
    TooLarge(#[from] Limit),
}
