//! A set of revocations follows its store.

#![expect(clippy::unwrap_used, reason = "a failed test says so by a panic")]

use std::sync::Arc;

use scopegate_domain::{Lifetime, ManualClock, Revocation, Revoked, Timestamp, TokenId};
use scopegate_grant::RevocationWatch;
use scopegate_store::{MemoryStore, RevocationPlace, Revocations, Store};
use scopegate_token::{RevokedSet, SubjectNames};

const NOW: Timestamp = Timestamp::from_unix(1_000);

fn token(id: &str) -> Revocation {
    Revocation::until(Revoked::Token(TokenId::parse(id).unwrap()), NOW)
}

fn stage() -> (Arc<MemoryStore>, Arc<ManualClock>, RevocationWatch) {
    let (store, clock) = (Arc::new(MemoryStore::new()), Arc::new(ManualClock::at(NOW)));
    let set = Arc::new(RevokedSet::new(SubjectNames::UserIds));
    let behind: Arc<dyn Store> = Arc::<MemoryStore>::clone(&store);
    let watch = RevocationWatch::new(behind, set, Arc::<ManualClock>::clone(&clock));
    (store, clock, watch)
}

#[tokio::test]
async fn what_stood_in_the_store_is_read_whole() {
    let (store, _, watch) = stage();
    for number in 0..2_500 {
        store.revoke(&token(&number.to_string())).await.unwrap();
    }
    watch.refresh().await.unwrap();
    assert_eq!(watch.set().len(), 2_500);
}

#[tokio::test]
async fn what_others_kept_is_read_once_and_ours_is_in_force_at_once() {
    let (store, _, watch) = stage();
    watch.revoke(&token("ours")).await.unwrap();
    assert_eq!(watch.set().len(), 1);
    store.revoke(&token("theirs")).await.unwrap();
    watch.refresh().await.unwrap();
    assert_eq!(watch.set().len(), 2);
    assert_eq!(store.revoked_after(RevocationPlace::START, 9).await.unwrap().len(), 2);
}

#[tokio::test]
async fn what_can_live_no_more_is_dropped_from_both() {
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
    assert_eq!(store.revoked_after(RevocationPlace::START, 9).await.unwrap().len(), 1);
}
