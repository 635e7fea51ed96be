//! A failed login: at each place, the time does not tell the cause.

use std::time::Instant;

use super::{ATTEMPTS, MAX_RATIO, distinguishable_pairs, measure, rounds};
use crate::entry_points::{Attempt, EntryPoint, EntryPoints};
use crate::long_check;
use crate::people::PeopleFixture;

/// The causes: a name, and a password.
fn causes(at: EntryPoint, long: &str) -> Vec<(&'static str, &str, &str)> {
    let mut causes = vec![("wrong", "johndoe", "wrong1"), ("too long", "johndoe", long)];
    if at != EntryPoint::PasswordGrant {
        // The grant refuses them as malformed requests, before a name is looked up.
        causes.extend([("empty", "johndoe", ""), ("NUL", "johndoe", "wron\u{0}1")]);
    }
    if at != EntryPoint::PasswordChange {
        causes.extend([
            ("unknown", "nobodys", "wrong1"),
            ("impossible name", "no\u{7f}body", "wrong1"),
            ("disabled", "alice", "wrong1"),
            ("disabled, right password", "alice", "secret"),
            ("unknown, too long", "nobodys", long),
        ]);
    }
    causes
}

#[tokio::test]
async fn failed_login_time_is_equal_at_each_entry_point() {
    if !long_check::is_on("the times of failed logins at each entry point") {
        return;
    }
    let points = EntryPoints::new(PeopleFixture::unthrottled().await).await;
    let long = "x".repeat(5_000);
    for at in EntryPoint::ALL {
        let causes = causes(at, &long);
        let names: Vec<_> = causes.iter().map(|(name, ..)| *name).collect();
        let mut faults = Vec::new();
        for _ in 0..ATTEMPTS {
            let times = measure(&names, rounds(), async |index| {
                let (cause, name, password) = causes.get(index).copied().unwrap();
                let begin = Instant::now();
                let attempt = points.present(at, name, password).await;
                let took = begin.elapsed();
                assert_eq!(attempt, Attempt::Rejected, "{at:?} {cause}");
                took
            });
            faults = distinguishable_pairs(&times.await, MAX_RATIO);
            if faults.is_empty() {
                break;
            }
        }
        assert!(faults.is_empty(), "{at:?}:\n{}", faults.join("\n"));
    }
}
