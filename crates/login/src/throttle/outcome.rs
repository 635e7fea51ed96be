//! Results of attempts.

/// The result of an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "a secret is wrong, right or not compared")]
pub enum AttemptOutcome {
    /// The secret is wrong.
    Failed,
    /// The secret is right.
    Succeeded,
    /// The secret was not compared.
    Undecided,
}
