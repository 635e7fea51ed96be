//! The rules about the names of users.

use std::sync::Arc;

use scopegate_domain::{Account, NewsLane, NewsPosition, Revocation, Revoked, Timestamp, User, UserStatus};

use super::users::{add, assert_is_stored};
use super::{account, hash, is_conflict, user_id, username};
use crate::{DisableAndRevoke, NewsItem, Store};

fn with_password(account: Account) -> Account {
    Account {
        password_hash: Some(hash("$2b$12$x")),
        ..account
    }
}

pub async fn name_is_unique(store: Arc<dyn Store>) {
    let first = with_password(account("u1", "johndoe"));
    add(&store, [first.clone()]).await;
    assert!(is_conflict(store.users().add(account("u2", "johndoe")).await));
    assert_is_stored(&store, &first).await;
    assert_eq!(store.users().find_by_id(&user_id("u2")).await.unwrap(), None);
}

pub async fn name_is_unique_by_its_canonical_form(store: Arc<dyn Store>) {
    let pairs = [
        ["JohnDoe", "johndoe"],
        ["straße", "STRASSE"],
        ["Zoe\u{308}", "zo\u{eb}"],
        ["ｊｏ", "Jo"],
    ];
    for (number, [first, second]) in pairs.into_iter().enumerate() {
        let first = with_password(account(&format!("u{number}"), first));
        add(&store, [first.clone()]).await;
        let second = account(&format!("v{number}"), second).user;
        let added = store
            .users()
            .add(account(second.id().as_str(), second.username().as_str()))
            .await;
        assert!(is_conflict(added));
        assert_eq!(store.users().find_by_id(second.id()).await.unwrap(), None);
        assert_is_stored(&store, &first).await;
        let found = store.users().find_account(second.username()).await.unwrap();
        assert_eq!(found, Some(first), "a login finds it");
        let exact = store.users().find(second.username()).await.unwrap();
        assert_eq!(exact, None, "a token names it exactly");
    }
    add(&store, [account("U0", "other")]).await;
    assert_eq!(store.users().find_by_id(&user_id("uO")).await.unwrap(), None);
}

pub async fn profile_is_set_whole(store: Arc<dyn Store>) {
    let kept = |user: User| user.with_status(UserStatus::Disabled).with_scope("me".parse().unwrap());
    let new = |name| User::new(user_id("u1"), username(name));
    let mut expected = with_password(account("u1", "johndoe"));
    expected.user = kept(expected.user);
    let other = account("u2", "alice");
    add(&store, [expected.clone(), other.clone()]).await;
    for user in [
        new("JohnDoe").with_email("j@example.com").with_full_name("John"),
        new("john").with_full_name(""),
        new("john"),
    ] {
        assert!(store.users().set_profile(&user).await.unwrap());
        expected.user = kept(user);
        assert_is_stored(&store, &expected).await;
        assert_is_stored(&store, &other).await;
    }
    assert_eq!(store.users().find_account(&username("johndoe")).await.unwrap(), None);
    add(&store, [account("u3", "johndoe")]).await;
}

pub async fn profile_keeps_names_unique(store: Arc<dyn Store>) {
    let (first, second) = (account("u1", "johndoe"), account("u2", "alice"));
    add(&store, [first.clone(), second.clone()]).await;
    let taken = User::new(user_id("u2"), username("JOHNDOE")).with_email("a@example.com");
    let whose = Revoked::User {
        id: user_id("u2"),
        username: username("alice"),
    };
    let revocation = Revocation::until(whose, Timestamp::from_unix(1_000));
    let rename = DisableAndRevoke::SetProfile(&taken);
    assert!(is_conflict(store.users().set_profile(&taken).await));
    assert!(is_conflict(store.news().withdraw(rename, &revocation).await));
    for account in [&first, &second] {
        assert_is_stored(&store, account).await;
    }
    let begin = NewsPosition::new(NewsLane::of("u2"), 0);
    assert_eq!(store.news().news_after(begin, 9).await.unwrap(), []);

    let unknown = User::new(user_id("u9"), username("johndoe"));
    assert!(!store.users().set_profile(&unknown).await.unwrap());
    let renamed = User::new(user_id("u2"), username("bob"));
    let rename = DisableAndRevoke::SetProfile(&renamed);
    assert!(store.news().withdraw(rename, &revocation).await.unwrap());
    let news = store.news().news_after(begin, 9).await.unwrap();
    let items: Vec<_> = news.into_iter().map(|entry| entry.item).collect();
    assert_eq!(items, [NewsItem::Revoked(revocation)]);
    assert_eq!(store.users().find(&username("bob")).await.unwrap(), Some(renamed));
}
