//! The names of the claims that are kept for handlers.

use std::sync::Arc;

use super::known::Claim;
use super::limits;

/// The names of the claims that a verifier keeps for handlers.
///
/// The parser skips an unknown claim. If its name is here, the parser keeps the value as JSON text.
/// A claim that the parser reads itself, such as `sub`, is refused as a name.
///
/// ```
/// use scopegate_domain::{ClaimNames, KeepClaimError};
///
/// let names = ClaimNames::new(["tenant", "plan"])?;
/// assert!(names.contains("tenant") && !names.contains("sub"));
///
/// let fault = ClaimNames::new(["tenant", "sub"]).unwrap_err();
/// assert_eq!(fault.cause, KeepClaimError::Registered);
/// # Ok::<(), scopegate_domain::InvalidClaimName>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ClaimNames(Option<Arc<[Arc<str>]>>);

impl ClaimNames {
    /// The maximum number of names.
    pub const MAX: usize = 16;
    /// The maximum length of a name, in bytes.
    pub const MAX_LEN: usize = 256;
    /// The maximum length of all kept values of one token, in bytes of JSON text.
    pub const MAX_VALUES: usize = limits::MAX_KEPT;

    /// No names.
    pub const NONE: Self = Self(None);

    /// Checks and collects names.
    ///
    /// # Errors
    ///
    /// [`InvalidClaimName`] contains the first name that breaks a rule, and the rule.
    pub fn new<N: AsRef<str>>(names: impl IntoIterator<Item = N>) -> Result<Self, InvalidClaimName> {
        let mut checked: Vec<Arc<str>> = Vec::new();
        for name in names {
            let name = name.as_ref();
            let known = checked.iter().map(|known| &**known);
            check_name(name, known).map_err(|cause| InvalidClaimName {
                name: name.chars().take(Self::MAX_LEN).collect(),
                cause,
            })?;
            checked.push(name.into());
        }
        Ok(Self(Some(checked).filter(|names| !names.is_empty()).map(Into::into)))
    }

    /// Returns the names, in their order.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.names().iter().map(|name| &**name)
    }

    /// Whether this name is one of them.
    #[must_use]
    pub fn contains(&self, name: &str) -> bool {
        self.find(name).is_some()
    }

    /// Returns the names of both. There can be more than [`Self::MAX`].
    #[must_use]
    pub fn union(&self, other: &Self) -> Self {
        let new = other.names().iter().filter(|name| !self.contains(name));
        let both: Vec<_> = self.names().iter().chain(new).cloned().collect();
        Self(Some(both).filter(|names| !names.is_empty()).map(Into::into))
    }

    pub(super) fn find(&self, name: &str) -> Option<&Arc<str>> {
        self.names().iter().find(|known| ***known == *name)
    }

    fn names(&self) -> &[Arc<str>] {
        self.0.as_deref().unwrap_or_default()
    }
}

/// Checks one more name, next to those that are known.
// SECURITY: a claim that the verifier reads cannot be kept under its name: a second copy of `sub`
// or `scope` would pass no rule. Tested by `a_claim_that_the_parser_reads_is_not_kept`.
pub(crate) fn check_name<'n>(name: &str, mut known: impl Iterator<Item = &'n str>) -> Result<(), KeepClaimError> {
    if name.is_empty() {
        return Err(KeepClaimError::NameEmpty);
    }
    if name.len() > ClaimNames::MAX_LEN {
        return Err(KeepClaimError::NameTooLong);
    }
    if Claim::find(name.as_bytes()).is_some() {
        return Err(KeepClaimError::Registered);
    }
    let mut count = 0;
    if known.by_ref().inspect(|_| count += 1).any(|known| known == name) {
        return Err(KeepClaimError::Twice);
    }
    if count < ClaimNames::MAX {
        Ok(())
    } else {
        Err(KeepClaimError::TooMany)
    }
}

/// The rule by which a claim cannot be kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeepClaimError {
    /// The name is empty.
    #[error("its name is empty")]
    NameEmpty,
    /// The name is longer than [`ClaimNames::MAX_LEN`].
    #[error("its name is longer than {} bytes", ClaimNames::MAX_LEN)]
    NameTooLong,
    /// The gate reads the claim itself.
    #[error("the gate reads this claim itself; use the method of the permit")]
    Registered,
    /// There are more than [`ClaimNames::MAX`] claims.
    #[error("more than {} claims are kept", ClaimNames::MAX)]
    TooMany,
    /// The name occurs twice.
    #[error("it is kept already")]
    Twice,
    /// All values together are longer than [`ClaimNames::MAX_VALUES`].
    #[error("kept claims are longer than {} bytes", ClaimNames::MAX_VALUES)]
    ValuesTooLong,
}

/// A name that [`ClaimNames`] does not accept.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("claim `{name}` cannot be kept: {cause}")]
#[non_exhaustive]
pub struct InvalidClaimName {
    /// The name, cut to [`ClaimNames::MAX_LEN`] characters.
    pub name: String,
    /// The rule that it breaks.
    pub cause: KeepClaimError,
}
