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
    /// For each way in, the atoms that say it in the fewest words.
    pub(crate) needs: Vec<Vec<usize>>,
    /// Its guards, where they say more than that: how deep each stands, its name, what it sees.
    pub(crate) tree: Vec<(usize, String, Vec<String>)>,
    pub(crate) is_tree_cut: bool,
}
