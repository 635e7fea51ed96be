//! The universe: all atoms that a policy names, numbered, with what each implies.

mod builder;
mod scope_text;

use std::collections::HashMap;
use std::hash::BuildHasherDefault;

use scopegate_domain::{Lifetime, SchemeName};

pub use self::builder::{UniverseBuilder, UniverseError};
use self::scope_text::{ScopeText, TextHasher};
use crate::{Atom, AtomId, AtomSet, SchemeId};

/// All atoms that a policy names, numbered, with what each of them implies.
///
/// The numbers of guards come first, those of schemes and scopes after them, in the order of the
/// catalog.
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
    /// The place of the first scheme of its authorization server.
    server: usize,
    id: AtomId,
    scopes: HashMap<ScopeText, AtomId, BuildHasherDefault<TextHasher>>,
}

impl Universe {
    /// The atoms, by number.
    #[must_use]
    pub fn atoms(&self) -> &[Atom] {
        &self.atoms
    }

    /// The numbers of all atoms, in order.
    pub fn ids(&self) -> impl Iterator<Item = AtomId> + use<> {
        let end = u16::try_from(self.atoms.len()).unwrap_or(u16::MAX);
        (0..end).map(AtomId)
    }

    /// The number of an atom. `None` if the policy does not name it.
    #[must_use]
    pub fn find(&self, atom: &Atom) -> Option<AtomId> {
        self.numbers.get(atom).copied()
    }

    /// The atom of this number, if there is one.
    #[must_use]
    pub fn atom(&self, id: AtomId) -> Option<&Atom> {
        self.atoms.get(id.index())
    }

    /// The atom itself and all that it implies. A number of another universe implies nothing but
    /// itself.
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

    /// The maximal members: those that no other member implies. They say the same as the whole set,
    /// in the fewest words.
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
    pub fn scheme_names(&self) -> impl Iterator<Item = &SchemeName> {
        self.schemes.iter().map(|scheme| &scheme.name)
    }

    /// For each scheme, the place of the first scheme of its authorization server.
    pub(crate) fn servers(&self) -> impl Iterator<Item = usize> {
        self.schemes.iter().map(|scheme| scheme.server)
    }

    /// The same atoms, where two schemes take the tokens of one authorization server.
    pub(crate) fn with_same_server(mut self, one: SchemeId, other: SchemeId) -> Self {
        let mut servers: Vec<usize> = self.servers().collect();
        crate::servers::join(&mut servers, one.index(), other.index());
        for (scheme, server) in self.schemes.iter_mut().zip(servers) {
            scheme.server = server;
        }
        self
    }

    /// The schemes whose credentials carry scopes, in the order of the catalog.
    pub fn schemes_with_scopes(&self) -> impl Iterator<Item = SchemeId> {
        let numbered = (0..).map(SchemeId).zip(&self.schemes);
        numbered.filter(|(_, scheme)| scheme.has_scopes).map(|(id, _)| id)
    }

    /// The atoms that a credential of this scheme provides without scopes.
    #[must_use]
    pub fn scheme_closure(&self, id: SchemeId) -> Option<&AtomSet> {
        self.schemes.get(id.index()).map(|scheme| self.closure(scheme.id))
    }

    pub(crate) fn has_subject(&self, id: SchemeId) -> bool {
        self.schemes.get(id.index()).is_none_or(|scheme| scheme.has_subject)
    }

    /// The atoms that a scope of a scheme provides. `None` if the scheme does not declare it.
    #[must_use]
    pub fn scope_closure(&self, id: SchemeId, text: &str) -> Option<&AtomSet> {
        self.schemes
            .get(id.index())?
            .scopes
            .get(text)
            .map(|id| self.closure(*id))
    }

    /// How many scopes a scheme declares.
    #[must_use]
    pub fn scope_count(&self, id: SchemeId) -> usize {
        self.schemes.get(id.index()).map_or(0, |scheme| scheme.scopes.len())
    }

    /// The authorization server of a scheme: the place of its first scheme.
    #[must_use]
    pub fn server_of(&self, name: &SchemeName) -> Option<usize> {
        let mut schemes = self.schemes.iter();
        schemes.find(|scheme| scheme.name == *name).map(|scheme| scheme.server)
    }

