//! The universe: all atoms that a policy names, numbered, with what each implies.

use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::Arc;

use scopegate_domain::{Catalog, DeclaredScheme, Lifetime, SchemeName, ScopeToken};

use crate::limits::{Limit, MAX_ATOMS};
use crate::{Atom, AtomId, AtomSet, Binding, Needs, SchemeId, SubjectKind};

/// All atoms that a policy names, numbered, with what each of them implies.
///
/// The numbers of guards come first, those of schemes and scopes after them, in the order of the catalog.
///
/// ```
/// use scopegate_domain::{Catalog, SecurityScheme};
/// use scopegate_policy::{Atom, AtomId, Universe};
///
/// let catalog = Catalog::builder().scheme("oauth", SecurityScheme::oauth2_password("token")).build()?;
/// let universe = Universe::builder(&catalog).build()?;
/// assert_eq!(universe.find(&Atom::User), Some(AtomId::USER));
/// assert!(universe.closure(AtomId::ACTIVE).contains(AtomId::USER));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Universe {
    atoms: Vec<Atom>,
    numbers: HashMap<Atom, AtomId>,
    closures: Vec<AtomSet>,
    schemes: Vec<SchemeAtoms>,
    ages: Vec<(Lifetime, AtomId)>,
    token_guards: Vec<AtomId>,
    anonymous: AtomSet,
}

/// A scheme's atom and those of its scopes, found by their text when a token is read.
#[derive(Clone, Debug)]
struct SchemeAtoms {
    name: SchemeName,
    has_subject: bool,
    has_scopes: bool,
    id: AtomId,
    scopes: HashMap<ScopeText, AtomId, BuildHasherDefault<TextHasher>>,
}

/// A scope token that is found by its text.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct ScopeText(ScopeToken);

impl std::borrow::Borrow<str> for ScopeText {
    fn borrow(&self) -> &str {
        self.0.as_str()
    }
}

/// A hash of short texts, eight bytes at a time. The keys are those of the catalog, which whoever sends a token does not
/// choose, so it need not withstand chosen ones.
#[derive(Clone, Debug, Default)]
struct TextHasher(u64);

impl Hasher for TextHasher {
    fn write(&mut self, bytes: &[u8]) {
        const ODD: u64 = 0x9E37_79B9_7F4A_7C15;
        let mix = |state: u64, word: u64| (state ^ word).wrapping_mul(ODD).rotate_left(29);
        let (words, rest) = bytes.as_chunks::<8>();
        let state = words
            .iter()
            .fold(self.0, |state, word| mix(state, u64::from_le_bytes(*word)));
        let rest = rest.iter().fold(0, |word, byte| word << 8 | u64::from(*byte));
        self.0 = mix(state, rest);
    }

    fn finish(&self) -> u64 {
        self.0 ^ self.0 >> 32
    }
}

