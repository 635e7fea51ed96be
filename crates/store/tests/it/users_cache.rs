//! Cached users are as current as a query, except for changes by other processes, which show after
//! a while.

#![expect(clippy::unwrap_used, reason = "a failed test says so by a panic")]

use std::future::Future as _;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::task::{Context, Waker};
use std::time::Duration;

use proptest::prelude::*;
use scopegate_domain::{
    Account, Clock, Lifetime, ManualClock, Revocation, Revoked, Scope, SystemClock, Timestamp, User, UserId,
    UserStatus, Username,
};
use scopegate_store::{BoxFuture, DisableAndRevoke, MemoryStore, News, StoreError, StoreErrorKind, Users, UsersCache};

const AGE: Lifetime = Lifetime::from_seconds(5);

fn id(number: usize) -> UserId {
    UserId::parse(&format!("u{number}")).unwrap()
}

fn name(number: usize) -> Username {
    Username::parse(&format!("user{number}")).unwrap()
}

fn account(number: usize) -> Account {
    let user = User::new(id(number), name(number));
    Account {
        user,
        password_hash: None,
    }
}

struct CacheFixture {
    clock: Arc<ManualClock>,
    store: Arc<MemoryStore>,
    users: UsersCache,
}

/// A store with `count` users behind a cache.
async fn fixture(count: usize) -> CacheFixture {
    let clock = Arc::new(ManualClock::at(Timestamp::from_unix(1_000)));
    let store = Arc::new(MemoryStore::new());
    for number in 0..count {
        Users::add(&*store, account(number)).await.unwrap();
    }
    let behind: Arc<dyn Users> = Arc::<MemoryStore>::clone(&store);
    CacheFixture {
        users: UsersCache::new(behind, Arc::<ManualClock>::clone(&clock), AGE),
        clock,
        store,
    }
}

impl CacheFixture {
    async fn status(&self, number: usize) -> UserStatus {
        Users::find(&self.users, &name(number)).await.unwrap().unwrap().status()
    }

    fn recalls(&self, number: usize) -> bool {
        let by_name = self.users.cached(name(number).as_str());
        let by_id = self.users.cached_by_id(id(number).as_str());
        assert_eq!(by_name, by_id);
        by_name.is_some()
    }
}

#[tokio::test]
async fn found_user_is_cached_until_expiry() {
    let fixture = fixture(2).await;
    assert!(!fixture.recalls(0));
    assert_eq!(fixture.status(0).await, UserStatus::Active);
    assert!(fixture.recalls(0) && !fixture.recalls(1));
    fixture.clock.advance(Lifetime::from_seconds(4));
    assert!(fixture.recalls(0));
    fixture.clock.advance(Lifetime::from_seconds(1));
    assert!(!fixture.recalls(0));
    assert!(fixture.users.find_by_id(&id(0)).await.unwrap().is_some());
    assert!(fixture.recalls(0), "known again, by either");
    fixture.clock.set(Timestamp::from_unix(0));
    assert!(!fixture.recalls(0), "a clock that was set back says nothing of an age");
}

#[tokio::test]
async fn foreign_change_is_seen_after_expiry() {
    let fixture = fixture(1).await;
    fixture.status(0).await;
    Users::set_status(&*fixture.store, &id(0), UserStatus::Disabled)
        .await
        .unwrap();
    assert_eq!(fixture.status(0).await, UserStatus::Active);
    fixture.clock.advance(AGE);
    assert_eq!(fixture.status(0).await, UserStatus::Disabled);
}

