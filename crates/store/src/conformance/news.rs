//! The rules of [`News`](crate::News).

use std::sync::Arc;

use scopegate_domain::{
    Account, Client, ClientAuthMethod, ClientId, NewsLane, NewsPosition, RegisteredSecret, Revocation, Revoked,
    SecretDigest, Timestamp, TokenId, User, UserStatus,
};

use super::races::{RACES, at_once};
use super::{hash, user_id, username};
use crate::{
    AddSecretOutcome, DisableAndRevoke, NewsEntry, NewsHead, NewsHeads, NewsItem, NewsKind, NewsPage, NewsReader, Store,
};

const NOW: Timestamp = Timestamp::from_unix(1_700_000_000);

fn token(id: &str) -> Revocation {
    Revocation::until(Revoked::Token(TokenId::parse(id).unwrap()), NOW)
}

/// Reads the whole log, lane by lane.
pub(super) async fn all_news(store: &Arc<dyn Store>) -> Vec<NewsEntry> {
    let mut all = Vec::new();
    let reader = NewsReader::new();
    let gaps = reader
        .read(store.news(), &mut |page| {
            if let NewsPage::Entries(entries) = page {
                all.extend(entries);
            }
        })
        .await
        .unwrap();
    assert_eq!(gaps, []);
    all
}

/// The revocations, in the order of their lanes.
pub(super) async fn kept(store: &Arc<dyn Store>) -> Vec<Revocation> {
    let revocation = |entry: NewsEntry| match entry.item {
        NewsItem::Revoked(revocation) => Some(revocation),
        _ => None,
    };
    all_news(store).await.into_iter().filter_map(revocation).collect()
}

/// Sorts revocations by their lanes, as [`kept`] returns them.
fn by_lane(mut revocations: Vec<Revocation>) -> Vec<Revocation> {
    revocations.sort_by_key(|revocation| NewsLane::of(&NewsItem::Revoked(revocation.clone()).subject()));
    revocations
}

pub async fn revocations_are_kept_whole_and_in_order(store: Arc<dyn Store>) {
    assert_eq!(kept(&store).await, []);
    assert_eq!(store.news().heads().await.unwrap(), NewsHeads::new([]));
    let user = |name: &str| Revoked::User {
        id: user_id("u 1"),
        username: username(name),
    };
    let all = [
        token("'; DROP TABLE news; --"),
        Revocation::until(Revoked::Client(ClientId::parse("c1").unwrap()), NOW),
        Revocation::until(user("j\u{F6}hn"), NOW),
        Revocation::from_stored(user("b"), Timestamp::from_unix(i64::MIN), Timestamp::MAX),
        token("t1"),
        token("t1"),
    ];
    for revocation in &all {
        store.news().revoke(revocation).await.unwrap();
    }
    assert_eq!(kept(&store).await, by_lane(all.to_vec()));
    let lane = NewsLane::of("t1");
    let of_lane: Vec<_> = by_lane(all.to_vec());
    let of_lane: Vec<_> = of_lane
        .into_iter()
        .filter(|one| NewsLane::of(&NewsItem::Revoked(one.clone()).subject()) == lane)
        .collect();
    let after = async |place, limit| {
        let page = store
            .news()
            .news_after(NewsPosition::new(lane, place), limit)
            .await
            .unwrap();
        let places: Vec<_> = page.iter().map(|entry| entry.position.place()).collect();
        assert!(
            places.iter().copied().eq((place + 1..).take(places.len())),
            "{places:?}"
        );
        let revocation = |entry: NewsEntry| match entry.item {
            NewsItem::Revoked(revocation) => revocation,
            other => panic!("{other:?}"),
        };
        page.into_iter().map(revocation).collect::<Vec<_>>()
    };
    assert_eq!(after(0, u16::MAX).await, of_lane);
    assert_eq!(after(0, 1).await, of_lane[..1]);
    assert_eq!(after(1, u16::MAX).await, of_lane[1..]);
    assert_eq!(after(0, 0).await, []);
    let last = i64::try_from(of_lane.len()).unwrap();
    assert_eq!(after(last, u16::MAX).await, []);
    assert_eq!(
        store.news().heads().await.unwrap().last("t1"),
        NewsPosition::new(lane, last)
    );
}

