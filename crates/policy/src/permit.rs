//! Permits.

use std::fmt;
use std::sync::Arc;

use scopegate_domain::{ScopeToken, User};

use crate::{Atom, AtomId, AtomSet, ResolvedOperation};

/// Proof that a request may be done, with what a handler wants to know of it: who asks, and what they were granted.
///
/// Made only by [`authorize`](crate::authorize).
///
/// ```compile_fail
/// let permit = scopegate_policy::Permit { user: None };
/// ```
// SECURITY: the fields are private and the one constructor is private to the crate; the `compile_fail` above holds it.
#[derive(Clone)]
#[must_use]
pub struct Permit {
    operation: ResolvedOperation,
    user: Option<Arc<User>>,
    granted: AtomSet,
    witness: usize,
}

impl Permit {
    pub(crate) const fn new(
        operation: ResolvedOperation,
        user: Option<Arc<User>>,
        granted: AtomSet,
        witness: usize,
    ) -> Self {
        Self {
            operation,
            user,
            granted,
            witness,
        }
    }

    /// The user in whose name it may be done, where the operation asked for one or the request's was known.
    #[must_use]
    pub fn user(&self) -> Option<&User> {
        self.user.as_deref()
    }

    /// The same, to be kept.
    #[must_use]
    pub fn user_arc(&self) -> Option<Arc<User>> {
        self.user.clone()
    }

    /// Whether no credential was accepted: the operation is public, or authentication is optional.
    #[must_use]
    pub fn is_anonymous(&self) -> bool {
        !self.granted.contains(AtomId::AUTHENTICATED)
    }

    /// What may be done.
    #[must_use]
    pub const fn operation(&self) -> &ResolvedOperation {
        &self.operation
    }

    /// The scopes that the credentials bring, those that others imply included, in the order of the catalog.
    pub fn granted(&self) -> impl Iterator<Item = &ScopeToken> {
        self.operation
            .universe()
            .atoms_of(&self.granted)
            .filter_map(Atom::scope_token)
    }

    /// Whether the credentials bring this scope, by themselves or by implication.
    #[must_use]
    pub fn has_scope(&self, token: &ScopeToken) -> bool {
        self.granted().any(|granted| granted == token)
    }

    /// The scopes that were needed, dependants first.
    #[must_use]
    pub fn required(&self) -> &[ScopeToken] {
        self.operation.scope_of(self.witness())
    }

    /// Which alternative of the requirement was satisfied, counted from 0; none for an anonymous request where
    /// authentication is optional.
    #[must_use]
    pub fn witness(&self) -> Option<usize> {
        Some(self.witness).filter(|_| !self.operation.is_optional() || !self.is_anonymous())
    }
}

impl fmt::Debug for Permit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Permit")
            .field("operation", &format_args!("{}", self.operation))
            .field("user", &self.user.as_ref().map(|user| user.id()))
            .field("granted", &self.granted().map(ScopeToken::as_str).collect::<Vec<_>>())
            .finish_non_exhaustive()
    }
}
