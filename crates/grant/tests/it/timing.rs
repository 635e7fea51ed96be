//! The time of a refusal does not reveal its cause.
//!
//! Each group is measured once a round, in random order, so that other load on the machine affects
//! all equally. Two groups are distinguished by ranks (how often is one slower than the other? half
//! the time, if they are alike) and by medians. A missing hash moves the ranks to 0 or 1 and the
//! medians apart by a factor. An attempt that noise has spoiled is repeated. Only the long check
//! measures; that each failed login costs one verification is counted in
//! `login/src/password_check.rs`.

#![expect(clippy::disallowed_methods, reason = "what is tested is how long things take")]
#![expect(
    clippy::panic,
    clippy::print_stdout,
    reason = "tests fail by panicking, and print what they measured"
)]

mod clients;
mod entry_points;
mod inactive;

use std::fmt;
use std::time::{Duration, Instant};

use crate::common::{add_user, builder, lax, params, store, user};
use crate::long_check;
use scopegate_domain::{ErrorCode, PasswordHash, Secret, UserStatus};
use scopegate_grant::{AuthorizationServer, ClientCredentials};
use scopegate_token::{PasswordHasher, PasswordPolicy, RandomSource, SystemRandomSource};

/// bcrypt of `secret`, costs 4 and 6: 1 and 4 ms.
const BCRYPT_4: &str = "$2b$04$XdfrcKLRfvj.vJ6gOe.TCewZ/eO7Avec24Mp3Mm5.SRe9T09oSZc.";
const BCRYPT_6: &str = "$2b$06$27lnTMZnfQPhANWcC2pKhO5PxHyf/meA79SnXJ1EIJf82tqbFF/Ci";

/// The maximum deviation of the ranks of two groups from even: five times the effect of chance on
/// sixty rounds.
const MAX_BIAS: f64 = 0.25;
/// The maximum ratio of two medians.
const MAX_RATIO: f64 = 1.5;
const ATTEMPTS: usize = 3;

/// More rounds give finer figures: set `SCOPEGATE_LONG=1 SCOPEGATE_TIMING_ROUNDS=2000` and run
/// `cargo test --release --test it timing -- --nocapture`.
fn rounds() -> usize {
    let rounds = std::env::var("SCOPEGATE_TIMING_ROUNDS").ok();
    rounds.and_then(|rounds| rounds.parse().ok()).unwrap_or(60)
}

/// A refused request, with the name of its group.
struct Group {
    name: &'static str,
    fields: Vec<(&'static str, &'static str)>,
    header: ClientCredentials,
    refused: ErrorCode,
}

/// The times of one group.
struct Times {
    name: &'static str,
    sorted: Vec<Duration>,
}

impl Times {
    fn median(&self) -> Duration {
        self.sorted.get(self.sorted.len() / 2).copied().unwrap_or_default()
    }

    /// Returns how often a time of this group is longer than one of the other group; a tie counts
    /// half.
    fn superiority(&self, other: &Self) -> f64 {
        let halves = self.sorted.iter().map(|time| {
            let shorter = other.sorted.partition_point(|other| other < time);
            shorter + other.sorted.partition_point(|other| other <= time)
        });
        let pairs = 2 * self.sorted.len() * other.sorted.len();
        f64::from(u32::try_from(halves.sum::<usize>()).unwrap()) / f64::from(u32::try_from(pairs).unwrap())
    }
}

impl fmt::Display for Times {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {:.3} ms", self.name, self.median().as_secs_f64() * 1e3)
    }
}

