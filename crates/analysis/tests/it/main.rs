//! Questions about whole policies: the engine against the oracle, which answers each by trying
//! everything.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that cannot go on fails"
)]

mod changes;
mod every_function;
mod lints;
mod marks;
mod obstacles;
mod paths;
mod policy;
mod policy_pairs;
mod random_pairs;
mod reaching;
mod renaming;
mod scopes;
mod single_changes;
mod summaries;

#[path = "../../../policy/tests/it/oracle/mod.rs"]
#[expect(dead_code, reason = "these questions need a part of it")]
mod oracle;
#[path = "../../../policy/tests/it/oracle/random_words.rs"]
mod random_words;
#[path = "../../../policy/tests/it/oracle/renaming.rs"]
mod renamed_words;
#[path = "../../../policy/tests/it/oracle/requirements.rs"]
#[expect(dead_code, reason = "these questions need a part of it")]
mod requirements;
