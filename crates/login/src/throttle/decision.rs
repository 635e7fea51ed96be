//! Decisions of a bucket.

use std::time::Duration;

/// The decision of a bucket on one more attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum BucketDecision {
    Free,
    /// Pending attempts fill it.
    Busy,
    Blocked {
        wait: Duration,
        is_first: bool,
    },
}
