//! Statements of a document that the table of its operations does not contain.

use std::collections::{HashMap, HashSet};

use scopegate_domain::{SchemeName, ScopeToken};

use crate::{DocumentedErrors, Method};

/// The place at which a document declares the requirement of an operation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[expect(
    clippy::exhaustive_enums,
    reason = "an operation has a requirement of its own, the document's, or none"
)]
pub enum SecurityOrigin {
    /// Neither the operation nor the document declares one, so the operation is public.
    Absent,
    /// The document declares it; the operation declares none.
    Inherited,
    /// The operation declares it.
    #[default]
    Own,
}

/// Statements of a document that the table of its operations does not contain. The lint reads them
/// to distinguish written from omitted fields.
///
/// ```
/// use scopegate_policy::{DocumentFacts, SecurityOrigin};
///
/// let facts = DocumentFacts::new()
///     .server("https://api.example/v1")
///     .security_origins([SecurityOrigin::Inherited]);
/// # let _ = facts;
/// ```
#[derive(Clone, Debug, Default)]
pub struct DocumentFacts {
    servers: Vec<String>,
    origins: Vec<SecurityOrigin>,
    errors: Vec<DocumentedErrors>,
    summaries: HashMap<usize, Box<str>>,
    descriptions: HashMap<usize, Box<str>>,
    with_credential: HashSet<usize>,
    without_permission: HashSet<usize>,
    description: Option<String>,
    undeclared: Vec<UndeclaredScope>,
    undefined: Vec<UndefinedScheme>,
    used_schemes: HashSet<String>,
    ignored_scopes: Vec<String>,
}

/// A scope that requirements name and that its scheme does not declare.
#[derive(Clone, Debug)]
#[expect(clippy::exhaustive_structs, reason = "a value that the lint reports as it is")]
pub struct UndeclaredScope {
    /// The scheme.
    pub scheme: SchemeName,
    /// The scope.
    pub scope: ScopeToken,
    /// The declared name that was probably meant.
    pub suggestion: Option<String>,
}

/// A scheme that requirements name and that is not declared.
#[derive(Clone, Debug)]
#[expect(clippy::exhaustive_structs, reason = "a value that the lint reports as it is")]
pub struct UndefinedScheme {
    /// The name.
    pub name: String,
    /// The declared name that was probably meant.
    pub suggestion: Option<String>,
    /// Returns the operations whose requirements name it.
    pub operations: Vec<(Method, String)>,
}

impl DocumentFacts {
    /// Creates a value without statements: each requirement is the operation's own.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds the URL of a server. It may be relative, and may contain variables.
    #[must_use]
    pub fn server(mut self, url: impl Into<String>) -> Self {
        self.servers.push(url.into());
        self
    }

    /// Sets for each operation the place at which its requirement is declared, in the order of the
    /// table's operations. Default: [`SecurityOrigin::Own`].
    #[must_use]
    pub fn security_origins(mut self, origins: impl IntoIterator<Item = SecurityOrigin>) -> Self {
        self.origins = origins.into_iter().collect();
        self
    }

    /// Sets the errors that operations document, in the order of the table's operations. Default:
    /// none.
    #[must_use]
    pub fn documented_errors(mut self, errors: impl IntoIterator<Item = DocumentedErrors>) -> Self {
        self.errors = errors.into_iter().collect();
        self
    }

    /// Sets the summary of the operation with this number in the table. Default: none.
    #[must_use]
    pub fn summary(mut self, operation: usize, text: impl Into<Box<str>>) -> Self {
        self.summaries.insert(operation, text.into());
        self
    }

    /// Sets the description of the operation with this number in the table. Default: none.
    #[must_use]
    pub fn operation_description(mut self, operation: usize, text: impl Into<Box<str>>) -> Self {
        self.descriptions.insert(operation, text.into());
        self
    }

    /// Records that a parameter of the operation with this number is named like a credential.
    #[must_use]
    pub fn credential_parameter(mut self, operation: usize) -> Self {
        self.with_credential.insert(operation);
        self
    }

    /// Records that the operation with this number states an empty list of permissions.
    #[must_use]
    pub fn no_permission(mut self, operation: usize) -> Self {
        self.without_permission.insert(operation);
        self
    }