pub async fn revocations_are_kept_at_once(store: Arc<dyn Store>) {
    for count in RACES {
        let revoking = at_once(count, |number| {
            let (store, id) = (Arc::clone(&store), format!("t{count} {number}"));
            async move {
                let revocation = token(&id);
                let before = store.news().heads().await.unwrap().last(&id);
                store.news().revoke(&revocation).await.unwrap();
                // A reader that had read up to this place finds it afterwards.
                let after = store.news().news_after(before, u16::MAX).await.unwrap();
                let item = NewsItem::Revoked(revocation);
                assert!(after.iter().any(|entry| entry.item == item));
            }
        });
        revoking.await;
    }
    assert_eq!(kept(&store).await.len(), RACES.into_iter().sum::<usize>());
}

pub async fn what_covers_no_living_token_is_forgotten(store: Arc<dyn Store>) {
    let at = Timestamp::from_unix;
    // One lane, in which places are missing afterwards.
    let id = |number: u32| {
        let ids = (0_u32..).map(|id| format!("t{id}"));
        let mut ids = ids.filter(|id| NewsLane::of(id) == NewsLane::of("t0"));
        ids.nth(usize::try_from(number).unwrap()).unwrap()
    };
    for (number, forget_at) in [(0, 10), (1, 9), (2, 11), (3, 9)] {
        let revocation = token(&id(number)).forgotten_at(at(forget_at));
        store.news().revoke(&revocation).await.unwrap();
    }
    assert_eq!(store.news().forget_news(at(8)).await.unwrap(), 0);
    // An entry that is kept keeps no other one.
    assert_eq!(store.news().forget_news(at(9)).await.unwrap(), 2);
    let left = [token(&id(0)).forgotten_at(at(10)), token(&id(2)).forgotten_at(at(11))];
    assert_eq!(kept(&store).await, left);
    assert_eq!(store.news().forget_news(at(10)).await.unwrap(), 1);
    assert_eq!(kept(&store).await, left[1..]);
    let head = store.news().heads().await.unwrap().of(NewsLane::of("t0"));
    assert_eq!(head, NewsHead { first: 5, last: 4 });
    store.news().revoke(&token(&id(0))).await.unwrap();
    assert_eq!(kept(&store).await, [left[1].clone(), token(&id(0))]);
    assert_eq!(store.news().forget_news(at(11)).await.unwrap(), 1);
    assert_eq!(store.news().forget_news(Timestamp::MAX).await.unwrap(), 1);
    assert_eq!(kept(&store).await, []);
}

pub async fn forgotten_places_are_not_given_again(store: Arc<dyn Store>) {
    for _ in 0..2 {
        store.news().revoke(&token("a").forgotten_at(NOW)).await.unwrap();
    }
    let reader = NewsReader::new();
    reader.read(store.news(), &mut |_| {}).await.unwrap();
    assert_eq!(store.news().forget_news(NOW).await.unwrap(), 2);
    let empty = store.news().heads().await.unwrap().of(NewsLane::of("a"));
    assert_eq!(empty, NewsHead { first: 3, last: 2 });
    store.news().revoke(&token("a")).await.unwrap();
    let mut pages = Vec::new();
    assert_eq!(
        reader.read(store.news(), &mut |page| pages.push(page)).await.unwrap(),
        []
    );
    let [NewsPage::Entries(entries)] = &pages[..] else {
        panic!("{pages:?}");
    };
    assert_eq!(entries.len(), 1);
    assert_eq!(entries[0].position, NewsPosition::new(NewsLane::of("a"), 3));
}

