//! The rules of [`Clients`](crate::Clients).

use std::sync::Arc;

use scopegate_domain::{Client, ClientId, ClientKind, GrantType, RedirectUri, Scope, SecretDigest};

use super::is_conflict;
use crate::Store;

fn client_id(text: &str) -> ClientId {
    ClientId::parse(text).unwrap()
}

fn public(id: &str) -> Client {
    Client::public(client_id(id), "A client")
}

fn confidential(id: &str) -> Client {
    Client::confidential(client_id(id), "", SecretDigest::from_bytes([0xA5; 32]))
        .with_redirect_uris(
            ["https://app.example/b?c=d", "https://app.example/a"].map(|uri| RedirectUri::parse(uri).unwrap()),
        )
        .with_grant_types(GrantType::ALL.iter().copied())
        .with_scope("items me".parse().unwrap())
        .with_introspection(true)
}

async fn add(store: &Arc<dyn Store>, clients: impl IntoIterator<Item = Client>) {
    for client in clients {
        store.clients().add(client).await.unwrap();
    }
}

/// Asserts that all parts of a client are stored. Compares the printed form too, because scopes are
/// equal in any order.
async fn assert_is_stored(store: &Arc<dyn Store>, expected: &Client) {
    let same = |client: &Client| client == expected && format!("{client:?}") == format!("{expected:?}");
    assert!(
        store
            .clients()
            .find(expected.id())
            .await
            .unwrap()
            .is_some_and(|client| same(&client))
    );
    assert!(store.clients().list(None, u16::MAX).await.unwrap().iter().any(same));
}

pub async fn unknown_client_is_none(store: Arc<dyn Store>) {
    let (clients, id) = (store.clients(), client_id("c1"));
    assert_eq!(clients.find(&id).await.unwrap(), None);
    assert_eq!(clients.list(None, 10).await.unwrap(), []);
    assert!(!clients.set_scope(&id, &Scope::EMPTY).await.unwrap());
    assert!(
        !clients
            .set_secret(&id, SecretDigest::from_bytes([0; 32]))
            .await
            .unwrap()
    );
    assert!(!clients.remove(&id).await.unwrap());
    assert_eq!(clients.list(None, 10).await.unwrap(), []);
}

pub async fn client_is_kept_whole(store: Arc<dyn Store>) {
    let odd = Client::public(client_id("'; DROP TABLE clients; --"), "\u{1F511}\n'\"%");
    for client in [public("public"), confidential("confidential"), odd] {
        add(&store, [client.clone()]).await;
        assert_is_stored(&store, &client).await;
    }
}

pub async fn client_id_is_unique(store: Arc<dyn Store>) {
    add(&store, [public("c1")]).await;
    assert!(is_conflict(store.clients().add(confidential("c1")).await));
    assert_is_stored(&store, &public("c1")).await;
    add(&store, [confidential("C1")]).await;
}

pub async fn clients_are_listed_in_the_order_of_bytes(store: Arc<dyn Store>) {
    for id in ["b", "a b", "_", "B", "aa", "~"] {
        add(&store, [public(id)]).await;
    }
    let list = async |after: Option<&str>, limit: u16| {
        let after = after.map(client_id);
        let clients = store.clients().list(after.as_ref(), limit).await.unwrap();
        clients.iter().map(|client| client.id().to_string()).collect::<Vec<_>>()
    };
    assert_eq!(list(None, u16::MAX).await, ["B", "_", "a b", "aa", "b", "~"]);
    assert_eq!(list(Some("a"), 2).await, ["a b", "aa"]);
    assert_eq!(list(Some("aa"), 0).await, [""; 0]);
    assert_eq!(list(Some("~"), 2).await, [""; 0]);
}

pub async fn changes_touch_one_client(store: Arc<dyn Store>) {
    let (first, second) = (public("c1"), confidential("c2"));
    add(&store, [first.clone(), second.clone()]).await;
    let clients = store.clients();

    let scope: Scope = "me items".parse().unwrap();
    assert!(clients.set_scope(first.id(), &scope).await.unwrap());
    let first = first.with_scope(scope);
    assert_is_stored(&store, &first).await;

    let secret = SecretDigest::from_bytes([7; 32]);
    assert!(clients.set_secret(first.id(), secret).await.unwrap());
    let first = first.with_secret(secret);
    assert_eq!(first.kind(), ClientKind::Confidential);
    assert_is_stored(&store, &first).await;
    assert_is_stored(&store, &second).await;
}

pub async fn removed_client_id_is_free(store: Arc<dyn Store>) {
    add(&store, [confidential("c1")]).await;
    assert!(store.clients().remove(&client_id("c1")).await.unwrap());
    assert!(!store.clients().remove(&client_id("c1")).await.unwrap());
    assert_eq!(store.clients().find(&client_id("c1")).await.unwrap(), None);
    add(&store, [public("c1")]).await;
    assert_is_stored(&store, &public("c1")).await;
}
