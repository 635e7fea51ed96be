//! The rules of [`Users`](crate::Users).

use std::sync::Arc;

use scopegate_domain::{Account, Scope, ScopeToken, User, UserStatus, Username};

use super::races::{RACES, count_yes};
use super::{account, hash, is_conflict, user_id, username};
use crate::{PasswordScheme, Store, Users};

const BCRYPT: &str = "$2b$12$EixZaYVK1fsbw1ZfbX3OXePaWxn96p36WQoeG6Lruj3vjPGga31lW";
const ARGON2ID: &str = "$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHRzYWx0$aGFzaGhhc2hoYXNoaGFzaA";

pub(super) async fn add(store: &Arc<dyn Store>, accounts: impl IntoIterator<Item = Account>) {
    for account in accounts {
        store.users().add(account).await.unwrap();
    }
}

async fn names(store: &Arc<dyn Store>, after: Option<&str>, limit: u16) -> Vec<String> {
    let after = after.map(username);
    let users = store.users().list(after.as_ref(), limit).await.unwrap();
    users.iter().map(|user| user.username().to_string()).collect()
}

async fn schemes(store: &Arc<dyn Store>) -> Vec<String> {
    let schemes = store.users().password_schemes().await.unwrap();
    schemes.iter().map(|scheme| scheme.as_str().to_owned()).collect()
}

/// Asserts that all parts of an account are stored. Compares the printed form too, because scopes
/// are equal in any order.
pub(super) async fn assert_is_stored(store: &Arc<dyn Store>, expected: &Account) {
    let users = store.users();
    let same = |user: &User| *user == expected.user && format!("{user:?}") == format!("{:?}", expected.user);
    let found = users.find_account(expected.user.username()).await.unwrap();
    assert_eq!(found.as_ref(), Some(expected));
    assert!(found.is_some_and(|account| same(&account.user)));
    assert!(
        users
            .find(expected.user.username())
            .await
            .unwrap()
            .is_some_and(|user| same(&user))
    );
    assert!(
        users
            .find_by_id(expected.user.id())
            .await
            .unwrap()
            .is_some_and(|user| same(&user))
    );
    assert!(users.list(None, u16::MAX).await.unwrap().iter().any(same));
}

pub async fn unknown_user_is_none(store: Arc<dyn Store>) {
    let (users, id, name) = (store.users(), user_id("u1"), username("johndoe"));
    assert_eq!(users.find(&name).await.unwrap(), None);
    assert_eq!(users.find_by_id(&id).await.unwrap(), None);
    assert_eq!(users.find_account(&name).await.unwrap(), None);
    assert_eq!(users.list(None, 10).await.unwrap(), []);
    assert_eq!(users.password_schemes().await.unwrap(), []);
    assert!(!users.set_password_hash(&id, Some(&hash(BCRYPT))).await.unwrap());
    assert!(
        !users
            .replace_password_hash(&id, &hash(BCRYPT), &hash(ARGON2ID))
            .await
            .unwrap()
    );
    assert!(!users.set_scope(&id, &Scope::EMPTY).await.unwrap());
    assert!(!users.set_status(&id, UserStatus::Disabled).await.unwrap());
    assert!(!users.set_profile(&account("u1", "johndoe").user).await.unwrap());
    assert!(!users.remove(&id).await.unwrap());
    assert_eq!(users.list(None, 10).await.unwrap(), []);
}

pub async fn user_is_kept_whole(store: Arc<dyn Store>) {
    let full = User::new(user_id("u 1~"), username("John Doe"))
        .with_email("johndoe@example.com")
        .with_full_name("Jöhn \u{1F511}\nDoe")
        .with_status(UserStatus::Disabled)
        .with_scope("items me".parse().unwrap());
    let empty = User::new(user_id("u2"), username("empty"))
        .with_email("")
        .with_full_name("");
    let accounts = [
        Account {
            user: full,
            password_hash: Some(hash(BCRYPT)),
        },
        Account {
            user: empty,
            password_hash: Some(hash("")),
        },
        account("u3", "bare"),
    ];
    add(&store, accounts.clone()).await;
    for account in &accounts {
        assert_is_stored(&store, account).await;
    }
}

