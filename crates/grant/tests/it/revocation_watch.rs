//! A set of revocations follows its store.

use std::sync::Arc;

use scopegate_domain::{
    Claims, Lifetime, ManualClock, Revocation, Revoked, ScopeLayout, Timestamp, TokenId, UserId, Username,
};
use scopegate_grant::RevocationWatch;
use scopegate_store::{MemoryStore, RevocationCursor, Revocations, Store};
use scopegate_token::{RevokedSet, SubjectClaim};

const NOW: Timestamp = Timestamp::from_unix(1_000);

fn token(id: &str) -> Revocation {
    Revocation::until(Revoked::Token(TokenId::parse(id).unwrap()), NOW)
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
    assert_eq!(store.revoked_after(RevocationCursor::START, 9).await.unwrap().len(), 2);
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
    assert_eq!(store.revoked_after(RevocationCursor::START, 9).await.unwrap().len(), 1);
}

/// The lifetime was an hour, is half an hour now, and a token from before is still in use.
#[tokio::test]
async fn token_with_earlier_longer_lifetime_is_revoked() {
    let (store, clock, _) = stage();
    let server = |minutes| {
        let set = Arc::new(RevokedSet::new(SubjectClaim::Username));
        let behind: Arc<dyn Store> = Arc::<MemoryStore>::clone(&store);
        let lifetime = Lifetime::from_minutes(minutes);
        RevocationWatch::new(behind, set, Arc::<ManualClock>::clone(&clock)).for_unsaid(lifetime)
    };
    let token = |issued: Timestamp, minutes| {
        let expires_at = issued + Lifetime::from_minutes(minutes);
        format!(r#"{{"sub":"johndoe","exp":{expires_at}}}"#)
    };
    let has = |watch: &RevocationWatch, payload: &str| {
        let claims = Claims::parse(payload.as_bytes(), ScopeLayout::List).unwrap();
        watch.set().has(&claims)
    };
    let before = server(60);
    before.refresh().await.unwrap();
    // It runs for some hours, and records the lifetime repeatedly.
    for _ in 0..5 {
        clock.advance(Lifetime::from_minutes(61));
        before.refresh().await.unwrap();
    }
    let now = || scopegate_domain::Clock::now(&*clock);
    let old = token(now(), 60);
    clock.advance(Lifetime::from_minutes(10));
    let whose = Revoked::User {
        id: UserId::parse("u1").unwrap(),
        username: Username::parse("johndoe").unwrap(),
    };
    store.revoke(&Revocation::until(whose.clone(), now())).await.unwrap();
    clock.advance(Lifetime::from_minutes(1));

    let after = server(30);
    after.refresh().await.unwrap();
    assert!(has(&after, &old));
    assert!(has(&after, &token(now(), 30)), "nobody can tell it from an old one");
    clock.advance(Lifetime::from_minutes(30));
    assert!(!has(&after, &token(now(), 30)), "no old one expires so late");
    assert!(has(&after, &old));

    // When the old ones have expired, the state is as without them.
    clock.advance(Lifetime::from_minutes(180));
    store.revoke(&Revocation::until(whose, now())).await.unwrap();
    after.refresh().await.unwrap();
    clock.advance(Lifetime::from_seconds(1));
    assert!(!has(&after, &token(now(), 30)));
    assert!(has(&after, &token(now(), 29)));
}
