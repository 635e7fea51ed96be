//! The assumed credentials of a caller.

use std::sync::Arc;

use scopegate_domain::{SchemeName, ScopeToken};

use crate::{Atom, AtomSet, OperationTable, ResolvedOperation, Universe};

/// The assumed credentials of a caller, as far as one table's operations require them.
///
/// A question such as "what may this scope call?" does not state everything. These are the
/// assumptions, which the builder can change:
///
/// - a scope belongs to a token of the authorization server that declares it
///   ([`AuthorizationServers`](crate::AuthorizationServers)). It is held in each scheme of that
///   server that declares it. A name that several servers declare provides nothing until its server
///   is stated;
/// - a token is accepted for each scheme of its server. If neither a scope nor a scheme is named,
///   every scheme whose credentials carry scopes has a token without scopes;
/// - a credential of a scheme without scopes (an API key, a password) is held only if it is named;
/// - everything that is neither scope nor scheme holds: user, active, checks, `acr`, age, audience,
///   binding, subject. Without any credential, only what needs none holds.
///
/// The grant is presented whole. An operation with optional authentication is open without a
/// credential, and to a credential that suffices; it is closed to one that does not, as
/// [`authorize`](crate::authorize()) decides.
///
/// ```
/// use scopegate_domain::{Catalog, ScopeToken, SecurityScheme};
/// use scopegate_policy::{AssumedCredentials, Guard, Operation, OperationTable};
///
/// const READ: ScopeToken = ScopeToken::from_static("read");
/// let catalog = Catalog::builder()
///     .scheme("oauth", SecurityScheme::oauth2_password("token"))
///     .scope(READ, "Read.")
///     .build()?;
/// let table = OperationTable::builder(catalog)
///     .operation(Operation::get("/items").guard(Guard::requires([READ])))
///     .build()?;
/// let grant = AssumedCredentials::of_scopes(&table, [READ, ScopeToken::from_static("write")]);
/// assert!(grant.opens(&table.operations()[0]));
/// assert_eq!(grant.unknown_scopes(), ["write".parse()?]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct AssumedCredentials {
    universe: Arc<Universe>,
    atoms: AtomSet,
    unknown_scopes: Vec<ScopeToken>,
    unknown_schemes: Vec<SchemeName>,
    ambiguous_scopes: Vec<ScopeToken>,
}

impl AssumedCredentials {
    /// Starts with nothing named.
    #[must_use]
    pub fn builder() -> AssumedCredentialsBuilder {
        AssumedCredentialsBuilder::default()
    }

    /// Assumes these scopes, with the defaults.
    #[must_use]
    pub fn of_scopes(table: &OperationTable, scopes: impl IntoIterator<Item = ScopeToken>) -> Self {
        Self::builder().scopes(scopes).build(table)
    }

    /// The atoms that hold, closed under implication.
    #[must_use]
    pub const fn atoms(&self) -> &AtomSet {
        &self.atoms
    }

    /// The scopes that were named and that the table does not declare; they provide no more than a
    /// token without scopes.
    #[must_use]
    pub fn unknown_scopes(&self) -> &[ScopeToken] {
        &self.unknown_scopes
    }

    /// The scopes that were named alone and that several authorization servers declare; they
    /// provide nothing.
    #[must_use]
    pub fn ambiguous_scopes(&self) -> &[ScopeToken] {
        &self.ambiguous_scopes
    }

    /// The schemes that were named and that the table does not declare; they provide nothing.
    #[must_use]
    pub fn unknown_schemes(&self) -> &[SchemeName] {
        &self.unknown_schemes
    }

    /// Whether it was made for this table.
    #[must_use]
    pub fn is_of(&self, table: &OperationTable) -> bool {
        Arc::ptr_eq(&self.universe, table.shared_universe())
    }

    /// Whether a caller with these credentials may do the operation. An operation of another table
    /// is never opened.
    #[must_use]
    pub fn opens(&self, operation: &ResolvedOperation) -> bool {
        Arc::ptr_eq(&self.universe, operation.shared_universe()) && operation.is_open_to(&self.atoms)
    }
}

/// Collects the assumed credentials of a caller; [`AssumedCredentialsBuilder::build`] looks it up
/// in a table.
#[derive(Clone, Debug, Default)]
pub struct AssumedCredentialsBuilder {
    scopes: Vec<(Option<SchemeName>, ScopeToken)>,
    schemes: Vec<SchemeName>,
    tokens: Vec<SchemeName>,
    without: Vec<Atom>,
    has_no_guards: bool,
}

