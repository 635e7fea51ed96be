//! The number of operations that a scope opens alone, and of those that it opens with others.

/// The operations of a scope, or of a token without scopes, in numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    /// Operations that a token with this scope alone opens, without those that a token without
    /// scopes opens. For a token without scopes: operations that it opens, without those that
    /// need no credential.
    pub(crate) alone: usize,
    /// Operations that have an alternative with it, and that it does not open alone.
    pub(crate) others: usize,
}

impl Counts {
    /// `alone 3, with others 14`
    pub(crate) fn words(self) -> String {
        format!("alone {}, with others {}", self.alone, self.others)
    }
}
