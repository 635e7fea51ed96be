//! A database in trouble, and after it.

#![expect(clippy::unwrap_used, reason = "a failed test says so by a panic")]

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use scopegate_domain::{Account, Revocation, Revoked, Timestamp, User, UserId, Username};
use scopegate_store::{Revocations, Store, StoreError, StoreErrorKind, Users, Withdrawal};
use scopegate_store_sql::{DatabaseUrl, SqlStore};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Executor};
use tempfile::TempDir;

async fn file() -> (SqlStore, TempDir, PathBuf) {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("scopegate.db");
    let store = SqlStore::open(&DatabaseUrl::file(&path)).await.unwrap();
    (store, folder, path)
}

fn user(name: &str) -> Account {
    let user = User::new(UserId::parse(name).unwrap(), Username::parse(name).unwrap());
    Account {
        user,
        password_hash: None,
    }
}

fn assert_unavailable<T: std::fmt::Debug>(result: Result<T, StoreError>) {
    assert_eq!(result.unwrap_err().kind(), StoreErrorKind::Unavailable);
}

fn side(path: &Path, end: &str) -> PathBuf {
    PathBuf::from(format!("{}{end}", path.display()))
}

/// Those who read look once a second.
async fn until_readers_look() {
    tokio::time::sleep(Duration::from_millis(1_050)).await;
}

/// The log alone, the index of the log alone, the database alone: without any of them a change is not kept.
#[tokio::test]
async fn a_file_that_was_taken_away_is_no_store() {
    for end in ["", "-wal", "-shm"] {
        let (store, folder, path) = file().await;
        store.add(user("ada")).await.unwrap();
        let (at_home, away) = (side(&path, end), folder.path().join("away"));
        fs::rename(&at_home, &away).unwrap();
        assert_unavailable(store.rehearse_change().await);
        assert_unavailable(store.add(user("bob")).await);
        until_readers_look().await;
        assert_unavailable(store.ping().await);
        assert_unavailable(store.find(user("ada").user.username()).await);

        fs::rename(&away, &at_home).unwrap();
        assert_eq!(store.find(user("bob").user.username()).await.unwrap(), None);
        store.add(user("bob")).await.unwrap();
        store.close().await.unwrap();
        let store = SqlStore::open(&DatabaseUrl::file(&path)).await.unwrap();
        assert_eq!(store.list(None, 9).await.unwrap().len(), 2, "`{end}`");
    }
}

#[tokio::test]
async fn a_file_that_was_replaced_is_no_store_and_stays_as_it_is() {
    let (store, folder, path) = file().await;
    store.add(user("ada")).await.unwrap();
    let other = folder.path().join("other.db");
    SqlStore::open(&DatabaseUrl::file(&other))
        .await
        .unwrap()
        .close()
        .await
        .unwrap();
    fs::rename(&other, &path).unwrap();
    let replaced = fs::read(&path).unwrap();
    assert_unavailable(store.add(user("bob")).await);
    until_readers_look().await;
    assert_unavailable(store.find(user("ada").user.username()).await);
    let _ = store.close().await;
    assert_eq!(fs::read(&path).unwrap(), replaced);
}

#[tokio::test]
async fn a_writer_that_does_not_come_to_an_end_is_not_waited_for_by_all() {
    use sqlx::{ConnectOptions as _, Connection as _};
    let (store, _folder, path) = file().await;
    let options = SqliteConnectOptions::new().filename(&path);
    let mut other = options.connect().await.unwrap();
    let transaction = other.begin_with("BEGIN IMMEDIATE").await.unwrap();
    let writes = async {
        let users = ["a", "b", "c", "d"].map(user);
        let [a, b, c, d] = users.map(|user| store.add(user));
        tokio::join!(a, b, c, d)
    };
    // Five seconds for the lock and five for the turn; one after the other they would take twenty.
    let (a, b, c, d) = tokio::time::timeout(Duration::from_secs(18), writes).await.unwrap();
    let all = [a, b, c, d];
    assert!(all.iter().all(Result::is_err), "{all:?}");
    transaction.rollback().await.unwrap();
    store.add(user("e")).await.unwrap();
}

/// The revocation cannot be kept: then nobody is disabled or removed either.
#[tokio::test]
async fn nobody_ends_without_their_tokens() {
    let (store, _folder, path) = file().await;
    store.add(user("ada")).await.unwrap();
    let mut stranger = SqliteConnectOptions::new().filename(&path).connect().await.unwrap();
    let refuse = "CREATE TRIGGER refuse BEFORE INSERT ON revocations BEGIN SELECT RAISE(ABORT, 'no'); END";
    stranger.execute(refuse).await.unwrap();
    let (ada, whose) = (user("ada").user, UserId::parse("ada").unwrap());
    let revoked = Revoked::User {
        id: whose.clone(),
        username: ada.username().clone(),
    };
    let revocation = Revocation::until(revoked, Timestamp::from_unix(1_000));
    let all = [Withdrawal::DisableUser(&whose), Withdrawal::RemoveUser(&whose)];
    for withdrawal in all {
        assert_unavailable(store.withdraw(withdrawal, &revocation).await);
        assert_eq!(store.find(ada.username()).await.unwrap(), Some(ada.clone()));
    }
    stranger.execute("DROP TRIGGER refuse").await.unwrap();
    for withdrawal in all {
        assert!(store.withdraw(withdrawal, &revocation).await.unwrap());
    }
    assert_eq!(store.find(ada.username()).await.unwrap(), None);
}
