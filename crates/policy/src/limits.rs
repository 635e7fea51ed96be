//! The limits on the size of a policy. Exceeding one is an error.

use std::fmt;

/// The maximum number of facts in a policy.
pub const MAX_FACTS: usize = 4_096;
/// The maximum number of guards in the tree of one operation.
pub const MAX_NODES: usize = 4_096;
/// The maximum number of guards on one path, and of levels of lists in one rule.
pub const MAX_DEPTH: usize = 64;
/// The maximum number of pairs of a guard and its visible scopes in one operation.
pub const MAX_CONTEXTS: usize = 4_096;
/// The maximum number of alternatives in the requirement of one operation.
pub const MAX_ALTERNATIVES: usize = 256;
/// The maximum number of alternatives at one time while a requirement is resolved.
pub const MAX_KEPT: usize = 4_096;
/// The maximum number of alternatives that are formed while a requirement is resolved.
pub const MAX_FORMED: usize = 65_536;
/// The maximum number of words of sets that are compared while the requirements of one table are
/// resolved.
pub const MAX_COMPARED: usize = 1 << 27;
/// The maximum number of guards in all different trees of one table. A guard in several trees
/// counts in each.
pub const MAX_PLACES: usize = 262_144;
/// The maximum number of scopes in all different lists that the guards of a table see.
pub const MAX_VISIBLE: usize = 1_048_576;

/// The limit that was exceeded.
///
/// ```
/// use scopegate_policy::Limit;
///
/// assert_eq!(Limit::Depth.to_string(), "nested more than 64 levels deep");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum Limit {
    /// [`MAX_ALTERNATIVES`].
    #[error("more than {MAX_ALTERNATIVES} alternatives")]
    Alternatives,
    /// [`MAX_FACTS`].
    #[error("more than {MAX_FACTS} facts")]
    Facts,
    /// [`MAX_COMPARED`].
    #[error("more comparisons of requirements in the table than the limit")]
    Compared,
    /// [`MAX_CONTEXTS`].
    #[error("more than {MAX_CONTEXTS} pairs of a guard and the scopes visible to it")]
    Contexts,
    /// [`MAX_DEPTH`].
    #[error("nested more than {MAX_DEPTH} levels deep")]
    Depth,
    /// [`MAX_FORMED`].
    #[error("more than {MAX_FORMED} alternatives formed while the requirement is resolved")]
    Formed,
    /// [`MAX_KEPT`].
    #[error("more than {MAX_KEPT} alternatives at one time while the requirement is resolved")]
    Kept,
    /// [`MAX_NODES`].
    #[error("more than {MAX_NODES} guards in one tree")]
    Nodes,
    /// [`MAX_PLACES`].
    #[error("more than {MAX_PLACES} guards in all trees of the table")]
    Places,
    /// [`MAX_VISIBLE`].
    #[error("more than {MAX_VISIBLE} scopes in the lists that guards see")]
    Visible,
}

/// The number of alternatives that can still be formed, and of their words that can still be
/// compared.
pub(crate) struct ResolutionBudget {
    formed: usize,
    compared: usize,
}

impl ResolutionBudget {
    /// Creates a budget for a single requirement: the formed alternatives bound the comparisons.
    pub(crate) const fn new() -> Self {
        Self::within(usize::MAX)
    }

    /// Creates a budget for one of many requirements, which share the budget of comparisons.
    pub(crate) const fn within(compared: usize) -> Self {
        Self {
            formed: MAX_FORMED,
            compared,
        }
    }

    /// Returns the number of words that can still be compared.
    pub(crate) const fn compared(&self) -> usize {
        self.compared
    }

    pub(crate) const fn spend(&mut self, formed: usize) -> Result<(), Limit> {
        match self.formed.checked_sub(formed) {
            Some(left) => {
                self.formed = left;
                Ok(())
            }
            None => Err(Limit::Formed),
        }
    }

    pub(crate) const fn compare(&mut self, words: usize) -> Result<(), Limit> {
        match self.compared.checked_sub(words) {
            Some(left) => {
                self.compared = left;
                Ok(())
            }
            None => Err(Limit::Compared),
        }
    }
}

impl fmt::Debug for ResolutionBudget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} to form and {} to compare", self.formed, self.compared)
    }
}
