//! Worlds: what holds for one request.

use std::borrow::Cow;
use std::sync::Arc;

use scopegate_domain::{Authenticated, Claims, Scope, ScopeToken, Timestamp, Verified};

use crate::{Atom, AtomId, AtomSet, OperationTable, SchemeId, SubjectKind, Universe};

/// The atoms of one accepted credential: the part of [`World`] that is the same for every request
/// with it. It is made once for each token and can be cached with it.
///
/// Made only from a proof: by [`OperationTable::token_world`] and
/// [`OperationTable::accepted`] and similar functions. Valid only for the operations of that table.
#[derive(Clone, Debug)]
pub struct TokenWorld {
    universe: Arc<Universe>,
    scheme: SchemeId,
    atoms: AtomSet,
    auth_time: Option<Timestamp>,
}

impl TokenWorld {
    pub(crate) fn from_claims(
        universe: &Arc<Universe>,
        scheme: SchemeId,
        claims: &Verified<Claims<'_>>,
        ceiling: Option<&Scope>,
    ) -> Result<Self, TokenTooLarge> {
        let within = |text: &str| ceiling.is_none_or(|ceiling| ceiling.iter().any(|scope| scope.as_str() == text));
        let mut world = Self::from_scopes_within(universe, scheme, claims.scopes(), within)?;
        world.auth_time = claims.auth_time();
        world.add_guards(claims);
        Ok(world)
    }

    /// Scopes that the catalog does not declare provide nothing.
    pub(crate) fn from_scopes<'s>(
        universe: &Arc<Universe>,
        scheme: SchemeId,
        scopes: impl Iterator<Item = &'s str>,
    ) -> Result<Self, TokenTooLarge> {
        Self::from_scopes_within(universe, scheme, scopes, |_| true)
    }

    // SECURITY: a scope outside of the ceiling is dropped before its implications are added. Tested
    // by `a_ceiling_holds_before_anything_is_implied`.
    fn from_scopes_within<'s>(
        universe: &Arc<Universe>,
        scheme: SchemeId,
        scopes: impl Iterator<Item = &'s str>,
        within: impl Fn(&str) -> bool,
    ) -> Result<Self, TokenTooLarge> {
        let mut atoms = universe.scheme_closure(scheme).cloned().unwrap_or_default();
        let mut bytes = 0_usize;
        for (index, text) in scopes.enumerate() {
            bytes = bytes.saturating_add(text.len() + 1);
            if index >= Scope::MAX_TOKENS || bytes > Scope::MAX_LEN + 1 {
                return Err(TokenTooLarge);
            }
            if let Some(closure) = universe.scope_closure(scheme, text).filter(|_| within(text)) {
                atoms.unite(closure);
            }
        }
        Ok(Self {
            universe: Arc::clone(universe),
            scheme,
            atoms,
            auth_time: None,
        })
    }

    #[cfg(feature = "testing")]
    pub(crate) fn for_test<'s>(
        table: &OperationTable,
        scheme: SchemeId,
        scopes: impl Iterator<Item = &'s str>,
    ) -> Result<Self, TokenTooLarge> {
        Self::from_scopes(table.shared_universe(), scheme, scopes)
    }

    pub(crate) fn accepted_with<'s, T>(
        universe: &Arc<Universe>,
        scheme: SchemeId,
        _proof: &Authenticated<T>,
        scopes: impl Iterator<Item = &'s str>,
    ) -> Result<Self, TokenTooLarge> {
        Self::from_scopes(universe, scheme, scopes)
    }

    pub(crate) fn accepted<T>(universe: &Arc<Universe>, scheme: SchemeId, _proof: &Authenticated<T>) -> Self {
        let atoms = universe.scheme_closure(scheme).cloned().unwrap_or_default();
        Self {
            universe: Arc::clone(universe),
            scheme,
            atoms,
            auth_time: None,
        }
    }

    /// The scheme of the credential.
    #[must_use]
    pub const fn scheme(&self) -> SchemeId {
        self.scheme
    }

    /// Its atoms, closed under implication.
    #[must_use]
    pub const fn atoms(&self) -> &AtomSet {
        &self.atoms
    }

    /// The size in bytes of its data on the heap, for a cache.
    #[must_use]
    pub fn heap_bytes(&self) -> usize {
        self.atoms.heap_bytes()
    }

    /// When the user authenticated, if the token states it.
    pub(crate) const fn auth_time(&self) -> Option<Timestamp> {
        self.auth_time
    }

    pub(crate) fn has_subject(&self) -> bool {
        self.universe.has_subject(self.scheme)
    }

    pub(crate) fn is_of(&self, universe: &Arc<Universe>) -> bool {
        Arc::ptr_eq(&self.universe, universe)
    }

    fn add_guards(&mut self, claims: &Claims<'_>) {
        let universe = Arc::clone(&self.universe);
        let mut guards = universe.token_guards().peekable();
        if guards.peek().is_none() {
            return;
        }
        let kind = match (claims.subject(), claims.client_id()) {
            (Some(subject), Some(client)) if subject == client => Some(SubjectKind::Service),
            (Some(_), _) => Some(SubjectKind::User),
            (None, _) => None,
        };
        for (id, atom) in guards {
            let holds = match atom {
                Atom::Acr(value) => claims.acr() == Some(&**value),
                Atom::Audience(audience) => claims.audiences().any(|text| text == audience.as_str()),
                Atom::Subject(wanted) => kind == Some(*wanted),
                _ => false,
            };
            if holds {
                self.atoms.unite(universe.closure(id));
            }
        }
    }
}

