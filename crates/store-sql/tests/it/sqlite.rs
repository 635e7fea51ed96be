//! SQLite keeps the rules of every store, and its own promises.

#![expect(clippy::unwrap_used, reason = "a failed test says so by a panic")]

use std::os::unix::fs::{FileExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use scopegate_domain::{
    Account, Client, ClientAuthMethod, ClientId, KeyId, Lifetime, PasswordHash, RegisteredSecret, SecretDigest,
    StoredKey, Timestamp, User, UserId, Username,
};
use scopegate_store::{Clients, ResealedKey, SigningKeys, Store, StoreError, StoreErrorKind, Users};
use scopegate_store_sql::{DatabaseUrl, OpenError, SqlStore};
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, Executor};
use tempfile::TempDir;

use crate::upgrade::version_8;

async fn memory() -> (SqlStore, ()) {
    (SqlStore::open(&DatabaseUrl::memory()).await.unwrap(), ())
}

pub(crate) async fn file() -> (SqlStore, TempDir) {
    let folder = TempDir::new().unwrap();
    let store = SqlStore::open(&DatabaseUrl::file(path(&folder))).await.unwrap();
    (store, folder)
}

pub(crate) fn path(folder: &TempDir) -> PathBuf {
    folder.path().join("scopegate.db")
}

/// A connection of another program.
pub(crate) async fn stranger(path: &Path) -> SqliteConnection {
    SqliteConnectOptions::new().filename(path).connect().await.unwrap()
}

pub(crate) async fn run(path: &Path, sql: &str) {
    let mut connection = stranger(path).await;
    connection.execute(AssertSqlSafe(sql)).await.unwrap();
    connection.close().await.unwrap();
}

pub(crate) fn john() -> Account {
    let user = User::new(UserId::parse("u1").unwrap(), Username::parse("johndoe").unwrap());
    Account {
        user: user.with_scope("items me".parse().unwrap()),
        password_hash: Some(PasswordHash::from_stored("$2b$12$x")),
    }
}

fn app() -> Client {
    Client::public(ClientId::parse("demo-app").unwrap(), "The demo")
}

mod in_memory {
    scopegate_store::conformance!(super::memory);
}

mod in_a_file {
    scopegate_store::conformance!(super::file);
}

#[tokio::test]
async fn what_was_answered_is_there_after_a_restart() {
    let (store, folder) = file().await;
    assert!(store.migrated().iter().copied().eq(1..=SqlStore::newest_version()));
    Users::add(&store, john()).await.unwrap();
    Clients::add(&store, app()).await.unwrap();
    store.close().await.unwrap();

    let store = SqlStore::open(&DatabaseUrl::file(path(&folder))).await.unwrap();
    assert_eq!(store.migrated(), [0; 0]);
    assert_eq!(store.find_account(john().user.username()).await.unwrap(), Some(john()));
    assert_eq!(Clients::find(&store, app().id()).await.unwrap(), Some(app()));
}

/// A client of the release before keeps its secret, in the header and in the form.
#[tokio::test]
async fn clients_of_earlier_releases_keep_their_secrets() {
    let before = "INSERT INTO clients (id, name, secret_sha256, redirect_uris, grant_types, scope, may_introspect) VALUES \
         ('demo-app', 'The demo', NULL, '', '', '', 0), ('web', 'Web', randomblob(32), '', 'password', 'me', 1)";
    let (_folder, path) = version_8(before).await;
    let store = SqlStore::open(&DatabaseUrl::file(&path)).await.unwrap();
    assert_eq!(Clients::find(&store, app().id()).await.unwrap(), Some(app()));
    let web = Clients::list(&store, None, 9).await.unwrap().pop().unwrap();
    assert_eq!(web.auth_method(), ClientAuthMethod::AnySecret);
    let [secret] = web.secrets() else {
        panic!("{web:?}");
    };
    assert_eq!((secret.created_at(), secret.ends_at()), (None, None));
    assert!(web.may_introspect() && web.resources().is_empty() && web.default_scope().is_empty());
    // A server of the release before that still runs sees the newest secret, never a public client.
    let newer = RegisteredSecret::new(SecretDigest::from_bytes([2; 32])).with_created_at(Timestamp::from_unix(1));
    let seen = async || {
        let mut connection = stranger(&path).await;
        let seen = sqlx::query_scalar("SELECT secret_sha256 FROM clients WHERE id = 'web'");
        let seen: Option<Vec<u8>> = seen.fetch_one(&mut connection).await.unwrap();
        connection.close().await.unwrap();
        seen.unwrap()
    };
    assert_eq!(seen().await, secret.digest().as_bytes());
    store.add_secret(web.id(), newer).await.unwrap();
    assert_eq!(seen().await, [2; 32]);
    store.remove_secret(web.id(), newer.digest()).await.unwrap();
    assert_eq!(seen().await, secret.digest().as_bytes());
    store.remove_secret(web.id(), secret.digest()).await.unwrap();
    assert_eq!(seen().await, [0; 32]);
    store.close().await.unwrap();
}

