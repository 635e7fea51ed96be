//! An operation of a picture.

use scopegate_policy::Access;

/// An operation.
pub(crate) struct Operation {
    pub(crate) method: &'static str,
    pub(crate) path: String,
    pub(crate) name: Option<String>,
    pub(crate) access: Access,
    pub(crate) is_optional: bool,
    pub(crate) overridden: Vec<String>,
    /// For each alternative, the atoms that express it in the fewest words.
    pub(crate) needs: Vec<Vec<usize>>,
    /// The guards, if they say more than `needs`: the depth, the name and the visible scopes of
    /// each.
    pub(crate) tree: Vec<(usize, String, Vec<String>)>,
    pub(crate) is_tree_cut: bool,
}