impl AssumedCredentialsBuilder {
    /// Adds scopes by their names alone, each to a token of the only authorization server that
    /// declares it.
    #[must_use]
    pub fn scopes(mut self, scopes: impl IntoIterator<Item = ScopeToken>) -> Self {
        self.scopes.extend(scopes.into_iter().map(|token| (None, token)));
        self
    }

    /// Adds a scope to the token of the authorization server of this scheme, which must declare it.
    #[must_use]
    pub fn scope_of(mut self, scheme: SchemeName, token: ScopeToken) -> Self {
        self.scopes.push((Some(scheme), token));
        self
    }

    /// Adds a token of the authorization server of this scheme, without a scope.
    #[must_use]
    pub fn token_of(mut self, scheme: SchemeName) -> Self {
        self.tokens.push(scheme);
        self
    }

    /// Adds a credential of this scheme.
    #[must_use]
    pub fn scheme(mut self, name: SchemeName) -> Self {
        self.schemes.push(name);
        self
    }

    /// Takes away an atom, with everything that implies it.
    #[must_use]
    pub fn without(mut self, atom: Atom) -> Self {
        self.without.push(atom);
        self
    }

    /// Takes away everything that is neither scope nor scheme.
    #[must_use]
    pub const fn without_guards(mut self) -> Self {
        self.has_no_guards = true;
        self
    }

    /// Looks it up in a table.
    #[must_use]
    pub fn build(&self, table: &OperationTable) -> AssumedCredentials {
        self.build_in(table.shared_universe())
    }

    /// Looks it up in the table of an operation.
    #[must_use]
    pub fn build_for(&self, operation: &ResolvedOperation) -> AssumedCredentials {
        self.build_in(operation.shared_universe())
    }

    fn build_in(&self, universe: &Arc<Universe>) -> AssumedCredentials {
        let mut grant = AssumedCredentials {
            universe: Arc::clone(universe),
            atoms: AtomSet::EMPTY,
            unknown_scopes: Vec::new(),
            unknown_schemes: Vec::new(),
            ambiguous_scopes: Vec::new(),
        };
        self.add_scopes(&mut grant);
        self.add_schemes(&mut grant);
        if !self.has_no_guards {
            universe.add_guards(&mut grant.atoms);
        }
        for atom in &self.without {
            take_away(universe, atom, &mut grant.atoms);
        }
        grant
    }

    fn add_scopes(&self, grant: &mut AssumedCredentials) {
        let universe = &grant.universe;
        for (scheme, token) in &self.scopes {
            let servers = match scheme {
                Some(name) => {
                    let id = universe.scheme_id(name);
                    let declared = id.filter(|id| universe.scope_id(*id, token.as_str()).is_some());
                    declared.and(universe.server_of(name)).into_iter().collect()
                }
                None => universe.servers_declaring(token.as_str()),
            };
            let unclear = match *servers {
                [server] => {
                    grant.atoms.unite(&universe.token_brings_by(server, token.as_str()));
                    continue;
                }
                [] => &mut grant.unknown_scopes,
                _ => &mut grant.ambiguous_scopes,
            };
            if !unclear.contains(token) {
                unclear.push(token.clone());
            }
            // A token that carries it is a token all the same.
            let server = match scheme {
                Some(name) => universe.server_of(name),
                None => universe.only_server_with_scopes(),
            };
            if let Some(server) = server {
                grant.atoms.unite(&universe.token_brings(server));
            }
        }
    }

    fn add_schemes(&self, grant: &mut AssumedCredentials) {
        let universe = &grant.universe;
        for name in &self.schemes {
            let scheme = universe.scheme_id(name);
            match scheme.and_then(|scheme| universe.scheme_closure(scheme)) {
                Some(closure) => grant.atoms.unite(closure),
                None => grant.unknown_schemes.push(name.clone()),
            }
        }
        for name in &self.tokens {
            match universe.server_of(name) {
                Some(server) => grant.atoms.unite(&universe.token_brings(server)),
                None => grant.unknown_schemes.push(name.clone()),
            }
        }
        if self.scopes.is_empty() && self.schemes.is_empty() && self.tokens.is_empty() {
            let closures = universe
                .schemes_with_scopes()
                .filter_map(|scheme| universe.scheme_closure(scheme));
            closures.for_each(|closure| grant.atoms.unite(closure));
        }
    }
}

fn take_away(universe: &Universe, atom: &Atom, atoms: &mut AtomSet) {
    if let Some(id) = universe.find(atom) {
        let kept = atoms.iter().filter(|other| !universe.closure(*other).contains(id));
        *atoms = kept.collect();
    }
}
