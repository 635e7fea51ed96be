//! The facts that hold for one request.

use std::borrow::Cow;
use std::sync::Arc;

use scopegate_domain::{Authenticated, Claims, Scope, ScopeToken, Timestamp, Verified};

use crate::{Fact, FactId, FactSet, FactTable, OperationTable, SchemeId, SubjectKind};

/// The facts of one accepted credential: the part of [`RequestFacts`] that is the same for every
/// request with it. The value is computed once for each token and can be cached.
///
/// Constructed only from a proof, by [`OperationTable::token_facts`],
/// [`OperationTable::credential_facts`] and similar functions. Valid only for the operations of
/// that table.
///
/// ```
/// use scopegate_domain::{Catalog, Claims, ScopeLayout, ScopeToken, SecurityScheme, Verified};
/// use scopegate_policy::{Guard, Operation, OperationTable};
///
/// const READ: ScopeToken = ScopeToken::from_static("reports:read");
/// let catalog = Catalog::builder()
///     .scheme("oauth", SecurityScheme::oauth2_client_credentials("token"))
///     .scope(READ, "Read reports.")
///     .build()?;
/// let table = OperationTable::builder(catalog)
///     .operation(Operation::get("/reports").guard(Guard::requires([READ])))
///     .build()?;
/// // In a program the verifier makes the proof.
/// let claims = Verified::assertion(Claims::parse(br#"{"sub":"u1","scope":"reports:read"}"#, ScopeLayout::Text)?);
///
/// let scheme = table.scheme_id(&table.operations()[0].schemes()[0]).ok_or("it is declared")?;
/// let token = table.token_facts(scheme, &claims)?;
/// assert_eq!(token.scheme(), scheme);
/// // The scheme and the scope.
/// assert!(token.facts().len() >= 2);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct TokenFacts {
    fact_table: Arc<FactTable>,
    scheme: SchemeId,
    facts: FactSet,
    auth_time: Option<Timestamp>,
}

impl TokenFacts {
    pub(crate) fn from_claims(
        fact_table: &Arc<FactTable>,
        scheme: SchemeId,
        claims: &Verified<Claims<'_>>,
        ceiling: Option<&Scope>,
    ) -> Result<Self, TokenTooLarge> {
        let within = |text: &str| ceiling.is_none_or(|ceiling| ceiling.iter().any(|scope| scope.as_str() == text));
        let mut facts = Self::from_scopes_within(fact_table, scheme, claims.scopes(), within)?;
        facts.auth_time = claims.auth_time();
        facts.add_guards(claims);
        Ok(facts)
    }

    /// Scopes that the catalog does not declare provide nothing.
    pub(crate) fn from_scopes<'s>(
        fact_table: &Arc<FactTable>,
        scheme: SchemeId,
        scopes: impl Iterator<Item = &'s str>,
    ) -> Result<Self, TokenTooLarge> {
        Self::from_scopes_within(fact_table, scheme, scopes, |_| true)
    }

    // SECURITY: a scope outside of the ceiling is dropped before its implications are added. Tested
    // by `a_ceiling_holds_before_anything_is_implied`.
    fn from_scopes_within<'s>(
        fact_table: &Arc<FactTable>,
        scheme: SchemeId,
        scopes: impl Iterator<Item = &'s str>,
        within: impl Fn(&str) -> bool,
    ) -> Result<Self, TokenTooLarge> {
        let mut facts = fact_table.scheme_closure(scheme).cloned().unwrap_or_default();
        let mut bytes = 0_usize;
        for (index, text) in scopes.enumerate() {
            bytes = bytes.saturating_add(text.len() + 1);
            if index >= Scope::MAX_TOKENS || bytes > Scope::MAX_LEN + 1 {
                return Err(TokenTooLarge);
            }
            if let Some(closure) = fact_table.scope_closure(scheme, text).filter(|_| within(text)) {
                facts.unite(closure);
            }
        }
        Ok(Self {
            fact_table: Arc::clone(fact_table),
            scheme,
            facts,
            auth_time: None,
        })
    }

    #[cfg(feature = "testing")]
    pub(crate) fn for_test<'s>(
        table: &OperationTable,
        scheme: SchemeId,
        scopes: impl Iterator<Item = &'s str>,
    ) -> Result<Self, TokenTooLarge> {
        Self::from_scopes(table.shared_fact_table(), scheme, scopes)
    }

    pub(crate) fn accepted_with<'s, T>(
        fact_table: &Arc<FactTable>,
        scheme: SchemeId,
        _proof: &Authenticated<T>,
        scopes: impl Iterator<Item = &'s str>,
    ) -> Result<Self, TokenTooLarge> {
        Self::from_scopes(fact_table, scheme, scopes)
    }

    pub(crate) fn accepted<T>(fact_table: &Arc<FactTable>, scheme: SchemeId, _proof: &Authenticated<T>) -> Self {
        let facts = fact_table.scheme_closure(scheme).cloned().unwrap_or_default();
        Self {
            fact_table: Arc::clone(fact_table),
            scheme,
            facts,
            auth_time: None,
        }
    }

    /// The scheme of the credential.
    #[must_use]
    pub const fn scheme(&self) -> SchemeId {
        self.scheme
    }

    /// Returns the facts, closed under implication.
    #[must_use]
    pub const fn facts(&self) -> &FactSet {
        &self.facts
    }

    /// Returns the size in bytes of its data on the heap, for a cache.
    #[must_use]
    pub fn heap_bytes(&self) -> usize {
        self.facts.heap_bytes()
    }

    /// Returns the time of authentication, if the token contains it.
    pub(crate) const fn auth_time(&self) -> Option<Timestamp> {
        self.auth_time
    }

    pub(crate) fn has_subject(&self) -> bool {
        self.fact_table.has_subject(self.scheme)
    }

    pub(crate) fn is_of(&self, fact_table: &Arc<FactTable>) -> bool {
        Arc::ptr_eq(&self.fact_table, fact_table)
    }

    fn add_guards(&mut self, claims: &Claims<'_>) {
        let fact_table = Arc::clone(&self.fact_table);
        let mut guards = fact_table.token_guards().peekable();
        if guards.peek().is_none() {
            return;
        }
        let kind = match (claims.subject(), claims.client_id()) {
            (Some(subject), Some(client)) if subject == client => Some(SubjectKind::Service),
            (Some(_), _) => Some(SubjectKind::User),
            (None, _) => None,
        };
        for (id, fact) in guards {
            let holds = match fact {
                Fact::Acr(value) => claims.acr() == Some(&**value),
                Fact::Audience(audience) => claims.audiences().any(|text| text == audience.as_str()),
                Fact::Subject(wanted) => kind == Some(*wanted),
                _ => false,
            };
            if holds {
                self.facts.unite(fact_table.closure(id));
            }
        }
    }
}