/// A reader that is behind a forgotten entry gets a notice to drop what it has cached.
pub async fn a_reader_behind_the_first_entry_reads_everything(store: Arc<dyn Store>) {
    let reader = NewsReader::new();
    for (id, forget_at) in [("a", NOW), ("a", NOW), ("a", Timestamp::MAX)] {
        reader.read(store.news(), &mut |_| {}).await.unwrap();
        store.news().revoke(&token(id).forgotten_at(forget_at)).await.unwrap();
    }
    store.news().revoke(&token("a").forgotten_at(NOW)).await.unwrap();
    let up_to_date = NewsReader::new();
    up_to_date.read(store.news(), &mut |_| {}).await.unwrap();
    store.news().forget_news(NOW).await.unwrap();
    store.news().revoke(&token("a")).await.unwrap();
    // The first one has read two entries. Of the next two, the last one is forgotten.
    let fresh = NewsReader::new();
    for (reader, is_behind, count) in [(&reader, true, 2), (&fresh, true, 2), (&up_to_date, false, 1)] {
        let mut pages = Vec::new();
        let gaps = reader.read(store.news(), &mut |page| pages.push(page)).await.unwrap();
        assert_eq!(gaps, []);
        assert_eq!(pages[0] == NewsPage::Everything, is_behind, "{pages:?}");
        let entries: usize = pages
            .iter()
            .map(|page| match page {
                NewsPage::Entries(entries) => entries.len(),
                _ => 0,
            })
            .sum();
        assert_eq!(entries, count);
    }
}

/// Each change of a user or client that exists adds an entry, in the same write.
pub async fn each_change_of_a_record_is_an_entry(store: Arc<dyn Store>) {
    let (id, client) = (user_id("u1"), ClientId::parse("c1").unwrap());
    let (scope, secret) = (
        "me".parse().unwrap(),
        RegisteredSecret::new(SecretDigest::from_bytes([7; 32])),
    );
    let (new, users, clients) = (hash("new"), store.users(), store.clients());
    let old = Client::public(client.clone(), "App");
    let confidential = old.clone().with_auth_method(ClientAuthMethod::SecretPost);
    for is_there in [false, true] {
        if is_there {
            add_john(&store).await;
            clients.add(old.clone()).await.unwrap();
        }
        let changed = [
            users.set_password_hash(&id, Some(&new)).await.unwrap(),
            users.set_scope(&id, &scope).await.unwrap(),
            users.set_status(&id, UserStatus::Disabled).await.unwrap(),
            users.remove(&id).await.unwrap(),
            clients.update(&old, &confidential).await.unwrap(),
            clients.add_secret(&client, secret).await.unwrap() == AddSecretOutcome::Added,
            clients.remove_secret(&client, secret.digest()).await.unwrap(),
            clients.remove(&client).await.unwrap(),
        ];
        assert_eq!(changed, [is_there; 8]);
        let kinds: Vec<_> = all_news(&store).await.iter().map(|entry| entry.item.kind()).collect();
        let of = |kind: NewsKind| kinds.iter().filter(|other| **other == kind).count();
        let expected = if is_there { [4, 4] } else { [0, 0] };
        assert_eq!(
            [of(NewsKind::UserChanged), of(NewsKind::ClientChanged)],
            expected,
            "{kinds:?}"
        );
        assert_eq!(kinds.len(), expected.iter().sum::<usize>());
    }
    let subjects = all_news(&store).await;
    let is_of = |entry: &NewsEntry| {
        matches!(&entry.item, NewsItem::UserChanged(of) if *of == id)
            || matches!(&entry.item, NewsItem::ClientChanged(of) if *of == client)
    };
    assert!(subjects.iter().all(is_of), "{subjects:?}");
    assert_eq!(store.news().forget_news(NOW).await.unwrap(), 8);
}

pub(super) fn of_client(id: &ClientId) -> Revocation {
    Revocation::until(Revoked::Client(id.clone()), NOW)
}

fn of_user() -> Revocation {
    let (id, username) = (user_id("u1"), username("johndoe"));
    Revocation::until(Revoked::User { id, username }, NOW)
}

async fn add_john(store: &Arc<dyn Store>) {
    let user = User::new(user_id("u1"), username("johndoe"));
    let password_hash = None;
    store.users().add(Account { user, password_hash }).await.unwrap();
}

