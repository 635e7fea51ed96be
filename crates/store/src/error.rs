//! What a store answers when it cannot answer.

use std::error::Error;
use std::fmt;

/// Why a store could not do what was asked.
///
/// Opaque: a caller decides by [`StoreError::kind`] alone, so that a backend may have causes of its own. The cause is
/// the error's [`source`](Error::source) and meant for the operator's log; the message holds nothing that was stored.
/// That something was not found is no error: look-ups answer `Ok(None)`, changes answer `Ok(false)`.
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
#[derive(Debug)]
pub struct StoreError {
    kind: StoreErrorKind,
    source: Option<Box<dyn Error + Send + Sync>>,
}

/// The kinds of [`StoreError`], told apart by what the caller should do next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(
    clippy::exhaustive_enums,
    reason = "a new kind must be given its answer wherever a request meets the store"
)]
pub enum StoreErrorKind {
    /// The name or the id is taken. Nothing was changed; ask for another one.
    Conflict,
    /// What is stored is no value of the domain. Asking again does not help: somebody must look at the store.
    Corrupt,
    /// The store did not answer, or not in time. Asking again later may help; a change may or may not have been made.
    Unavailable,
}

impl StoreError {
    /// The name or the id is taken.
    #[must_use]
    pub const fn conflict() -> Self {
        Self {
            kind: StoreErrorKind::Conflict,
            source: None,
        }
    }

    /// What is stored is no value of the domain. The cause must not repeat it: it may be a secret in the wrong place.
    #[must_use]
    pub fn corrupt(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self {
            kind: StoreErrorKind::Corrupt,
            source: Some(source.into()),
        }
    }

    /// The store did not answer.
    #[must_use]
    pub fn unavailable(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self {
            kind: StoreErrorKind::Unavailable,
            source: Some(source.into()),
        }
    }

    /// What the caller can do about it.
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