impl OperationTable {
    /// Returns the facts of a verified token of this scheme. Call it once for each token.
    ///
    /// The subject is a service if the token's `sub` is its `client_id` ([RFC 9068, section
    /// 2.2](https://www.rfc-editor.org/rfc/rfc9068#section-2.2)), a user otherwise.
    ///
    /// # Errors
    ///
    /// [`TokenTooLarge`] if the token names more scopes than a decision reads.
    pub fn token_facts(&self, scheme: SchemeId, claims: &Verified<Claims<'_>>) -> Result<TokenFacts, TokenTooLarge> {
        TokenFacts::from_claims(self.shared_fact_table(), scheme, claims, None)
    }

    /// Does the same for a token whose issuer may grant only the scopes of the ceiling. Other
    /// scopes provide nothing, regardless of their implications. A scope of the ceiling provides
    /// its implications.
    ///
    /// # Errors
    ///
    /// The error of [`OperationTable::token_facts`]. Scopes that provide nothing count.
    pub fn token_facts_within(
        &self,
        scheme: SchemeId,
        claims: &Verified<Claims<'_>>,
        ceiling: &Scope,
    ) -> Result<TokenFacts, TokenTooLarge> {
        TokenFacts::from_claims(self.shared_fact_table(), scheme, claims, Some(ceiling))
    }

    /// Returns the facts of a checked credential without scopes: a password, an API key.
    #[must_use]
    pub fn credential_facts<T>(&self, scheme: SchemeId, proof: &Authenticated<T>) -> TokenFacts {
        TokenFacts::accepted(self.shared_fact_table(), scheme, proof)
    }

    /// Returns the facts of a checked credential with scopes from another source, such as an opaque
    /// token after introspection. Scopes that the scheme does not declare provide nothing.
    ///
    /// # Errors
    ///
    /// [`TokenTooLarge`] if it has more scopes than a decision reads.
    pub fn credential_facts_with_scopes<'s, T>(
        &self,
        scheme: SchemeId,
        proof: &Authenticated<T>,
        scopes: impl IntoIterator<Item = &'s ScopeToken>,
    ) -> Result<TokenFacts, TokenTooLarge> {
        let scopes = scopes.into_iter().map(ScopeToken::as_str);
        TokenFacts::accepted_with(self.shared_fact_table(), scheme, proof, scopes)
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

/// All facts of one request, closed under implication: those of the token, and those of the
/// request.
#[derive(Clone, Debug)]
pub struct RequestFacts<'a> {
    pub(crate) token: Cow<'a, FactSet>,
    pub(crate) request: FactSet,
}

impl Default for RequestFacts<'_> {
    fn default() -> Self {
        Self::NOTHING
    }
}

impl<'a> RequestFacts<'a> {
    /// No facts.
    pub const NOTHING: RequestFacts<'static> = RequestFacts {
        token: Cow::Owned(FactSet::EMPTY),
        request: FactSet::EMPTY,
    };

    /// The facts of the token and no others.
    #[must_use]
    pub const fn of_token(token: &'a TokenFacts) -> Self {
        Self {
            token: Cow::Borrowed(&token.facts),
            request: FactSet::EMPTY,
        }
    }

    /// Creates request facts from exactly these facts, for the analysis of a policy. The set must
    /// be closed: [`FactTable::close`].
    #[must_use]
    pub const fn of_facts(closed: &'a FactSet) -> Self {
        Self {
            token: Cow::Borrowed(closed),
            request: FactSet::EMPTY,
        }
    }

    /// Whether the fact holds.
    #[must_use]
    pub fn contains(&self, id: FactId) -> bool {
        self.token.contains(id) || self.request.contains(id)
    }

    /// The facts that hold.
    #[must_use]
    pub fn facts(&self) -> FactSet {
        self.token.union(&self.request)
    }
}
