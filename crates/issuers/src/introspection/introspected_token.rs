//! The value that introspection returns for a valid token.

use std::sync::Arc;

use scopegate_domain::{ScopeToken, TokenClaims};

/// A valid opaque token: its claims and its scopes.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct IntrospectedToken {
    /// The claims of the response. Their subject is the local one: the `sub` of the response,
    /// mapped by the [`SubjectMapping`](crate::SubjectMapping).
    pub claims: Arc<TokenClaims>,
    /// The scopes, without those above the ceiling.
    pub scopes: Vec<ScopeToken>,
}
