//! What the pages say about APIs: their names, the meaning of their scopes, their operations.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, PoisonError, RwLock};

use scopegate_domain::{Audience, Catalog, DeclaredScheme, DeclaredScope, ScopeToken};
use scopegate_policy::{Method, OperationTable, ResolvedOperation};

/// An API as the pages describe it to a user.
///
/// The operations come from the table that enforces access, so a page agrees with it.
#[derive(Clone, Debug)]
pub struct ApiDescription {
    audience: Option<Audience>,
    title: String,
    table: OperationTable,
    scopes: HashMap<ScopeToken, ScopeMeaning>,
    /// By the template, so that a page finds one without a copy of the text.
    summaries: HashMap<String, Vec<(Method, String)>>,
}

/// What a scope means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ScopeMeaning {
    pub(crate) description: String,
    /// All scopes that it implies, also indirectly, sorted.
    pub(crate) implied: Vec<ScopeToken>,
}

impl ApiDescription {
    /// Creates the description of an API with this name for people.
    #[must_use]
    pub fn new(title: impl Into<String>, table: OperationTable) -> Self {
        Self {
            audience: None,
            title: title.into(),
            scopes: meanings(table.catalog()),
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
        let of_template = self.summaries.entry(template.into()).or_default();
        of_template.push((method, text.into()));
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
        let of_template = self.summaries.get(operation.template());
        let mut texts = of_template.into_iter().flatten();
        let found = texts.find(|(method, _)| *method == operation.method());
        found.map_or_else(|| operation.template(), |(_, text)| text)
    }

    /// Returns what a scope means; `None` if the API does not declare it.
    pub(crate) fn meaning(&self, token: &ScopeToken) -> Option<&ScopeMeaning> {
        self.scopes.get(token)
    }

    /// Returns all scopes that this one implies.
    pub(crate) fn implied(&self, token: &ScopeToken) -> &[ScopeToken] {
        self.meaning(token).map_or(&[], |meaning| &meaning.implied)
    }
}

fn meanings(catalog: &Catalog) -> HashMap<ScopeToken, ScopeMeaning> {
    let declared = || catalog.schemes().iter().flat_map(DeclaredScheme::scopes);
    let direct: HashMap<&ScopeToken, &DeclaredScope> = declared().map(|scope| (scope.token(), scope)).collect();
    let meaning = |scope: &DeclaredScope| ScopeMeaning {
        description: scope.description().to_owned(),
        implied: implied(&direct, scope),
    };
    declared()
        .map(|scope| (scope.token().clone(), meaning(scope)))
        .collect()
}

fn implied(direct: &HashMap<&ScopeToken, &DeclaredScope>, scope: &DeclaredScope) -> Vec<ScopeToken> {
    let mut found = BTreeSet::new();
    let mut next: Vec<&ScopeToken> = scope.implies().iter().collect();
    while let Some(token) = next.pop() {
        if let Some(scope) = direct.get(token).filter(|_| found.insert(token)) {
            next.extend(scope.implies());
        }
    }
    found.into_iter().cloned().collect()
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
