//! Whether operations of a policy read or write, also by their summaries.

use std::collections::HashSet;

use scopegate_policy::{DocumentFacts, Method, OperationTable, ResolvedOperation};

use super::verbs;

/// The operations that read by their summaries. Their paths and names do not show it.
pub(super) struct Effects<'p> {
    read_by_summary: HashSet<(Method, &'p str)>,
}

impl<'p> Effects<'p> {
    pub(super) fn of(table: &'p OperationTable, facts: &DocumentFacts) -> Self {
        let numbered = table.operations().iter().enumerate();
        let read = numbered.filter(|(number, operation)| {
            operation.method() == Method::Post && facts.summary_of(*number).is_some_and(verbs::summary_reads)
        });
        Self {
            read_by_summary: read
                .map(|(_, operation)| (operation.method(), operation.template()))
                .collect(),
        }
    }

    /// Whether an operation changes something.
    pub(super) fn changes(&self, operation: &ResolvedOperation) -> bool {
        let key = (operation.method(), operation.template());
        verbs::changes(operation) && !self.read_by_summary.contains(&key)
    }
}
