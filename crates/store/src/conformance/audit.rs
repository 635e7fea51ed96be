//! The rules of [`Audit`](crate::Audit).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;

use scopegate_domain::{
    AddressPrefix, AuditDetail, AuditEntry, AuditEvent, AuditId, AuditOutcome, Client, ClientId, ErrorCode, GrantType,
    KeyId, Lifetime, LoginFailure, RegisteredSecret, RequestId, Revocation, Revoked, SecretDigest, StoredKey,
    Timestamp, UserStatus,
};
use tokio::task::JoinSet;

use super::values::{hash, user_id, username};
use super::{account, is_conflict};
use crate::{AddSecretOutcome, AuditQuery, AuditRetention, DisableAndRevoke, Store};

/// The number of microseconds in a day.
const DAY: u64 = 24 * 60 * 60 * 1_000_000;

fn entry(at: u64) -> AuditEntry {
    AuditEntry::new(AuditId::new(at, [1; 8]), AuditEvent::UserChanged)
}

fn client_id() -> ClientId {
    ClientId::parse("c1").unwrap()
}

async fn all(store: &Arc<dyn Store>) -> Vec<AuditEntry> {
    store.audit().entries(&AuditQuery::default(), u16::MAX).await.unwrap()
}

pub async fn an_entry_is_kept_whole(store: Arc<dyn Store>) {
    let details = [
        AuditDetail::Cause(LoginFailure::WrongPassword),
        AuditDetail::of_secret(&SecretDigest::from_bytes([0xF0; 32])),
        AuditDetail::Error(ErrorCode::InvalidScope),
        AuditDetail::Grant(GrantType::Password),
        AuditDetail::Key(KeyId::parse("k' :1").unwrap()),
        AuditDetail::TokensKept(true),
        AuditDetail::Version(i64::MAX),
    ];
    let addresses = [
        IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(Ipv6Addr::from_bits(0x2001_0DB8 << 96)),
    ];
    let (events, mut details) = (AuditEvent::ALL.iter().copied().enumerate(), details.into_iter().cycle());
    let mut entries = vec![entry(u64::from(u32::MAX)).with_count(u32::MAX)];
    for (number, event) in events {
        let id = AuditId::new(DAY * 20_000 + u64::try_from(number).unwrap(), [0xFE; 8]);
        let entry = AuditEntry::new(id, event)
            .with_outcome([AuditOutcome::Refused, AuditOutcome::Succeeded][number % 2])
            .of_user(user_id("u 1'"))
            .of_client(client_id())
            .in_request(Some(RequestId::parse("00000001-89abcdef").unwrap()))
            .from_address(Some(AddressPrefix::of(addresses[number % 2])))
            .with_detail(details.next().unwrap());
        entries.push(entry);
    }
    store.audit().write_entries(&entries).await.unwrap();
    assert_eq!(all(&store).await, entries);
}

pub async fn an_entry_of_a_taken_id_changes_nothing(store: Arc<dyn Store>) {
    store.audit().write_entries(&[entry(2)]).await.unwrap();
    let other = entry(2).of_user(user_id("u1"));
    store
        .audit()
        .write_entries(&[entry(1), other.clone()])
        .await
        .unwrap_err();
    store.audit().write_entries(&[entry(3), entry(3)]).await.unwrap_err();
    let audited = store.audited(&[other]);
    audited.users().add(account("u1", "a")).await.unwrap_err();
    assert_eq!(store.users().find(&username("a")).await.unwrap(), None);
    assert_eq!(all(&store).await, [entry(2)]);
}

pub async fn a_change_and_its_entries_are_one_write(store: Arc<dyn Store>) {
    let audited = store.audited(&[entry(1), entry(2)]);
    audited.users().add(account("u1", "a")).await.unwrap();
    assert_eq!(all(&store).await, [entry(1), entry(2)]);
    // The entries are for one change.
    audited
        .users()
        .set_scope(&user_id("u1"), &"me".parse().unwrap())
        .await
        .unwrap_err();
    let user = store.users().find(&username("a")).await.unwrap().unwrap();
    assert!(user.scope().is_empty());
    let taken = store.audited(&[entry(3)]).users().add(account("u1", "b")).await;
    assert!(is_conflict(taken));
    assert_eq!(all(&store).await, [entry(1), entry(2)]);
    assert_eq!(store.news().heads().await.unwrap().last("u1").place(), 0);
}

