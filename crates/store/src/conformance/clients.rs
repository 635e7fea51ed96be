//! The rules of [`Clients`](crate::Clients).

use std::sync::Arc;

use scopegate_domain::{
    Audience, Client, ClientAuthMethod, ClientId, GrantType, Lifetime, RedirectUri, RegisteredSecret, Scope,
    SecretDigest, Timestamp,
};

use super::races::{RACES, at_once, count_yes};
use super::{is_conflict, news::all_news};
use crate::{AddSecretOutcome, DisableAndRevoke, Store, StoreErrorKind};

fn client_id(text: &str) -> ClientId {
    ClientId::parse(text).unwrap()
}

fn public(id: &str) -> Client {
    Client::public(client_id(id), "A client")
}

fn confidential(id: &str) -> Client {
    Client::confidential(client_id(id), "", SecretDigest::from_bytes([0xA5; 32]))
        .with_redirect_uris(["https://app.example/b?c=d", "https://app.example/a"].map(uri))
        .with_grant_types(GrantType::ALL.iter().copied())
        .with_scope("items me".parse().unwrap())
        .with_introspection(true)
        .with_secrets([secret(0xA5).with_ends_at(time(20)), secret(3).with_created_at(time(10))])
        .with_auth_method(ClientAuthMethod::SecretPost)
        .with_resources(["https://b.example/x y", "https://a.example"].map(|uri| Audience::parse(uri).unwrap()))
        .with_optional_scope("me items".parse().unwrap())
        .with_default_scope("me".parse().unwrap())
        .with_first_party(true)
        .with_post_logout_redirect_uris([uri("https://app.example/bye"), uri("com.example.app:/bye")])
        .with_refresh_idle(Some(Lifetime::from_seconds(60)))
        .with_refresh_age(Some(Lifetime::from_seconds(61)))
}

fn uri(text: &str) -> RedirectUri {
    RedirectUri::parse(text).unwrap()
}

fn secret(byte: u8) -> RegisteredSecret {
    RegisteredSecret::new(SecretDigest::from_bytes([byte; 32]))
}

fn time(seconds: i64) -> Timestamp {
    Timestamp::from_unix(seconds)
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
    assert!(!clients.update(&public("c1"), &confidential("c1")).await.unwrap());
    let added = clients.add_secret(&id, secret(1)).await.unwrap();
    assert_eq!(added, AddSecretOutcome::Unknown);
    assert!(!clients.remove_secret(&id, secret(1).digest()).await.unwrap());
    assert!(!clients.remove(&id).await.unwrap());
    assert_eq!(clients.list(None, 10).await.unwrap(), []);
}

pub async fn client_is_kept_whole(store: Arc<dyn Store>) {
    let odd = Client::public(client_id("'; DROP TABLE clients; --"), "\u{1F511}'\"%");
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
    let renamed = first.clone().with_name("Another").with_scope(scope);
    assert!(clients.update(&first, &renamed).await.unwrap());
    assert_is_stored(&store, &renamed).await;

    let with_secret = renamed.clone().with_secret(*secret(7).digest());
    assert!(clients.update(&renamed, &with_secret).await.unwrap());
    assert_is_stored(&store, &with_secret).await;

    let year = Some(Client::MAX_REFRESH_AGE);
    let for_people = with_secret.clone().with_refresh_age(year).with_refresh_idle(year);
    assert!(clients.update(&with_secret, &for_people).await.unwrap());
    assert_is_stored(&store, &for_people).await;
    assert!(clients.update(&for_people, &with_secret).await.unwrap());

    let whole = confidential("c1").with_name("A third");
    assert!(clients.update(&with_secret, &whole).await.unwrap());
    assert_is_stored(&store, &whole).await;
    assert!(clients.update(&whole, &first).await.unwrap());
    assert_is_stored(&store, &first).await;
    assert_is_stored(&store, &second).await;
}

