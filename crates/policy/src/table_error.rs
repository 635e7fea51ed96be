//! Errors of a table of operations.

use scopegate_domain::{SchemeName, ScopeToken};

use crate::FactTableError;
use crate::limits::Limit;

/// The error of an invalid table. Each names the operation at fault.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TableError {
    /// Several schemes declare the scope, and the guard does not say which one it means.
    #[error(
        "`{operation}` requires scope `{token}`, which several schemes declare: {}",
        list(schemes)
    )]
    AmbiguousScheme {
        /// Which operation.
        operation: String,
        /// Which scope.
        token: ScopeToken,
        /// The schemes that declare it.
        schemes: Vec<SchemeName>,
    },
    /// Facts of the policy contradict each other.
    #[error("`{operation}`: {source}")]
    Facts {
        /// The operation that names them.
        operation: String,
        /// Why.
        source: FactTableError,
    },
    /// The method and template are declared already, perhaps with other names for the parameters.
    #[error("`{operation}` is declared twice")]
    Duplicate {
        /// Which operation.
        operation: String,
    },
    /// Neither the operation nor its group has a guard that requires something or says *public*.
    #[error("`{operation}` has no requirement; declare a public operation as public")]
    NoRequirement {
        /// Which operation.
        operation: String,
    },
    /// The facts of the catalog alone contradict each other.
    #[error("the catalog declares {0}")]
    Catalog(FactTableError),
    /// Authentication is required, and the catalog has no scheme to authenticate with.
    #[error("`{operation}` requires authentication, and no scheme is declared")]
    NoScheme {
        /// Which operation.
        operation: String,
    },
    /// It says that it overrides, and there is nothing to be overridden: neither the application
    /// nor a group has a guard.
    #[error("`{operation}` overrides guards, and there are none above it")]
    NothingToOverride {
        /// Which operation.
        operation: String,
    },
    /// It says that it is public, or that authentication is optional, below guards of the
    /// application or of a group that would refuse a caller that it authorizes.
    #[error("`{operation}` is open below guards that are not; it has to say that it overrides them")]
    OpenBelowGuards {
        /// Which operation.
        operation: String,
    },
    /// A prefix or what continues it has a slash too many or too few.
    #[error(
        "`{operation}` is not well joined: a prefix begins with a slash and ends without one, and what continues it begins with one"
    )]
    Prefix {
        /// Which operation.
        operation: String,
    },
    /// The tree is too large.
    #[error("`{operation}` is too large: {limit}")]
    TooLarge {
        /// Which operation.
        operation: String,
        /// What there is too much of.
        limit: Limit,
    },
    /// A scheme that the catalog does not declare.
    #[error("`{operation}` requires scheme `{scheme}`, which is not declared{}", meant(suggestion.as_deref()))]
    UndeclaredScheme {
        /// Which operation.
        operation: String,
        /// Which scheme.
        scheme: String,
        /// The declared scheme with the most similar name.
        suggestion: Option<String>,
    },
    /// A scope that the catalog does not declare, or not for this scheme.
    #[error(
        "`{operation}` requires scope `{token}`, which is not declared{}{}",
        for_scheme(scheme.as_ref()),
        meant(suggestion.as_deref())
    )]
    UndeclaredScope {
        /// Which operation.
        operation: String,
        /// Which scheme, where the guard says one.
        scheme: Option<SchemeName>,
        /// Which scope.
        token: ScopeToken,
        /// The declared scope with the most similar name.
        suggestion: Option<String>,
    },
}

impl TableError {
    /// The operation at fault: its method and template.
    #[must_use]
    pub fn operation(&self) -> Option<&str> {
        match self {
            Self::AmbiguousScheme { operation, .. }
            | Self::Facts { operation, .. }
            | Self::Duplicate { operation }
            | Self::NoRequirement { operation }
            | Self::NoScheme { operation }
            | Self::NothingToOverride { operation }
            | Self::OpenBelowGuards { operation }
            | Self::Prefix { operation }
            | Self::TooLarge { operation, .. }
            | Self::UndeclaredScheme { operation, .. }
            | Self::UndeclaredScope { operation, .. } => Some(operation),
            Self::Catalog(_) => None,
        }
    }
}

fn meant(suggestion: Option<&str>) -> String {
    suggestion.map_or_else(String::new, |name| format!("; did you mean `{name}`?"))
}

fn for_scheme(scheme: Option<&SchemeName>) -> String {
    scheme.map_or_else(String::new, |name| format!(" for scheme `{name}`"))
}

fn list(schemes: &[SchemeName]) -> String {
    schemes
        .iter()
        .map(|name| format!("`{name}`"))
        .collect::<Vec<_>>()
        .join(", ")
}
