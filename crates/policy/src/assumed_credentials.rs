//! The assumed credentials of a caller.

use std::sync::Arc;

use scopegate_domain::{SchemeName, ScopeToken};

use crate::{Fact, FactSet, FactTable, OperationTable, ResolvedOperation};

/// The assumed credentials of a caller, resolved for the operations of one table.
///
/// A question such as "which operations may this scope call?" does not state everything. The
/// builder starts with these assumptions, and can change them:
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
/// All credentials are presented together. An operation with optional authentication is open
/// without a credential, and with a sufficient one. It is closed with an insufficient one, as
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
    fact_table: Arc<FactTable>,
    facts: FactSet,
    unknown_scopes: Vec<ScopeToken>,
    unknown_schemes: Vec<SchemeName>,
    ambiguous_scopes: Vec<ScopeToken>,
}

impl AssumedCredentials {
    /// Creates a builder without scopes and schemes.
    #[must_use]
    pub fn builder() -> AssumedCredentialsBuilder {
        AssumedCredentialsBuilder::default()
    }

    /// Creates a builder with these scopes and the default assumptions.
    #[must_use]
    pub fn of_scopes(table: &OperationTable, scopes: impl IntoIterator<Item = ScopeToken>) -> Self {
        Self::builder().scopes(scopes).build(table)
    }

    /// The facts that hold, closed under implication.
    #[must_use]
    pub const fn facts(&self) -> &FactSet {
        &self.facts
    }

    /// Returns the named scopes that the table does not declare. They provide no more than a token
    /// without scopes.
    #[must_use]
    pub fn unknown_scopes(&self) -> &[ScopeToken] {
        &self.unknown_scopes
    }

    /// Returns the scopes that were named without a scheme and that several authorization servers
    /// declare. They provide nothing.
    #[must_use]
    pub fn ambiguous_scopes(&self) -> &[ScopeToken] {
        &self.ambiguous_scopes
    }

    /// Returns the named schemes that the table does not declare. They provide nothing.
    #[must_use]
    pub fn unknown_schemes(&self) -> &[SchemeName] {
        &self.unknown_schemes
    }

    /// Whether the credentials were resolved for this table.
    #[must_use]
    pub fn is_of(&self, table: &OperationTable) -> bool {
        Arc::ptr_eq(&self.fact_table, table.shared_fact_table())
    }

    /// Whether a caller with these credentials may call the operation. False for an operation of
    /// another table.
    #[must_use]
    pub fn opens(&self, operation: &ResolvedOperation) -> bool {
        Arc::ptr_eq(&self.fact_table, operation.shared_fact_table()) && operation.is_open_to(&self.facts)
    }
}

/// Builds the assumed credentials of a caller. [`AssumedCredentialsBuilder::build`] resolves them
/// against a table.
#[derive(Clone, Debug, Default)]
pub struct AssumedCredentialsBuilder {
    scopes: Vec<(Option<SchemeName>, ScopeToken)>,
    schemes: Vec<SchemeName>,
    tokens: Vec<SchemeName>,
    without: Vec<Fact>,
    has_no_guards: bool,
}

impl AssumedCredentialsBuilder {
    /// Adds scopes by their names, each to a token of the only authorization server that declares
    /// it.
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

    /// Removes a fact, with all facts that imply it.
    #[must_use]
    pub fn without(mut self, fact: Fact) -> Self {
        self.without.push(fact);
        self
    }

    /// Removes all facts that are neither scopes nor schemes.
    #[must_use]
    pub const fn without_guards(mut self) -> Self {
        self.has_no_guards = true;
        self
    }

    /// Resolves the credentials against a table.
    #[must_use]
    pub fn build(&self, table: &OperationTable) -> AssumedCredentials {
        self.build_in(table.shared_fact_table())
    }

    /// Resolves the credentials against the table of an operation.
    #[must_use]
    pub fn build_for(&self, operation: &ResolvedOperation) -> AssumedCredentials {
        self.build_in(operation.shared_fact_table())
    }

    fn build_in(&self, fact_table: &Arc<FactTable>) -> AssumedCredentials {
        let mut grant = AssumedCredentials {
            fact_table: Arc::clone(fact_table),
            facts: FactSet::EMPTY,
            unknown_scopes: Vec::new(),
            unknown_schemes: Vec::new(),
            ambiguous_scopes: Vec::new(),
        };
        self.add_scopes(&mut grant);
        self.add_schemes(&mut grant);
        if !self.has_no_guards {
            fact_table.add_guards(&mut grant.facts);
        }
        for fact in &self.without {
            take_away(fact_table, fact, &mut grant.facts);
        }
        grant
    }

    fn add_scopes(&self, grant: &mut AssumedCredentials) {
        let fact_table = &grant.fact_table;
        for (scheme, token) in &self.scopes {
            let servers = match scheme {
                Some(name) => {
                    let id = fact_table.scheme_id(name);
                    let declared = id.filter(|id| fact_table.scope_id(*id, token.as_str()).is_some());
                    declared.and(fact_table.server_of(name)).into_iter().collect()
                }
                None => fact_table.servers_declaring(token.as_str()),
            };
            let unclear = match *servers {
                [server] => {
                    grant.facts.unite(&fact_table.token_scope_facts(server, token.as_str()));
                    continue;
                }
                [] => &mut grant.unknown_scopes,
                _ => &mut grant.ambiguous_scopes,
            };
            if !unclear.contains(token) {
                unclear.push(token.clone());
            }
            // A token with this scope is a credential, too.
            let server = match scheme {
                Some(name) => fact_table.server_of(name),
                None => fact_table.only_server_with_scopes(),
            };
            if let Some(server) = server {
                grant.facts.unite(&fact_table.token_base_facts(server));
            }
        }
    }

    fn add_schemes(&self, grant: &mut AssumedCredentials) {
        let fact_table = &grant.fact_table;
        for name in &self.schemes {
            let scheme = fact_table.scheme_id(name);
            match scheme.and_then(|scheme| fact_table.scheme_closure(scheme)) {
                Some(closure) => grant.facts.unite(closure),
                None => grant.unknown_schemes.push(name.clone()),
            }
        }
        for name in &self.tokens {
            match fact_table.server_of(name) {
                Some(server) => grant.facts.unite(&fact_table.token_base_facts(server)),
                None => grant.unknown_schemes.push(name.clone()),
            }
        }
        if self.scopes.is_empty() && self.schemes.is_empty() && self.tokens.is_empty() {
            let closures = fact_table
                .schemes_with_scopes()
                .filter_map(|scheme| fact_table.scheme_closure(scheme));
            closures.for_each(|closure| grant.facts.unite(closure));
        }
    }
}

fn take_away(fact_table: &FactTable, fact: &Fact, facts: &mut FactSet) {
    if let Some(id) = fact_table.find(fact) {
        let kept = facts.iter().filter(|other| !fact_table.closure(*other).contains(id));
        *facts = kept.collect();
    }
}
