//! Errors of a table of operations.

use scopegate_domain::{SchemeName, ScopeToken};

use crate::limits::Limit;
use crate::{FactTableError, Needs};

/// The error of an invalid table. Each variant that has an operation names it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TableError {
    /// Several schemes declare the scope, and the guard does not name one of them.
    #[error(
        "`{operation}` requires scope `{token}`, which several schemes declare: {}; name one of them in the guard",
        list(schemes)
    )]
    AmbiguousScheme {
        /// The operation.
        operation: String,
        /// The scope.
        token: ScopeToken,
        /// The schemes that declare the scope.
        schemes: Vec<SchemeName>,
    },
    /// A rule declares that a check needs something else than its code needs.
    #[error(
        "`{operation}` declares that check `{check}` needs {}, and its code needs {}; declare what the code needs",
        word(*declared),
        word(*needed)
    )]
    CheckNeeds {
        /// The operation.
        operation: String,
        /// The name of the check.
        check: String,
        /// The declared need.
        declared: Needs,
        /// The need of the code, [`Check::needs`](crate::Check::needs).
        needed: Needs,
    },
    /// Facts of the policy contradict each other.
    #[error("`{operation}`: {source}")]
    Facts {
        /// The operation with these facts.
        operation: String,
        /// The cause.
        source: FactTableError,
    },
    /// The method and template are declared already, perhaps with other names for the parameters.
    #[error("`{operation}` is declared twice")]
    Duplicate {
        /// The operation.
        operation: String,
    },
    /// Neither the operation nor its group has a guard with a requirement, and none declares
    /// *public*.
    #[error("`{operation}` has no requirement; declare a public operation as public")]
    NoRequirement {
        /// The operation.
        operation: String,
    },
    /// The facts of the catalog contradict each other, without any operation.
    #[error("the catalog declares {0}")]
    Catalog(FactTableError),
    /// Authentication is required, and the catalog has no scheme to authenticate with.
    #[error("`{operation}` requires authentication, and no scheme is declared")]
    NoScheme {
        /// The operation.
        operation: String,
    },
    /// The operation overrides guards, but neither the application nor a group has a guard.
    #[error("`{operation}` overrides guards, and there are none above it")]
    NothingToOverride {
        /// The operation.
        operation: String,
    },
    /// The operation is public, or its authentication is optional, but a guard of the application
    /// or of a group would refuse its callers.
    #[error("`{operation}` is open below guards that are not; declare that it overrides them")]
    OpenBelowGuards {
        /// The operation.
        operation: String,
    },
    /// A prefix or the template after it has a slash too many or too few.
    #[error(
        "`{operation}` has a wrong slash: a prefix begins with a slash and ends without one, and the template after it begins with one"
    )]
    Prefix {
        /// The operation.
        operation: String,
    },
    /// The tree is too large.
    #[error("`{operation}` is too large: {limit}")]
    TooLarge {
        /// The operation.
        operation: String,
        /// The limit that is exceeded.
        limit: Limit,
    },
    /// A scheme that the catalog does not declare.
    #[error("`{operation}` requires scheme `{scheme}`, which is not declared{}", meant(suggestion.as_deref()))]
    UndeclaredScheme {
        /// The operation.
        operation: String,
        /// The scheme.
        scheme: String,
        /// The declared scheme with the most similar name.
        suggestion: Option<String>,
    },
    /// The catalog does not declare the scope, or not for this scheme.
    #[error(
        "`{operation}` requires scope `{token}`, which is not declared{}{}",
        for_scheme(scheme.as_ref()),
        meant(suggestion.as_deref())
    )]
    UndeclaredScope {
        /// The operation.
        operation: String,
        /// The scheme, if the guard names one.
        scheme: Option<SchemeName>,
        /// The scope.
        token: ScopeToken,
        /// The declared scope with the most similar name.
        suggestion: Option<String>,
    },
    /// Code is given for a check that no rule names.
    #[error("there is code for check `{check}`, and no operation names this check; correct the name")]
    UnusedCheck {
        /// The name of the check.
        check: String,
    },
}

impl TableError {
    /// Returns the operation of the error: its method and template.
    #[must_use]
    pub fn operation(&self) -> Option<&str> {
        match self {
            Self::AmbiguousScheme { operation, .. }
            | Self::CheckNeeds { operation, .. }
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
            Self::Catalog(_) | Self::UnusedCheck { .. } => None,
        }
    }
}

const fn word(needs: Needs) -> &'static str {
    match needs {
        Needs::Nothing => "nothing",
        Needs::Authentication => "authentication",
        Needs::User => "a user",
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