pub async fn a_change_of_no_record_writes_no_entry(store: Arc<dyn Store>) {
    let (id, client) = (user_id("u1"), client_id());
    let (scope, old_client) = ("me".parse().unwrap(), Client::public(client.clone(), "App"));
    let new_client = old_client.clone().with_name("Other");
    let (old, new) = (hash("old"), hash("new"));
    let revocation = Revocation::until(Revoked::Client(client.clone()), Timestamp::from_unix(9));
    let audited = store.audited(&[entry(1)]);
    let (users, clients, keys) = (audited.users(), audited.clients(), audited.signing_keys());
    let changed = [
        users.set_password_hash(&id, Some(&new)).await,
        users.replace_password_hash(&id, &old, &new).await,
        users.set_scope(&id, &scope).await,
        users.set_status(&id, UserStatus::Disabled).await,
        users.remove(&id).await,
        clients.update(&old_client, &new_client).await,
        clients.remove_secret(&client, &SecretDigest::from_bytes([7; 32])).await,
        clients.remove(&client).await,
        audited
            .news()
            .withdraw(DisableAndRevoke::RemoveClient(&client), &revocation)
            .await,
        keys.remove_through(9).await,
        keys.replace(&[key(1)], &[]).await,
        keys.rotate(key(7)).await,
    ];
    assert!(
        changed.iter().all(|changed| matches!(changed, Ok(false))),
        "{changed:?}"
    );
    assert_eq!(all(&store).await, []);
}

fn key(epoch: u32) -> StoredKey {
    StoredKey {
        id: KeyId::parse(&format!("k{epoch}")).unwrap(),
        algorithm: "ES256".to_owned(),
        epoch,
        published_at: Timestamp::from_unix(0),
        used_from: Timestamp::from_unix(0),
        token_lifetime: Lifetime::from_seconds(1),
        accepts_missing_kid: false,
        sealed: vec![1],
    }
}

pub async fn each_change_takes_its_entries_along(store: Arc<dyn Store>) {
    let (id, client) = (user_id("u1"), client_id());
    let scope = "me".parse().unwrap();
    let profile = account("u1", "a").user.with_full_name("Ada");
    let renamed = account("u1", "b").user;
    let (first, second) = (SecretDigest::from_bytes([6; 32]), SecretDigest::from_bytes([7; 32]));
    let (old, new) = (hash("old"), hash("new"));
    let revocation = Revocation::until(Revoked::Client(client.clone()), Timestamp::from_unix(9));
    let mut written = 0;
    let mut next = || {
        written += 1;
        store.audited(&[entry(written)])
    };
    next().users().add(account("u1", "a")).await.unwrap();
    let old_client = Client::confidential(client.clone(), "App", first);
    let new_client = old_client.clone().with_name("Other");
    next().clients().add(old_client.clone()).await.unwrap();
    let added = next()
        .clients()
        .add_secret(&client, RegisteredSecret::new(second))
        .await;
    assert_eq!(added.unwrap(), AddSecretOutcome::Added);
    let removed = next().clients().remove_secret(&client, &second).await;
    assert!(removed.unwrap());
    let changed = [
        next().users().set_password_hash(&id, Some(&old)).await,
        next().users().replace_password_hash(&id, &old, &new).await,
        next().users().set_scope(&id, &scope).await,
        next().users().set_profile(&profile).await,
        next()
            .news()
            .withdraw(DisableAndRevoke::SetProfile(&renamed), &revocation)
            .await,
        next().users().set_status(&id, UserStatus::Disabled).await,
        next().clients().update(&old_client, &new_client).await,
        next()
            .news()
            .withdraw(DisableAndRevoke::DisableUser(&id), &revocation)
            .await,
        next().users().remove(&id).await,
        next().clients().remove(&client).await,
        next().signing_keys().rotate(key(1)).await,
        next().signing_keys().rotate(key(2)).await,
        next().signing_keys().remove_through(1).await,
        next().signing_keys().replace(&[key(2)], &[key(3)]).await,
    ];
    assert!(changed.iter().all(|changed| matches!(changed, Ok(true))), "{changed:?}");
    next().news().revoke(&revocation).await.unwrap();
    let written: Vec<_> = (1..=written).map(entry).collect();
    assert_eq!(all(&store).await, written);
}

