use std::net::{Ipv4Addr, Ipv6Addr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::*;

const OWNER: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1));
const JOHN: SecretOwner<'_> = SecretOwner::User("johndoe");

fn address(text: &str) -> IpAddr {
    text.parse().unwrap()
}

/// One attempt at a time, at moments that the test chooses.
struct ThrottleFixture {
    throttle: Throttle,
    now: Instant,
}

impl ThrottleFixture {
    fn new() -> Self {
        Self {
            throttle: Throttle::new(true),
            now: Instant::now(),
        }
    }

    fn wait(&mut self, seconds: u64) {
        self.now += Duration::from_secs(seconds);
    }

    /// Returns how long the attempt must wait; `None` if it is admitted, and then it ends with
    /// `outcome`.
    fn attempt(&self, owner: SecretOwner<'_>, from: Option<IpAddr>, outcome: AttemptOutcome) -> Option<u64> {
        let keys = self.throttle.keys(owner, from, None);
        let mut buckets = self.throttle.lock();
        match buckets.admit(&keys, self.now) {
            AttemptDecision::Admitted { is_known } => {
                buckets.end(&keys, is_known, outcome, self.now);
                None
            }
            AttemptDecision::Refused { wait, .. } => Some(wait.as_millis().div_ceil(1_000).try_into().unwrap()),
            AttemptDecision::Wait => panic!("one attempt at a time"),
        }
    }

    /// The numbers of users, their known addresses, clients, their known addresses, addresses.
    fn sizes(&self) -> [usize; 5] {
        let Buckets {
            users,
            clients,
            addresses,
            ..
        } = &*self.throttle.lock();
        [
            users.all.len(),
            users.known.len(),
            clients.all.len(),
            clients.known.len(),
            addresses.len(),
        ]
    }

    fn fail(&self, owner: SecretOwner<'_>, from: Option<IpAddr>) -> Option<u64> {
        self.attempt(owner, from, AttemptOutcome::Failed)
    }
}

/// A different address each time.
#[expect(clippy::unnecessary_wraps, reason = "an attempt may come from an unknown address")]
fn anywhere(number: u32) -> Option<IpAddr> {
    Some(IpAddr::V4(Ipv4Addr::from_bits(0x0A00_0000 + number)))
}

#[test]
fn account_delays_grow_until_a_success() {
    let mut stage = ThrottleFixture::new();
    for number in 0..10 {
        assert_eq!(stage.fail(JOHN, anywhere(number)), None);
    }
    for (number, delay) in [30, 60, 120, 240, 480, 900, 900].into_iter().enumerate() {
        assert_eq!(stage.fail(JOHN, anywhere(99)), Some(delay), "{number}");
        stage.wait(delay - 1);
        assert_eq!(stage.fail(JOHN, anywhere(99)), Some(1));
        stage.wait(1);
        let from = anywhere(100 + u32::try_from(number).unwrap());
        assert_eq!(stage.fail(JOHN, from), None);
    }
    assert_eq!(
        stage.fail(SecretOwner::User("other"), anywhere(99)),
        None,
        "another account"
    );
    assert_eq!(
        stage.fail(SecretOwner::Client("johndoe"), anywhere(99)),
        None,
        "a client of that name"
    );
    stage.wait(900);
    assert_eq!(stage.attempt(JOHN, anywhere(98), AttemptOutcome::Succeeded), None);
    for number in 200..210 {
        assert_eq!(stage.fail(JOHN, anywhere(number)), None);
    }
    assert_eq!(stage.fail(JOHN, anywhere(99)), Some(30));
}

#[test]
fn failures_are_forgotten_an_hour_after_the_last() {
    let mut stage = ThrottleFixture::new();
    for number in 0..10 {
        assert_eq!(stage.fail(JOHN, anywhere(number)), None);
    }
    stage.wait(3_600);
    for number in 0..10 {
        assert_eq!(stage.fail(JOHN, anywhere(number)), None);
    }
    assert_eq!(stage.fail(JOHN, anywhere(10)), Some(30));
}

