//! The fact table: all facts that a policy names, numbered, with what each implies.

mod builder;
mod scope_text;

use std::collections::HashMap;
use std::hash::BuildHasherDefault;

use scopegate_domain::{Lifetime, SchemeName};

pub use self::builder::{FactTableBuilder, FactTableError};
use self::scope_text::{ScopeText, TextHasher};
use crate::{Fact, FactId, FactSet, SchemeId};

/// All facts of a policy, numbered, each with the facts that it implies.
///
/// The numbers of guards come first, those of schemes and scopes after them, in the order of the
/// catalog.
///
/// ```
/// use scopegate_domain::{Catalog, SecurityScheme};
/// use scopegate_policy::{Fact, FactId, FactTable};
///
/// let catalog = Catalog::builder().scheme("oauth", SecurityScheme::oauth2_password("token")).build()?;
/// let fact_table = FactTable::builder(&catalog).build()?;
/// assert_eq!(fact_table.find(&Fact::User), Some(FactId::USER));
/// assert!(fact_table.closure(FactId::ACTIVE).contains(FactId::USER));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct FactTable {
    facts: Vec<Fact>,
    numbers: HashMap<Fact, FactId>,
    closures: Vec<FactSet>,
    schemes: Vec<SchemeFacts>,
    ages: Vec<(Lifetime, FactId)>,
    token_guards: Vec<FactId>,
    anonymous: FactSet,
}

/// The fact of a scheme and those of its scopes, found by their text when a token is read.
#[derive(Clone, Debug)]
struct SchemeFacts {
    name: SchemeName,
    has_subject: bool,
    has_scopes: bool,
    /// The position of the first scheme of its authorization server.
    server: usize,
    id: FactId,
    scopes: HashMap<ScopeText, FactId, BuildHasherDefault<TextHasher>>,
}

impl FactTable {
    /// Returns the facts, by number.
    #[must_use]
    pub fn facts(&self) -> &[Fact] {
        &self.facts
    }

    /// The numbers of all facts, in order.
    pub fn ids(&self) -> impl Iterator<Item = FactId> + use<> {
        let end = u16::try_from(self.facts.len()).unwrap_or(u16::MAX);
        (0..end).map(FactId)
    }

    /// The number of a fact. `None` if the policy does not name it.
    #[must_use]
    pub fn find(&self, fact: &Fact) -> Option<FactId> {
        self.numbers.get(fact).copied()
    }

    /// Returns the fact of this number, if there is one.
    #[must_use]
    pub fn fact(&self, id: FactId) -> Option<&Fact> {
        self.facts.get(id.index())
    }

    /// Returns the fact and all facts that it implies. A number of another fact table implies only
    /// itself.
    #[must_use]
    pub fn closure(&self, id: FactId) -> &FactSet {
        self.closures.get(id.index()).unwrap_or(&FactSet::EMPTY)
    }

    /// Returns the set with all implied facts.
    #[must_use]
    pub fn close(&self, set: &FactSet) -> FactSet {
        set.iter()
            .fold(set.clone(), |closed, id| closed.union(self.closure(id)))
    }

    /// Returns the maximal members: those that no other member implies. They are equivalent to the
    /// whole set.
    #[must_use]
    pub fn generators(&self, set: &FactSet) -> FactSet {
        const FEW: usize = 24;
        if set.iter().nth(FEW).is_none() {
            let members: Vec<FactId> = set.iter().collect();
            let implies = |other: FactId, id: FactId| other != id && self.closure(other).contains(id);
            let is_implied = |id: FactId| members.iter().any(|other| implies(*other, id));
            // The largest first, so that the set grows once.
            return members.iter().rev().copied().filter(|id| !is_implied(*id)).collect();
        }
        let implied = set.iter().fold(FactSet::EMPTY, |implied, id| {
            implied.union(&self.closure(id).difference(&FactSet::from_iter([id])))
        });
        set.difference(&implied)
    }

    /// Returns the facts of a set, by number.
    pub fn facts_of<'a>(&'a self, set: &'a FactSet) -> impl Iterator<Item = &'a Fact> {
        set.iter().filter_map(|id| self.fact(id))
    }

    /// Returns the number of a scheme in the catalog.
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

    /// For each scheme, the position of the first scheme of its authorization server.
    pub(crate) fn servers(&self) -> impl Iterator<Item = usize> {
        self.schemes.iter().map(|scheme| scheme.server)
    }

    /// The same facts, if two schemes accept the tokens of one authorization server.
    pub(crate) fn with_same_server(mut self, one: SchemeId, other: SchemeId) -> Self {
        let mut servers: Vec<usize> = self.servers().collect();
        crate::servers::join(&mut servers, one.index(), other.index());
        for (scheme, server) in self.schemes.iter_mut().zip(servers) {
            scheme.server = server;
        }
        self
    }