    /// Sets the description of the interface. Default: none.
    #[must_use]
    pub fn described(mut self, text: impl Into<String>) -> Self {
        self.description = Some(text.into());
        self
    }

    /// Records that a requirement names this scheme, even if the table lost it because nothing
    /// satisfies the requirement.
    #[must_use]
    pub fn used_scheme(mut self, name: impl Into<String>) -> Self {
        self.used_schemes.insert(name.into());
        self
    }

    /// Adds a scope that requirements name and that its scheme does not declare; the table contains
    /// it all the same. The suggestion is the declared name that was probably meant.
    #[must_use]
    pub fn undeclared_scope(mut self, scheme: SchemeName, scope: ScopeToken, suggestion: Option<String>) -> Self {
        self.undeclared.push(UndeclaredScope {
            scheme,
            scope,
            suggestion,
        });
        self
    }

    /// Adds a scheme that the requirements of these operations name and that the document does not
    /// declare.
    #[must_use]
    pub fn undefined_scheme(
        mut self,
        name: impl Into<String>,
        suggestion: Option<String>,
        operations: impl IntoIterator<Item = (Method, String)>,
    ) -> Self {
        self.undefined.push(UndefinedScheme {
            name: name.into(),
            suggestion,
            operations: operations.into_iter().collect(),
        });
        self
    }

    /// Adds a message about scopes that requirements list for a scheme without scopes, so that the
    /// table does not contain them.
    #[must_use]
    pub fn scopes_on_scheme_without(mut self, message: impl Into<String>) -> Self {
        self.ignored_scopes.push(message.into());
        self
    }

    /// The URLs of servers.
    #[must_use]
    pub fn servers(&self) -> &[String] {
        &self.servers
    }

    /// Returns the documented errors of operations, in the order of the table's operations.
    #[must_use]
    pub fn errors(&self) -> &[DocumentedErrors] {
        &self.errors
    }

    /// Returns the summary of the operation with this number.
    #[must_use]
    pub fn summary_of(&self, operation: usize) -> Option<&str> {
        self.summaries.get(&operation).map(AsRef::as_ref)
    }

    /// Returns the description of the operation with this number.
    #[must_use]
    pub fn description_of(&self, operation: usize) -> Option<&str> {
        self.descriptions.get(&operation).map(AsRef::as_ref)
    }

    /// Whether a parameter of the operation with this number is named like a credential.
    #[must_use]
    pub fn has_credential_parameter(&self, operation: usize) -> bool {
        self.with_credential.contains(&operation)
    }

    /// Whether the operation with this number states that its caller needs no permission.
    #[must_use]
    pub fn needs_no_permission(&self, operation: usize) -> bool {
        self.without_permission.contains(&operation)
    }

    /// The description of the interface.
    #[must_use]
    pub fn description(&self) -> Option<&str> {
        self.description.as_deref()
    }

    /// Returns the scopes that requirements name and that their schemes do not declare.
    #[must_use]
    pub fn undeclared_scopes(&self) -> &[UndeclaredScope] {
        &self.undeclared
    }

    /// Returns the schemes that requirements name and that the document does not declare.
    #[must_use]
    pub fn undefined_schemes(&self) -> &[UndefinedScheme] {
        &self.undefined
    }

    /// Whether [`DocumentFacts::used_scheme`] states this scheme.
    #[must_use]
    pub fn is_used_scheme(&self, name: &str) -> bool {
        self.used_schemes.contains(name)
    }

    /// The messages about scopes for schemes without scopes.
    #[must_use]
    pub fn messages_on_schemes_without_scopes(&self) -> &[String] {
        &self.ignored_scopes
    }

    /// Returns the place at which the requirement of the operation with this number is declared.
    #[must_use]
    pub fn security_origin(&self, operation: usize) -> SecurityOrigin {
        self.origins.get(operation).copied().unwrap_or_default()
    }

    /// Whether the operation with this number in the table documents status 401.
    #[must_use]
    pub fn requires_credential(&self, operation: usize) -> bool {
        self.errors
            .get(operation)
            .is_some_and(|errors| errors.is_unauthenticated())
    }
}