pub async fn who_ends_and_their_tokens_end_together(store: Arc<dyn Store>) {
    let (id, client) = (user_id("u1"), ClientId::parse("c1").unwrap());
    let of_client = Revocation::until(Revoked::Client(client.clone()), NOW);
    let withdraw = async |withdrawal| {
        let revocation = match withdrawal {
            DisableAndRevoke::RemoveClient(_) => of_client.clone(),
            _ => of_user(),
        };
        store.news().withdraw(withdrawal, &revocation).await.unwrap()
    };
    let all = [
        DisableAndRevoke::DisableUser(&id),
        DisableAndRevoke::RemoveClient(&client),
        DisableAndRevoke::RemoveUser(&id),
    ];
    for withdrawal in all {
        assert!(!withdraw(withdrawal).await, "{withdrawal:?} of an unknown owner");
    }
    assert_eq!(kept(&store).await, []);

    add_john(&store).await;
    store
        .clients()
        .add(Client::public(client.clone(), "App"))
        .await
        .unwrap();
    for withdrawal in all {
        assert!(withdraw(withdrawal).await, "{withdrawal:?}");
        let user = store.users().find_by_id(&id).await.unwrap();
        let is_there = store.clients().find(&client).await.unwrap().is_some();
        let left = (user.map(|user| user.status()), is_there);
        let expected = match withdrawal {
            DisableAndRevoke::DisableUser(_) => (Some(UserStatus::Disabled), true),
            DisableAndRevoke::RemoveClient(_) => (Some(UserStatus::Disabled), false),
            _ => (None, false),
        };
        assert_eq!(left, expected, "{withdrawal:?}");
    }
    let found = kept(&store).await;
    assert_eq!(found, by_lane(vec![of_user(), of_client.clone(), of_user()]));
    add_john(&store).await;
    for _ in 0..2 {
        assert!(
            withdraw(DisableAndRevoke::DisableUser(&id)).await,
            "also if it was disabled before"
        );
    }
    assert_eq!(kept(&store).await.len(), 5);
}

/// A right is reduced: the change and the revocation are one write.
pub async fn smaller_rights_and_their_tokens_change_together(store: Arc<dyn Store>) {
    let (id, client) = (user_id("u1"), ClientId::parse("c1").unwrap());
    let scope = "me".parse().unwrap();
    let old = Client::public(client.clone(), "App");
    let renamed = old.clone().with_name("Another");
    let (new, of_client) = (hash("new"), of_client(&client));
    let all = [
        (DisableAndRevoke::SetPasswordHash(&id, Some(&new)), of_user()),
        (DisableAndRevoke::SetUserScope(&id, &scope), of_user()),
        (
            DisableAndRevoke::UpdateClient {
                old: &old,
                new: &renamed,
            },
            of_client,
        ),
        (DisableAndRevoke::SetPasswordHash(&id, None), of_user()),
    ];
    for (withdrawal, revocation) in &all {
        assert!(!store.news().withdraw(*withdrawal, revocation).await.unwrap());
    }
    assert_eq!(kept(&store).await, []);

    add_john(&store).await;
    store.clients().add(old.clone()).await.unwrap();
    for (number, (withdrawal, revocation)) in all.iter().enumerate() {
        assert!(store.news().withdraw(*withdrawal, revocation).await.unwrap());
        assert_eq!(kept(&store).await.len(), number + 1);
        let account = store.users().find_account(&username("johndoe")).await.unwrap().unwrap();
        let found = store.clients().find(&client).await.unwrap().unwrap();
        let is_done = match *withdrawal {
            DisableAndRevoke::SetPasswordHash(_, hash) => account.password_hash.as_ref() == hash,
            DisableAndRevoke::SetUserScope(_, scope) => account.user.scope() == scope,
            _ => found == renamed,
        };
        assert!(is_done, "{withdrawal:?}");
    }
    let found = kept(&store).await;
    assert_eq!(found, by_lane(all.map(|(_, revocation)| revocation).to_vec()));
}
