//! Pads the response time of a failed login, so that timing does not reveal user names.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use scopegate_store::PasswordScheme;

/// The estimated cost of one verification, for each scheme of the store.
pub(crate) type SchemeCosts = Vec<(PasswordScheme, Duration)>;

/// The longest time by which a login is delayed.
const LONGEST: Duration = Duration::from_secs(10);

/// The slowest recent failed login of each scheme.
///
/// A login verifies one hash, and schemes differ. So each login waits until the slowest scheme in
/// the store would be done: by its measured time, or by its cost if it was not measured yet. Within
/// one scheme the login waits for the slowest recent one. The remaining difference between two
/// users of it (a row found or not) is smaller than the noise of one login. Without this wait it
/// would show in the mean of many.
#[derive(Debug, Default)]
pub(super) struct ResponsePadding {
    /// The slowest duration of each scheme. A store lists a bounded number of schemes.
    slowest: Mutex<HashMap<PasswordScheme, Duration>>,
}

impl ResponsePadding {
    /// Returns the wait after a failed login of this scheme that took this long.
    pub(super) fn wait_after(&self, scheme: Option<&PasswordScheme>, took: Duration, costs: &SchemeCosts) -> Duration {
        let mut slowest = self.slowest.lock().unwrap_or_else(PoisonError::into_inner);
        slowest.retain(|known, _| costs.iter().any(|(scheme, _)| scheme == known));
        let listed = scheme.and_then(|scheme| costs.iter().find(|(other, _)| other == scheme));
        let before = listed.and_then(|(scheme, _)| slowest.get(scheme).copied());
        if let Some((scheme, _)) = listed {
            slowest.insert(scheme.clone(), before.map_or(took, |known| follow(known, took)));
        }
        let own_cost = listed.map(|(_, cost)| *cost);
        let expected = costs.iter().map(|(scheme, cost)| match slowest.get(scheme) {
            Some(measured) => *measured,
            None => estimate(took, own_cost, *cost),
        });
        let longest = expected.chain(before).max().unwrap_or_default().min(LONGEST);
        longest.saturating_sub(took)
    }
}

/// Returns the slowest recent time, which decays slowly. One outlier counts at most twice the usual
/// time: it must not delay every later login.
fn follow(known: Duration, took: Duration) -> Duration {
    took.min(known * 2).max(known.saturating_sub(known / 32))
}

/// Estimates the duration of a scheme without measurement, from a measured one.
fn estimate(took: Duration, own: Option<Duration>, other: Duration) -> Duration {
    match own {
        Some(own) if !own.is_zero() => took.mul_f64((other.as_secs_f64() / own.as_secs_f64()).min(1e6)),
        _ => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn ms(milliseconds: u64) -> Duration {
        Duration::from_millis(milliseconds)
    }

    fn scheme(text: &str) -> PasswordScheme {
        PasswordScheme::parse(text).unwrap()
    }

    /// Each day the store changes to another scheme, for a year.
    #[test]
    fn a_year_of_schemes_is_forgotten() {
        let padding = ResponsePadding::default();
        for day in 0..365 {
            let own = scheme(&format!("$scheme{day}$"));
            padding.wait_after(Some(&own), ms(100), &vec![(own.clone(), ms(70))]);
            assert_eq!(padding.slowest.lock().unwrap().len(), 1);
        }
    }

    #[test]
    fn slowest_recent_login_sets_padding() {
        let (padding, own) = (ResponsePadding::default(), scheme("$2b$10$"));
        let costs = vec![(own.clone(), ms(70))];
        let wait = |took| padding.wait_after(Some(&own), took, &costs);
        assert_eq!(wait(ms(100)), ms(0));
        assert_eq!(wait(ms(99)), ms(1));
        assert_eq!(wait(ms(10_000)), ms(0), "a hiccup");
        assert!(wait(ms(90)) <= ms(110), "counts at most twice");
        for _ in 0..1_000 {
            let _ = wait(ms(90));
        }
        assert!(wait(ms(90)) <= ms(3));
    }

    #[test]
    fn cheap_scheme_waits_for_expensive_scheme() {
        let (cheap, expensive) = (scheme("$argon2id$v=19$m=256,t=1,p=1$"), scheme("$2b$10$"));
        let costs = vec![(cheap.clone(), ms(1)), (expensive.clone(), ms(70))];
        let padding = ResponsePadding::default();
        assert_eq!(padding.wait_after(Some(&cheap), ms(2), &costs), ms(138), "by the costs");
        assert_eq!(padding.wait_after(Some(&expensive), ms(100), &costs), ms(0));
        assert_eq!(
            padding.wait_after(Some(&cheap), ms(2), &costs),
            ms(98),
            "as it was measured"
        );
        // Many attempts with the cheap scheme do not change the measurement of the expensive one.
        for _ in 0..1_000 {
            assert_eq!(padding.wait_after(Some(&cheap), ms(2), &costs), ms(98));
        }
        // The expensive scheme belongs to no user any longer.
        let costs = vec![(cheap.clone(), ms(1))];
        assert_eq!(padding.wait_after(Some(&cheap), ms(2), &costs), ms(0));
        assert_eq!(padding.slowest.lock().unwrap().len(), 1);
    }

    #[test]
    fn no_passwords_need_no_padding() {
        assert_eq!(ResponsePadding::default().wait_after(None, ms(2), &Vec::new()), ms(0));
    }
}
