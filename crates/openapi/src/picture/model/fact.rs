//! Atoms and schemes of a picture.

use std::collections::BTreeSet;

use super::counts::Counts;

/// An atom.
pub(crate) struct FactRow {
    pub(crate) name: String,
    /// The name without the beginning that it shares with others, and not too long.
    pub(crate) label: String,
    pub(crate) about: String,
    /// The atoms that it implies directly.
    pub(crate) implies: Vec<usize>,
    /// The operations with an alternative that contains it.
    pub(crate) used_by: BTreeSet<usize>,
    pub(crate) counts: Counts,
}

/// A scheme with its scopes, those that imply others before them.
pub(crate) struct Scheme {
    pub(crate) atom: usize,
    pub(crate) kind: &'static str,
    pub(crate) scopes: Vec<Listed>,
}

/// A scope with its depth in the hierarchy.
pub(crate) struct Listed {
    pub(crate) atom: usize,
    pub(crate) depth: usize,
}