#[test]
fn owner_logs_in_from_known_address_during_attack() {
    let mut stage = ThrottleFixture::new();
    assert_eq!(stage.attempt(JOHN, Some(OWNER), AttemptOutcome::Succeeded), None);
    for number in 0..10 {
        assert_eq!(stage.fail(JOHN, anywhere(number)), None);
    }
    assert!(stage.fail(JOHN, anywhere(10)).is_some());
    for _ in 0..20 {
        assert_eq!(stage.attempt(JOHN, Some(OWNER), AttemptOutcome::Succeeded), None);
    }
    let blocked = stage.fail(JOHN, anywhere(11));
    assert!(blocked.is_some(), "the owner's login does not help the attacker");
    // The known address has its own limit.
    for _ in 0..10 {
        assert_eq!(stage.fail(JOHN, Some(OWNER)), None);
    }
    assert_eq!(stage.fail(JOHN, Some(OWNER)), Some(30));
    assert_eq!(
        stage.fail(SecretOwner::User("other"), Some(OWNER)),
        None,
        "known for one account"
    );
    stage.wait(30);
    assert_eq!(stage.attempt(JOHN, Some(OWNER), AttemptOutcome::Succeeded), None);
}

/// Checks the network that each address counts as.
#[test]
fn equivalent_addresses_share_one_bucket() {
    for (one, other, is_same) in [
        ("192.0.2.1", "192.0.2.1", true),
        ("192.0.2.1", "::ffff:192.0.2.1", true),
        ("192.0.2.1", "::ffff:c000:201", true),
        ("192.0.2.1", "192.0.2.2", false),
        ("192.0.2.1", "::192.0.2.1", false),
        ("2001:db8:1:2::1", "2001:db8:1:2:ffff:ffff:ffff:ffff", true),
        ("2001:db8:1:2::1", "2001:0DB8:0001:0002:0:0:0:9", true),
        ("2001:db8:1:2::1", "2001:db8:1:3::1", false),
        ("2001:db8:1:2::1", "2001:db8:2:2::1", false),
    ] {
        let stage = ThrottleFixture::new();
        for number in 0..30 {
            let name = format!("user {number}");
            assert_eq!(stage.fail(SecretOwner::User(&name), Some(address(one))), None);
        }
        let refused = stage.fail(SecretOwner::User("next"), Some(address(other)));
        assert_eq!(refused, is_same.then_some(10), "{one} {other}");
    }
}

#[test]
fn address_gets_slow_attempts_after_thirty_failures() {
    let mut stage = ThrottleFixture::new();
    for number in 0..30 {
        // A secret that was not compared does not count.
        let other = SecretOwner::Client("c");
        assert_eq!(stage.attempt(other, Some(OWNER), AttemptOutcome::Undecided), None);
        assert_eq!(stage.fail(SecretOwner::User(&number.to_string()), Some(OWNER)), None);
    }
    for number in 30..33 {
        assert_eq!(stage.fail(SecretOwner::User("next"), Some(OWNER)), Some(10));
        stage.wait(10);
        assert_eq!(stage.fail(SecretOwner::User(&number.to_string()), Some(OWNER)), None);
    }
}

#[test]
fn site_of_many_networks_has_higher_limit() {
    let stage = ThrottleFixture::new();
    let network = |number: u32| {
        let bits = (0x2001_0db8_0001_u128 << 80) | (u128::from(number) << 64);
        Some(IpAddr::V6(Ipv6Addr::from_bits(bits)))
    };
    for number in 0..300 {
        assert_eq!(
            stage.fail(SecretOwner::User(&number.to_string()), network(number)),
            None
        );
    }
    assert_eq!(stage.fail(SecretOwner::User("next"), network(999)), Some(1));
    assert_eq!(
        stage.fail(SecretOwner::User("next"), Some(address("2001:db8:2::1"))),
        None
    );
}