pub async fn scope_is_kept_with_its_order(store: Arc<dyn Store>) {
    // More tokens than a scope from outside may contain. A program can create such a scope, so it
    // must be read back whole.
    let count = 2 * Scope::MAX_TOKENS;
    let token = |number: usize| ScopeToken::parse(&format!("scope:{number}:{}", "x".repeat(60))).unwrap();
    let long: Scope = (0..count).rev().map(token).collect();
    let mut expected = account("u1", "johndoe");
    add(&store, [expected.clone()]).await;
    for scope in [
        "items me".parse().unwrap(),
        "me items".parse().unwrap(),
        long,
        Scope::EMPTY,
    ] {
        assert!(store.users().set_scope(&user_id("u1"), &scope).await.unwrap());
        expected.user = expected.user.with_scope(scope);
        assert_is_stored(&store, &expected).await;
    }
}

pub async fn id_is_unique(store: Arc<dyn Store>) {
    let first = Account {
        password_hash: Some(hash(BCRYPT)),
        ..account("u1", "johndoe")
    };
    add(&store, [first.clone()]).await;
    assert!(is_conflict(store.users().add(account("u1", "alice")).await));
    assert_is_stored(&store, &first).await;
    assert_eq!(store.users().find(&username("alice")).await.unwrap(), None);
}

pub async fn odd_names_are_names(store: Arc<dyn Store>) {
    let longest = "ü".repeat(Username::MAX_LEN / 2);
    let odd = [
        "'",
        "\"",
        "%",
        "_",
        "\\",
        "a'; DROP TABLE users; --",
        "0",
        "1e3",
        "NULL",
        "$1",
        "?",
        "\u{10FFFF}",
        &longest,
    ];
    for (number, name) in odd.iter().enumerate() {
        let account = account(&format!("'{number}%"), name);
        add(&store, [account.clone()]).await;
        assert_is_stored(&store, &account).await;
    }
    assert_eq!(names(&store, None, u16::MAX).await.len(), odd.len());
    assert!(store.users().remove(&user_id("'2%")).await.unwrap());
    assert_eq!(names(&store, None, u16::MAX).await.len(), odd.len() - 1);
}

pub async fn list_is_in_the_order_of_bytes(store: Arc<dyn Store>) {
    let ordered = ["B", "Z", "_", "a", "a b", "aa", "y", "ä", "\u{FFFD}", "\u{10FFFF}"];
    for (number, name) in ordered.iter().rev().enumerate() {
        add(&store, [account(&format!("u{number}"), name)]).await;
    }
    assert_eq!(names(&store, None, u16::MAX).await, ordered);
}

pub async fn list_goes_page_by_page(store: Arc<dyn Store>) {
    for (id, name) in [("u1", "b"), ("u2", "d"), ("u3", "a"), ("u4", "e"), ("u5", "c")] {
        add(&store, [account(id, name)]).await;
    }
    assert_eq!(names(&store, None, 0).await, [""; 0]);
    assert_eq!(names(&store, None, 2).await, ["a", "b"]);
    assert_eq!(names(&store, Some("b"), 2).await, ["c", "d"]);
    assert_eq!(names(&store, Some("d"), 2).await, ["e"]);
    assert_eq!(names(&store, Some("e"), 2).await, [""; 0]);
    // The place may be a name that no user has, or that no user has any longer.
    assert_eq!(names(&store, Some("bb"), 1).await, ["c"]);
    assert!(store.users().remove(&user_id("u5")).await.unwrap());
    assert_eq!(names(&store, Some("c"), 9).await, ["d", "e"]);
}