pub async fn a_filtered_log_goes_page_by_page(store: Arc<dyn Store>) {
    let entry = |number: u64| {
        let event = [AuditEvent::TokenIssued, AuditEvent::LoginFailed][usize::from(number.is_multiple_of(5))];
        // Several entries have one time, and the days change.
        let id = AuditId::new(number / 3 * (DAY / 2), [u8::try_from(number).unwrap(); 8]);
        let entry = AuditEntry::new(id, event);
        let entry = if number.is_multiple_of(2) {
            entry.of_user(user_id("u1"))
        } else {
            entry
        };
        if number.is_multiple_of(3) {
            entry.of_client(client_id())
        } else {
            entry
        }
    };
    let entries: Vec<_> = (1..=40).map(entry).collect();
    store.audit().write_entries(&entries).await.unwrap();
    for filters in 0..8_u8 {
        for is_newest_first in [false, true] {
            let mut query = AuditQuery {
                user: (filters & 1 > 0).then(|| user_id("u1")),
                client: (filters & 2 > 0).then(client_id),
                event: (filters & 4 > 0).then_some(AuditEvent::LoginFailed),
                after: entries[3].id(),
                before: entries[37].id(),
                is_newest_first,
            };
            let mut expected: Vec<_> = entries[4..37]
                .iter()
                .filter(|entry| query.finds(entry))
                .cloned()
                .collect();
            if is_newest_first {
                expected.reverse();
            }
            let mut found = Vec::new();
            loop {
                let page = store.audit().entries(&query, 3).await.unwrap();
                let Some(last) = page.last() else { break };
                let end = if is_newest_first {
                    &mut query.before
                } else {
                    &mut query.after
                };
                *end = last.id();
                found.extend(page);
            }
            assert_eq!(found, expected, "filters {filters}");
        }
    }
    assert_eq!(store.audit().entries(&AuditQuery::default(), 0).await.unwrap(), []);
}

/// Keeps the entries from this day on, at most that many.
const fn retention(first_day: i64, max_entries: u32) -> AuditRetention {
    AuditRetention { first_day, max_entries }
}

pub async fn entries_end_with_their_day(store: Arc<dyn Store>) {
    let entries: Vec<_> = (0..6).map(|number| entry(DAY * 9 + number * (DAY / 2))).collect();
    store.audit().write_entries(&entries).await.unwrap();
    let delete = async |day, limit| store.audit().delete_entries(retention(day, 100), limit).await.unwrap();
    assert_eq!(delete(9, 100).await, 0);
    assert_eq!(delete(11, 3).await, 3);
    assert_eq!(all(&store).await, entries[3..]);
    // An earlier day has no effect.
    assert_eq!(delete(10, 100).await, 1);
    assert_eq!(delete(11, 100).await, 0);
    assert_eq!(all(&store).await, entries[4..]);
}

pub async fn entries_beyond_the_limit_are_deleted(store: Arc<dyn Store>) {
    let entries: Vec<_> = (0..8).map(|number| entry(DAY * 9 + number)).collect();
    store.audit().write_entries(&entries).await.unwrap();
    let delete = async |max, limit| store.audit().delete_entries(retention(9, max), limit).await.unwrap();
    assert_eq!(delete(8, 100).await, 0);
    assert_eq!(delete(5, 2).await, 2);
    assert_eq!(delete(5, 2).await, 1);
    assert_eq!(delete(5, 2).await, 0);
    assert_eq!(all(&store).await, entries[3..]);
}

pub async fn entries_written_at_once_are_all_kept(store: Arc<dyn Store>) {
    let mut writing = JoinSet::new();
    for number in 0..64 {
        let store = Arc::clone(&store);
        writing.spawn(async move {
            let written = if number % 2 == 0 {
                store.audit().write_entries(&[entry(number)]).await
            } else {
                let name = format!("u{number}");
                store.audited(&[entry(number)]).users().add(account(&name, &name)).await
            };
            written.unwrap();
        });
    }
    writing.join_all().await;
    assert_eq!(all(&store).await, (0..64).map(entry).collect::<Vec<_>>());
}