#[test]
fn flood_of_names_clears_no_bucket() {
    let mut stage = ThrottleFixture::new();
    for number in 0..10 {
        assert_eq!(stage.fail(JOHN, anywhere(number)), None);
    }
    let flood = u32::try_from(MAX_ENTRIES).unwrap() + 50_000;
    for number in 0..flood {
        let name = number.to_string();
        assert_eq!(stage.fail(SecretOwner::User(&name), anywhere(1_000 + number)), None);
    }
    assert!(
        stage.sizes().iter().all(|size| *size <= MAX_ENTRIES),
        "{:?}",
        stage.sizes()
    );
    assert!(
        stage.fail(JOHN, anywhere(0)).is_some(),
        "the account under attack is kept"
    );
    stage.wait(3_700);
    stage.throttle.lock().sweep(stage.now);
    assert_eq!(stage.sizes(), [0; 5], "all of it ends");
}

/// An attempt with the secret of a client costs no hash, so there can be a million attempts.
#[test]
fn flood_of_clients_clears_no_user_bucket() {
    let stage = ThrottleFixture::new();
    assert_eq!(stage.attempt(JOHN, Some(OWNER), AttemptOutcome::Succeeded), None);
    for number in 0..3 {
        assert_eq!(stage.fail(JOHN, anywhere(number)), None);
    }
    let flood = u32::try_from(MAX_ENTRIES).unwrap() + 20_000;
    for number in 0..flood {
        let name = format!("client {number}");
        for attempt in 0..4 {
            let from = anywhere(1_000 + number * 4 + attempt);
            stage.fail(SecretOwner::Client(&name), from);
        }
        let from = anywhere(0x0010_0000 + number);
        assert_eq!(
            stage.attempt(SecretOwner::Client("service"), from, AttemptOutcome::Succeeded),
            None
        );
    }
    assert!(
        stage.sizes().iter().all(|size| *size <= MAX_ENTRIES),
        "{:?}",
        stage.sizes()
    );
    for number in 3..10 {
        assert_eq!(stage.fail(JOHN, anywhere(number)), None);
    }
    assert!(
        stage.fail(JOHN, anywhere(20)).is_some(),
        "the account under attack is kept"
    );
    assert_eq!(
        stage.attempt(JOHN, Some(OWNER), AttemptOutcome::Succeeded),
        None,
        "the owner"
    );
}

#[test]
fn account_cannot_evict_known_addresses_of_another() {
    let stage = ThrottleFixture::new();
    assert_eq!(stage.attempt(JOHN, Some(OWNER), AttemptOutcome::Succeeded), None);
    for number in 0..u32::try_from(MAX_ENTRIES).unwrap() + 50_000 {
        let mallory = SecretOwner::User("mallory");
        assert_eq!(
            stage.attempt(mallory, anywhere(1_000 + number), AttemptOutcome::Succeeded),
            None
        );
    }
    assert!(stage.sizes()[1] <= MAX_ENTRIES, "{:?}", stage.sizes());
    for number in 0..10 {
        assert_eq!(stage.fail(JOHN, anywhere(number)), None);
    }
    assert!(stage.fail(JOHN, anywhere(20)).is_some());
    assert_eq!(
        stage.attempt(JOHN, Some(OWNER), AttemptOutcome::Succeeded),
        None,
        "the owner"
    );
}

/// Each hour other names fail and one owner logs in from another address, for a year.
#[test]
fn a_year_of_attempts_is_forgotten() {
    let mut stage = ThrottleFixture::new();
    let mut most = [0; 5];
    for hour in 0..365 * 24 {
        for number in 0..5 {
            let name = format!("{hour}-{number}");
            stage.fail(SecretOwner::User(&name), anywhere(hour * 8 + number));
        }
        stage.attempt(JOHN, anywhere(hour * 8 + 7), AttemptOutcome::Succeeded);
        stage.wait(3_600);
        stage.throttle.lock().sweep(stage.now);
        for (most, size) in most.iter_mut().zip(stage.sizes()) {
            *most = (*most).max(size);
        }
    }
    let [accounts, known, .., addresses] = most;
    // An address counts as known for 30 days.
    assert!(accounts <= 10 && addresses <= 10 && known <= 31 * 24, "{most:?}");
}