impl Universe {
    /// Starts from everything that the catalog declares.
    #[must_use]
    pub fn builder(catalog: &Catalog) -> UniverseBuilder<'_> {
        let guards = vec![Atom::Authenticated, Atom::User, Atom::Active];
        UniverseBuilder {
            catalog,
            declared: catalog.schemes().iter().map(|scheme| scheme.scopes().len() + 1).sum(),
            known: guards.iter().cloned().collect(),
            guards,
            checks: HashSet::new(),
            fault: None,
        }
    }

    /// The atoms, by number.
    #[must_use]
    pub fn atoms(&self) -> &[Atom] {
        &self.atoms
    }

    /// The number of an atom; none where the policy does not name it.
    #[must_use]
    pub fn find(&self, atom: &Atom) -> Option<AtomId> {
        self.numbers.get(atom).copied()
    }

    /// The atom of this number, if there is one.
    #[must_use]
    pub fn atom(&self, id: AtomId) -> Option<&Atom> {
        self.atoms.get(id.index())
    }

    /// The atom itself and all that it implies. A number of another universe implies nothing but itself.
    #[must_use]
    pub fn closure(&self, id: AtomId) -> &AtomSet {
        self.closures.get(id.index()).unwrap_or(&AtomSet::EMPTY)
    }

    /// The set with all that its members imply.
    #[must_use]
    pub fn close(&self, set: &AtomSet) -> AtomSet {
        set.iter()
            .fold(set.clone(), |closed, id| closed.union(self.closure(id)))
    }

    /// The maximal members: those that no other member implies. They say the same as the whole set, in the fewest words.
    #[must_use]
    pub fn generators(&self, set: &AtomSet) -> AtomSet {
        const FEW: usize = 24;
        if set.iter().nth(FEW).is_none() {
            let members: Vec<AtomId> = set.iter().collect();
            let implies = |other: AtomId, id: AtomId| other != id && self.closure(other).contains(id);
            let is_implied = |id: AtomId| members.iter().any(|other| implies(*other, id));
            // The largest first, so that the set grows once.
            return members.iter().rev().copied().filter(|id| !is_implied(*id)).collect();
        }
        let implied = set.iter().fold(AtomSet::EMPTY, |implied, id| {
            implied.union(&self.closure(id).difference(&AtomSet::from_iter([id])))
        });
        set.difference(&implied)
    }

    /// The atoms of a set, by number.
    pub fn atoms_of<'a>(&'a self, set: &'a AtomSet) -> impl Iterator<Item = &'a Atom> {
        set.iter().filter_map(|id| self.atom(id))
    }

    /// Which number a scheme has in the catalog.
    #[must_use]
    pub fn scheme_id(&self, name: &SchemeName) -> Option<SchemeId> {
        let index = self.schemes.iter().position(|scheme| scheme.name == *name)?;
        u16::try_from(index).ok().map(SchemeId)
    }

    /// The name of a scheme.
    #[must_use]
    pub fn scheme_name(&self, id: SchemeId) -> Option<&SchemeName> {
        self.schemes.get(id.index()).map(|scheme| &scheme.name)
    }

    /// The names of all schemes, in the order of the catalog.
    pub(crate) fn scheme_names(&self) -> impl Iterator<Item = &SchemeName> {
        self.schemes.iter().map(|scheme| &scheme.name)
    }

    /// The schemes on which scopes mean something, in the order of the catalog.
    pub(crate) fn schemes_with_scopes(&self) -> impl Iterator<Item = SchemeId> {
        let numbered = (0..).map(SchemeId).zip(&self.schemes);
        numbered.filter(|(_, scheme)| scheme.has_scopes).map(|(id, _)| id)
    }

    /// What a credential of this scheme brings by itself.
    pub(crate) fn scheme_closure(&self, id: SchemeId) -> Option<&AtomSet> {
        self.schemes.get(id.index()).map(|scheme| self.closure(scheme.id))
    }

    pub(crate) fn has_subject(&self, id: SchemeId) -> bool {
        self.schemes.get(id.index()).is_none_or(|scheme| scheme.has_subject)
    }

    /// What a scope of a scheme brings, found by its text; none where it is not declared.
    pub(crate) fn scope_closure(&self, id: SchemeId, text: &str) -> Option<&AtomSet> {
        self.schemes
            .get(id.index())?
            .scopes
            .get(text)
            .map(|id| self.closure(*id))
    }

    /// How many scopes a scheme declares.
    pub(crate) fn scope_count(&self, id: SchemeId) -> usize {
        self.schemes.get(id.index()).map_or(0, |scheme| scheme.scopes.len())
    }

    /// What a scope of this name brings in each scheme that declares it.
    pub(crate) fn scope_closures(&self, text: &str) -> impl Iterator<Item = &AtomSet> {
        let ids = self.schemes.iter().filter_map(move |scheme| scheme.scopes.get(text));
        ids.map(|id| self.closure(*id))
    }

    /// Everything that is neither scheme nor scope: these numbers come first.
    pub(crate) fn guards(&self) -> impl Iterator<Item = (AtomId, &Atom)> {
        let numbered = (0..).map(AtomId).zip(&self.atoms);
        numbered.take_while(|(_, atom)| !matches!(atom, Atom::Scheme(_) | Atom::Scope { .. }))
    }

    /// The scope of a scheme.
    pub(crate) fn scope_id(&self, id: SchemeId, text: &str) -> Option<AtomId> {
        self.schemes.get(id.index())?.scopes.get(text).copied()
    }

    /// The schemes that declare a scope of this name.
    pub(crate) fn schemes_with(&self, text: &str) -> impl Iterator<Item = &SchemeName> {
        self.schemes
            .iter()
            .filter(move |scheme| scheme.scopes.contains_key(text))
            .map(|scheme| &scheme.name)
    }

    /// The ages that the policy names.
    pub(crate) fn ages(&self) -> &[(Lifetime, AtomId)] {
        &self.ages
    }

    /// The guards that a token can satisfy by its claims.
    pub(crate) fn token_guards(&self) -> impl Iterator<Item = (AtomId, &Atom)> {
        self.token_guards.iter().filter_map(|id| Some((*id, self.atom(*id)?)))
    }

    /// Whether the other has the same atoms with the same numbers, and each implies the same.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        std::ptr::eq(self, other) || (self.atoms == other.atoms && self.closures == other.closures)
    }

    /// The atoms that a request without credential can bring.
    pub(crate) const fn anonymous(&self) -> &AtomSet {
        &self.anonymous
    }
}

