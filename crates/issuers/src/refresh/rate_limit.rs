//! Limits the rate of requests to an issuer by a token bucket.

use std::time::Duration;

use tokio::time::Instant;

/// A token bucket: a number of requests at once, and then one for each interval.
#[derive(Clone, Debug)]
pub(super) struct RateLimit {
    burst: u32,
    interval: Duration,
    left: u32,
    /// The start of the current interval.
    since: Instant,
}

impl RateLimit {
    pub(super) fn new(burst: u32, interval: Duration, now: Instant) -> Self {
        Self {
            burst,
            interval: interval.max(Duration::from_millis(1)),
            left: burst,
            since: now,
        }
    }

    /// Takes one request from the bucket. Returns `false` if none is left.
    pub(super) fn take(&mut self, now: Instant) -> bool {
        let passed = now.saturating_duration_since(self.since).as_millis() / self.interval.as_millis().max(1);
        let earned = u32::try_from(passed).unwrap_or(u32::MAX);
        self.left = self.left.saturating_add(earned).min(self.burst);
        self.since = if self.left == self.burst {
            now
        } else {
            self.since + self.interval.saturating_mul(earned)
        };
        let is_left = self.left > 0;
        self.left = self.left.saturating_sub(1);
        is_left
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn no_interval_exceeds_the_rate_limit(steps in proptest::collection::vec(0_u64..30_000, 1..200)) {
            let start = Instant::now();
            let mut rate_limit = RateLimit::new(4, Duration::from_secs(10), start);
            let (mut now, mut taken) = (0, Vec::new());
            for step in steps {
                now += step;
                if rate_limit.take(start + Duration::from_millis(now)) {
                    taken.push(now);
                }
            }
            for (first, from) in taken.iter().enumerate() {
                for (last, to) in taken.iter().enumerate().skip(first) {
                    let count = u64::try_from(last - first + 1).unwrap();
                    prop_assert!(count <= 4 + (to - from) / 10_000 + 1, "{count} within {} ms", to - from);
                }
            }
        }

        #[test]
        fn request_after_the_interval_is_allowed(used in 0_u32..50, pause in 10_000_u64..100_000) {
            let start = Instant::now();
            let mut rate_limit = RateLimit::new(4, Duration::from_secs(10), start);
            for _ in 0..used {
                rate_limit.take(start);
            }
            prop_assert!(rate_limit.take(start + Duration::from_millis(pause)));
        }
    }

    #[test]
    fn burst_is_allowed_at_once() {
        let now = Instant::now();
        let mut rate_limit = RateLimit::new(4, Duration::from_secs(10), now);
        assert_eq!((0..9).filter(|_| rate_limit.take(now)).count(), 4);
    }
}
