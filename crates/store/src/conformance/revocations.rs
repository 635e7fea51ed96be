//! The rules of [`Revocations`](crate::Revocations).

use std::sync::Arc;

use scopegate_domain::{
    Account, Client, ClientId, Revocation, Revoked, SecretDigest, Timestamp, TokenId, User, UserStatus,
};
use tokio::task::JoinSet;

use super::{hash, user_id, username};
use crate::{DisableAndRevoke, RevocationCursor, RevocationEntry, Store};

const NOW: Timestamp = Timestamp::from_unix(1_700_000_000);

fn token(id: &str) -> Revocation {
    Revocation::until(Revoked::Token(TokenId::parse(id).unwrap()), NOW)
}

async fn kept(store: &Arc<dyn Store>, after: RevocationCursor) -> Vec<RevocationEntry> {
    store.revocations().revoked_after(after, u16::MAX).await.unwrap()
}

fn revocations(kept: Vec<RevocationEntry>) -> Vec<Revocation> {
    kept.into_iter().map(|(_, revocation)| revocation).collect()
}

pub async fn revocations_are_kept_whole_and_in_order(store: Arc<dyn Store>) {
    assert_eq!(kept(&store, RevocationCursor::START).await, []);
    let user = |name: &str| Revoked::User {
        id: user_id("u 1"),
        username: username(name),
    };
    let all = [
        token("'; DROP TABLE revocations; --"),
        Revocation::until(Revoked::Client(ClientId::parse("c1").unwrap()), NOW),
        Revocation::until(user("j\u{F6}hn"), NOW),
        Revocation::from_stored(user("b"), Timestamp::from_unix(i64::MIN), Timestamp::MAX),
        token("t1"),
        token("t1"),
    ];
    for revocation in &all {
        store.revocations().revoke(revocation).await.unwrap();
    }
    let found = kept(&store, RevocationCursor::START).await;
    assert!(found.first().is_some_and(|(place, _)| *place > RevocationCursor::START));
    assert!(found.is_sorted_by(|(one, _), (next, _)| one < next));
    for (place, _) in &found {
        let after: Vec<_> = found.iter().filter(|(other, _)| other > place).cloned().collect();
        assert_eq!(kept(&store, *place).await, after);
    }
    let first = store
        .revocations()
        .revoked_after(RevocationCursor::START, 2)
        .await
        .unwrap();
    assert_eq!(revocations(first), all.iter().take(2).cloned().collect::<Vec<_>>());
    assert_eq!(
        store
            .revocations()
            .revoked_after(RevocationCursor::START, 0)
            .await
            .unwrap(),
        []
    );
    assert_eq!(revocations(found), all);
}

pub async fn revocations_are_kept_at_once(store: Arc<dyn Store>) {
    const MANY: usize = 40;
    let mut revoking = JoinSet::new();
    for number in 0..MANY {
        let store = Arc::clone(&store);
        revoking.spawn(async move {
            let revocation = token(&format!("t{number}"));
            let before = kept(&store, RevocationCursor::START).await.pop();
            store.revocations().revoke(&revocation).await.unwrap();
            // A reader that had read up to this place finds it afterwards.
            let place = before.map_or(RevocationCursor::START, |(place, _)| place);
            assert!(revocations(kept(&store, place).await).contains(&revocation));
        });
    }
    revoking.join_all().await;
    assert_eq!(kept(&store, RevocationCursor::START).await.len(), MANY);
}

pub async fn what_covers_no_living_token_is_forgotten(store: Arc<dyn Store>) {
    let at = Timestamp::from_unix;
    for (id, forget_at) in [("a", 10), ("b", 11), ("c", 9)] {
        store
            .revocations()
            .revoke(&token(id).forgotten_at(at(forget_at)))
            .await
            .unwrap();
    }
    assert_eq!(store.revocations().forget_revocations(at(8)).await.unwrap(), 0);
    assert_eq!(store.revocations().forget_revocations(at(10)).await.unwrap(), 2);
    let left = revocations(kept(&store, RevocationCursor::START).await);
    assert_eq!(left, [token("b").forgotten_at(at(11))]);
}