pub async fn long_list_is_whole(store: Arc<dyn Store>) {
    let expected: Vec<String> = (1000..1300).map(|number| number.to_string()).collect();
    for name in &expected {
        add(&store, [account(name, name)]).await;
    }
    assert_eq!(names(&store, None, u16::MAX).await, expected);
}

pub async fn changes_touch_one_user(store: Arc<dyn Store>) {
    let other = Account {
        password_hash: Some(hash(BCRYPT)),
        ..account("u2", "alice")
    };
    let mut changed = Account {
        password_hash: Some(hash(BCRYPT)),
        ..account("u1", "johndoe")
    };
    add(&store, [changed.clone(), other.clone()]).await;
    let (users, id) = (store.users(), user_id("u1"));

    assert!(users.set_status(&id, UserStatus::Disabled).await.unwrap());
    changed.user = changed.user.with_status(UserStatus::Disabled);
    assert_is_stored(&store, &changed).await;
    assert!(
        users.set_status(&id, UserStatus::Disabled).await.unwrap(),
        "a change to what it was is one"
    );

    assert!(users.set_scope(&id, &"me".parse().unwrap()).await.unwrap());
    changed.user = changed.user.with_scope("me".parse().unwrap());
    assert_is_stored(&store, &changed).await;

    for password_hash in [Some(hash(ARGON2ID)), None, Some(hash("locked"))] {
        assert!(users.set_password_hash(&id, password_hash.as_ref()).await.unwrap());
        changed.password_hash = password_hash;
        assert_is_stored(&store, &changed).await;
    }
    assert_is_stored(&store, &other).await;
}

pub async fn password_hash_is_compared_and_set(store: Arc<dyn Store>) {
    let (users, id) = (store.users(), user_id("u1"));
    let (old, new, newer) = (hash(BCRYPT), hash(ARGON2ID), hash("$2b$12$newer"));
    add(
        &store,
        [Account {
            password_hash: Some(old.clone()),
            ..account("u1", "johndoe")
        }],
    )
    .await;

    assert!(users.replace_password_hash(&id, &old, &new).await.unwrap());
    assert!(
        !users.replace_password_hash(&id, &old, &newer).await.unwrap(),
        "changed meanwhile"
    );
    assert_is_stored(
        &store,
        &Account {
            password_hash: Some(new.clone()),
            ..account("u1", "johndoe")
        },
    )
    .await;

    assert!(users.set_password_hash(&id, None).await.unwrap());
    assert!(
        !users.replace_password_hash(&id, &new, &newer).await.unwrap(),
        "taken away meanwhile"
    );
    assert_is_stored(&store, &account("u1", "johndoe")).await;
}

pub async fn password_schemes_are_listed_once(store: Arc<dyn Store>) {
    let bcrypt = |cost: u8| {
        Some(hash(&format!(
            "$2b${cost:02}$EixZaYVK1fsbw1ZfbX3OXePaWxn96p36WQoeG6Lruj3vjPGga31lW"
        )))
    };
    let hashes = [
        bcrypt(12),
        Some(hash(ARGON2ID)),
        bcrypt(10),
        None,
        bcrypt(12),
        Some(hash("locked")),
    ];
    for (number, password_hash) in hashes.into_iter().enumerate() {
        let account = account(&format!("u{number}"), &format!("user {number}"));
        add(
            &store,
            [Account {
                password_hash,
                ..account
            }],
        )
        .await;
    }
    assert_eq!(
        schemes(&store).await,
        ["$2b$10$", "$2b$12$", "$argon2id$v=19$m=19456,t=2,p=1$"]
    );

    let users = store.users();
    assert!(users.remove(&user_id("u0")).await.unwrap());
    assert_eq!(
        schemes(&store).await.len(),
        3,
        "the other user with that scheme is there"
    );
    assert!(users.set_password_hash(&user_id("u4"), None).await.unwrap());
    assert!(
        users
            .set_password_hash(&user_id("u1"), bcrypt(11).as_ref())
            .await
            .unwrap()
    );
    assert_eq!(schemes(&store).await, ["$2b$10$", "$2b$11$"]);
    assert!(
        users
            .replace_password_hash(&user_id("u2"), &bcrypt(10).unwrap(), &hash(ARGON2ID))
            .await
            .unwrap()
    );
    assert_eq!(schemes(&store).await, ["$2b$11$", "$argon2id$v=19$m=19456,t=2,p=1$"]);
}

