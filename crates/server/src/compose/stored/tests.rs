//! Tests of the comparison of stored clients and users with a configuration.

use scopegate_domain::{Account, ClientId, Scope, User, UserId, Username};
use scopegate_store::MemoryStore;

use super::*;

fn check() -> StoredCheck {
    let ships = ScopeToken::parse("ships").unwrap();
    StoredCheck {
        declared: DeclaredScopes::of_names(vec![ships]),
        audiences: vec![Audience::parse("https://a").unwrap()],
        login: None,
    }
}

async fn add_client(store: &dyn Store, id: &str, scope: &str, resource: &str) {
    let client = Client::public(ClientId::parse(id).unwrap(), id).with_scope(Scope::parse(scope).unwrap());
    let client = client.with_resources([Audience::parse(resource).unwrap()]);
    store.clients().add(client).await.unwrap();
}

async fn add_user(store: &dyn Store, name: &str, scope: &str) {
    let user = User::new(UserId::parse(name).unwrap(), Username::parse(name).unwrap());
    let account = Account {
        user: user.with_scope(Scope::parse(scope).unwrap()),
        password_hash: None,
    };
    store.users().add(account).await.unwrap();
}

#[tokio::test]
async fn each_page_is_checked() {
    let store: &dyn Store = &MemoryStore::new();
    for number in 0..=PAGE {
        let name = format!("c{number:04}");
        let is_wrong = number == PAGE;
        let (scope, resource) = if is_wrong {
            ("shisp", "https://b")
        } else {
            ("ships", "https://a")
        };
        add_client(store, &name, scope, resource).await;
        add_user(store, &name, scope).await;
    }
    let warnings = check().warnings(store).await.unwrap();
    assert_eq!(
        warnings,
        [
            "client `c0500` and user `c0500`: no resource declares scope `shisp`, so no token contains it; did you mean \
             `ships`?",
            "client `c0500`: resource `https://b` is not configured, so no token is for it; declare it in `[[resources]]`, or \
             replace the list with `scopegate client set c0500 --resource AUDIENCE`",
        ]
    );
}

#[tokio::test]
async fn number_of_holders_and_the_first_are_named() {
    let store: &dyn Store = &MemoryStore::new();
    for number in 0..7 {
        add_client(store, &format!("c{number}"), "shisp", "https://b").await;
    }
    for name in ["ada", "bob"] {
        add_user(store, name, "shisp").await;
    }
    let warnings = check().warnings(store).await.unwrap();
    let clients = "7 clients (`c0`, `c1`, `c2`, `c3`, `c4` and 2 more)";
    assert!(
        warnings[0].starts_with(&format!(
            "{clients} and 2 users (`ada`, `bob`): no resource declares scope `shisp`"
        )),
        "{warnings:?}"
    );
    assert!(
        warnings[1].starts_with(&format!("{clients}: resource `https://b` is not configured"))
            && warnings[1].ends_with("`scopegate client set CLIENT --resource AUDIENCE`"),
        "{warnings:?}"
    );
    assert_eq!(warnings.len(), 2);
}

#[tokio::test]
async fn sentences_are_limited_in_number_and_length() {
    let store: &dyn Store = &MemoryStore::new();
    for number in 0..100 {
        let name = format!("{number:03}{}", "n".repeat(100));
        add_client(store, &name, &format!("x{number}"), &format!("https://b/{number}")).await;
    }
    let warnings = check().warnings(store).await.unwrap();
    assert_eq!(warnings.len(), 2 * MAX_WARNINGS + 1);
    assert!(warnings.iter().all(|warning| warning.len() < 1_000), "{warnings:?}");
    assert!(
        warnings.last().unwrap().contains("further scopes or resources"),
        "{warnings:?}"
    );
}
