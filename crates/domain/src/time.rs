//! Timestamps, lifetimes and clocks. A clock is always an argument.

use std::fmt;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

/// A time in whole seconds since 1970-01-01T00:00:00Z: the integer form of a `NumericDate` ([RFC
/// 7519, section 2](https://www.rfc-editor.org/rfc/rfc7519#section-2)).
///
/// Arithmetic saturates: a time out of range becomes the first or the last one and never wraps.
///
/// ```
/// use scopegate_domain::{Lifetime, Timestamp};
///
/// let issued = Timestamp::from_unix(1_000);
/// let expires = issued + Lifetime::from_seconds(1_800);
/// assert_eq!(expires.as_unix(), 2_800);
/// assert_eq!(expires.seconds_since(issued), 1_800);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Timestamp(i64);

impl Timestamp {
    /// The last time. A clock that cannot read the time returns it, so that everything has expired.
    pub const MAX: Self = Self(i64::MAX);

    /// The moment this number of seconds after the epoch.
    #[must_use]
    pub const fn from_unix(seconds: i64) -> Self {
        Self(seconds)
    }

    /// Creates a time from seconds since the epoch.
    #[must_use]
    pub const fn as_unix(self) -> i64 {
        self.0
    }

    /// Returns the seconds from `earlier` to this time; negative if `earlier` is later.
    #[must_use]
    pub const fn seconds_since(self, earlier: Self) -> i64 {
        self.0.saturating_sub(earlier.0)
    }
}

impl std::ops::Add<Lifetime> for Timestamp {
    type Output = Self;

    fn add(self, lifetime: Lifetime) -> Self {
        Self(self.0.saturating_add(i64::from(lifetime.0)))
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A day, counted from 1970-01-01 in UTC. Rows of the store that end are sorted by the day of their
/// end, and the value that finds such a row contains the day.
///
/// ```
/// use scopegate_domain::{Day, Timestamp};
///
/// let day = Day::of(Timestamp::from_unix(86_400));
/// assert_eq!((day, day.number()), (Day::from_number(1), 1));
/// assert_eq!(Day::of(Timestamp::from_unix(-1)).number(), 0);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Day(u16);

impl Day {
    /// The number of seconds of a day.
    const SECONDS: i64 = 24 * 60 * 60;

    /// Returns the day of a time. Times before 1970 are on day 0, times after 2149 on the last day.
    #[must_use]
    pub fn of(time: Timestamp) -> Self {
        Self(u16::try_from(time.0.max(0) / Self::SECONDS).unwrap_or(u16::MAX))
    }

    /// Creates a day from its number.
    #[must_use]
    pub const fn from_number(number: u16) -> Self {
        Self(number)
    }

    /// Returns the number of days since 1970-01-01.
    #[must_use]
    pub const fn number(self) -> u16 {
        self.0
    }
}

/// A lifetime in whole seconds (up to 136 years).
///
/// ```
/// assert_eq!(scopegate_domain::Lifetime::from_minutes(30).as_seconds(), 1_800);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Lifetime(u32);

impl Lifetime {
    /// A lifetime of this number of seconds.
    #[must_use]
    pub const fn from_seconds(seconds: u32) -> Self {
        Self(seconds)
    }

    /// Creates a lifetime of this number of minutes. Beyond the range it is the maximum lifetime.
    #[must_use]
    pub const fn from_minutes(minutes: u32) -> Self {
        Self(minutes.saturating_mul(60))
    }

    /// Returns the number of seconds.
    #[must_use]
    pub const fn as_seconds(self) -> u32 {
        self.0
    }

    /// Returns the lifetime as a duration of the standard library.
    #[must_use]
    pub fn as_duration(self) -> Duration {
        Duration::from_secs(u64::from(self.0))
    }
}

impl From<Lifetime> for Duration {
    fn from(lifetime: Lifetime) -> Self {
        lifetime.as_duration()
    }
}

/// A source of the current time. No other code in the workspace reads the system's clock.
///
/// ```
/// use scopegate_domain::{Clock, Lifetime, ManualClock, Timestamp};
///
/// let clock = ManualClock::at(Timestamp::from_unix(1_000));
/// clock.advance(Lifetime::from_seconds(5));
/// assert_eq!(clock.now().as_unix(), 1_005);
/// ```
pub trait Clock: fmt::Debug + Send + Sync {
    /// Returns the current time.
    fn now(&self) -> Timestamp;

    /// Returns the first whole second that is not before now. This rounds down the time left until
    /// a later time.
    fn now_rounded_up(&self) -> Timestamp {
        self.now()
    }

    /// Returns the current time in microseconds since 1970.
    fn now_in_microseconds(&self) -> u64 {
        let seconds = u64::try_from(self.now().as_unix()).unwrap_or_default();
        seconds.saturating_mul(1_000_000)
    }
}

/// The clock of the operating system.
#[derive(Clone, Copy, Debug, Default)]
#[expect(
    clippy::exhaustive_structs,
    reason = "there is nothing to add to a clock that has no state"
)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        // SECURITY: a clock before 1970 or past the range must not make old tokens young:
        // everything has expired then.
        Self::elapsed()
            .and_then(|elapsed| i64::try_from(elapsed.as_secs()).ok())
            .map_or(Timestamp::MAX, Timestamp::from_unix)
    }

    fn now_in_microseconds(&self) -> u64 {
        let elapsed = Self::elapsed().and_then(|elapsed| u64::try_from(elapsed.as_micros()).ok());
        elapsed.unwrap_or(u64::MAX)
    }

    /// Returns the next second: a running clock is practically never read at a whole second.
    fn now_rounded_up(&self) -> Timestamp {
        self.now() + Lifetime::from_seconds(1)
    }
}

impl SystemClock {
    /// Returns the time since 1970; `None` for a clock before it.
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the system's clock")]
    fn elapsed() -> Option<Duration> {
        SystemTime::now().duration_since(UNIX_EPOCH).ok()
    }
}

/// A clock for tests that advances only by explicit calls.
///
/// ```
/// use scopegate_domain::{Clock, Lifetime, ManualClock, Timestamp};
///
/// let clock = ManualClock::at(Timestamp::from_unix(1_000));
/// clock.advance(Lifetime::from_minutes(1));
/// assert_eq!(clock.now(), Timestamp::from_unix(1_060));
/// ```
#[derive(Debug)]
pub struct ManualClock(AtomicI64);

impl ManualClock {
    /// A clock that shows this moment.
    #[must_use]
    pub const fn at(now: Timestamp) -> Self {
        Self(AtomicI64::new(now.0))
    }

    /// Advances the clock.
    pub fn advance(&self, by: Lifetime) {
        self.set(self.now() + by);
    }

    /// Sets the clock, backwards too.
    pub fn set(&self, now: Timestamp) {
        self.0.store(now.0, Ordering::SeqCst);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        Timestamp(self.0.load(Ordering::SeqCst))
    }
}
