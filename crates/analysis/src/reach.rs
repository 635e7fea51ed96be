//! Which callers reach which operations.

use scopegate_domain::{Scope, ScopeToken};

use super::ServerScope;
use super::grant::{Grant, GrantBuilder, is_open_to};
use crate::requirement::minimise;
use crate::{Atom, AtomSet, OperationTable, Requirement, ResolvedOperation, Universe};

/// The operations that a grant opens, in the order of declaration.
///
/// ```
/// # use scopegate_domain::{Catalog, ScopeToken, SecurityScheme};
/// # use scopegate_policy::{Guard, Operation, OperationTable};
/// use scopegate_policy::analysis::{Grant, operations_of};
///
/// # const READ: ScopeToken = ScopeToken::from_static("read");
/// # const WRITE: ScopeToken = ScopeToken::from_static("write");
/// # let catalog = Catalog::builder()
/// #     .scheme("oauth", SecurityScheme::oauth2_password("token"))
/// #     .scope(READ, "").scope(WRITE, "")
/// #     .build()?;
/// let table = OperationTable::builder(catalog)
///     .operation(Operation::get("/items").guard(Guard::requires([READ])))
///     .operation(Operation::post("/items").guard(Guard::requires([WRITE])))
///     .build()?;
/// let [operation] = operations_of(&table, &Grant::of_scopes(&table, [WRITE]))[..] else { panic!() };
/// assert_eq!(operation.to_string(), "POST /items");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use]
pub fn operations_of<'t>(table: &'t OperationTable, grant: &Grant) -> Vec<&'t ResolvedOperation> {
    if !grant.is_of(table) {
        return Vec::new();
    }
    // Walks over the index alone: the operations themselves lie all over the memory.
    let index = table.index();
    let trees: Vec<bool> = (0..index.tree_count())
        .map(|tree| index.is_open(tree, grant.atoms()))
        .collect();
    let operations = table.operations().iter().zip(index.tree_of());
    let open = operations.filter(|(_, tree)| trees.get(**tree).is_some_and(|is_open| *is_open));
    open.map(|(operation, _)| operation).collect()
}

/// The minimal sets of atoms that suffice for an operation, each in the fewest words, the smallest
/// first. No caller reaches it if there is none.
///
/// Where authentication is optional, the first sets are those of a request without a credential:
/// the empty one, unless checks are required. Those of a request with a credential follow, because
/// it is refused if it has none of them.
#[must_use]
pub fn who_can(operation: &ResolvedOperation) -> Vec<Vec<Atom>> {
    let universe = operation.universe();
    let mut sets: Vec<AtomSet> = operation.requirement().alternatives().to_vec();
    minimise(&mut sets);
    let without = operation.anonymous().map_or(&[][..], Requirement::alternatives);
    sets.retain(|set| !without.contains(set));
    let words = |set| universe.atoms_of(&universe.generators(set)).cloned().collect();
    without.iter().chain(&sets).map(words).collect()
}

/// What a client, a user or a role can be granted at most.
///
/// ```
/// use scopegate_policy::analysis::{Ceiling, CeilingKind};
///
/// let ceiling = Ceiling::new(CeilingKind::Client, "web", "items me".parse()?);
/// assert_eq!(ceiling.to_string(), "client `web`");
/// # Ok::<(), scopegate_domain::InvalidScope>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ceiling {
    kind: CeilingKind,
    name: String,
    scope: Scope,
    of_servers: Vec<ServerScope>,
}

/// The kind of holder of a ceiling.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum CeilingKind {
    /// A client's.
    Client,
    /// What the user agreed to that the client may do.
    Consent,
    /// The ceiling of every user with a role.
    Role,
    /// A user's.
    User,
}

impl CeilingKind {
    /// Its name in reports.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Client => "client",
            Self::Consent => "consent",
            Self::Role => "role",
            Self::User => "user",
        }
    }
}

impl Ceiling {
    /// Creates a ceiling of this kind, holder and scope; the name may be empty.
    #[must_use]
    pub fn new(kind: CeilingKind, name: impl Into<String>, scope: Scope) -> Self {
        Self {
            kind,
            name: name.into(),
            scope,
            of_servers: Vec::new(),
        }
    }

    /// Sets the authorization servers of the scopes. A scope that is not among these belongs to the
    /// only server that declares it. Default: none.
    #[must_use]
    pub fn of_servers(mut self, scopes: impl IntoIterator<Item = ServerScope>) -> Self {
        self.of_servers.extend(scopes);
        self
    }

    /// The kind of holder.
    #[must_use]
    pub const fn kind(&self) -> CeilingKind {
        self.kind
    }

    /// The name of the holder.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The most that can be granted.
    #[must_use]
    pub const fn scope(&self) -> &Scope {
        &self.scope
    }

    /// Returns the credentials with all of it.
    pub(crate) fn holder(&self) -> GrantBuilder {
        let is_bare = |token: &&ScopeToken| !self.of_servers.iter().any(|scope| scope.token() == *token);
        let builder = Grant::builder().scopes(self.scope.iter().filter(is_bare).cloned());
        self.of_servers.iter().fold(builder, |builder, scope| {
            builder.scope_of(scope.scheme().clone(), scope.token().clone())
        })
    }

    /// Its scopes, each with the place of its authorization server; those of none or of several are
    /// left out.
    pub(crate) fn scopes_in(&self, universe: &Universe) -> Vec<(usize, &ScopeToken)> {
        let mut scopes = Vec::new();
        for token in &self.scope {
            let mut said = self.of_servers.iter().filter(|scope| scope.token() == token).peekable();
            if said.peek().is_none() {
                let servers = universe.servers_declaring(token.as_str());
                let only = servers.first().filter(|_| servers.len() == 1);
                scopes.extend(only.map(|server| (*server, token)));
            }
            let servers = said.filter_map(|scope| universe.server_of(scope.scheme()));
            scopes.extend(servers.map(|server| (server, token)));
        }
        scopes
    }
}

impl std::fmt::Display for Ceiling {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.name.as_str() {
            "" => f.write_str(self.kind.as_str()),
            name => write!(f, "{} `{name}`", self.kind.as_str()),
        }
    }
}

/// The ceilings within which an operation can be reached, each with what [`Grant`] assumes.
#[must_use]
pub fn reached_by<'c>(operation: &ResolvedOperation, ceilings: &'c [Ceiling]) -> Vec<&'c Ceiling> {
    let is_within = |ceiling: &&Ceiling| {
        let grant = ceiling.holder().build_in(operation.shared_universe());
        is_open_to(operation, grant.atoms())
    };
    ceilings.iter().filter(is_within).collect()
}
