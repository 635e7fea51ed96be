//! The tests of policies: laws against an oracle, denials, limits, shadows and the tutorial.

#![expect(
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that cannot go on fails, and makes its own proofs"
)]

mod claims;
mod decisions;
mod exhaustive;
mod laws;
mod limits;
mod machines;
mod named_checks;
mod places;
mod shadow;
mod trees;
mod tutorial;

#[path = "oracle/minimal.rs"]
mod minimal;
mod oracle;
#[path = "oracle/random_trees.rs"]
mod random_trees;
#[path = "oracle/random_words.rs"]
mod random_words;
#[path = "oracle/renaming.rs"]
mod renaming;
#[path = "oracle/requirement_machine.rs"]
mod requirement_machine;
#[path = "oracle/requirements.rs"]
mod requirements;
#[path = "oracle/tree.rs"]
mod tree;
#[path = "oracle/tree_bridge.rs"]
mod tree_bridge;
