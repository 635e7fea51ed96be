//! Operations as a page lists them.

use crate::page::PlainText;
use crate::text;

/// An operation in a list.
#[derive(Clone, Debug)]
#[expect(clippy::exhaustive_structs, reason = "each page must have a new value")]
pub struct OperationLine<'p> {
    /// The method.
    pub method: &'p str,
    /// The summary of the document, or the template of the path if it has none.
    pub summary: PlainText<'p>,
}

/// Operations by their effect, as `analysis` groups them.
#[derive(Clone, Debug, Default)]
#[expect(clippy::exhaustive_structs, reason = "each page must have a new value")]
pub struct OperationLines<'p> {
    /// The operations that read.
    pub reads: Vec<OperationLine<'p>>,
    /// The operations that change something.
    pub changes: Vec<OperationLine<'p>>,
    /// The operations that delete something.
    pub deletes: Vec<OperationLine<'p>>,
}

impl OperationLines<'_> {
    /// Whether there is no operation.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns the number of operations.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.reads.len() + self.changes.len() + self.deletes.len()
    }

    pub(crate) fn opens(&self) -> String {
        text::opens(self.len())
    }

    pub(crate) fn effects(&self) -> String {
        text::effects(self.reads.len(), self.changes.len(), self.deletes.len())
    }
}
