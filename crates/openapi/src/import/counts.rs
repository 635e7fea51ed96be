//! The number of operations and scopes of a document.

/// The number of operations and scopes of a document. Scopes count by name, once for all schemes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Counts {
    pub(super) operations: usize,
    pub(super) triples: usize,
    pub(super) scopes_declared: usize,
    pub(super) scopes_used: usize,
    pub(super) scopes_undeclared: usize,
}

impl Counts {
    /// Returns the number of operations: pairs of a method and a path.
    #[must_use]
    pub const fn operations(&self) -> usize {
        self.operations
    }

    /// Returns the number of triples of a scheme, a method and a path.
    #[must_use]
    pub const fn triples(&self) -> usize {
        self.triples
    }

    /// Returns the number of scopes that some scheme declares.
    #[must_use]
    pub const fn scopes_declared(&self) -> usize {
        self.scopes_declared
    }

    /// Returns the number of declared scopes that some operation requires: at most
    /// [`Counts::scopes_declared`].
    #[must_use]
    pub const fn scopes_used(&self) -> usize {
        self.scopes_used
    }

    /// Returns the number of scopes that operations require and whose scheme does not declare them
    /// in the document. The provider declares `OpenID` Connect scopes, and the roles of other
    /// schemes have no declaration.
    #[must_use]
    pub const fn scopes_undeclared(&self) -> usize {
        self.scopes_undeclared
    }
}
