//! The times of a token, in words.

use jiff::Timestamp as Moment;
use scopegate_domain::Timestamp;
use scopegate_token::Unverified;

/// A line for each time in the token.
pub(super) fn describe(token: &Unverified, now: Timestamp) -> String {
    let times = [
        ("auth_time", "the user logged in", "the user will have logged in"),
        ("iat", "was issued", "will be issued"),
        ("nbf", "became valid", "becomes valid"),
        ("exp", "expired", "expires"),
    ];
    let line = |(claim, past, future): (&str, &str, &str)| {
        let time = token.time(claim)?;
        let word = if time <= now { past } else { future };
        let moment = moment(time).unwrap_or_else(|| format!("at {time}"));
        Some(format!("{word} {} ({moment})\n", distance(time, now)))
    };
    let lines: String = times.into_iter().filter_map(line).collect();
    if token.time("exp").is_some() {
        lines
    } else {
        format!("{lines}never says when it expires\n")
    }
}

/// A time for people, in UTC.
pub(super) fn moment(time: Timestamp) -> Option<String> {
    Some(Moment::from_second(time.as_unix()).ok()?.to_string())
}

/// `3 hours ago`, `in 25 minutes`: whole units of the largest one that fits.
fn distance(time: Timestamp, now: Timestamp) -> String {
    let seconds = time.seconds_since(now);
    let far = seconds.unsigned_abs();
    let units = [
        (31_557_600, "year"),
        (86_400, "day"),
        (3_600, "hour"),
        (60, "minute"),
        (1, "second"),
    ];
    let Some((length, unit)) = units.into_iter().find(|(length, _)| far >= *length) else {
        return "now".to_owned();
    };
    let count = far / length;
    let plural = if count == 1 { "" } else { "s" };
    if seconds > 0 {
        format!("in {count} {unit}{plural}")
    } else {
        format!("{count} {unit}{plural} ago")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn interval_is_shown_in_its_largest_unit() {
        let now = Timestamp::from_unix(1_700_000_000);
        for (offset, expected) in [
            (0, "now"),
            (1, "in 1 second"),
            (-59, "59 seconds ago"),
            (60, "in 1 minute"),
            (1_800, "in 30 minutes"),
            (-3_600, "1 hour ago"),
            (-86_400 * 3, "3 days ago"),
            (31_557_600 * 40, "in 40 years"),
        ] {
            assert_eq!(distance(Timestamp::from_unix(1_700_000_000 + offset), now), expected);
        }
        assert_eq!(moment(Timestamp::MAX), None);
        distance(Timestamp::MAX, Timestamp::from_unix(i64::MIN));
    }
}
