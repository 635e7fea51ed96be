//! Whether operations of a policy read or write, also by their summaries.

use std::collections::HashSet;

use scopegate_policy::{DocumentFacts, Method, OperationTable, ResolvedOperation};

use super::verbs;

/// The operations that read by their summaries. Their paths and names do not show it.
pub(super) struct Effects<'p> {
    read_by_summary: HashSet<(Method, &'p str)>,
    /// The paths at which a client that reads creates a report, with the numbers of their trees.
    created_by_readers: HashSet<(usize, &'p str)>,
}

impl<'p> Effects<'p> {
    pub(super) fn of(table: &'p OperationTable, facts: &DocumentFacts) -> Self {
        let numbered = table.operations().iter().enumerate();
        let read = numbered.filter(|(number, operation)| {
            operation.method() == Method::Post
                && match facts.summary_of(*number) {
                    Some(summary) => verbs::summary_reads(summary),
                    None => facts.description_of(*number).is_some_and(verbs::description_reads),
                }
        });
        let mut effects = Self {
            read_by_summary: read
                .map(|(_, operation)| (operation.method(), operation.template()))
                .collect(),
            created_by_readers: HashSet::new(),
        };
        let posts = table.operations().iter();
        let readers = posts.filter(|operation| {
            let is_report = verbs::is_report_path(operation.template());
            operation.method() == Method::Post && is_report && !effects.changes(operation)
        });
        effects.created_by_readers = readers
            .map(|operation| (operation.tree_number(), operation.template()))
            .collect();
        effects
    }

    /// Whether an operation deletes a report that its caller may create by a `POST`.
    pub(super) fn ends_own_read(&self, operation: &ResolvedOperation) -> bool {
        let collection = operation.template().rsplit_once("/{").map(|(before, _)| before);
        let is_created = |path: &str| self.created_by_readers.contains(&(operation.tree_number(), path));
        operation.method() == Method::Delete && collection.is_some_and(is_created)
    }

    /// Whether an operation changes something.
    pub(super) fn changes(&self, operation: &ResolvedOperation) -> bool {
        let key = (operation.method(), operation.template());
        verbs::changes(operation) && !self.read_by_summary.contains(&key)
    }
}
