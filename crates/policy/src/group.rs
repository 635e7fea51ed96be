//! Groups: operations below a common prefix and behind common guards.

use crate::{Guard, Operation};

/// Operations below one prefix and with common guards.
///
/// A group may contain groups. Guards apply from the outside in, regardless of the order of
/// declaration. First come the application's guards, then those of the outer group, those of the
/// inner one, and the operation's own.
///
/// ```
/// use scopegate_domain::{Catalog, ScopeToken, SecurityScheme};
/// use scopegate_policy::{Group, Guard, Operation, OperationTable};
///
/// const API: ScopeToken = ScopeToken::from_static("api");
/// const ADMIN: ScopeToken = ScopeToken::from_static("admin");
/// const USERS: ScopeToken = ScopeToken::from_static("users");
/// let catalog = Catalog::builder()
///     .scheme("oauth", SecurityScheme::oauth2_password("token"))
///     .scope(API, "").scope(ADMIN, "").scope(USERS, "")
///     .build()?;
///
/// let users = Group::new("/users")
///     .guard(Guard::requires([USERS]))
///     .operation(Operation::get("/{id}"));
/// let admin = Group::new("/admin").guard(Guard::requires([ADMIN])).group(users);
/// let table = OperationTable::builder(catalog)
///     .group(admin)
///     .guard(Guard::requires([API]))
///     .build()?;
/// assert_eq!(table.operations()[0].template(), "/admin/users/{id}");
/// assert_eq!(table.operations()[0].challenge_scope(), [API, ADMIN, USERS]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Group {
    prefix: String,
    guards: Vec<Guard>,
    operations: Vec<Declared>,
}

impl Group {
    /// Creates a group. The prefix begins with a slash and ends without one, or is empty. Any other
    /// prefix is an error of the table.
    #[must_use]
    pub fn new(prefix: impl Into<String>) -> Self {
        Self {
            prefix: prefix.into(),
            ..Self::default()
        }
    }

    /// Adds a guard to all its operations.
    #[must_use]
    pub fn guard(mut self, guard: impl Into<Guard>) -> Self {
        self.guards.push(guard.into());
        self
    }

    /// Adds an operation; its template continues the prefix.
    #[must_use]
    pub fn operation(mut self, operation: Operation) -> Self {
        self.operations.push(Declared::new(operation));
        self
    }

    /// Adds the operations of another group: the prefix of that group follows this one, and its
    /// guards follow these.
    #[must_use]
    pub fn group(mut self, group: Self) -> Self {
        self.operations.extend(group.declared());
        self
    }

    /// Returns the operations with the prefix and the guards of this group.
    pub(crate) fn declared(self) -> impl Iterator<Item = Declared> {
        let Self {
            prefix,
            guards,
            operations,
        } = self;
        operations
            .into_iter()
            .map(move |declared| declared.below(&prefix, &guards))
    }
}

/// An operation with the prefix and the guards of its groups.
#[derive(Clone, Debug)]
pub(crate) struct Declared {
    pub(crate) operation: Operation,
    /// The guards of the groups, those of the outermost first.
    pub(crate) inherited: Vec<Guard>,
    /// Whether exactly one slash is at each boundary of prefixes and template.
    pub(crate) is_joined_well: bool,
}

impl Declared {
    pub(crate) const fn new(operation: Operation) -> Self {
        Self {
            operation,
            inherited: Vec::new(),
            is_joined_well: true,
        }
    }

    fn below(mut self, prefix: &str, guards: &[Guard]) -> Self {
        let template = &mut self.operation.template;
        let is_prefix = prefix.is_empty() || (prefix.starts_with('/') && !prefix.ends_with('/'));
        let continues = template.is_empty() || template.starts_with('/');
        self.is_joined_well = self.is_joined_well && is_prefix && continues;
        template.insert_str(0, prefix);
        self.inherited.splice(0..0, guards.iter().cloned());
        self
    }
}
