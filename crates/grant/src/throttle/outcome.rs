//! Results of attempts.

/// The result of an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AttemptOutcome {
    /// The secret is wrong.
    Failed,
    /// The secret is right.
    Succeeded,
    /// The secret was not compared.
    Undecided,
}