/// Measures, prints and returns the times of all groups. `ask` sends the request of the group with
/// this number, and checks its answer after the time.
async fn measure(names: &[&'static str], rounds: usize, ask: impl AsyncFn(usize) -> Duration) -> Vec<Times> {
    let times = names.iter().map(|name| Times {
        name,
        sorted: Vec::new(),
    });
    let mut times: Vec<_> = times.collect();
    for round in 0..rounds + 3 {
        for index in shuffled(names.len()) {
            let took = ask(index).await;
            // The first ones find caches cold, and no pace set.
            if round >= 3 {
                times.get_mut(index).unwrap().sorted.push(took);
            }
        }
    }
    for times in &mut times {
        times.sorted.sort();
        println!("{times}");
    }
    times
}

/// Measures refused token requests.
async fn measure_refusals(server: &AuthorizationServer, groups: &[Group], rounds: usize) -> Vec<Times> {
    let names: Vec<_> = groups.iter().map(|group| group.name).collect();
    let ask = async |index: usize| {
        let group = groups.get(index).unwrap();
        let asked_at = Instant::now();
        let refused = server.token(&params(&group.fields), &group.header).await;
        let took = asked_at.elapsed();
        let is_expected = matches!(&refused, Err(error) if error.code() == group.refused);
        assert!(is_expected, "{}: {refused:?}", group.name);
        took
    };
    measure(&names, rounds, ask).await
}

/// Returns the numbers below this one, in random order.
fn shuffled(count: usize) -> Vec<usize> {
    let mut chances = vec![0; count];
    SystemRandomSource.fill(&mut chances).unwrap();
    let mut numbers: Vec<_> = (0..count).collect();
    numbers.sort_by_key(|number| chances.get(*number).copied());
    numbers
}

/// Returns each pair of groups that can be distinguished.
fn distinguishable_pairs(times: &[Times], max_ratio: f64) -> Vec<String> {
    let pairs = times
        .iter()
        .enumerate()
        .flat_map(|(index, one)| times.iter().skip(index + 1).map(move |two| (one, two)));
    let differ = pairs.filter_map(|(one, two)| {
        let bias = one.superiority(two) - 0.5;
        let [shorter, longer] = [one.median().min(two.median()), one.median().max(two.median())];
        let ratio = longer.as_secs_f64() / shorter.as_secs_f64();
        (bias.abs() > MAX_BIAS || ratio > max_ratio)
            .then(|| format!("{one}, {two}: ranks {bias:+.2}, medians {ratio:.2}"))
    });
    differ.collect()
}

fn login(name: &'static str, username: &'static str, password: &'static str) -> Group {
    let fields = vec![
        ("grant_type", "password"),
        ("client_id", "demo-app"),
        ("username", username),
        ("password", password),
    ];
    let header = ClientCredentials::Absent;
    Group {
        name,
        fields,
        header,
        refused: ErrorCode::InvalidGrant,
    }
}

/// Measures failed logins against a store whose users have hashes of these two kinds.
async fn measure_failed_logins(by_the_rfc: bool, bcrypt: &str, argon2id: &str) {
    let store = store().await;
    add_user(&*store, user("argon"), Some(argon2id)).await;
    add_user(&*store, user("bcryp"), Some(bcrypt)).await;
    add_user(&*store, user("gone1").with_status(UserStatus::Disabled), Some(bcrypt)).await;
    add_user(&*store, user("gone2").with_status(UserStatus::Disabled), Some(argon2id)).await;
    add_user(&*store, user("nopwd"), None).await;
    let groups = [
        login("unknown", "nobod", "wrong1"),
        login("impossible name", "no\u{7f}bo", "wrong1"),
        login("argon2id", "argon", "wrong1"),
        login("bcrypt", "bcryp", "wrong1"),
        login("without password", "nopwd", "wrong1"),
        login("disabled", "gone1", "wrong1"),
        login("disabled, right password", "gone1", "secret"),
        login("disabled, right password under argon2id", "gone2", "secret"),
    ];
    if by_the_rfc {
        assert_indistinguishable(&builder(&store).throttled(false).build(), &groups).await;
    } else {
        // This dialect authorizes a disabled user whose password is right.
        let server = builder(&store).throttled(false).dialect(lax()).build();
        assert_indistinguishable(&server, groups.get(..6).unwrap()).await;
    }
}

async fn assert_indistinguishable(server: &AuthorizationServer, groups: &[Group]) {
    let mut faults = Vec::new();
    for _ in 0..ATTEMPTS {
        let times = measure_refusals(server, groups, rounds()).await;
        faults = distinguishable_pairs(&times, MAX_RATIO);
        if faults.is_empty() {
            return;
        }
    }
    panic!("{}", faults.join("\n"));
}

fn argon2id(memory_kib: u32) -> String {
    let hasher = PasswordHasher::new(PasswordPolicy::argon2id(memory_kib, 1, 1).unwrap());
    let hash: PasswordHash = hasher
        .hash(&Secret::new("secret".to_owned()), &SystemRandomSource)
        .unwrap();
    hash.expose().to_owned()
}

/// Each scheme is the expensive one once, so that no missing hash stays undetected.
#[tokio::test]
async fn failed_login_time_hides_its_cause() {
    if !long_check::is_on("the times of failed logins") {
        return;
    }
    measure_failed_logins(true, BCRYPT_6, &argon2id(256)).await;
    measure_failed_logins(false, BCRYPT_4, &argon2id(8 * 1024)).await;
}

#[test]
fn what_differs_is_seen() {
    let times = |name, base: u64| Times {
        name,
        sorted: (0..100).map(|step| Duration::from_micros(base + step)).collect(),
    };
    assert!(distinguishable_pairs(&[times("a", 1_000), times("b", 1_010)], MAX_RATIO).is_empty());
    assert_eq!(
        distinguishable_pairs(&[times("a", 1_000), times("b", 1_060), times("c", 5_000)], MAX_RATIO).len(),
        3
    );
}
