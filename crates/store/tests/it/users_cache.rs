//! Cached users are as current as a query, except for changes by other processes, which show after
//! a while.

#![expect(clippy::unwrap_used, reason = "a failed test says so by a panic")]

use std::future::Future as _;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Waker};

use scopegate_domain::{
    Account, Lifetime, ManualClock, Revocation, Revoked, Scope, SystemClock, Timestamp, User, UserId, UserStatus,
    Username,
};
use scopegate_store::{DisableAndRevoke, MemoryStore, Revocations, Store, Users, UsersCache};

const AGE: Lifetime = Lifetime::from_seconds(5);

async fn cached() -> (UsersCache, ()) {
    let age = Lifetime::from_minutes(60);
    let store = UsersCache::new(Arc::new(MemoryStore::new()), Arc::new(SystemClock), age);
    (store, ())
}

scopegate_store::conformance!(cached);

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

struct Stage {
    clock: Arc<ManualClock>,
    store: Arc<MemoryStore>,
    users: UsersCache,
}

/// A store with `count` users behind a cache.
async fn stage(count: usize) -> Stage {
    let clock = Arc::new(ManualClock::at(Timestamp::from_unix(1_000)));
    let store = Arc::new(MemoryStore::new());
    for number in 0..count {
        Users::add(&*store, account(number)).await.unwrap();
    }
    let behind: Arc<dyn Store> = Arc::<MemoryStore>::clone(&store);
    Stage {
        users: UsersCache::new(behind, Arc::<ManualClock>::clone(&clock), AGE),
        clock,
        store,
    }
}

impl Stage {
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
    let stage = stage(2).await;
    assert!(!stage.recalls(0));
    assert_eq!(stage.status(0).await, UserStatus::Active);
    assert!(stage.recalls(0) && !stage.recalls(1));
    stage.clock.advance(Lifetime::from_seconds(4));
    assert!(stage.recalls(0));
    stage.clock.advance(Lifetime::from_seconds(1));
    assert!(!stage.recalls(0));
    assert!(stage.users.find_by_id(&id(0)).await.unwrap().is_some());
    assert!(stage.recalls(0), "known again, by either");
    stage.clock.set(Timestamp::from_unix(0));
    assert!(!stage.recalls(0), "a clock that was set back says nothing of an age");
}

#[tokio::test]
async fn foreign_change_is_seen_after_expiry() {
    let stage = stage(1).await;
    stage.status(0).await;
    Users::set_status(&*stage.store, &id(0), UserStatus::Disabled)
        .await
        .unwrap();
    assert_eq!(stage.status(0).await, UserStatus::Active);
    stage.clock.advance(AGE);
    assert_eq!(stage.status(0).await, UserStatus::Disabled);
}

#[tokio::test]
async fn own_change_is_seen_immediately() {
    let stage = stage(2).await;
    stage.status(0).await;
    Users::set_status(&stage.users, &id(0), UserStatus::Disabled)
        .await
        .unwrap();
    assert!(!stage.recalls(0));
    assert_eq!(stage.status(0).await, UserStatus::Disabled);
    let scope: Scope = "a".parse().unwrap();
    Users::set_scope(&stage.users, &id(0), &scope).await.unwrap();
    assert!(!stage.recalls(0));
    stage.status(0).await;
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
        stage.status(0).await;
        assert!(stage.recalls(0));
        assert!(stage.users.withdraw(withdrawal, &revocation).await.unwrap());
        assert!(!stage.recalls(0), "{withdrawal:?}");
    }
    Users::add(&stage.users, account(0)).await.unwrap();
    stage.status(0).await;
    assert!(Users::remove(&stage.users, &id(0)).await.unwrap());
    assert!(!stage.recalls(0));
    assert_eq!(Users::find(&stage.users, &name(0)).await.unwrap(), None);
}

#[tokio::test]
async fn change_invalidates_one_user() {
    let stage = stage(2).await;
    stage.status(0).await;
    stage.status(1).await;
    Users::set_status(&stage.users, &id(0), UserStatus::Disabled)
        .await
        .unwrap();
    assert!(!stage.recalls(0) && stage.recalls(1));
    assert_eq!(stage.users.len(), 1);
}

#[tokio::test]
async fn reassigned_name_returns_new_user() {
    let stage = stage(1).await;
    stage.status(0).await;
    Users::remove(&*stage.store, &id(0)).await.unwrap();
    let user = User::new(id(7), name(0));
    let account = Account {
        user: user.clone(),
        password_hash: None,
    };
    Users::add(&stage.users, account).await.unwrap();
    assert!(stage.users.cached(name(0).as_str()).is_none() && stage.users.cached_by_id("u0").is_none());
    assert_eq!(Users::find(&stage.users, &name(0)).await.unwrap(), Some(user));
}

#[tokio::test]
async fn value_read_before_change_is_not_cached() {
    let stage = stage(1).await;
    let name = name(0);
    // The store reads the user when the query is made; the user is disabled before the result is
    // used.
    let reading = Users::find(&stage.users, &name);
    Users::set_status(&stage.users, &id(0), UserStatus::Disabled)
        .await
        .unwrap();
    assert_eq!(reading.await.unwrap().unwrap().status(), UserStatus::Active);
    assert!(!stage.recalls(0));
    assert_eq!(stage.status(0).await, UserStatus::Disabled);
}

#[tokio::test]
async fn dropped_change_invalidates_user() {
    let stage = stage(1).await;
    stage.status(0).await;
    let id = id(0);
    drop(Users::set_status(&stage.users, &id, UserStatus::Disabled));
    assert!(!stage.recalls(0));
    assert_eq!(stage.status(0).await, UserStatus::Disabled);
}

#[tokio::test]
async fn cached_users_are_bounded() {
    let stage = stage(UsersCache::MOST * 2).await;
    for number in 0..UsersCache::MOST * 2 {
        stage.status(number).await;
        assert!(stage.users.len() <= UsersCache::MOST);
    }
    assert!(stage.recalls(UsersCache::MOST * 2 - 1) && !stage.recalls(0));
}

#[tokio::test]
async fn zero_age_disables_cache() {
    let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
    let users = UsersCache::new(store, Arc::new(SystemClock), Lifetime::from_seconds(0));
    Users::add(&users, account(0)).await.unwrap();
    assert!(Users::find(&users, &name(0)).await.unwrap().is_some());
    assert!(users.is_empty() && users.cached(name(0).as_str()).is_none());
}

#[tokio::test]
async fn cached_user_needs_no_query() {
    let stage = stage(1).await;
    stage.status(0).await;
    let name = name(0);
    let asked = pin!(Users::find(&stage.users, &name));
    assert!(asked.poll(&mut Context::from_waker(Waker::noop())).is_ready());
}

/// Each minute another user is read, for a year: users that are not read again are dropped.
#[tokio::test]
async fn a_year_of_visitors_is_forgotten() {
    const USERS: usize = 500;
    let stage = stage(USERS).await;
    let mut most = 0;
    for minute in 0..365 * 24 * 60 {
        Users::find(&stage.users, &name(minute % USERS)).await.unwrap().unwrap();
        most = most.max(stage.users.len());
        stage.clock.advance(Lifetime::from_minutes(1));
    }
    assert!(most <= 4, "{most}");
    // Within their age all of them are cached at once.
    for number in 0..USERS {
        Users::find(&stage.users, &name(number)).await.unwrap().unwrap();
    }
    assert!(stage.users.cached("user1").is_some());
    assert!(stage.users.len() >= USERS);
}
