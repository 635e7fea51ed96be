//! The rules for tokens while the log of changes is not read.

use std::error::Error;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use scopegate_domain::Timestamp;
use scopegate_token::{AcceptedTokens, RevokedSet};
use tokio::time::{Instant, sleep};
use tracing::{error, info, warn};

use crate::admin::Readiness;
use crate::config::{NewsStale, Settings};

/// The rules of the settings.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SilenceRules {
    /// The age up to which the log is current.
    age: Duration,
    /// The age from which the log is late.
    late: Duration,
    stale: NewsStale,
    /// The age up to which known tokens are accepted by `allow-known`.
    limit: Duration,
}

impl SilenceRules {
    pub(crate) fn of(settings: &Settings) -> Self {
        let (age, grace) = (settings.revocation_age, settings.news_grace);
        Self::new(age, grace, settings.news_stale, settings.news_stale_limit)
    }

    fn new(age: Duration, grace: Duration, stale: NewsStale, limit: Duration) -> Self {
        Self {
            age,
            late: age.saturating_add(grace),
            stale,
            limit,
        }
    }

    /// Returns the age up to which the log is current.
    pub(crate) const fn age(&self) -> Duration {
        self.age
    }

    /// Returns how long after the last read of the log the known users and clients are in use.
    pub(crate) fn known(&self) -> Duration {
        match self.stale {
            NewsStale::Deny => self.late,
            NewsStale::Allow | NewsStale::AllowKnown => self.late.max(self.limit),
        }
    }

    fn phase(&self, age: Duration) -> Phase {
        if age < self.age {
            Phase::Current
        } else if age < self.late {
            Phase::Grace
        } else if age < self.limit || self.stale != NewsStale::AllowKnown {
            Phase::Late
        } else {
            Phase::Over
        }
    }

    /// Returns the time from this age to the next phase; `None` in the last one.
    fn until_next(&self, age: Duration) -> Option<Duration> {
        let ends = [self.age, self.late, self.limit];
        let left = ends.into_iter().filter_map(|end| end.checked_sub(age));
        left.filter(|left| !left.is_zero()).min()
    }

    const fn accepted(&self, phase: Phase, answered_at: Timestamp) -> AcceptedTokens {
        match (phase, self.stale) {
            (Phase::Current | Phase::Grace, _) | (Phase::Late | Phase::Over, NewsStale::Allow) => AcceptedTokens::All,
            (Phase::Late, NewsStale::AllowKnown) => AcceptedTokens::IssuedUntil(answered_at),
            (Phase::Late | Phase::Over, NewsStale::Deny) | (Phase::Over, NewsStale::AllowKnown) => AcceptedTokens::None,
        }
    }
}

/// The phases of a silence, by the age of the last answered read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Current,
    Grace,
    Late,
    /// The limit of `allow-known` has passed.
    Over,
}

/// Applies the rules to the tokens and to the readiness of this process.
pub(super) struct Silence {
    rules: SilenceRules,
    set: Arc<RevokedSet>,
    readiness: Arc<Readiness>,
    /// The begin of the last answered read. The wall clock may be changed, so it measures no age.
    answered: Instant,
    /// The same, to compare with the time at which a token was issued.
    answered_at: Timestamp,
    phase: Phase,
    is_reported: bool,
}

impl Silence {
    /// A silence that begins after a read that began now.
    pub(super) fn new(rules: SilenceRules, set: Arc<RevokedSet>, readiness: Arc<Readiness>, now: Timestamp) -> Self {
        let answered = Instant::now();
        readiness.read_news(answered);
        Self {
            rules,
            set,
            readiness,
            answered,
            answered_at: now,
            phase: Phase::Current,
            is_reported: false,
        }
    }

    /// Records a read that was answered, and when it began.
    pub(super) fn answered(&mut self, begin: Instant, begin_at: Timestamp) {
        (self.answered, self.answered_at) = (begin, begin_at);
        self.readiness.read_news(begin);
        self.apply();
        if self.phase == Phase::Current && self.is_reported {
            self.is_reported = false;
            info!("revocations are read again");
        }
    }

    /// Records a read that was not answered.
    pub(super) fn failed(&mut self, cause: &(dyn Error + 'static)) {
        if !self.is_reported {
            self.is_reported = true;
            warn!(
                cause,
                "cannot read revocations; revocations by other processes have no effect here"
            );
        }
        self.apply();
    }

    /// Waits for some work, and applies the rules meanwhile: a store may also take long to answer.
    pub(super) async fn during<T>(&mut self, work: impl Future<Output = T>) -> T {
        let mut work = pin!(work);
        loop {
            self.apply();
            let next = self.rules.until_next(self.answered.elapsed());
            tokio::select! {
                done = &mut work => return done,
                () = sleep(next.unwrap_or(Duration::MAX)) => {}
            }
        }
    }

    fn apply(&mut self) {
        let age = self.answered.elapsed();
        let phase = self.rules.phase(age);
        // SECURITY: after the revocations of an answered read were added to the set. Tested by
        // `late_news_deny_tokens_until_a_read_is_answered`.
        self.set.accept(self.rules.accepted(phase, self.answered_at));
        self.readiness.late_news(matches!(phase, Phase::Late | Phase::Over));
        if phase != self.phase {
            self.phase = phase;
            self.report();
        }
    }

    /// Logs each phase once.
    fn report(&mut self) {
        match (self.phase, self.rules.stale) {
            (Phase::Current, _) => {}
            (Phase::Grace, _) if self.is_reported => {}
            (Phase::Grace, _) => {
                warn!("revocations are not read in time; revocations by other processes have no effect here");
            }
            (Phase::Late, NewsStale::Allow) => {
                error!("revocations are late; all tokens are accepted (`news_stale`)");
            }
            (Phase::Late, NewsStale::AllowKnown) => {
                error!("revocations are late; new tokens are refused with 503 (`news_stale`)");
            }
            (Phase::Late | Phase::Over, _) => {
                error!("revocations are late; requests with a token are refused with 503 (`news_stale`)");
            }
        }
        self.is_reported |= self.phase != Phase::Current;
    }
}

#[cfg(test)]
mod tests;
