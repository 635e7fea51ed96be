//! Who reaches what.

use scopegate_domain::Scope;

use super::grant::{Grant, is_open_to};
use crate::requirement::minimise;
use crate::{Atom, OperationTable, ResolvedOperation};

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

/// The minimal sets of atoms that suffice for an operation, each in the fewest words, the smallest first. Nobody reaches it
/// where there is none; everybody does where one is empty, as with optional authentication.
#[must_use]
pub fn who_can(operation: &ResolvedOperation) -> Vec<Vec<Atom>> {
    let universe = operation.universe();
    let requirements = std::iter::once(operation.requirement()).chain(operation.anonymous());
    let mut sets = requirements
        .flat_map(|requirement| requirement.alternatives().iter().cloned())
        .collect();
    minimise(&mut sets);
    let words = |set| universe.atoms_of(&universe.generators(set)).cloned().collect();
    sets.iter().map(words).collect()
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
}

/// Whose ceiling it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum CeilingKind {
    /// A client's.
    Client,
    /// What the user agreed to that the client may do.
    Consent,
    /// That of everybody with a role.
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
    /// So much, for whom; the name may be empty.
    #[must_use]
    pub fn new(kind: CeilingKind, name: impl Into<String>, scope: Scope) -> Self {
        Self {
            kind,
            name: name.into(),
            scope,
        }
    }

    /// Whose kind it is.
    #[must_use]
    pub const fn kind(&self) -> CeilingKind {
        self.kind
    }

    /// Whose it is.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The most that can be granted.
    #[must_use]
    pub const fn scope(&self) -> &Scope {
        &self.scope
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

/// The ceilings within which an operation can be reached, each with what [`Grant`] takes for granted.
#[must_use]
pub fn reached_by<'c>(operation: &ResolvedOperation, ceilings: &'c [Ceiling]) -> Vec<&'c Ceiling> {
    let is_within = |ceiling: &&Ceiling| {
        let builder = Grant::builder().scopes(ceiling.scope.iter().cloned());
        let grant = builder.build_in(operation.shared_universe());
        is_open_to(operation, grant.atoms())
    };
    ceilings.iter().filter(is_within).collect()
}
