//! The requirements of all operations side by side, for questions about a whole table.

use std::ops::Range;

use crate::{FactId, FactSet, FactTable, Requirement};

/// The alternatives of all trees, each without implied facts, in lists without a pointer between
/// them.
///
/// A closed set contains an alternative exactly if it contains its generators. So these few numbers
/// are equivalent to the sets of a requirement. A whole table of them fits into a cold cache.
#[derive(Clone, Debug, Default)]
pub struct RequirementIndex {
    /// The tree of each operation.
    tree_of: Vec<usize>,
    trees: Vec<Tree>,
    /// The end of each alternative in `facts`.
    ends: Vec<usize>,
    facts: Vec<FactId>,
}

/// The alternatives of one tree.
#[derive(Clone, Debug)]
struct Tree {
    own: Range<usize>,
    /// The alternatives of a request without a credential, if authentication is optional.
    anonymous: Range<usize>,
    is_optional: bool,
}

impl RequirementIndex {
    /// Adds the next tree.
    pub(crate) fn add_tree(
        &mut self,
        fact_table: &FactTable,
        generators: &[FactSet],
        anonymous: Option<&Requirement>,
    ) -> usize {
        let start = self.ends.len();
        for set in generators {
            self.add_alternative(set);
        }
        let middle = self.ends.len();
        let sets = anonymous.map_or(&[][..], Requirement::alternatives);
        for set in sets {
            self.add_alternative(&fact_table.generators(set));
        }
        self.trees.push(Tree {
            own: start..middle,
            anonymous: middle..self.ends.len(),
            is_optional: anonymous.is_some(),
        });
        self.trees.len() - 1
    }

    fn add_alternative(&mut self, generators: &FactSet) {
        self.facts.extend(generators.iter());
        self.ends.push(self.facts.len());
    }

    /// Adds the next operation.
    pub(crate) fn add_operation(&mut self, tree: usize) {
        self.tree_of.push(tree);
    }

    /// The tree of each operation.
    #[must_use]
    pub fn tree_of(&self) -> &[usize] {
        &self.tree_of
    }

    /// The number of different guard trees.
    #[must_use]
    pub const fn tree_count(&self) -> usize {
        self.trees.len()
    }

    /// Whether a tree allows a request with this closed set: `ResolvedOperation::deciding` without
    /// the operation.
    #[must_use]
    pub fn is_open(&self, tree: usize, closed: &FactSet) -> bool {
        let Some(of_tree) = self.trees.get(tree) else {
            return false;
        };
        let is_anonymous = of_tree.is_optional && !closed.contains(FactId::AUTHENTICATED);
        let mut ways = self.range(Some(if is_anonymous { &of_tree.anonymous } else { &of_tree.own }));
        ways.any(|generators| generators.iter().all(|id| closed.contains(*id)))
    }

    /// Returns the alternatives of a tree, in the order of its requirement.
    #[must_use]
    pub fn alternatives(&self, tree: usize) -> impl ExactSizeIterator<Item = &[FactId]> {
        self.range(self.trees.get(tree).map(|tree| &tree.own))
    }

    /// The same for a request without a credential; none if authentication is not optional.
    #[must_use]
    pub fn anonymous(&self, tree: usize) -> impl ExactSizeIterator<Item = &[FactId]> {
        self.range(self.trees.get(tree).map(|tree| &tree.anonymous))
    }

    fn range(&self, range: Option<&Range<usize>>) -> impl ExactSizeIterator<Item = &[FactId]> {
        let end = |alternative: usize| self.ends.get(alternative).copied().unwrap_or_default();
        let start = move |alternative: usize| alternative.checked_sub(1).map_or(0, end);
        let numbers = range.cloned().unwrap_or_default();
        numbers.map(move |number| self.facts.get(start(number)..end(number)).unwrap_or_default())
    }
}