#[tokio::test]
async fn own_change_is_seen_immediately() {
    let fixture = fixture(2).await;
    fixture.status(0).await;
    Users::set_status(&fixture.users, &id(0), UserStatus::Disabled)
        .await
        .unwrap();
    assert!(!fixture.recalls(0));
    assert_eq!(fixture.status(0).await, UserStatus::Disabled);
    let scope: Scope = "a".parse().unwrap();
    Users::set_scope(&fixture.users, &id(0), &scope).await.unwrap();
    assert!(!fixture.recalls(0));
    fixture.status(0).await;
    let (john, whose) = (
        id(0),
        Revoked::User {
            id: id(0),
            username: name(0),
        },
    );
    let revocation = Revocation::until(whose, Timestamp::from_unix(0));
    let other: Scope = "b".parse().unwrap();
    for withdrawal in [
        DisableAndRevoke::SetUserScope(&john, &other),
        DisableAndRevoke::DisableUser(&john),
        DisableAndRevoke::RemoveUser(&john),
    ] {
        fixture.status(0).await;
        assert!(fixture.recalls(0));
        assert!(fixture.store.withdraw(withdrawal, &revocation).await.unwrap());
        fixture.users.forget(id(0));
        assert!(!fixture.recalls(0), "{withdrawal:?}");
    }
    Users::add(&fixture.users, account(0)).await.unwrap();
    fixture.status(0).await;
    assert!(Users::remove(&fixture.users, &id(0)).await.unwrap());
    assert!(!fixture.recalls(0));
    assert_eq!(Users::find(&fixture.users, &name(0)).await.unwrap(), None);
}

#[tokio::test]
async fn all_users_are_forgotten() {
    let fixture = fixture(2).await;
    for number in 0..2 {
        fixture.status(number).await;
        assert!(fixture.recalls(number));
    }
    fixture.users.forget_all();
    assert!(!fixture.recalls(0) && !fixture.recalls(1));
}

#[tokio::test]
async fn change_invalidates_one_user() {
    let fixture = fixture(2).await;
    fixture.status(0).await;
    fixture.status(1).await;
    Users::set_status(&fixture.users, &id(0), UserStatus::Disabled)
        .await
        .unwrap();
    assert!(!fixture.recalls(0) && fixture.recalls(1));
    assert_eq!(fixture.users.len(), 1);
}

#[tokio::test]
async fn reassigned_name_returns_new_user() {
    let fixture = fixture(1).await;
    fixture.status(0).await;
    Users::remove(&*fixture.store, &id(0)).await.unwrap();
    let user = User::new(id(7), name(0));
    let account = Account {
        user: user.clone(),
        password_hash: None,
    };
    Users::add(&fixture.users, account).await.unwrap();
    assert!(fixture.users.cached(name(0).as_str()).is_none() && fixture.users.cached_by_id("u0").is_none());
    assert_eq!(Users::find(&fixture.users, &name(0)).await.unwrap(), Some(user));
}

#[tokio::test]
async fn value_read_before_change_is_not_cached() {
    let fixture = fixture(1).await;
    let name = name(0);
    // The store reads the user when the query is made; the user is disabled before the result is
    // used.
    let reading = Users::find(&fixture.users, &name);
    Users::set_status(&fixture.users, &id(0), UserStatus::Disabled)
        .await
        .unwrap();
    assert_eq!(reading.await.unwrap().unwrap().status(), UserStatus::Active);
    assert!(!fixture.recalls(0));
    assert_eq!(fixture.status(0).await, UserStatus::Disabled);
}

#[tokio::test]
async fn dropped_change_invalidates_user() {
    let fixture = fixture(1).await;
    fixture.status(0).await;
    let id = id(0);
    drop(Users::set_status(&fixture.users, &id, UserStatus::Disabled));
    assert!(!fixture.recalls(0));
    assert_eq!(fixture.status(0).await, UserStatus::Disabled);
}

#[tokio::test]
async fn cached_users_are_bounded() {
    let fixture = fixture(UsersCache::MOST * 2).await;
    for number in 0..UsersCache::MOST * 2 {
        fixture.status(number).await;
        assert!(fixture.users.len() <= UsersCache::MOST);
    }
    assert!(fixture.users.len() > UsersCache::MOST / 2);
    assert!(fixture.recalls(UsersCache::MOST * 2 - 1));
}

#[tokio::test]
async fn zero_age_disables_cache() {
    let store: Arc<dyn Users> = Arc::new(MemoryStore::new());
    let users = UsersCache::new(store, Arc::new(SystemClock), Lifetime::from_seconds(0));
    Users::add(&users, account(0)).await.unwrap();
    assert!(Users::find(&users, &name(0)).await.unwrap().is_some());
    assert!(users.is_empty() && users.cached(name(0).as_str()).is_none());
}