#[tokio::test]
async fn closing_leaves_one_file() {
    let (store, folder) = file().await;
    Users::add(&store, john()).await.unwrap();
    assert!(names(&folder).len() > 1);
    store.close().await.unwrap();
    assert_eq!(names(&folder), ["scopegate.db"]);

    let error = store.find_account(john().user.username()).await.unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Unavailable);
    assert_eq!(
        Users::add(&store, john()).await.unwrap_err().kind(),
        StoreErrorKind::Unavailable
    );
    assert_eq!(store.ping().await.unwrap_err().kind(), StoreErrorKind::Unavailable);
    store.close().await.unwrap();
}

#[tokio::test]
async fn a_rehearsal_is_a_real_write() {
    let (store, folder) = file().await;
    let log = || std::fs::metadata(folder.path().join("scopegate.db-wal")).unwrap().len();
    let before = log();
    store.check_writable().await.unwrap();
    assert!(log() > before, "{} bytes", log());
    store.close().await.unwrap();
    assert_eq!(
        store.check_writable().await.unwrap_err().kind(),
        StoreErrorKind::Unavailable
    );
}

#[test]
fn opening_and_closing_can_be_spawned() {
    const fn is_send<T: Send>(_: &T) {}
    let url = DatabaseUrl::memory();
    is_send(&SqlStore::open(&url));
    is_send(&async { SqlStore::open(&url).await.unwrap().close().await });
}

fn names(folder: &TempDir) -> Vec<String> {
    let entries = folder.path().read_dir().unwrap();
    entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect()
}

#[tokio::test]
async fn files_are_for_their_owner_alone() {
    let (store, folder) = file().await;
    Users::add(&store, john()).await.unwrap();
    let files: Vec<_> = folder.path().read_dir().unwrap().map(|entry| entry.unwrap()).collect();
    assert!(files.len() > 1, "the log is a file of its own");
    for file in files {
        assert_eq!(
            file.metadata().unwrap().permissions().mode() & 0o777,
            0o600,
            "{}",
            file.path().display()
        );
    }
}

#[tokio::test]
async fn two_programs_can_make_the_same_database() {
    let folder = TempDir::new().unwrap();
    let url = DatabaseUrl::file(path(&folder));
    let (first, second) = tokio::join!(SqlStore::open(&url), SqlStore::open(&url));
    let (first, second) = (first.unwrap(), second.unwrap());
    let migrated = [first.migrated(), second.migrated()].concat();
    assert!(migrated.into_iter().eq(1..=SqlStore::newest_version()));
    Users::add(&first, john()).await.unwrap();
    assert_eq!(second.find_account(john().user.username()).await.unwrap(), Some(john()));
    assert_eq!(
        Users::add(&second, john()).await.unwrap_err().kind(),
        StoreErrorKind::Conflict
    );
}

#[tokio::test]
async fn a_newer_database_is_refused_and_left_alone() {
    let (store, folder) = file().await;
    store.close().await.unwrap();
    let newest = SqlStore::newest_version();
    let newer = format!(
        "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) \
         VALUES ({}, 'from the future', TRUE, x'00', 0)",
        newest + 1
    );
    run(&path(&folder), &newer).await;
    let before = std::fs::read(path(&folder)).unwrap();

    let error = SqlStore::open(&DatabaseUrl::file(path(&folder))).await.unwrap_err();
    assert!(
        matches!(error, OpenError::Newer { found, known } if (found, known) == (newest + 1, newest)),
        "{error}"
    );
    let text = format!(
        "tables in the database have version `{}`, and this program knows no version after `{newest}`",
        newest + 1
    );
    assert_eq!(error.to_string(), text);
    assert_eq!(std::fs::read(path(&folder)).unwrap(), before);
}

#[tokio::test]
async fn an_edited_version_is_refused() {
    let (store, folder) = file().await;
    store.close().await.unwrap();
    run(&path(&folder), "UPDATE _sqlx_migrations SET checksum = x'00'").await;
    let error = SqlStore::open(&DatabaseUrl::file(path(&folder))).await.unwrap_err();
    assert!(matches!(error, OpenError::Changed { version: 1 }), "{error}");
}

