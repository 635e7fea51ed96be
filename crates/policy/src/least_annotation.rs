//! Least privilege as a publisher states it for an operation.

use std::sync::Arc;

use scopegate_domain::{SchemeName, ScopeToken};

use crate::Method;

/// An annotation by a publisher: this scope is the least that suffices for an operation with a
/// scheme.
///
/// ```
/// use scopegate_policy::{LeastPrivilegeAnnotation, Method};
///
/// let mark = LeastPrivilegeAnnotation::new("oauth".parse()?, Method::Get, "/items", "read".parse()?);
/// assert!(mark.others().is_empty());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeastPrivilegeAnnotation {
    scheme: SchemeName,
    method: Method,
    template: Arc<str>,
    scope: ScopeToken,
    others: Arc<[ScopeToken]>,
}

impl LeastPrivilegeAnnotation {
    /// Creates an annotation: the scope suffices alone.
    #[must_use]
    pub fn new(scheme: SchemeName, method: Method, template: impl Into<Arc<str>>, scope: ScopeToken) -> Self {
        Self {
            scheme,
            method,
            template: template.into(),
            scope,
            others: Arc::default(),
        }
    }

    /// Adds scopes, one of which is also needed.
    #[must_use]
    pub fn with_others(mut self, others: impl Into<Arc<[ScopeToken]>>) -> Self {
        self.others = others.into();
        self
    }

    /// Returns the scheme.
    #[must_use]
    pub const fn scheme(&self) -> &SchemeName {
        &self.scheme
    }

    /// The method of the operation.
    #[must_use]
    pub const fn method(&self) -> Method {
        self.method
    }

    /// The path template of the operation.
    #[must_use]
    pub fn template(&self) -> &str {
        &self.template
    }

    /// Returns the scope.
    #[must_use]
    pub const fn scope(&self) -> &ScopeToken {
        &self.scope
    }

    /// Returns the scopes one of which is needed in addition. If there are none, the scope suffices
    /// alone.
    #[must_use]
    pub fn others(&self) -> &[ScopeToken] {
        &self.others
    }
}