#[tokio::test]
async fn cached_user_needs_no_query() {
    let fixture = fixture(1).await;
    fixture.status(0).await;
    let name = name(0);
    let asked = pin!(Users::find(&fixture.users, &name));
    assert!(asked.poll(&mut Context::from_waker(Waker::noop())).is_ready());
}

/// Each minute another user is read, for a year: users that are not read again are dropped.
#[tokio::test]
async fn a_year_of_visitors_is_forgotten() {
    const USERS: usize = 500;
    let fixture = fixture(USERS).await;
    let mut most = 0;
    for minute in 0..365 * 24 * 60 {
        Users::find(&fixture.users, &name(minute % USERS))
            .await
            .unwrap()
            .unwrap();
        most = most.max(fixture.users.len());
        fixture.clock.advance(Lifetime::from_minutes(1));
    }
    assert!(most <= 4, "{most}");
    // Within their age all of them are cached at once.
    for number in 0..USERS {
        Users::find(&fixture.users, &name(number)).await.unwrap().unwrap();
    }
    assert!(fixture.users.cached("user1").is_some());
    assert!(fixture.users.len() >= USERS);
}

proptest! {
    /// After each change through the cache, it finds what the store contains. Ids and names are
    /// removed and used again in all pairs.
    #[test]
    fn changed_cache_finds_what_store_contains(steps in prop::collection::vec((0..6_u8, 0..3_usize, 0..3_usize), 0..40)) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let fixture = fixture(2).await;
            for (step, number, other) in steps {
                let user = User::new(id(number), name(other));
                match step {
                    0 => drop(Users::find(&fixture.users, &name(number)).await),
                    1 => drop(Users::find_by_id(&fixture.users, &id(number)).await),
                    2 => drop(Users::set_status(&fixture.users, &id(number), UserStatus::Disabled).await),
                    3 => drop(Users::set_scope(&fixture.users, &id(number), &"a".parse().unwrap()).await),
                    4 => drop(Users::remove(&fixture.users, &id(number)).await),
                    _ => drop(Users::add(&fixture.users, Account { user, password_hash: None }).await),
                }
                for number in 0..3 {
                    let (id, name) = (id(number), name(number));
                    let (by_id, by_name) = (fixture.users.cached_by_id(id.as_str()), fixture.users.cached(name.as_str()));
                    let stored = fixture.store.find_by_id(&id).await.unwrap();
                    assert!(by_id.is_none_or(|user| Some(&*user) == stored.as_ref()));
                    let stored = Users::find(&*fixture.store, &name).await.unwrap();
                    assert!(by_name.is_none_or(|user| Some(&*user) == stored.as_ref()));
                }
            }
        });
    }
}

/// Users that can stop to answer.
#[derive(Debug, Default)]
struct Failing {
    users: MemoryStore,
    is_down: AtomicBool,
    is_damaged: AtomicBool,
}

impl Failing {
    fn fail(&self) -> Result<(), StoreError> {
        if self.is_damaged.load(Ordering::Relaxed) {
            return Err(StoreError::corrupt("a damaged row"));
        }
        if self.is_down.load(Ordering::Relaxed) {
            return Err(StoreError::unavailable("no answer"));
        }
        Ok(())
    }
}

impl Users for Failing {
    fn find<'a>(&'a self, name: &'a Username) -> BoxFuture<'a, Result<Option<User>, StoreError>> {
        Box::pin(async move {
            self.fail()?;
            Users::find(&self.users, name).await
        })
    }

    fn find_by_id<'a>(&'a self, id: &'a UserId) -> BoxFuture<'a, Result<Option<User>, StoreError>> {
        Box::pin(async move {
            self.fail()?;
            self.users.find_by_id(id).await
        })
    }
}

/// A clock that shows microseconds.
#[derive(Debug)]
struct FineClock(AtomicU64);

