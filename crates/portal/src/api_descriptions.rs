//! What the pages say about APIs: their names, the meaning of their scopes, their operations.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use scopegate_domain::{Audience, DeclaredScheme, DeclaredScope, ScopeToken};
use scopegate_policy::{Method, OperationTable, ResolvedOperation};

/// An API as the pages describe it to a user.
///
/// The operations come from the table that enforces access, so a page agrees with it.
#[derive(Clone, Debug)]
pub struct ApiDescription {
    audience: Option<Audience>,
    title: String,
    table: OperationTable,
    summaries: HashMap<(Method, String), String>,
}

impl ApiDescription {
    /// Creates the description of an API with this name for people.
    #[must_use]
    pub fn new(title: impl Into<String>, table: OperationTable) -> Self {
        Self {
            audience: None,
            title: title.into(),
            table,
            summaries: HashMap::new(),
        }
    }

    /// Sets the audience of its tokens. Default: none, for the one API of a server without
    /// resources.
    #[must_use]
    pub fn audience(mut self, audience: Audience) -> Self {
        self.audience = Some(audience);
        self
    }

    /// Sets what an operation does, in a few words. Default: the template of its path.
    #[must_use]
    pub fn summary(mut self, method: Method, template: impl Into<String>, text: impl Into<String>) -> Self {
        self.summaries.insert((method, template.into()), text.into());
        self
    }

    pub(crate) fn is_for(&self, audience: Option<&Audience>) -> bool {
        self.audience.as_ref() == audience
    }

    pub(crate) fn shown_audience(&self) -> Option<&str> {
        self.audience.as_ref().map(Audience::as_str)
    }

    pub(crate) fn title(&self) -> &str {
        &self.title
    }

    pub(crate) const fn table(&self) -> &OperationTable {
        &self.table
    }

    pub(crate) fn summary_of<'t>(&'t self, operation: &'t ResolvedOperation) -> &'t str {
        let key = (operation.method(), operation.template().to_owned());
        self.summaries
            .get(&key)
            .map_or_else(|| operation.template(), String::as_str)
    }

    pub(crate) fn declared(&self, token: &ScopeToken) -> Option<&DeclaredScope> {
        let mut scopes = self.table.catalog().schemes().iter().flat_map(DeclaredScheme::scopes);
        scopes.find(|scope| scope.token() == token)
    }

    /// Returns all scopes that this one implies, also indirectly.
    pub(crate) fn implied(&self, token: &ScopeToken) -> Vec<&ScopeToken> {
        let mut found: Vec<&ScopeToken> = Vec::new();
        let mut next = self.declared(token).map_or(&[][..], DeclaredScope::implies).to_vec();
        while let Some(token) = next.pop() {
            let Some(scope) = self.declared(&token).filter(|scope| !found.contains(&scope.token())) else {
                continue;
            };
            found.push(scope.token());
            next.extend(scope.implies().iter().cloned());
        }
        found.sort();
        found
    }
}

/// The descriptions of all APIs. All clones share them: a reload replaces them as one value.
///
/// ```
/// use scopegate_portal::ApiDescriptions;
///
/// let apis = ApiDescriptions::default();
/// apis.clone().replace([]);
/// ```
#[derive(Clone, Debug, Default)]
pub struct ApiDescriptions(Arc<RwLock<Arc<[ApiDescription]>>>);

impl ApiDescriptions {
    /// Creates the value.
    #[must_use]
    pub fn new(apis: impl IntoIterator<Item = ApiDescription>) -> Self {
        Self(Arc::new(RwLock::new(apis.into_iter().collect())))
    }

    /// Replaces the descriptions.
    pub fn replace(&self, apis: impl IntoIterator<Item = ApiDescription>) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = apis.into_iter().collect();
    }

    pub(crate) fn current(&self) -> Arc<[ApiDescription]> {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }
}
