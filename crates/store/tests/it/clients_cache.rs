//! A cache of clients follows the log of changes.

#![expect(clippy::unwrap_used, reason = "tests fail by panicking")]

use std::sync::Arc;

use scopegate_domain::{Client, ClientId, Lifetime};
use scopegate_store::{Clients, ClientsCache, MemoryStore, News};

/// In microseconds, late in a second.
const NOW: u64 = 1_000_999_999;
const AGE: Lifetime = Lifetime::from_seconds(5);

fn client(id: &str) -> Client {
    Client::public(ClientId::parse(id).unwrap(), "App")
}

/// A cache with this client, whose log was read now.
async fn fixture(age: Lifetime) -> (Arc<MemoryStore>, ClientsCache) {
    let store = Arc::new(MemoryStore::new());
    Clients::add(&*store, client("c1")).await.unwrap();
    let cache = ClientsCache::new(store.clone(), age);
    assert_eq!(cache.find(client("c1").id()).await.unwrap(), Some(client("c1")));
    cache.confirm(store.heads().await.unwrap(), NOW);
    (store, cache)
}

#[tokio::test]
async fn client_is_cached_while_the_log_is_read() {
    let (store, cache) = fixture(AGE).await;
    let age = u64::from(AGE.as_seconds()) * 1_000_000;
    for (now, is_cached) in [
        (NOW - 1, false),
        (NOW, true),
        (NOW + age - 1, true),
        (NOW + age, false),
        (u64::MAX, false),
    ] {
        assert_eq!(cache.cached("c1", now).is_some(), is_cached, "{now}");
    }
    let later = NOW + age;
    cache.confirm(store.heads().await.unwrap(), later);
    assert!(cache.cached("c1", later + 1).is_some());
    assert!(cache.cached("c2", later).is_none());
    assert_eq!(cache.find(client("c2").id()).await.unwrap(), None);
    assert!(cache.cached("c2", later).is_none());
}

#[tokio::test]
async fn changed_client_is_dropped() {
    let (store, cache) = fixture(AGE).await;
    Clients::add(&*store, client("c2")).await.unwrap();
    cache.find(client("c2").id()).await.unwrap();
    cache.forget(client("c1").id());
    assert!(cache.cached("c1", NOW).is_none() && cache.cached("c2", NOW).is_some());
    cache.forget_all();
    assert!(cache.is_empty());
}

#[tokio::test]
async fn value_read_before_a_drop_is_not_cached() {
    let (store, cache) = fixture(AGE).await;
    cache.forget(client("c1").id());
    // The store reads the client when the query is made.
    let id = client("c1").id().clone();
    let reading = cache.find(&id);
    let renamed = client("c1").with_name("Another");
    assert!(Clients::update(&*store, &client("c1"), &renamed).await.unwrap());
    cache.forget(&id);
    assert_eq!(reading.await.unwrap(), Some(client("c1")));
    assert!(cache.cached("c1", NOW).is_none());
}

#[tokio::test]
async fn zero_age_disables_the_cache() {
    let (_, cache) = fixture(Lifetime::from_seconds(0)).await;
    assert!(cache.is_empty() && cache.cached("c1", NOW).is_none());
}

#[tokio::test]
async fn cached_clients_are_bounded() {
    let (store, cache) = fixture(AGE).await;
    for number in 0..ClientsCache::MOST * 2 {
        let client = client(&format!("c{number}x"));
        Clients::add(&*store, client.clone()).await.unwrap();
        cache.find(client.id()).await.unwrap();
    }
    assert!(
        (ClientsCache::MOST / 2..=ClientsCache::MOST).contains(&cache.len()),
        "{}",
        cache.len()
    );
}