/// Each setting of the client is compared, and a change that was made meanwhile is not lost.
pub async fn change_made_meanwhile_is_not_lost(store: Arc<dyn Store>) {
    let stored = confidential("c1");
    add(&store, [stored.clone(), public("c2")]).await;
    let stale = [
        stored.clone().with_name("Another"),
        stored.clone().with_auth_method(ClientAuthMethod::SecretBasic),
        stored.clone().with_redirect_uris([]),
        stored.clone().with_grant_types([]),
        stored.clone().with_resources([]),
        stored.clone().with_scope("me items more".parse().unwrap()),
        stored.clone().with_optional_scope(Scope::EMPTY),
        stored.clone().with_default_scope(Scope::EMPTY),
        stored.clone().with_introspection(false),
        stored.clone().with_first_party(false),
        stored.clone().with_post_logout_redirect_uris([]),
        stored
            .clone()
            .with_post_logout_redirect_uris([uri("https://app.example/bye")]),
        stored.clone().with_refresh_idle(None),
        stored.clone().with_refresh_idle(Some(Lifetime::from_seconds(59))),
        stored.clone().with_refresh_age(None),
        stored.clone().with_refresh_age(Some(Lifetime::from_seconds(62))),
        stored.clone().with_secrets([]),
        stored.clone().with_secrets([secret(0xA5).with_ends_at(time(20))]),
        stored
            .clone()
            .with_secrets([secret(0xA5), secret(3).with_created_at(time(10))]),
        stored
            .clone()
            .with_secrets([secret(0xA5).with_ends_at(time(20)), secret(3)]),
        stored
            .clone()
            .with_secrets([secret(0xA5).with_ends_at(time(20)), secret(4).with_created_at(time(10))]),
        public("c2"),
    ];
    let new = stored.clone().with_name("New");
    for old in &stale {
        assert!(!store.clients().update(old, &new).await.unwrap(), "{old:?}");
        let change = DisableAndRevoke::UpdateClient { old, new: &new };
        let revocation = super::news::of_client(new.id());
        assert!(!store.news().withdraw(change, &revocation).await.unwrap(), "{old:?}");
    }
    assert_is_stored(&store, &stored).await;
    assert_is_stored(&store, &public("c2")).await;
    assert_eq!(all_news(&store).await, []);
}

pub async fn impossible_client_is_refused(store: Arc<dyn Store>) {
    let is_invalid =
        |result: Result<(), crate::StoreError>| result.is_err_and(|error| error.kind() == StoreErrorKind::Invalid);
    let clients = store.clients();
    let introspecting = public("c1").with_introspection(true);
    assert!(is_invalid(clients.add(introspecting.clone()).await));
    assert_eq!(clients.find(introspecting.id()).await.unwrap(), None);
    add(&store, [public("c1")]).await;
    assert!(is_invalid(
        clients.update(&public("c1"), &introspecting).await.map(|_| ())
    ));
    let (zero, minute) = (Lifetime::from_seconds(0), Lifetime::from_seconds(60));
    for impossible in [
        public("c1")
            .with_first_party(true)
            .with_redirect_uris([uri("http://127.0.0.1/")]),
        public("c1").with_post_logout_redirect_uris(vec![uri("https://app.example/"); 33]),
        public("c1").with_refresh_idle(Some(zero)),
        public("c1").with_refresh_age(Some(zero)),
        public("c1")
            .with_refresh_idle(Some(minute))
            .with_refresh_age(Some(Lifetime::from_seconds(59))),
    ] {
        assert!(is_invalid(clients.update(&public("c1"), &impossible).await.map(|_| ())));
        // The rules are checked before the id.
        assert!(is_invalid(clients.add(impossible).await));
    }
    let three = confidential("c1").with_secrets([secret(1), secret(2), secret(3)]);
    let change = DisableAndRevoke::UpdateClient {
        old: &public("c1"),
        new: &three,
    };
    let revocation = super::news::of_client(three.id());
    assert!(is_invalid(store.news().withdraw(change, &revocation).await.map(|_| ())));
    assert_is_stored(&store, &public("c1")).await;
}