impl Clock for FineClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_unix((self.now_in_microseconds() / 1_000_000).try_into().unwrap())
    }

    fn now_in_microseconds(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// The age and the outage last for their whole time, wherever in a second they begin.
#[tokio::test]
async fn fractions_of_a_second_count() {
    for begin in [1_000_000_000, 1_000_000_001, 1_000_500_000, 1_000_999_999_u64] {
        let (clock, store) = (Arc::new(FineClock(AtomicU64::new(begin))), Arc::new(Failing::default()));
        Users::add(&store.users, account(0)).await.unwrap();
        let behind: Arc<dyn Users> = Arc::<Failing>::clone(&store);
        let (age, outage) = (5_000_000, 10_500_000);
        let users = UsersCache::new(behind, Arc::<FineClock>::clone(&clock), Duration::from_micros(age));
        let users = users.outage(Duration::from_micros(outage));
        users.confirm(begin);
        let wait_until = |time: u64| clock.0.store(begin + time, Ordering::Relaxed);
        Users::find(&users, &name(0)).await.unwrap();
        for (time, is_cached) in [(age - 1, true), (age, false)] {
            wait_until(time);
            assert_eq!(users.cached(name(0).as_str()).is_some(), is_cached, "{begin} {time}");
            assert_eq!(
                users.cached_by_id(id(0).as_str()).is_some(),
                is_cached,
                "{begin} {time}"
            );
        }
        store.is_down.store(true, Ordering::Relaxed);
        for (time, is_found) in [(outage - 1, true), (outage, false)] {
            wait_until(time);
            assert_eq!(Users::find(&users, &name(0)).await.is_ok(), is_found, "{begin} {time}");
        }
    }
}

#[tokio::test]
async fn user_of_an_outage_was_read_shortly_before() {
    let begin = Timestamp::from_unix(1_000);
    let (clock, store) = (Arc::new(ManualClock::at(begin)), Arc::new(Failing::default()));
    for number in 0..3 {
        Users::add(&store.users, account(number)).await.unwrap();
    }
    let behind: Arc<dyn Users> = Arc::<Failing>::clone(&store);
    let users = UsersCache::new(behind, Arc::<ManualClock>::clone(&clock), AGE).outage(Lifetime::from_seconds(10));
    let answers = async |number: usize| {
        let by_name = Users::find(&users, &name(number)).await.map_err(|error| error.kind());
        let by_id = users.find_by_id(&id(number)).await.map_err(|error| error.kind());
        assert_eq!(by_name, by_id);
        by_name.map(|user| user.is_some())
    };
    let unavailable = Err(StoreErrorKind::Unavailable);
    assert_eq!(answers(0).await, Ok(true));
    clock.advance(Lifetime::from_seconds(1));
    assert_eq!(answers(1).await, Ok(true));
    store.is_down.store(true, Ordering::Relaxed);
    assert_eq!(answers(1).await, Ok(true), "cached");
    let read_at = begin + UsersCache::PERIOD;
    clock.set(read_at);
    assert_eq!(answers(1).await, unavailable, "the log was never read");
    users.confirm(clock.now_in_microseconds());
    assert_eq!(answers(0).await, unavailable, "too old when the log was read");
    assert_eq!(answers(1).await, Ok(true));
    assert_eq!(answers(2).await, unavailable, "not cached");
    store.is_damaged.store(true, Ordering::Relaxed);
    assert_eq!(answers(1).await, Err(StoreErrorKind::Corrupt));
    store.is_damaged.store(false, Ordering::Relaxed);
    clock.set(read_at + Lifetime::from_seconds(9));
    assert_eq!(answers(1).await, Ok(true));
    clock.advance(Lifetime::from_seconds(1));
    assert_eq!(answers(1).await, unavailable, "the limit");
    clock.set(begin);
    assert_eq!(answers(1).await, unavailable, "a clock that was set back");
    clock.set(read_at + Lifetime::from_seconds(9));
    users.forget(id(1));
    assert_eq!(answers(1).await, unavailable, "changed meanwhile");
}