impl OperationTable {
    /// The atoms of a verified token of this scheme. Call it once for each token.
    ///
    /// The subject is a service where the token's `sub` is its `client_id`
    /// ([RFC 9068, section 2.2](https://www.rfc-editor.org/rfc/rfc9068#section-2.2)), a user
    /// otherwise.
    ///
    /// # Errors
    ///
    /// [`TokenTooLarge`] if it names more scopes than a decision reads.
    pub fn token_world(&self, scheme: SchemeId, claims: &Verified<Claims<'_>>) -> Result<TokenWorld, TokenTooLarge> {
        TokenWorld::from_claims(self.shared_universe(), scheme, claims, None)
    }

    /// The same for a token whose issuer may grant only the scopes of the ceiling. Other scopes
    /// provide nothing, regardless of what they imply. A scope of the ceiling provides what it
    /// implies.
    ///
    /// # Errors
    ///
    /// As [`OperationTable::token_world`]. Scopes that provide nothing count.
    pub fn token_world_within(
        &self,
        scheme: SchemeId,
        claims: &Verified<Claims<'_>>,
        ceiling: &Scope,
    ) -> Result<TokenWorld, TokenTooLarge> {
        TokenWorld::from_claims(self.shared_universe(), scheme, claims, Some(ceiling))
    }

    /// The atoms of a checked credential without scopes: a password, an API key.
    #[must_use]
    pub fn accepted<T>(&self, scheme: SchemeId, proof: &Authenticated<T>) -> TokenWorld {
        TokenWorld::accepted(self.shared_universe(), scheme, proof)
    }

    /// The atoms of a checked credential whose scopes come from elsewhere, such as an opaque token
    /// after introspection. Scopes that the scheme does not declare provide nothing.
    ///
    /// # Errors
    ///
    /// [`TokenTooLarge`] if it has more scopes than a decision reads.
    pub fn accepted_with_scopes<'s, T>(
        &self,
        scheme: SchemeId,
        proof: &Authenticated<T>,
        scopes: impl IntoIterator<Item = &'s ScopeToken>,
    ) -> Result<TokenWorld, TokenTooLarge> {
        let scopes = scopes.into_iter().map(ScopeToken::as_str);
        TokenWorld::accepted_with(self.shared_universe(), scheme, proof, scopes)
    }
}

/// A token names more than 256 scopes, or more than 8 KiB of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "token names more than {} scopes or {} bytes of them",
    Scope::MAX_TOKENS,
    Scope::MAX_LEN
)]
#[non_exhaustive]
pub struct TokenTooLarge;

/// All atoms that hold for one request, closed under implication: those of the token, and those of
/// this request alone.
#[derive(Clone, Debug)]
pub struct World<'a> {
    pub(crate) token: Cow<'a, AtomSet>,
    pub(crate) request: AtomSet,
}

impl Default for World<'_> {
    fn default() -> Self {
        Self::NOTHING
    }
}

impl<'a> World<'a> {
    /// Nothing holds.
    pub const NOTHING: World<'static> = World {
        token: Cow::Owned(AtomSet::EMPTY),
        request: AtomSet::EMPTY,
    };

    /// The atoms of the token and no others.
    #[must_use]
    pub const fn of_token(token: &'a TokenWorld) -> Self {
        Self {
            token: Cow::Borrowed(&token.atoms),
            request: AtomSet::EMPTY,
        }
    }

    /// Exactly these atoms, for the analysis of a policy. The set must be closed:
    /// [`Universe::close`].
    #[must_use]
    pub const fn of_atoms(closed: &'a AtomSet) -> Self {
        Self {
            token: Cow::Borrowed(closed),
            request: AtomSet::EMPTY,
        }
    }

    /// Whether the atom holds.
    #[must_use]
    pub fn contains(&self, id: AtomId) -> bool {
        self.token.contains(id) || self.request.contains(id)
    }

    /// The atoms that hold.
    #[must_use]
    pub fn atoms(&self) -> AtomSet {
        self.token.union(&self.request)
    }
}
