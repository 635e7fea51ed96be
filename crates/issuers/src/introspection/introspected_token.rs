//! The value that introspection returns for a valid token.

use std::sync::Arc;

use scopegate_domain::ScopeToken;

/// A valid opaque token: its subject and its scopes.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct IntrospectedToken {
    /// The local subject: the `sub` of the response, mapped by the
    /// [`SubjectMapping`](crate::SubjectMapping).
    pub subject: Option<Arc<str>>,
    /// The scopes, without those above the ceiling.
    pub scopes: Vec<ScopeToken>,
}
