//! A set of revocations follows its store.

use std::sync::Arc;

use scopegate_domain::{Lifetime, ManualClock, Revocation, Revoked, Timestamp, TokenId};
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
