//! Limits: what is too large is an error, never a shortened answer.

use std::fmt;

/// Most atoms of one policy.
pub const MAX_ATOMS: usize = 4_096;
/// Most guards in one operation's tree.
pub const MAX_NODES: usize = 4_096;
/// Most guards on one path, and most levels of lists in one rule.
pub const MAX_DEPTH: usize = 64;
/// Most pairs of a guard and the scopes visible to it in one operation.
pub const MAX_CONTEXTS: usize = 4_096;
/// Most alternatives in one operation's requirement.
pub const MAX_ALTERNATIVES: usize = 256;
/// Most alternatives that stand side by side while a requirement is worked out.
pub const MAX_KEPT: usize = 4_096;
/// Most alternatives that are formed while a requirement is worked out.
pub const MAX_FORMED: usize = 65_536;

/// Most scopes in all the different lists that the guards of a table see.
pub const MAX_VISIBLE: usize = 1_048_576;

/// Which limit was passed.
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
    /// [`MAX_ATOMS`].
    #[error("more than {MAX_ATOMS} atoms")]
    Atoms,
    /// [`MAX_CONTEXTS`].
    #[error("more than {MAX_CONTEXTS} pairs of a guard and the scopes visible to it")]
    Contexts,
    /// [`MAX_DEPTH`].
    #[error("nested more than {MAX_DEPTH} levels deep")]
    Depth,
    /// [`MAX_FORMED`].
    #[error("more than {MAX_FORMED} alternatives formed on the way to the requirement")]
    Formed,
    /// [`MAX_KEPT`].
    #[error("more than {MAX_KEPT} alternatives side by side on the way to the requirement")]
    Kept,
    /// [`MAX_NODES`].
    #[error("more than {MAX_NODES} guards in one tree")]
    Nodes,
    /// [`MAX_VISIBLE`].
    #[error("more than {MAX_VISIBLE} scopes in the lists that guards see")]
    Visible,
}

/// How many alternatives may still be formed.
pub(crate) struct Budget(usize);

impl Budget {
    pub(crate) const fn new() -> Self {
        Self(MAX_FORMED)
    }

    pub(crate) const fn spend(&mut self, formed: usize) -> Result<(), Limit> {
        match self.0.checked_sub(formed) {
            Some(left) => {
                self.0 = left;
                Ok(())
            }
            None => Err(Limit::Formed),
        }
    }
}

impl fmt::Debug for Budget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} left", self.0)
    }
}
