//! The bucket of an account.

use std::time::Duration;

use tokio::time::Instant;

use super::decision::BucketDecision;
use super::outcome::AttemptOutcome;

/// The number of failures without a delay.
const FREE: u32 = 10;

/// The first delay; each one after it is twice as long, up to the longest.
const FIRST_DELAY: Duration = Duration::from_secs(30);
const LONGEST_DELAY: Duration = Duration::from_mins(15);

/// The time for which failures count after the last one. Longer than any delay.
const FORGET_AFTER: Duration = Duration::from_hours(1);

/// The time for which an address stays known after the last login from it.
const KNOWN_FOR: Duration = Duration::from_hours(30 * 24);

/// The loss if an entry is dropped: its failures, and its last attempt.
pub(super) type Weight = (u32, Instant);

/// Failed attempts to present the secret of one account.
#[derive(Clone, Copy, Debug)]
pub(super) struct Account {
    failures: u32,
    under_way: u32,
    blocked_until: Option<Instant>,
    last: Instant,
    /// Whether the present block was logged.
    is_logged: bool,
}

impl Account {
    pub(super) const fn new(now: Instant) -> Self {
        Self {
            failures: 0,
            under_way: 0,
            blocked_until: None,
            last: now,
            is_logged: false,
        }
    }

    pub(super) fn check(&mut self, now: Instant) -> BucketDecision {
        if self.under_way == 0 && now.duration_since(self.last) >= FORGET_AFTER {
            self.failures = 0;
            self.blocked_until = None;
        }
        if let Some(wait) = self
            .blocked_until
            .and_then(|until| until.checked_duration_since(now))
            .filter(|wait| !wait.is_zero())
        {
            let is_first = !std::mem::replace(&mut self.is_logged, true);
            return BucketDecision::Blocked { wait, is_first };
        }
        // One at a time once there are delays.
        if self.under_way > 0 && self.failures + self.under_way >= FREE {
            return BucketDecision::Busy;
        }
        BucketDecision::Free
    }

    pub(super) const fn begin(&mut self, now: Instant) {
        self.under_way = self.under_way.saturating_add(1);
        self.last = now;
    }

    pub(super) fn end(&mut self, outcome: AttemptOutcome, now: Instant) {
        self.under_way = self.under_way.saturating_sub(1);
        self.last = now;
        match outcome {
            AttemptOutcome::Failed => {
                self.failures = self.failures.saturating_add(1);
                if let Some(beyond) = self.failures.checked_sub(FREE) {
                    let delay = FIRST_DELAY.saturating_mul(1 << beyond.min(16)).min(LONGEST_DELAY);
                    self.blocked_until = Some(now + delay);
                    self.is_logged = false;
                }
            }
            AttemptOutcome::Succeeded => {
                self.failures = 0;
                self.blocked_until = None;
            }
            AttemptOutcome::Undecided => {}
        }
    }

    /// Returns whether the bucket equals a new one in effect.
    pub(super) fn is_over(&self, now: Instant) -> bool {
        let is_idle = self.failures == 0 || now.duration_since(self.last) >= FORGET_AFTER;
        self.under_way == 0 && is_idle
    }

    /// Returns whether a known address was removed.
    pub(super) fn is_forgotten(&self, now: Instant) -> bool {
        self.under_way == 0 && now.duration_since(self.last) >= KNOWN_FOR
    }

    /// Returns the loss if it is dropped.
    pub(super) const fn weight(&self) -> Weight {
        (self.failures.saturating_add(self.under_way), self.last)
    }
}
