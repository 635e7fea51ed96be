//! A set of revocations follows its store.

use std::sync::Arc;

use scopegate_domain::{
    Account, Lifetime, ManualClock, NewsLane, NewsPosition, Revocation, Revoked, Timestamp, TokenId, User, UserId,
    UserStatus, Username,
};
use scopegate_grant::RevocationWatch;
use scopegate_store::{MemoryStore, News, Store, Users, UsersCache};
use scopegate_token::{RevokedSet, SubjectClaim};

const NOW: Timestamp = Timestamp::from_unix(1_000);

fn token(id: &str) -> Revocation {
    Revocation::until(Revoked::Token(TokenId::parse(id).unwrap()), NOW)
}

/// The number of kept entries.
async fn kept(store: &MemoryStore) -> usize {
    let mut count = 0;
    for lane in NewsLane::all() {
        let begin = NewsPosition::new(lane, 0);
        count += store.news_after(begin, u16::MAX).await.unwrap().len();
    }
    count
}

fn stage() -> (Arc<MemoryStore>, Arc<ManualClock>, RevocationWatch) {
    let (store, clock) = (Arc::new(MemoryStore::new()), Arc::new(ManualClock::at(NOW)));
    let set = Arc::new(RevokedSet::new(SubjectClaim::UserId));
    let behind: Arc<dyn Store> = Arc::<MemoryStore>::clone(&store);
    let watch = RevocationWatch::new(behind, set, Arc::<ManualClock>::clone(&clock));
    (store, clock, watch)
}

#[tokio::test]
async fn existing_revocations_are_read_completely() {
    let (store, _, watch) = stage();
    for number in 0..2_500 {
        store.revoke(&token(&number.to_string())).await.unwrap();
    }
    watch.refresh().await.unwrap();
    assert_eq!(watch.set().len(), 2_500);
}

#[tokio::test]
async fn foreign_revocation_is_read_once_own_immediately() {
    let (store, _, watch) = stage();
    watch.revoke(&token("ours")).await.unwrap();
    assert_eq!(watch.set().len(), 1);
    store.revoke(&token("theirs")).await.unwrap();
    watch.refresh().await.unwrap();
    assert_eq!(watch.set().len(), 2);
    assert_eq!(kept(&store).await, 2);
}

#[tokio::test]
async fn expired_revocation_is_dropped_from_set_and_store() {
    let (store, clock, watch) = stage();
    let short = token("short").forgotten_at(NOW + Lifetime::from_seconds(10));
    for revocation in [&short, &token("long")] {
        watch.revoke(revocation).await.unwrap();
    }
    watch.refresh().await.unwrap();
    assert_eq!((watch.set().len(), watch.tidy().await.unwrap()), (2, 0));
    clock.advance(Lifetime::from_seconds(10));
    watch.refresh().await.unwrap();
    assert_eq!((watch.set().len(), watch.tidy().await.unwrap()), (1, 1));
    assert_eq!(kept(&store).await, 1);
}

fn user(number: usize) -> User {
    let (id, name) = (format!("u{number}"), format!("user{number}"));
    User::new(UserId::parse(&id).unwrap(), Username::parse(&name).unwrap())
}

/// A watch with a cache that has these users.
async fn caching(count: usize) -> (Arc<MemoryStore>, Arc<UsersCache>, RevocationWatch) {
    let (store, clock, watch) = stage();
    let behind: Arc<dyn Users> = Arc::<MemoryStore>::clone(&store);
    let cache = Arc::new(UsersCache::new(behind, clock, Lifetime::from_minutes(60)));
    for number in 0..count {
        let user = user(number);
        let (id, password_hash) = (user.id().clone(), None);
        Users::add(&*store, Account { user, password_hash }).await.unwrap();
        assert!(cache.find_by_id(&id).await.unwrap().is_some());
    }
    let watch = watch.users(Arc::clone(&cache));
    watch.refresh().await.unwrap();
    (store, cache, watch)
}

#[tokio::test]
async fn changed_users_are_dropped_from_the_cache() {
    let (store, cache, watch) = caching(4).await;
    let is_cached = || [0, 1, 2, 3].map(|number| cache.cached_by_id(user(number).id().as_str()).is_some());
    assert!(store.set_status(user(0).id(), UserStatus::Disabled).await.unwrap());
    assert!(
        Users::set_scope(&*store, user(1).id(), &"a".parse().unwrap())
            .await
            .unwrap()
    );
    let whose = Revoked::User {
        id: user(2).id().clone(),
        username: user(2).username().clone(),
    };
    store.revoke(&Revocation::until(whose, NOW)).await.unwrap();
    assert_eq!(is_cached(), [true; 4]);
    watch.refresh().await.unwrap();
    assert_eq!(is_cached(), [false, false, false, true]);
    let found = cache.find_by_id(user(0).id()).await.unwrap().unwrap();
    assert_eq!(found.status(), UserStatus::Disabled);
}

#[tokio::test]
async fn many_changed_users_are_dropped_from_the_cache() {
    let (store, cache, watch) = caching(1_000).await;
    for number in 1..1_000 {
        assert!(store.set_status(user(number).id(), UserStatus::Disabled).await.unwrap());
    }
    watch.refresh().await.unwrap();
    assert!((1..1_000).all(|number| cache.cached_by_id(user(number).id().as_str()).is_none()));
}

/// The entries of changes may be forgotten before they are read. Then all users are dropped.
#[tokio::test]
async fn forgotten_changes_drop_all_users() {
    let (store, cache, watch) = caching(2).await;
    assert!(store.set_status(user(0).id(), UserStatus::Disabled).await.unwrap());
    assert_eq!(store.forget_news(NOW).await.unwrap(), 1);
    assert_eq!(watch.refresh().await.unwrap(), []);
    assert!(cache.is_empty());
}
