//! The catalog of declared security schemes and scopes.

mod builder;

use crate::{SchemeName, ScopeToken, SecurityScheme};

pub use self::builder::{CatalogBuilder, CatalogError};

/// The names that a policy may use, in the order of declaration: security schemes, the scopes of
/// each scheme with their descriptions, and the implications between scopes.
///
/// Implication is declared edge by edge. A prefix implies nothing: `items` says nothing about
/// `items:read` until an edge declares it.
///
/// ```
/// use scopegate_domain::{Catalog, ScopeToken, SecurityScheme};
///
/// const ME: ScopeToken = ScopeToken::from_static("me");
/// const ITEMS: ScopeToken = ScopeToken::from_static("items");
///
/// let catalog = Catalog::builder()
///     .scheme("OAuth2PasswordBearer", SecurityScheme::oauth2_password("token"))
///     .scope(ME, "Read information about the current user.")
///     .scope(ITEMS, "Read items.")
///     .build()?;
/// assert_eq!(catalog.schemes().len(), 1);
/// # Ok::<(), scopegate_domain::CatalogError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Catalog {
    schemes: Vec<DeclaredScheme>,
}

/// A security scheme with its scopes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeclaredScheme {
    name: SchemeName,
    scheme: SecurityScheme,
    description: Option<String>,
    has_subject: bool,
    scopes: Vec<DeclaredScope>,
}

/// A scope with its description and the scopes that it implies by a declared edge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeclaredScope {
    token: ScopeToken,
    description: String,
    implies: Vec<ScopeToken>,
}

impl Catalog {
    /// The schemes, in the order of declaration.
    #[must_use]
    pub fn schemes(&self) -> &[DeclaredScheme] {
        &self.schemes
    }

    /// The scheme of this name.
    #[must_use]
    pub fn find(&self, name: &SchemeName) -> Option<&DeclaredScheme> {
        self.schemes.iter().find(|declared| declared.name == *name)
    }
}

impl DeclaredScheme {
    /// Returns the name of the scheme in the document.
    #[must_use]
    pub const fn name(&self) -> &SchemeName {
        &self.name
    }

    /// Returns the kind of the scheme.
    #[must_use]
    pub const fn scheme(&self) -> &SecurityScheme {
        &self.scheme
    }

    /// Returns the description of the scheme for its users.
    #[must_use]
    pub fn description(&self) -> Option<&str> {
        self.description.as_deref()
    }

    /// Whether the credential of the scheme identifies a subject. If two schemes are both required,
    /// those that have a subject must agree on it.
    #[must_use]
    pub const fn has_subject(&self) -> bool {
        self.has_subject
    }

    /// Whether the credentials of the scheme have scopes: it is OAuth 2.0 or `OpenID` Connect, or
    /// it declares a scope.
    #[must_use]
    pub const fn has_scopes(&self) -> bool {
        self.scheme.has_scopes() || !self.scopes.is_empty()
    }

    /// Returns the scopes of the scheme, in the order of declaration.
    #[must_use]
    pub fn scopes(&self) -> &[DeclaredScope] {
        &self.scopes
    }
}

impl DeclaredScope {
    /// Returns the scope token.
    #[must_use]
    pub const fn token(&self) -> &ScopeToken {
        &self.token
    }

    /// Returns the description that the user reads before consenting to the scope.
    #[must_use]
    pub fn description(&self) -> &str {
        &self.description
    }

    /// Returns the scopes that this scope implies directly.
    #[must_use]
    pub fn implies(&self) -> &[ScopeToken] {
        &self.implies
    }
}
