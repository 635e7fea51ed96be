//! Answers of a bucket.

use std::time::Duration;

/// What a bucket says of one more attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Check {
    Free,
    /// Attempts under way fill it.
    Busy,
    Blocked {
        wait: Duration,
        is_first: bool,
    },
}
