//! Concurrent changes of users and clients: of those with the same input, one succeeds, with one
//! entry of each log.

use std::sync::Arc;

use scopegate_domain::{
    AuditEntry, AuditEvent, AuditId, Client, ClientId, RegisteredSecret, Revocation, Revoked, SecretDigest, Timestamp,
    User,
};

use super::news::{all_news, kept};
use super::races::{RACES, count_yes};
use super::{account, is_conflict, user_id, username};
use crate::{AuditQuery, DisableAndRevoke, Store, StoreErrorKind};

const NOW: Timestamp = Timestamp::from_unix(1_700_000_000);

fn client_id(count: usize) -> ClientId {
    ClientId::parse(&format!("c{count}")).unwrap()
}

fn secret(byte: u8) -> RegisteredSecret {
    RegisteredSecret::new(SecretDigest::from_bytes([byte; 32]))
}

fn of_client(id: &ClientId) -> Revocation {
    Revocation::until(Revoked::Client(id.clone()), NOW)
}

fn of_user(user: &User) -> Revocation {
    let (id, username) = (user.id().clone(), user.username().clone());
    Revocation::until(Revoked::User { id, username }, NOW)
}

/// Calls at once, each with an audit entry of its own. Asserts that one succeeds, and that the logs
/// have this number of new entries.
async fn one_succeeds<F: Future<Output = bool> + Send + 'static>(
    store: &Arc<dyn Store>,
    count: usize,
    news: usize,
    call: impl Fn(Arc<dyn Store>, usize) -> F,
) {
    let entries = async || store.audit().entries(&AuditQuery::default(), u16::MAX).await.unwrap();
    let (old_news, old_entries) = (all_news(store).await.len(), entries().await.len());
    let round = u64::try_from(count).unwrap();
    let made = count_yes(count, |number| {
        let id = AuditId::new(round, u64::try_from(number).unwrap().to_be_bytes());
        call(store.audited(&[AuditEntry::new(id, AuditEvent::ALL[0])]), number)
    });
    assert_eq!(made.await, 1, "of {count}");
    assert_eq!(all_news(store).await.len() - old_news, news, "of {count}");
    assert_eq!(entries().await.len() - old_entries, 1, "of {count}");
}

pub async fn adding_clients_at_once_succeeds_once(store: Arc<dyn Store>) {
    for count in RACES {
        let add = |store: Arc<dyn Store>, number: usize| async move {
            let client = Client::public(client_id(count), format!("name {number}"));
            let added = store.clients().add(client).await;
            let is_added = added.is_ok();
            assert!(is_added || is_conflict(added));
            is_added
        };
        one_succeeds(&store, count, 0, add).await;
    }
    assert_eq!(store.clients().list(None, 9).await.unwrap().len(), RACES.len());
}

pub async fn removing_a_client_at_once_succeeds_once(store: Arc<dyn Store>) {
    for (round, count) in RACES.into_iter().enumerate() {
        let id = client_id(count);
        store.clients().add(Client::public(id.clone(), "App")).await.unwrap();
        // By the command that revokes, and by the one that does not.
        let remove = |store: Arc<dyn Store>, _| {
            let id = id.clone();
            async move {
                if round % 2 == 0 {
                    return store.clients().remove(&id).await.unwrap();
                }
                let change = DisableAndRevoke::RemoveClient(&id);
                store.news().withdraw(change, &of_client(&id)).await.unwrap()
            }
        };
        one_succeeds(&store, count, 1, remove).await;
    }
    assert_eq!(kept(&store).await.len(), 1);
    assert_eq!(store.clients().list(None, 9).await.unwrap(), []);
}

pub async fn removing_a_secret_at_once_succeeds_once(store: Arc<dyn Store>) {
    for count in RACES {
        let id = client_id(count);
        let client = Client::confidential(id.clone(), "App", *secret(1).digest());
        let client = client.with_secrets([secret(1), secret(2)]);
        store.clients().add(client).await.unwrap();
        let remove = |store: Arc<dyn Store>, _| {
            let id = id.clone();
            async move { store.clients().remove_secret(&id, secret(1).digest()).await.unwrap() }
        };
        one_succeeds(&store, count, 1, remove).await;
        let left = store.clients().find(&id).await.unwrap().unwrap();
        assert_eq!(left.secrets(), [secret(2)]);
    }
}

pub async fn withdrawing_from_a_client_at_once_succeeds_once(store: Arc<dyn Store>) {
    for count in RACES {
        let old = Client::public(client_id(count), "App");
        store.clients().add(old.clone()).await.unwrap();
        let update = |store: Arc<dyn Store>, number: usize| {
            let (old, new) = (old.clone(), old.clone().with_name(format!("name {number}")));
            async move {
                let change = DisableAndRevoke::UpdateClient { old: &old, new: &new };
                store.news().withdraw(change, &of_client(old.id())).await.unwrap()
            }
        };
        one_succeeds(&store, count, 1, update).await;
    }
    assert_eq!(kept(&store).await.len(), RACES.len());
}

pub async fn a_name_is_given_at_once_to_one_user(store: Arc<dyn Store>) {
    for (round, count) in RACES.into_iter().enumerate() {
        let user = move |number: usize| account(&format!("u{count} {number}"), &format!("name {count} {number}"));
        for number in 0..count {
            store.users().add(user(number)).await.unwrap();
        }
        let rename = |store: Arc<dyn Store>, number: usize| async move {
            let named = User::new(user(number).user.id().clone(), username(&format!("of {count}")));
            let renamed = if round % 2 == 0 {
                store.users().set_profile(&named).await
            } else {
                let change = DisableAndRevoke::SetProfile(&named);
                store.news().withdraw(change, &of_user(&user(number).user)).await
            };
            renamed.unwrap_or_else(|error| {
                assert_eq!(error.kind(), StoreErrorKind::Conflict);
                false
            })
        };
        one_succeeds(&store, count, 1, rename).await;
    }
}

pub async fn removing_a_user_at_once_succeeds_once(store: Arc<dyn Store>) {
    for (round, count) in RACES.into_iter().enumerate() {
        let user = account(&format!("u{count}"), "johndoe");
        store.users().add(user.clone()).await.unwrap();
        let remove = |store: Arc<dyn Store>, _| {
            let user = user.user.clone();
            async move {
                if round % 2 == 0 {
                    return store.users().remove(user.id()).await.unwrap();
                }
                let change = DisableAndRevoke::RemoveUser(user.id());
                store.news().withdraw(change, &of_user(&user)).await.unwrap()
            }
        };
        one_succeeds(&store, count, 1, remove).await;
        assert_eq!(
            store.users().find_by_id(&user_id(&format!("u{count}"))).await.unwrap(),
            None
        );
    }
    assert_eq!(kept(&store).await.len(), 1);
}