/// Collects the atoms of a universe; faults are told by [`UniverseBuilder::build`].
#[derive(Debug)]
pub struct UniverseBuilder<'a> {
    catalog: &'a Catalog,
    declared: usize,
    guards: Vec<Atom>,
    known: HashSet<Atom>,
    checks: HashSet<Arc<str>>,
    fault: Option<UniverseError>,
}

impl UniverseBuilder<'_> {
    /// Names a guard. Schemes and scopes come from the catalog, and naming one here changes nothing.
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
    let scheme = |declared: &DeclaredScheme| {
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
            has_scopes: declared.scheme().has_scopes(),
            id,
            scopes,
        })
    };
    catalog.schemes().iter().filter_map(scheme).collect()
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

#[cfg(test)]
mod tests {
    use scopegate_domain::SecurityScheme;

    use super::*;

    const A: ScopeToken = ScopeToken::from_static("a");
    const B: ScopeToken = ScopeToken::from_static("b");
    const C: ScopeToken = ScopeToken::from_static("c");

    /// `a` implies `b` implies `c`.
    fn universe() -> Universe {
        let catalog = Catalog::builder()
            .scheme("oauth", SecurityScheme::oauth2_password("token"))
            .scope(A, "")
            .scope(B, "")
            .scope(C, "")
            .implies(A, B)
            .implies(B, C)
            .build()
            .unwrap();
        let age = |seconds| Atom::AgeAtMost(Lifetime::from_seconds(seconds));
        Universe::builder(&catalog)
            .atom(age(300))
            .atom(age(60))
            .atom(age(900))
            .build()
            .unwrap()
    }

    fn words(universe: &Universe, set: &AtomSet) -> Vec<String> {
        universe.atoms_of(set).map(ToString::to_string).collect()
    }

    #[test]
    fn the_first_numbers_are_what_they_are_called() {
        let universe = universe();
        assert_eq!(universe.atom(AtomId::AUTHENTICATED), Some(&Atom::Authenticated));
        assert_eq!(universe.atom(AtomId::USER), Some(&Atom::User));
        assert_eq!(universe.atom(AtomId::ACTIVE), Some(&Atom::Active));
    }

    #[test]
    fn a_scope_implies_along_the_edges_its_scheme_and_authentication() {
        let universe = universe();
        let scheme = universe.scheme_id(&SchemeName::parse("oauth").unwrap()).unwrap();
        let closed = universe.scope_closure(scheme, "a").unwrap();
        assert_eq!(
            words(&universe, closed),
            ["authenticated", "scheme:oauth", "a", "b", "c"]
        );
        assert_eq!(words(&universe, &universe.generators(closed)), ["a"]);
    }

    #[test]
    fn a_shorter_age_implies_the_longer_ones() {
        let universe = universe();
        let closed = universe.closure(universe.find(&Atom::AgeAtMost(Lifetime::from_seconds(60))).unwrap());
        assert_eq!(
            words(&universe, closed),
            ["authenticated", "age<=300", "age<=60", "age<=900"]
        );
    }

    #[test]
    fn a_check_implies_what_it_needs() {
        let catalog = Catalog::builder().build().unwrap();
        let check = |name: &str, needs| Atom::Check {
            name: name.into(),
            needs,
        };
        let atoms = [
            check("a", Needs::Nothing),
            check("b", Needs::Authentication),
            check("c", Needs::User),
        ];
        let builder = atoms
            .iter()
            .cloned()
            .fold(Universe::builder(&catalog), UniverseBuilder::atom);
        let universe = builder.build().unwrap();
        let implied = atoms.map(|atom| universe.closure(universe.find(&atom).unwrap()).len());
        assert_eq!(implied, [1, 2, 3]);
        assert_eq!(words(&universe, universe.anonymous()), ["check:a"]);
    }
}
