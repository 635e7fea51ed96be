//! Operations, as they are declared.

use crate::{Guard, Method};

/// A method on a path template, and the guards that stand before it.
///
/// ```
/// use scopegate_domain::ScopeToken;
/// use scopegate_policy::{Guard, Operation};
///
/// const ITEMS: ScopeToken = ScopeToken::from_static("items");
/// let operation = Operation::get("/users/{id}/items").guard(Guard::requires([ITEMS])).named("list_items");
/// # let _ = operation;
/// ```
#[derive(Clone, Debug)]
pub struct Operation {
    pub(crate) method: Method,
    pub(crate) template: String,
    pub(crate) name: Option<String>,
    pub(crate) guards: Vec<Guard>,
    pub(crate) is_optional: bool,
    pub(crate) is_override: bool,
}

impl Operation {
    /// An operation without a guard; without one from its group either, the table refuses it.
    #[must_use]
    pub fn new(method: Method, template: impl Into<String>) -> Self {
        Self {
            method,
            template: template.into(),
            name: None,
            guards: Vec::new(),
            is_optional: false,
            is_override: false,
        }
    }

    /// `DELETE`
    #[must_use]
    pub fn delete(template: impl Into<String>) -> Self {
        Self::new(Method::Delete, template)
    }

    /// `GET`
    #[must_use]
    pub fn get(template: impl Into<String>) -> Self {
        Self::new(Method::Get, template)
    }

    /// `PATCH`
    #[must_use]
    pub fn patch(template: impl Into<String>) -> Self {
        Self::new(Method::Patch, template)
    }

    /// `POST`
    #[must_use]
    pub fn post(template: impl Into<String>) -> Self {
        Self::new(Method::Post, template)
    }

    /// `PUT`
    #[must_use]
    pub fn put(template: impl Into<String>) -> Self {
        Self::new(Method::Put, template)
    }

    /// Stands behind this guard, too. Several guards do not see each other's scopes.
    #[must_use]
    pub fn guard(mut self, guard: impl Into<Guard>) -> Self {
        self.guards.push(guard.into());
        self
    }

    /// Gives it a name for documents.
    #[must_use]
    pub fn named(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// Lets requests without a credential through as anonymous. A bad credential is refused all the same.
    #[must_use]
    pub const fn optional(mut self) -> Self {
        self.is_optional = true;
        self
    }

    /// Puts the operation's own guards in the place of those of its groups and of the application. Every report shows it.
    #[must_use]
    pub const fn overriding(mut self) -> Self {
        self.is_override = true;
        self
    }

    /// How it is called in errors: `GET /users/me/`.
    pub(crate) fn label(&self) -> String {
        format!("{} {}", self.method, self.template)
    }
}

/// Operations below one prefix and behind common guards.
///
/// ```
/// use scopegate_domain::ScopeToken;
/// use scopegate_policy::{Group, Guard, Operation};
///
/// const ADMIN: ScopeToken = ScopeToken::from_static("admin");
/// let group = Group::new("/admin")
///     .guard(Guard::requires([ADMIN]))
///     .operation(Operation::get("/users"))
///     .operation(Operation::post("/users"));
/// # let _ = group;
/// ```
#[derive(Clone, Debug, Default)]
pub struct Group {
    pub(crate) prefix: String,
    pub(crate) guards: Vec<Guard>,
    pub(crate) operations: Vec<Operation>,
}

impl Group {
    /// A group; the prefix may be empty.
    #[must_use]
    pub fn new(prefix: impl Into<String>) -> Self {
        Self {
            prefix: prefix.into(),
            ..Self::default()
        }
    }

    /// All its operations stand behind this guard, too.
    #[must_use]
    pub fn guard(mut self, guard: impl Into<Guard>) -> Self {
        self.guards.push(guard.into());
        self
    }

    /// Adds an operation; its template continues the prefix.
    #[must_use]
    pub fn operation(mut self, operation: Operation) -> Self {
        self.operations.push(operation);
        self
    }
}
