//! Ages of cached values. Whole seconds would end them up to a second early.

use std::time::Duration;

/// A time in microseconds since 1970, by a clock.
pub(crate) type Microseconds = u64;

/// Whether less than this age has passed since a moment. A clock that was set back tells no age.
pub(crate) fn is_within(age: Duration, moment: Microseconds, now: Microseconds) -> bool {
    let passed = now.checked_sub(moment).map(Duration::from_micros);
    passed.is_some_and(|passed| passed < age)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn age_ends_at_its_microsecond() {
        let (age, begin) = (Duration::from_secs(5), 1_999_999);
        for (now, is_within_age) in [
            (begin - 1, false),
            (begin, true),
            (6_999_998, true),
            (6_999_999, false),
            (u64::MAX, false),
        ] {
            assert_eq!(is_within(age, begin, now), is_within_age, "{now}");
        }
        assert!(!is_within(Duration::ZERO, begin, begin));
        assert!(is_within(Duration::MAX, 0, u64::MAX));
    }
}
