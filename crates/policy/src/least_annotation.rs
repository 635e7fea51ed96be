//! Least privilege as a publisher states it for an operation.

use std::sync::Arc;

use scopegate_domain::{SchemeName, ScopeToken};

use crate::Method;

/// That a publisher says a scope to be the least that suffices for an operation by a scheme.
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
    /// The scope by itself.
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

    /// The same together with one of these.
    #[must_use]
    pub fn with_others(mut self, others: impl Into<Arc<[ScopeToken]>>) -> Self {
        self.others = others.into();
        self
    }

    /// By which scheme.
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

    /// Which scope.
    #[must_use]
    pub const fn scope(&self) -> &ScopeToken {
        &self.scope
    }

    /// One of these is needed next to it; if there is none, it does by itself.
    #[must_use]
    pub fn others(&self) -> &[ScopeToken] {
        &self.others
    }
}
