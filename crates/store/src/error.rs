//! Errors of a store.

use std::error::Error;
use std::fmt;
use std::sync::Arc;

/// The reason why a store could not perform an operation.
///
/// This type is opaque: a caller decides by [`StoreError::kind`] alone, so that a backend may have
/// its own causes. The cause is the error's [`source`](Error::source) and belongs in the operator's
/// log. The message contains no stored value. An absent value is not an error: look-ups return
/// `Ok(None)`, changes return `Ok(false)`.
///
/// ```
/// use std::error::Error;
/// use scopegate_store::{StoreError, StoreErrorKind};
///
/// let error = StoreError::unavailable(std::io::Error::other("disk is gone"));
/// assert_eq!(error.kind(), StoreErrorKind::Unavailable);
/// assert_eq!(error.to_string(), "store is unavailable");
/// assert_eq!(error.source().map(ToString::to_string).as_deref(), Some("disk is gone"));
/// ```
#[derive(Clone, Debug)]
pub struct StoreError {
    kind: StoreErrorKind,
    /// Shared, because a failed commit is the error of several callers.
    source: Option<Arc<dyn Error + Send + Sync>>,
}

/// The kinds of [`StoreError`], distinguished by what the caller should do next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(
    clippy::exhaustive_enums,
    reason = "a new kind must be given its answer wherever a request meets the store"
)]
pub enum StoreErrorKind {
    /// The name or the id is taken. Nothing was changed; try another one.
    Conflict,
    /// The stored value is not a valid value of the domain. A retry does not help: an operator must
    /// inspect the store.
    Corrupt,
    /// The new value breaks a rule of the domain. Nothing was changed; the source names the rule.
    Invalid,
    /// The store did not answer, or not in time. A later retry may help. A change may or may not
    /// have been made.
    Unavailable,
}

impl StoreError {
    /// Creates an error for a name or an id that is taken.
    #[must_use]
    pub const fn conflict() -> Self {
        Self {
            kind: StoreErrorKind::Conflict,
            source: None,
        }
    }

    /// Creates an error for a stored value that is not a valid value of the domain. The cause must
    /// not repeat the value: it may be a secret in the wrong column.
    #[must_use]
    pub fn corrupt(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self {
            kind: StoreErrorKind::Corrupt,
            source: Some(source.into().into()),
        }
    }

    /// Creates an error for a new value that breaks a rule of the domain.
    #[must_use]
    pub fn invalid(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self {
            kind: StoreErrorKind::Invalid,
            source: Some(source.into().into()),
        }
    }

    /// Creates an error for a store that did not answer.
    #[must_use]
    pub fn unavailable(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self {
            kind: StoreErrorKind::Unavailable,
            source: Some(source.into().into()),
        }
    }

    /// Returns the kind, which tells what the caller can do.
    #[must_use]
    pub const fn kind(&self) -> StoreErrorKind {
        self.kind
    }
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.kind {
            StoreErrorKind::Conflict => "name or id is taken",
            StoreErrorKind::Corrupt => "stored value is corrupt",
            StoreErrorKind::Invalid => "new value is invalid",
            StoreErrorKind::Unavailable => "store is unavailable",
        })
    }
}

impl Error for StoreError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source
            .as_deref()
            .map(|source| -> &(dyn Error + 'static) { source })
    }
}