pub async fn forgotten_places_are_not_given_again(store: Arc<dyn Store>) {
    for id in ["a", "b"] {
        store.revocations().revoke(&token(id).forgotten_at(NOW)).await.unwrap();
    }
    let (last, _) = kept(&store, RevocationCursor::START).await.pop().unwrap();
    assert_eq!(store.revocations().forget_revocations(NOW).await.unwrap(), 2);
    store.revocations().revoke(&token("c")).await.unwrap();
    assert_eq!(revocations(kept(&store, last).await), [token("c")]);
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
        store.revocations().withdraw(withdrawal, &revocation).await.unwrap()
    };
    let all = [
        DisableAndRevoke::DisableUser(&id),
        DisableAndRevoke::RemoveClient(&client),
        DisableAndRevoke::RemoveUser(&id),
    ];
    for withdrawal in all {
        assert!(!withdraw(withdrawal).await, "{withdrawal:?} of an unknown owner");
    }
    assert_eq!(kept(&store, RevocationCursor::START).await, []);

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
    let found = revocations(kept(&store, RevocationCursor::START).await);
    assert_eq!(found, [of_user(), of_client.clone(), of_user()]);
    add_john(&store).await;
    for _ in 0..2 {
        assert!(
            withdraw(DisableAndRevoke::DisableUser(&id)).await,
            "also if it was disabled before"
        );
    }
    assert_eq!(kept(&store, RevocationCursor::START).await.len(), 5);
}

/// A right is reduced: the change and the revocation are one write.
pub async fn smaller_rights_and_their_tokens_change_together(store: Arc<dyn Store>) {
    let (id, client) = (user_id("u1"), ClientId::parse("c1").unwrap());
    let (scope, secret) = ("me".parse().unwrap(), SecretDigest::from_bytes([7; 32]));
    let (new, of_client) = (hash("new"), Revocation::until(Revoked::Client(client.clone()), NOW));
    let all = [
        (DisableAndRevoke::SetPasswordHash(&id, Some(&new)), of_user()),
        (DisableAndRevoke::SetUserScope(&id, &scope), of_user()),
        (DisableAndRevoke::SetClientScope(&client, &scope), of_client.clone()),
        (DisableAndRevoke::SetClientSecret(&client, secret), of_client.clone()),
        (DisableAndRevoke::SetPasswordHash(&id, None), of_user()),
    ];
    for (withdrawal, revocation) in &all {
        assert!(!store.revocations().withdraw(*withdrawal, revocation).await.unwrap());
    }
    assert_eq!(kept(&store, RevocationCursor::START).await, []);

    add_john(&store).await;
    store
        .clients()
        .add(Client::public(client.clone(), "App"))
        .await
        .unwrap();
    for (number, (withdrawal, revocation)) in all.iter().enumerate() {
        assert!(store.revocations().withdraw(*withdrawal, revocation).await.unwrap());
        assert_eq!(kept(&store, RevocationCursor::START).await.len(), number + 1);
        let account = store.users().find_account(&username("johndoe")).await.unwrap().unwrap();
        let found = store.clients().find(&client).await.unwrap().unwrap();
        let is_done = match *withdrawal {
            DisableAndRevoke::SetPasswordHash(_, hash) => account.password_hash.as_ref() == hash,
            DisableAndRevoke::SetUserScope(_, scope) => account.user.scope() == scope,
            DisableAndRevoke::SetClientScope(_, scope) => found.scope() == scope,
            _ => found.secret() == Some(&secret),
        };
        assert!(is_done, "{withdrawal:?}");
    }
    let found = revocations(kept(&store, RevocationCursor::START).await);
    assert_eq!(found, all.map(|(_, revocation)| revocation));
}

pub async fn last_cursor_is_of_last_revocation(store: Arc<dyn Store>) {
    let last = async || store.revocations().last_cursor().await.unwrap();
    assert_eq!(last().await, RevocationCursor::START);
    let mut before = RevocationCursor::START;
    for id in ["a", "b", "c"] {
        store.revocations().revoke(&token(id).forgotten_at(NOW)).await.unwrap();
        let (place, _) = kept(&store, RevocationCursor::START).await.pop().unwrap();
        assert_eq!(last().await, place);
        assert!(place > before);
        before = place;
    }
    store.revocations().forget_revocations(NOW).await.unwrap();
    assert!(last().await <= before);
    store.revocations().revoke(&token("d")).await.unwrap();
    assert!(last().await > before);
}

pub async fn concurrent_disables_revoke_once(store: Arc<dyn Store>) {
    add_john(&store).await;
    let mut removing = JoinSet::new();
    for _ in 0..8 {
        let store = Arc::clone(&store);
        removing.spawn(async move {
            let (id, revocation) = (user_id("u1"), of_user());
            let withdrawal = DisableAndRevoke::RemoveUser(&id);
            store.revocations().withdraw(withdrawal, &revocation).await.unwrap()
        });
    }
    let answers = removing.join_all().await;
    assert_eq!(answers.into_iter().filter(|was_there| *was_there).count(), 1);
    assert_eq!(kept(&store, RevocationCursor::START).await.len(), 1);
}
