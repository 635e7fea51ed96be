//! Times as a page shows them: UTC, for people and for programs.

use std::fmt;

use scopegate_domain::Timestamp;

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

/// A time in UTC.
#[derive(Clone, Copy, Debug)]
pub(crate) struct UtcTime {
    year: i64,
    month: usize,
    day: i64,
    hour: i64,
    minute: i64,
    second: i64,
}

impl UtcTime {
    /// Returns the parts of a time, by the proleptic Gregorian calendar. A time outside the years 0
    /// to 9999 becomes the first or the last one.
    pub(crate) fn of(time: Timestamp) -> Self {
        let seconds = time.as_unix().clamp(-62_167_219_200, 253_402_300_799);
        let (days, second) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
        // The civil calendar from days: years begin in March, so that the leap day is the last one.
        let days = days + 719_468;
        let (era, day_of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
        let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let from_march = (5 * day_of_year + 2) / 153;
        let month = if from_march < 10 {
            from_march + 3
        } else {
            from_march - 9
        };
        Self {
            year: year_of_era + era * 400 + i64::from(month <= 2),
            month: usize::try_from(month).unwrap_or(1),
            day: day_of_year - (153 * from_march + 2) / 5 + 1,
            hour: second / 3_600,
            minute: second / 60 % 60,
            second: second % 60,
        }
    }

    /// Returns the value of the attribute `datetime`.
    pub(crate) fn machine(self) -> impl fmt::Display {
        let Self {
            year,
            month,
            day,
            hour,
            minute,
            second,
        } = self;
        format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
    }
}

impl fmt::Display for UtcTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let month = MONTHS.get(self.month - 1).copied().unwrap_or_default();
        write!(
            f,
            "{} {month} {}, {:02}:{:02} UTC",
            self.day, self.year, self.hour, self.minute
        )
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn times_are_written_in_utc() {
        for (unix, machine, text) in [
            (0, "1970-01-01T00:00:00Z", "1 January 1970, 00:00 UTC"),
            (951_782_400, "2000-02-29T00:00:00Z", "29 February 2000, 00:00 UTC"),
            (1_795_982_136, "2026-11-29T19:55:36Z", "29 November 2026, 19:55 UTC"),
            (-1, "1969-12-31T23:59:59Z", "31 December 1969, 23:59 UTC"),
            (i64::MAX, "9999-12-31T23:59:59Z", "31 December 9999, 23:59 UTC"),
            (i64::MIN, "0000-01-01T00:00:00Z", "1 January 0, 00:00 UTC"),
        ] {
            let time = UtcTime::of(Timestamp::from_unix(unix));
            assert_eq!(
                (time.machine().to_string().as_str(), time.to_string().as_str()),
                (machine, text)
            );
        }
    }

    proptest! {
        #[test]
        fn days_follow_each_other(day in -700_000_i64..2_900_000) {
            let at = |day: i64| UtcTime::of(Timestamp::from_unix(day * 86_400));
            let (one, next) = (at(day), at(day + 1));
            let is_next = (one.year, one.month, one.day + 1) == (next.year, next.month, next.day);
            let is_first = next.day == 1 && (28..=31).contains(&one.day);
            prop_assert!(is_next || is_first, "{} {}", one, next);
            let months = |time: UtcTime| time.year * 12 + i64::try_from(time.month).unwrap();
            prop_assert_eq!(months(next) - months(one), i64::from(!is_next));
        }
    }
}
