//! The tree of a text in JSON or YAML.

use super::error::ImportError;
use super::node::{Node, NodeBudget};
use super::shape::Shape;
use super::syntax::Syntax;
use super::{json, yaml};

/// Returns the tree of a text that is not TOML.
pub(super) fn tree<'t>(
    text: &'t str,
    syntax: Syntax,
    shape: Shape,
    budget: &NodeBudget,
) -> Result<Node<'t>, ImportError> {
    if syntax != Syntax::Json {
        return yaml::parse(text, shape, budget);
    }
    json::parse(text, shape, budget)
}