    /// The authorization servers that declare a scope of this name, each once.
    pub(crate) fn servers_declaring(&self, text: &str) -> Vec<usize> {
        let declaring = self.schemes.iter().filter(|scheme| scheme.scopes.contains_key(text));
        let mut servers: Vec<usize> = declaring.map(|scheme| scheme.server).collect();
        servers.sort_unstable();
        servers.dedup();
        servers
    }

    /// The authorization server whose tokens carry scopes, if there is exactly one.
    pub(crate) fn only_server_with_scopes(&self) -> Option<usize> {
        let with_scopes = self.schemes.iter().filter(|scheme| scheme.has_scopes);
        let mut servers = with_scopes.map(|scheme| scheme.server);
        let first = servers.next()?;
        servers.all(|other| other == first).then_some(first)
    }

    /// The atoms of a token without scopes: a credential for each scheme of its authorization
    /// server.
    pub(crate) fn token_brings(&self, server: usize) -> AtomSet {
        let own = self.schemes.iter().filter(|scheme| scheme.server == server);
        own.fold(AtomSet::EMPTY, |all, scheme| all.union(self.closure(scheme.id)))
    }

    /// The atoms of a token with one scope: that scope in each scheme of its authorization server
    /// that declares it, and a credential for all of them.
    #[must_use]
    pub fn token_brings_by(&self, server: usize, text: &str) -> AtomSet {
        let own = self.schemes.iter().filter(|scheme| scheme.server == server);
        let ids = own.filter_map(|scheme| scheme.scopes.get(text));
        ids.fold(self.token_brings(server), |all, id| all.union(self.closure(*id)))
    }

    /// Everything that is neither scheme nor scope: these numbers come first.
    pub fn guards(&self) -> impl Iterator<Item = (AtomId, &Atom)> {
        let numbered = (0..).map(AtomId).zip(&self.atoms);
        numbered.take_while(|(_, atom)| !matches!(atom, Atom::Scheme(_) | Atom::Scope { .. }))
    }

    /// Adds everything that is neither scope nor scheme; without a credential, what needs none.
    pub fn add_guards(&self, atoms: &mut AtomSet) {
        let has_credential = atoms.contains(AtomId::AUTHENTICATED);
        for (id, _) in self.guards() {
            let closure = self.closure(id);
            if has_credential || !closure.contains(AtomId::AUTHENTICATED) {
                atoms.unite(closure);
            }
        }
    }

    /// The number of a scope of a scheme. `None` if the scheme does not declare it.
    #[must_use]
    pub fn scope_id(&self, id: SchemeId, text: &str) -> Option<AtomId> {
        self.schemes.get(id.index())?.scopes.get(text).copied()
    }

    /// The schemes that declare a scope of this name.
    pub fn schemes_with(&self, text: &str) -> impl Iterator<Item = &SchemeName> {
        self.schemes
            .iter()
            .filter(move |scheme| scheme.scopes.contains_key(text))
            .map(|scheme| &scheme.name)
    }

    /// The ages that the policy names.
    #[must_use]
    pub fn ages(&self) -> &[(Lifetime, AtomId)] {
        &self.ages
    }

    /// The guards that a token can satisfy by its claims.
    pub(crate) fn token_guards(&self) -> impl Iterator<Item = (AtomId, &Atom)> {
        self.token_guards.iter().filter_map(|id| Some((*id, self.atom(*id)?)))
    }

    /// Whether the other has the same atoms with the same numbers, and each implies the same.
    #[must_use]
    pub fn is_same(&self, other: &Self) -> bool {
        std::ptr::eq(self, other) || (self.atoms == other.atoms && self.closures == other.closures)
    }

    /// The atoms that a request without a credential can provide.
    #[must_use]
    pub const fn anonymous(&self) -> &AtomSet {
        &self.anonymous
    }
}

#[cfg(test)]
mod tests {
    use scopegate_domain::{Catalog, ScopeToken, SecurityScheme};

    use super::*;
    use crate::Needs;

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