pub async fn password_schemes_are_bounded(store: Arc<dyn Store>) {
    for number in 0..=PasswordScheme::MAX_LISTED {
        let password_hash = Some(hash(&format!(
            "$argon2id$v=19$m={},t=1,p=1$c2FsdA$aGFzaA",
            1000 + number
        )));
        let name = format!("u{number}");
        add(
            &store,
            [Account {
                password_hash,
                ..account(&name, &name)
            }],
        )
        .await;
    }
    let schemes = schemes(&store).await;
    assert_eq!(schemes.len(), PasswordScheme::MAX_LISTED);
    assert_eq!(
        schemes.first().map(String::as_str),
        Some("$argon2id$v=19$m=1000,t=1,p=1$")
    );
}

pub async fn removed_name_and_id_are_free(store: Arc<dyn Store>) {
    add(
        &store,
        [Account {
            password_hash: Some(hash(BCRYPT)),
            ..account("u1", "johndoe")
        }],
    )
    .await;
    assert!(store.users().remove(&user_id("u1")).await.unwrap());
    assert!(!store.users().remove(&user_id("u1")).await.unwrap());
    assert_eq!(store.users().find_account(&username("johndoe")).await.unwrap(), None);

    let (same_name, same_id) = (account("u2", "johndoe"), account("u1", "alice"));
    add(&store, [same_name.clone(), same_id.clone()]).await;
    assert_is_stored(&store, &same_name).await;
    assert_is_stored(&store, &same_id).await;
}

pub async fn adding_at_once_succeeds_once(store: Arc<dyn Store>) {
    for count in RACES {
        let name = format!("of {count:02}");
        let add = |number: usize| {
            let (users, name): (Arc<dyn Users>, _) = (store.clone(), name.clone());
            async move {
                let result = users.add(account(&format!("u{count} {number}"), &name)).await;
                let succeeded = result.is_ok();
                assert!(succeeded || is_conflict(result));
                succeeded
            }
        };
        assert_eq!(count_yes(count, add).await, 1, "of {count}");
    }
    assert_eq!(
        names(&store, None, 9).await,
        RACES.map(|count| format!("of {count:02}"))
    );
}

pub async fn replacing_at_once_succeeds_once(store: Arc<dyn Store>) {
    add(
        &store,
        [Account {
            password_hash: Some(hash(BCRYPT)),
            ..account("u1", "johndoe")
        }],
    )
    .await;
    for count in RACES {
        let stored = store.users().find_account(&username("johndoe")).await.unwrap().unwrap();
        let old = stored.password_hash.unwrap();
        let replace = |number: usize| {
            let (users, old): (Arc<dyn Users>, _) = (store.clone(), old.clone());
            async move {
                let (id, replacement) = (user_id("u1"), hash(&format!("$2b$12${count} {number}")));
                users.replace_password_hash(&id, &old, &replacement).await.unwrap()
            }
        };
        assert_eq!(count_yes(count, replace).await, 1, "of {count}");
    }
}

pub async fn an_answered_change_is_seen_by_all(store: Arc<dyn Store>) {
    add(&store, [account("u1", "johndoe")]).await;
    for status in [UserStatus::Disabled, UserStatus::Active].into_iter().cycle().take(20) {
        assert!(store.users().set_status(&user_id("u1"), status).await.unwrap());
        let sees_it = |_| {
            let users: Arc<dyn Users> = store.clone();
            async move {
                users
                    .find(&username("johndoe"))
                    .await
                    .unwrap()
                    .is_some_and(|user| user.status() == status)
            }
        };
        assert_eq!(count_yes(8, sees_it).await, 8);
    }
}