    /// Returns the schemes whose credentials have scopes, in the order of the catalog.
    pub fn schemes_with_scopes(&self) -> impl Iterator<Item = SchemeId> {
        let numbered = (0..).map(SchemeId).zip(&self.schemes);
        numbered.filter(|(_, scheme)| scheme.has_scopes).map(|(id, _)| id)
    }

    /// Returns the facts that a credential of this scheme provides without scopes.
    #[must_use]
    pub fn scheme_closure(&self, id: SchemeId) -> Option<&FactSet> {
        self.schemes.get(id.index()).map(|scheme| self.closure(scheme.id))
    }

    pub(crate) fn has_subject(&self, id: SchemeId) -> bool {
        self.schemes.get(id.index()).is_none_or(|scheme| scheme.has_subject)
    }

    /// Returns the facts that a scope of a scheme provides. `None` if the scheme does not declare
    /// it.
    #[must_use]
    pub fn scope_closure(&self, id: SchemeId, text: &str) -> Option<&FactSet> {
        self.schemes
            .get(id.index())?
            .scopes
            .get(text)
            .map(|id| self.closure(*id))
    }

    /// Returns the number of scopes that a scheme declares.
    #[must_use]
    pub fn scope_count(&self, id: SchemeId) -> usize {
        self.schemes.get(id.index()).map_or(0, |scheme| scheme.scopes.len())
    }

    /// Returns the authorization server of a scheme: the position of its first scheme.
    #[must_use]
    pub fn server_of(&self, name: &SchemeName) -> Option<usize> {
        let mut schemes = self.schemes.iter();
        schemes.find(|scheme| scheme.name == *name).map(|scheme| scheme.server)
    }

    /// Returns the authorization servers that declare a scope of this name, each once.
    pub(crate) fn servers_declaring(&self, text: &str) -> Vec<usize> {
        let declaring = self.schemes.iter().filter(|scheme| scheme.scopes.contains_key(text));
        let mut servers: Vec<usize> = declaring.map(|scheme| scheme.server).collect();
        servers.sort_unstable();
        servers.dedup();
        servers
    }

    /// Returns the authorization server whose tokens have scopes, if there is exactly one.
    pub(crate) fn only_server_with_scopes(&self) -> Option<usize> {
        let with_scopes = self.schemes.iter().filter(|scheme| scheme.has_scopes);
        let mut servers = with_scopes.map(|scheme| scheme.server);
        let first = servers.next()?;
        servers.all(|other| other == first).then_some(first)
    }

    /// Returns the facts of a token without scopes: a credential for each scheme of its
    /// authorization server.
    pub(crate) fn token_base_facts(&self, server: usize) -> FactSet {
        let own = self.schemes.iter().filter(|scheme| scheme.server == server);
        own.fold(FactSet::EMPTY, |all, scheme| all.union(self.closure(scheme.id)))
    }

    /// Returns the facts of a token with one scope: that scope in each scheme of its authorization
    /// server that declares it, and a credential for all of these schemes.
    #[must_use]
    pub fn token_scope_facts(&self, server: usize, text: &str) -> FactSet {
        let own = self.schemes.iter().filter(|scheme| scheme.server == server);
        let ids = own.filter_map(|scheme| scheme.scopes.get(text));
        ids.fold(self.token_base_facts(server), |all, id| all.union(self.closure(*id)))
    }

    /// Returns all facts that are neither schemes nor scopes. Their numbers come first.
    pub fn guards(&self) -> impl Iterator<Item = (FactId, &Fact)> {
        let numbered = (0..).map(FactId).zip(&self.facts);
        numbered.take_while(|(_, fact)| !matches!(fact, Fact::Scheme(_) | Fact::Scope { .. }))
    }

    /// Adds all facts that are neither scopes nor schemes. Without a credential, adds only those
    /// that need none.
    pub fn add_guards(&self, facts: &mut FactSet) {
        let has_credential = facts.contains(FactId::AUTHENTICATED);
        for (id, _) in self.guards() {
            let closure = self.closure(id);
            if has_credential || !closure.contains(FactId::AUTHENTICATED) {
                facts.unite(closure);
            }
        }
    }

    /// The number of a scope of a scheme. `None` if the scheme does not declare it.
    #[must_use]
    pub fn scope_id(&self, id: SchemeId, text: &str) -> Option<FactId> {
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
    pub fn ages(&self) -> &[(Lifetime, FactId)] {
        &self.ages
    }

    /// Returns the guard facts that the claims of a token can provide.
    pub(crate) fn token_guards(&self) -> impl Iterator<Item = (FactId, &Fact)> {
        self.token_guards.iter().filter_map(|id| Some((*id, self.fact(*id)?)))
    }

    /// Whether the other table has the same facts with the same numbers and implications.
    #[must_use]
    pub fn is_same(&self, other: &Self) -> bool {
        std::ptr::eq(self, other) || (self.facts == other.facts && self.closures == other.closures)
    }

    /// The facts that a request without a credential can provide.
    #[must_use]
    pub const fn anonymous(&self) -> &FactSet {
        &self.anonymous
    }
}

#[cfg(test)]
mod tests;