#[tokio::test]
async fn unopenable_database_returns_its_cause() {
    let folder = TempDir::new().unwrap();
    std::fs::write(
        path(&folder),
        "this file is no database, and it is longer than the header of one is: 100 bytes, that is",
    )
    .unwrap();
    for (place, says) in [
        (path(&folder), "database cannot be opened"),
        (folder.path().join("missing/scopegate.db"), "does not exist"),
        (folder.path().to_owned(), "is not a regular file"),
    ] {
        let error = SqlStore::open(&DatabaseUrl::file(&place)).await.unwrap_err();
        assert!(error.to_string().contains(says), "{}: {error}", place.display());
        let checked = SqlStore::check(&DatabaseUrl::file(&place), &[]).await;
        assert_eq!(checked.err().map(|error| error.to_string()), Some(error.to_string()));
    }
}

async fn list_error(store: &SqlStore) -> StoreError {
    Users::list(store, None, u16::MAX).await.unwrap_err()
}

/// Each read of the row returns `Corrupt`, and so does a list that would have contained it.
#[tokio::test]
async fn a_corrupt_user_is_never_skipped() {
    for change in [
        "SET id = 'ü'",
        "SET id = ''",
        "SET username = 'john' || char(7)",
        "SET status = 'asleep'",
        "SET scope = 'items  me'",
        "SET scope = ' '",
        "SET scope = 'it\"ems'",
        "SET full_name = CAST(x'ff' AS TEXT)",
    ] {
        let (store, folder) = file().await;
        Users::add(&store, john()).await.unwrap();
        run(
            &path(&folder),
            &format!("PRAGMA ignore_check_constraints = ON; UPDATE users {change}"),
        )
        .await;
        let error = list_error(&store).await;
        assert_eq!(error.kind(), StoreErrorKind::Corrupt, "{change}");
        if !change.contains("username") {
            let name = john().user.username().clone();
            assert_eq!(
                Users::find(&store, &name).await.unwrap_err().kind(),
                StoreErrorKind::Corrupt,
                "{change}"
            );
            assert_eq!(
                store.find_account(&name).await.unwrap_err().kind(),
                StoreErrorKind::Corrupt,
                "{change}"
            );
        }
    }
}

#[tokio::test]
async fn a_corrupt_client_is_never_skipped() {
    for change in [
        "SET id = 'ü'",
        "SET auth_method = 'telepathy'",
        "SET resources = 'a' || char(10)",
        "SET optional_scope = ' items'",
        "SET default_scope = 'items '",
        "SET redirect_uris = 'javascript:alert(1)'",
        "SET grant_types = 'password telepathy'",
        "SET first_party = 2",
        "SET post_logout_redirect_uris = 'https://a.example  https://b.example'",
        "SET refresh_idle = -1",
        "SET refresh_age = 4294967296",
        "SET scope = 'items '",
    ] {
        let (store, folder) = file().await;
        Clients::add(&store, app()).await.unwrap();
        run(
            &path(&folder),
            &format!("PRAGMA ignore_check_constraints = ON; UPDATE clients {change}"),
        )
        .await;
        let error = Clients::list(&store, None, 9).await.unwrap_err();
        assert_eq!(error.kind(), StoreErrorKind::Corrupt, "{change}");
    }
    let (store, folder) = file().await;
    let confidential = app().with_secret(SecretDigest::from_bytes([1; 32]));
    Clients::add(&store, confidential.clone()).await.unwrap();
    let shorter = "PRAGMA ignore_check_constraints = ON; UPDATE client_secrets SET digest = x'00'";
    run(&path(&folder), shorter).await;
    let error = Clients::find(&store, confidential.id()).await.unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Corrupt);
}

fn signing_key() -> StoredKey {
    StoredKey {
        id: KeyId::parse("k1").unwrap(),
        algorithm: "ES256".to_owned(),
        epoch: 1,
        published_at: Timestamp::from_unix(1),
        used_from: Timestamp::from_unix(2),
        token_lifetime: Lifetime::from_seconds(3),
        accepts_missing_kid: false,
        sealed: b"sealed".to_vec(),
    }
}

