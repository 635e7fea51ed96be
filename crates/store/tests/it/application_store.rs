//! A store around an application's own table of users.

use std::sync::Arc;

use scopegate_domain::{
    Account, Client, ClientId, NewsLane, NewsPosition, PasswordHash, Revocation, Revoked, Timestamp, User, UserId,
    UserStatus, Username,
};
use scopegate_store::{
    ApplicationStore, BoxFuture, Clients, DisableAndRevoke, MemoryStore, News, NewsHeads, NewsItem, Store, StoreError,
    StoreErrorKind, Users,
};

/// The one method that a gate needs.
#[derive(Debug)]
struct ById;

impl Users for ById {
    fn find_by_id<'a>(&'a self, id: &'a UserId) -> BoxFuture<'a, Result<Option<User>, StoreError>> {
        let name = Username::parse("ada").map_err(StoreError::corrupt);
        Box::pin(async move { Ok(Some(User::new(id.clone(), name?)).filter(|_| id.as_str() == "u1")) })
    }
}

#[tokio::test]
async fn users_are_those_of_the_application_and_the_rest_is_in_memory() {
    let users = Arc::new(MemoryStore::new());
    let store: Arc<dyn Store> = Arc::new(ApplicationStore::new(users.clone()));
    let user = User::new(UserId::parse("u1").unwrap(), Username::parse("ada").unwrap());
    let account = Account {
        user: user.clone(),
        password_hash: None,
    };
    store.users().add(account).await.unwrap();
    assert_eq!(users.find_by_id(user.id()).await.unwrap(), Some(user.clone()));
    let client = Client::public(ClientId::parse("app").unwrap(), "The app");
    store.clients().add(client.clone()).await.unwrap();
    assert_eq!(store.clients().find(client.id()).await.unwrap(), Some(client.clone()));
    assert_eq!(Clients::find(&*users, client.id()).await.unwrap(), None);
    let disabled = DisableAndRevoke::DisableUser(user.id());
    assert!(store.news().withdraw(disabled, &of(&user)).await.unwrap());
    assert!(!users.find_by_id(user.id()).await.unwrap().unwrap().is_active());
    assert!(store.users().set_status(user.id(), UserStatus::Active).await.unwrap());
    assert!(store.users().set_scope(user.id(), &"a".parse().unwrap()).await.unwrap());
    let begin = NewsPosition::new(NewsLane::of("u1"), 0);
    let items = store.news().news_after(begin, 10).await.unwrap();
    let items: Vec<_> = items.into_iter().map(|entry| entry.item).collect();
    let changed = NewsItem::UserChanged(user.id().clone());
    assert_eq!(items, [NewsItem::Revoked(of(&user)), changed.clone(), changed]);
    store.ping().await.unwrap();
}

fn of(user: &User) -> Revocation {
    let whose = Revoked::User {
        id: user.id().clone(),
        username: user.username().clone(),
    };
    Revocation::until(whose, Timestamp::from_unix(1_700_000_000))
}

#[tokio::test]
async fn table_of_one_method_finds_users_and_supports_nothing_else() {
    let store = ApplicationStore::new(Arc::new(ById));
    let id = UserId::parse("u1").unwrap();
    assert_eq!(store.find_by_id(&id).await.unwrap().unwrap().username().as_str(), "ada");
    let name = Username::parse("ada").unwrap();
    let account = Account {
        user: User::new(id.clone(), name.clone()),
        password_hash: None,
    };
    let hash = PasswordHash::from_stored("x");
    let kinds = [
        store.find_account(&name).await.unwrap_err().kind(),
        Users::find(&store, &name).await.unwrap_err().kind(),
        Users::list(&store, None, 1).await.unwrap_err().kind(),
        Users::add(&store, account).await.unwrap_err().kind(),
        store.set_status(&id, UserStatus::Disabled).await.unwrap_err().kind(),
        Users::remove(&store, &id).await.unwrap_err().kind(),
    ];
    assert_eq!(kinds, [StoreErrorKind::Unavailable; 6]);
    assert!(!store.replace_password_hash(&id, &hash, &hash).await.unwrap());
    assert!(store.is_volatile());
}

#[tokio::test]
async fn tokens_are_revoked_even_if_the_table_cannot_change_the_user() {
    let store = ApplicationStore::new(Arc::new(ById));
    let id = UserId::parse("u1").unwrap();
    assert_eq!(store.heads().await.unwrap(), NewsHeads::new([]));
    let revocation = of(&User::new(id.clone(), Username::parse("ada").unwrap()));
    let withdrawn = store.withdraw(DisableAndRevoke::DisableUser(&id), &revocation).await;
    assert_eq!(withdrawn.unwrap_err().kind(), StoreErrorKind::Unavailable);
    assert_eq!(store.heads().await.unwrap().last("u1").place(), 1);
}

/// The users are in another store, and the rest keeps the rules for what they grant.
async fn around_another_store() -> (ApplicationStore, ()) {
    (ApplicationStore::new(Arc::new(MemoryStore::new())), ())
}

mod grants {
    scopegate_store::conformance! { @grants super::around_another_store }
}
