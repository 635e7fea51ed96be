//! The declaration of an operation.

use crate::{Guard, Method};

/// A method on a path template, and its guards.
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
    pub(crate) outer: Vec<Guard>,
    pub(crate) guards: Vec<Guard>,
    pub(crate) is_optional: bool,
    pub(crate) is_override: bool,
}

impl Operation {
    /// Creates an operation without a guard. The table refuses it if its group has no guard either.
    #[must_use]
    pub fn new(method: Method, template: impl Into<String>) -> Self {
        Self {
            method,
            template: template.into(),
            name: None,
            outer: Vec::new(),
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

    /// Adds a guard. Several guards do not see each other's scopes.
    #[must_use]
    pub fn guard(mut self, guard: impl Into<Guard>) -> Self {
        self.guards.push(guard.into());
        self
    }

    /// Adds a guard before all guards of [`Operation::guard`], regardless of the order of the
    /// calls.
    #[must_use]
    pub fn and_guard(mut self, guard: impl Into<Guard>) -> Self {
        self.outer.push(guard.into());
        self
    }

    /// Sets the name for documents. Default: none.
    #[must_use]
    pub fn named(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// Authorizes requests without a credential as anonymous. An invalid credential is refused all
    /// the same. Below guards that require a credential the table refuses the operation, unless it
    /// has [`Operation::override_guards`].
    #[must_use]
    pub const fn optional(mut self) -> Self {
        self.is_optional = true;
        self
    }

    /// Replaces the guards of the groups and of the application. Every report shows it. If there
    /// are none, the table refuses the operation.
    #[must_use]
    pub const fn override_guards(mut self) -> Self {
        self.is_override = true;
        self
    }

    /// Returns the name in errors: `GET /users/me/`.
    pub(crate) fn label(&self) -> String {
        format!("{} {}", self.method, self.template)
    }
}