#[tokio::test]
async fn a_corrupt_signing_key_is_never_skipped() {
    for change in [
        "SET id = 'ü'",
        "SET algorithm = CAST(x'ff' AS TEXT)",
        "SET token_lifetime = -1",
        "SET token_lifetime = 4294967296",
        "SET epoch = -1",
    ] {
        let (store, folder) = file().await;
        assert!(store.rotate(signing_key()).await.unwrap());
        run(
            &path(&folder),
            &format!("PRAGMA ignore_check_constraints = ON; UPDATE signing_keys {change}"),
        )
        .await;
        let error = SigningKeys::list(&store).await.unwrap_err();
        assert_eq!(error.kind(), StoreErrorKind::Corrupt, "{change}");
    }
}

/// Keys that are sealed again have the new bytes in the file, and the old bytes are nowhere in it.
#[tokio::test]
async fn resealed_keys_leave_no_old_bytes() {
    let (store, folder) = file().await;
    let (id, old, new) = (
        signing_key().id,
        b"the old sealed bytes".to_vec(),
        b"the new sealed bytes".to_vec(),
    );
    let key = StoredKey {
        sealed: old.clone(),
        ..signing_key()
    };
    assert!(store.rotate(key.clone()).await.unwrap());
    let list = [ResealedKey {
        id,
        old: old.clone(),
        new: new.clone(),
    }];
    assert!(store.rewrap(&list).await.unwrap());
    store.close().await.unwrap();
    let bytes = std::fs::read(path(&folder)).unwrap();
    let holds = |needle: &[u8]| bytes.windows(needle.len()).any(|window| window == needle);
    assert!(holds(&new) && !holds(&old));
    let store = SqlStore::open(&DatabaseUrl::file(path(&folder))).await.unwrap();
    assert_eq!(
        SigningKeys::list(&store).await.unwrap(),
        [StoredKey { sealed: new, ..key }]
    );
}

#[tokio::test]
async fn error_names_column_without_value() {
    let (store, folder) = file().await;
    Users::add(&store, john()).await.unwrap();
    run(&path(&folder), "UPDATE users SET scope = 'hunter2 hunter\"2'").await;
    let error = list_error(&store).await;
    assert_eq!(error.to_string(), "stored value is corrupt");
    let source = std::error::Error::source(&error).unwrap();
    assert_eq!(source.to_string(), "column `scope` holds no such value");
    assert!(!format!("{error:?} {store:?}").contains("hunter"));
}

#[tokio::test]
async fn a_damaged_file_is_corrupt() {
    let (store, folder) = file().await;
    Users::add(&store, john()).await.unwrap();
    store.close().await.unwrap();
    let sql = "SELECT rootpage FROM sqlite_schema WHERE name = 'users'";
    let page: u64 = sqlx::query_scalar(sql)
        .fetch_one(&mut stranger(&path(&folder)).await)
        .await
        .unwrap();
    let file = std::fs::File::options().write(true).open(path(&folder)).unwrap();
    file.write_all_at(&[0xA5; 4096], (page - 1) * 4096).unwrap();

    let store = SqlStore::open(&DatabaseUrl::file(path(&folder))).await.unwrap();
    assert_eq!(list_error(&store).await.kind(), StoreErrorKind::Corrupt);
    let other = Account {
        user: User::new(UserId::parse("u2").unwrap(), Username::parse("jane").unwrap()),
        password_hash: None,
    };
    assert_eq!(
        Users::add(&store, other).await.unwrap_err().kind(),
        StoreErrorKind::Corrupt
    );
}

#[tokio::test]
async fn another_writer_is_waited_for() {
    let (store, folder) = file().await;
    let store: Arc<dyn Store> = Arc::new(store);
    let mut other = stranger(&path(&folder)).await;
    let transaction = other.begin_with("BEGIN IMMEDIATE").await.unwrap();
    let adding = tokio::spawn({
        let store = store.clone();
        async move { store.users().add(john()).await }
    });
    tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    assert!(!adding.is_finished());
    assert_eq!(
        store.users().find(john().user.username()).await.unwrap(),
        None,
        "those who read do not wait"
    );
    transaction.rollback().await.unwrap();
    adding.await.unwrap().unwrap();
    assert_eq!(
        store.users().find(john().user.username()).await.unwrap(),
        Some(john().user)
    );
}

#[tokio::test]
async fn a_dropped_call_leaves_the_store_usable() {
    let (store, _folder) = file().await;
    Users::add(&store, john()).await.unwrap();
    for _ in 0..100 {
        let name = john().user.username().clone();
        let mut find = Users::find(&store, &name);
        let waker = std::task::Waker::noop();
        let _ = find.as_mut().poll(&mut std::task::Context::from_waker(waker));
        drop(find);
    }
    assert_eq!(store.find_account(john().user.username()).await.unwrap(), Some(john()));
}