pub async fn secret_is_added_and_removed(store: Arc<dyn Store>) {
    let one = confidential("c1").with_secrets([secret(1).with_created_at(time(10))]);
    add(&store, [one.clone(), public("c2")]).await;
    let clients = store.clients();
    let second = secret(2).with_created_at(time(20)).with_ends_at(time(30));
    let outcome = async |id: &str, secret| clients.add_secret(&client_id(id), secret).await;
    assert!(is_conflict(outcome("c1", secret(1)).await));
    assert_eq!(outcome("c1", second).await.unwrap(), AddSecretOutcome::Added);
    let two = one.clone().with_secrets([secret(1).with_created_at(time(10)), second]);
    assert_is_stored(&store, &two).await;
    for full in [secret(3).with_created_at(time(29)), secret(3), secret(1)] {
        assert_eq!(outcome("c1", full).await.unwrap(), AddSecretOutcome::Full);
    }
    assert_is_stored(&store, &two).await;
    assert_eq!(outcome("c2", secret(3)).await.unwrap(), AddSecretOutcome::Unknown);
    assert_is_stored(&store, &public("c2")).await;

    // An ended secret makes place for a new one.
    let third = secret(3).with_created_at(time(30));
    assert_eq!(outcome("c1", third).await.unwrap(), AddSecretOutcome::Added);
    let two = one.clone().with_secrets([secret(1).with_created_at(time(10)), third]);
    assert_is_stored(&store, &two).await;

    for (digest, is_there) in [(9, false), (1, true), (1, false), (3, true)] {
        let removed = clients.remove_secret(one.id(), secret(digest).digest()).await;
        assert_eq!(removed.unwrap(), is_there, "{digest}");
    }
    assert_is_stored(&store, &one.with_secrets([])).await;
}

/// Calls at once leave no client with more secrets than it may have.
pub async fn secrets_added_at_once_are_at_most_two(store: Arc<dyn Store>) {
    for (number, parallel) in RACES.into_iter().enumerate() {
        let id = client_id(&format!("c{number}"));
        add(&store, [confidential(id.as_str()).with_secrets([])]).await;
        let outcomes = at_once(parallel, |number| {
            let (store, id) = (Arc::clone(&store), id.clone());
            let secret = secret(u8::try_from(number).unwrap());
            async move { store.clients().add_secret(&id, secret).await.unwrap() }
        });
        let outcomes = outcomes.await;
        let added = outcomes.iter().filter(|outcome| **outcome == AddSecretOutcome::Added);
        assert_eq!(added.count(), Client::MAX_SECRETS, "{parallel}");
        let found = store.clients().find(&id).await.unwrap().unwrap();
        assert_eq!(found.secrets().len(), Client::MAX_SECRETS, "{parallel}");
    }
}

/// Of changes of one client at once, one is made.
pub async fn updating_at_once_succeeds_once(store: Arc<dyn Store>) {
    for (number, parallel) in RACES.into_iter().enumerate() {
        let old = confidential(&format!("c{number}"));
        add(&store, [old.clone()]).await;
        let updated = count_yes(parallel, |number| {
            let (store, old) = (Arc::clone(&store), old.clone());
            let new = old.clone().with_name(format!("name {number}"));
            async move { store.clients().update(&old, &new).await.unwrap() }
        });
        assert_eq!(updated.await, 1, "{parallel}");
    }
}

pub async fn removed_client_id_is_free(store: Arc<dyn Store>) {
    add(&store, [confidential("c1")]).await;
    assert!(store.clients().remove(&client_id("c1")).await.unwrap());
    assert!(!store.clients().remove(&client_id("c1")).await.unwrap());
    assert_eq!(store.clients().find(&client_id("c1")).await.unwrap(), None);
    add(&store, [public("c1")]).await;
    assert_is_stored(&store, &public("c1")).await;
}