// The clock moves only while all wait, so attempts that began together end together on any machine.
// A success makes the address known, and a known address has its own limit.
#[tokio::test(start_paused = true)]
async fn attempts_under_way_count_until_they_end() {
    for (outcome, admitted_in_all) in [(AttemptOutcome::Failed, 10), (AttemptOutcome::Succeeded, 50)] {
        let throttle = Arc::new(Throttle::new(true));
        let (under_way, most, admitted) = (AtomicUsize::new(0), AtomicUsize::new(0), AtomicUsize::new(0));
        let counts = Arc::new((under_way, most, admitted));
        let mut attempts = tokio::task::JoinSet::new();
        for _ in 0..50 {
            let (throttle, counts) = (Arc::clone(&throttle), Arc::clone(&counts));
            attempts.spawn(async move {
                let Ok(attempt) = throttle.begin(JOHN, Some(OWNER)).await else {
                    return;
                };
                let (under_way, most, admitted) = &*counts;
                most.fetch_max(under_way.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                admitted.fetch_add(1, Ordering::SeqCst);
                tokio::time::sleep(Duration::from_millis(5)).await;
                under_way.fetch_sub(1, Ordering::SeqCst);
                attempt.end(outcome);
            });
        }
        attempts.join_all().await;
        assert!(counts.1.load(Ordering::SeqCst) <= 10, "at once");
        assert_eq!(counts.2.load(Ordering::SeqCst), admitted_in_all, "{outcome:?}");
    }
}

#[tokio::test]
async fn an_attempt_that_is_dropped_counts_as_failed() {
    let throttle = Throttle::new(true);
    for _ in 0..10 {
        drop(throttle.begin(JOHN, None).await.unwrap());
    }
    let refused = throttle.begin(JOHN, None).await.unwrap_err();
    assert!(matches!(refused, Throttled { retry_after } if retry_after.as_seconds() == 30));
    let off = Throttle::new(false);
    for _ in 0..100 {
        drop(off.begin(JOHN, Some(OWNER)).await.unwrap());
    }
}

#[tokio::test(start_paused = true)]
async fn known_browser_has_its_own_bucket() {
    let throttle = Throttle::new(true);
    for _ in 0..10 {
        throttle.begin(JOHN, Some(OWNER)).await.unwrap();
    }
    assert!(throttle.begin(JOHN, Some(OWNER)).await.is_err());
    let browser = [7; 32];
    for _ in 0..10 {
        let attempt = throttle.begin_in(JOHN, Some(OWNER), Some(&browser)).await.unwrap();
        assert_eq!(attempt.check_again(), Ok(()));
    }
    assert!(throttle.begin_in(JOHN, Some(OWNER), Some(&browser)).await.is_err());
    let other = throttle.begin_in(JOHN, Some(OWNER), Some(&[8; 32])).await;
    other.unwrap().end(AttemptOutcome::Succeeded);
    assert!(
        throttle
            .begin_in(SecretOwner::User("alice"), None, Some(&browser))
            .await
            .is_ok()
    );
}

#[tokio::test(start_paused = true)]
async fn attempt_is_checked_again() {
    let throttle = Throttle::new(true);
    let right = throttle.begin(JOHN, Some(OWNER)).await.unwrap();
    assert_eq!(right.check_again(), Ok(()));
    let known = throttle.begin_in(JOHN, Some(OWNER), Some(&[7; 32])).await.unwrap();
    for _ in 0..9 {
        throttle.begin(JOHN, Some(OWNER)).await.unwrap();
    }
    assert_eq!(right.check_again(), Ok(()));
    // The tenth failure of the account, as if another attempt had been admitted with the first.
    let keys = throttle.keys(JOHN, Some(OWNER), None);
    throttle
        .lock()
        .end(&keys, false, AttemptOutcome::Failed, Instant::now());
    assert!(right.check_again().is_err());
    assert_eq!(known.check_again(), Ok(()));
}
