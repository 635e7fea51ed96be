//! A database in trouble, and after it.

#![expect(clippy::unwrap_used, reason = "a failed test says so by a panic")]

use std::error::Error as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use scopegate_domain::{Account, PasswordHash, Revocation, Revoked, Timestamp, User, UserId, Username};
use scopegate_store::{DisableAndRevoke, News, Store, StoreError, StoreErrorKind, Users};
use scopegate_store_sql::{DatabaseUrl, OpenError, OpenMode, SqlStore};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Executor};
use tempfile::TempDir;

use crate::upgrade::version_8;

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

/// Waits until readers check the files, which they do once a second.
async fn until_readers_look() {
    tokio::time::sleep(Duration::from_millis(1_050)).await;
}

/// The log alone, the index of the log alone, the database alone: without any of them a change is
/// not kept.
#[tokio::test]
async fn removed_database_file_makes_store_unavailable() {
    for end in ["", "-wal", "-shm"] {
        let (store, folder, path) = file().await;
        store.add(user("ada")).await.unwrap();
        let (at_home, away) = (side(&path, end), folder.path().join("away"));
        fs::rename(&at_home, &away).unwrap();
        assert_unavailable(store.check_writable().await);
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
async fn replaced_database_file_is_unused_and_unchanged() {
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
async fn stuck_writer_does_not_block_callers() {
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
    let begin = tokio::time::Instant::now();
    let (a, b, c, d) = writes.await;
    let causes = [a, b, c, d].map(|result| result.unwrap_err().source().unwrap().to_string());
    // Five seconds for the lock. Those that wait meanwhile share it, or wait for it once more.
    assert!(causes.iter().all(|cause| cause.contains("locked")), "{causes:?}");
    assert!(begin.elapsed() < Duration::from_secs(11), "{:?}", begin.elapsed());
    transaction.rollback().await.unwrap();
    store.add(user("e")).await.unwrap();
}

/// The revocation cannot be kept: then no user or client is disabled or removed either.
#[tokio::test]
async fn user_is_disabled_only_with_revocation() {
    let (store, _folder, path) = file().await;
    store.add(user("ada")).await.unwrap();
    let mut stranger = SqliteConnectOptions::new().filename(&path).connect().await.unwrap();
    let refuse = "CREATE TRIGGER refuse BEFORE INSERT ON news BEGIN SELECT RAISE(ABORT, 'no'); END";
    stranger.execute(refuse).await.unwrap();
    let (ada, whose) = (user("ada").user, UserId::parse("ada").unwrap());
    let revoked = Revoked::User {
        id: whose.clone(),
        username: ada.username().clone(),
    };
    let revocation = Revocation::until(revoked, Timestamp::from_unix(1_000));
    let (scope, hash) = ("other".parse().unwrap(), PasswordHash::from_stored("new"));
    let all = [
        DisableAndRevoke::SetPasswordHash(&whose, Some(&hash)),
        DisableAndRevoke::SetUserScope(&whose, &scope),
        DisableAndRevoke::DisableUser(&whose),
        DisableAndRevoke::RemoveUser(&whose),
    ];
    let before = store.find_account(ada.username()).await.unwrap();
    for withdrawal in all {
        assert_unavailable(store.withdraw(withdrawal, &revocation).await);
        assert_eq!(store.find_account(ada.username()).await.unwrap(), before);
    }
    stranger.execute("DROP TRIGGER refuse").await.unwrap();
    for withdrawal in all {
        assert!(store.withdraw(withdrawal, &revocation).await.unwrap());
    }
    assert_eq!(store.find(ada.username()).await.unwrap(), None);
}

fn names(folder: &TempDir) -> Vec<String> {
    let entries = folder.path().read_dir().unwrap();
    let mut names: Vec<_> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

/// Opens in every mode; none of them may succeed or change a file.
async fn refuses(path: &Path, folder: &TempDir, expected: &str) {
    let key_files = [side(path, ".kek")];
    let before = contents(folder);
    for mode in [
        OpenMode::Create { key_files: &key_files },
        OpenMode::Existing,
        OpenMode::ReadOnly,
    ] {
        let error = SqlStore::open_with(&DatabaseUrl::file(path), mode).await.unwrap_err();
        assert!(error.to_string().contains(expected), "{mode:?}: {error}");
        assert_eq!(contents(folder), before, "{mode:?}");
    }
}

fn contents(folder: &TempDir) -> Vec<(String, Vec<u8>)> {
    let read = |name: String| {
        let bytes = fs::read(folder.path().join(&name)).unwrap();
        (name, bytes)
    };
    names(folder).into_iter().map(read).collect()
}

#[tokio::test]
async fn a_database_is_created_only_if_nothing_is_left() {
    for end in ["-wal", "-shm", "-journal"] {
        let folder = TempDir::new().unwrap();
        let path = folder.path().join("scopegate.db");
        fs::write(side(&path, end), "left").unwrap();
        refuses(
            &path,
            &folder,
            &format!("scopegate.db{end}` of the same database exists"),
        )
        .await;
    }
    for end in ["-wal", "-shm"] {
        let folder = TempDir::new().unwrap();
        let path = folder.path().join("scopegate.db");
        fs::write(&path, "").unwrap();
        fs::write(side(&path, end), "left").unwrap();
        refuses(
            &path,
            &folder,
            &format!("scopegate.db{end}` of the same database exists"),
        )
        .await;
    }
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("scopegate.db");
    fs::write(side(&path, ".kek"), "left").unwrap();
    let mode = OpenMode::Create {
        key_files: &[side(&path, ".kek")],
    };
    let error = SqlStore::open_with(&DatabaseUrl::file(&path), mode).await.unwrap_err();
    assert!(matches!(error, OpenError::LeftOver { .. }), "{error}");
    assert_eq!(names(&folder), ["scopegate.db.kek"]);
}

#[tokio::test]
async fn a_new_database_is_complete_or_absent() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("scopegate.db");
    let url = DatabaseUrl::file(&path);
    let seen = std::thread::scope(|scope| {
        let opening = scope.spawn(|| {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .unwrap();
            runtime.block_on(async {
                let (one, two, three) = tokio::join!(SqlStore::open(&url), SqlStore::open(&url), SqlStore::open(&url));
                let stores = [one.unwrap(), two.unwrap(), three.unwrap()];
                let made = stores.iter().filter(|store| !store.migrated().is_empty()).count();
                for store in stores {
                    store.close().await.unwrap();
                }
                made
            })
        });
        // The file has its tables as soon as it is there.
        let mut sizes = Vec::new();
        while !opening.is_finished() {
            sizes.extend(fs::metadata(&path).map(|file| file.len()));
        }
        assert_eq!(opening.join().unwrap(), 1, "one of them makes the database");
        sizes
    });
    assert!(
        !seen.is_empty() && seen.iter().all(|size| *size > 4096),
        "{:?}",
        seen.first()
    );
    assert_eq!(names(&folder), ["scopegate.db"]);
}

#[tokio::test]
async fn only_one_mode_creates_a_database() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("scopegate.db");
    for mode in [OpenMode::Existing, OpenMode::ReadOnly] {
        let error = SqlStore::open_with(&DatabaseUrl::file(&path), mode).await.unwrap_err();
        assert!(matches!(error, OpenError::Missing { .. }), "{error}");
    }
    assert_eq!(names(&folder), [""; 0]);
    fs::write(&path, "").unwrap();
    for mode in [OpenMode::Existing, OpenMode::ReadOnly] {
        let error = SqlStore::open_with(&DatabaseUrl::file(&path), mode).await.unwrap_err();
        assert!(matches!(error, OpenError::Empty { .. }), "{error}");
    }
    // An interrupted creation leaves an empty file, and perhaps its journal.
    fs::write(side(&path, "-journal"), "").unwrap();
    let store = SqlStore::open(&DatabaseUrl::file(&path)).await.unwrap();
    assert!(store.migrated().iter().copied().eq(1..=SqlStore::newest_version()));
}

#[cfg(unix)]
#[tokio::test]
async fn a_link_hides_no_log() {
    let (store, folder, path) = file().await;
    store.add(user("ada")).await.unwrap();
    std::mem::forget(store);
    let link = folder.path().join("link.db");
    std::os::unix::fs::symlink(&path, &link).unwrap();
    fs::rename(&path, folder.path().join("away")).unwrap();
    let error = SqlStore::open(&DatabaseUrl::file(&link)).await.unwrap_err();
    assert!(error.to_string().contains("scopegate.db-wal` of the same"), "{error}");
    for end in ["-wal", "-shm"] {
        fs::remove_file(side(&path, end)).unwrap();
    }
    let error = SqlStore::open(&DatabaseUrl::file(&link)).await.unwrap_err();
    assert!(matches!(error, OpenError::Missing { .. }), "{error}");
}

/// The index names a position in the log that is missing.
#[tokio::test]
async fn a_missing_log_is_not_replaced() {
    let (store, folder, path) = file().await;
    store.add(user("ada")).await.unwrap();
    let away = folder.path().join("away");
    fs::rename(side(&path, "-wal"), &away).unwrap();
    refuses(&path, &folder, "scopegate.db-wal` of the database is missing").await;
    fs::rename(&away, side(&path, "-wal")).unwrap();
    for mode in [OpenMode::ReadOnly, OpenMode::Existing] {
        let other = SqlStore::open_with(&DatabaseUrl::file(&path), mode).await.unwrap();
        assert_eq!(other.list(None, 9).await.unwrap().len(), 1, "{mode:?}");
    }
}

#[tokio::test]
async fn a_database_of_another_program_is_left_alone() {
    let folder = TempDir::new().unwrap();
    for (name, sql) in [
        ("a", "CREATE TABLE moz_places (id INTEGER PRIMARY KEY)"),
        ("b", "CREATE TABLE users (id TEXT); CREATE TABLE clients (id TEXT)"),
        (
            "c",
            "CREATE TABLE _sqlx_migrations (version BIGINT PRIMARY KEY, description TEXT, checksum BLOB); \
             INSERT INTO _sqlx_migrations VALUES (1, 'create shop', x'00'); CREATE TABLE users (id TEXT); \
             CREATE TABLE clients (id TEXT)",
        ),
    ] {
        let path = folder.path().join(name);
        let mut other = SqliteConnectOptions::new()
            .filename(&path)
            .create_if_missing(true)
            .connect()
            .await
            .unwrap();
        other.execute(sqlx::AssertSqlSafe(sql)).await.unwrap();
        sqlx::Connection::close(other).await.unwrap();
        refuses(&path, &folder, "is a SQLite database of another program").await;
    }
}

/// SQLite would copy the log into the database, which then is the other one.
#[tokio::test]
async fn a_log_of_another_program_is_not_applied() {
    let (store, folder, path) = file().await;
    store.add(user("ada")).await.unwrap();
    store.close().await.unwrap();
    let other = TempDir::new().unwrap();
    let foreign = SqliteConnectOptions::new()
        .filename(other.path().join("shop.db"))
        .create_if_missing(true)
        .journal_mode(sqlx::sqlite::SqliteJournalMode::Wal);
    let mut foreign = foreign.connect().await.unwrap();
    foreign.execute("CREATE TABLE shop (id INTEGER)").await.unwrap();
    fs::copy(other.path().join("shop.db-wal"), side(&path, "-wal")).unwrap();
    let files = || [path.clone(), side(&path, "-wal")].map(|file| fs::read(file).unwrap());
    let before = files();
    for mode in [
        OpenMode::Create { key_files: &[] },
        OpenMode::Existing,
        OpenMode::ReadOnly,
        OpenMode::Copy,
    ] {
        let error = SqlStore::open_with(&DatabaseUrl::file(&path), mode).await.unwrap_err();
        assert!(matches!(error, OpenError::Foreign { .. }), "{mode:?}: {error}");
        assert!(files() == before, "{mode:?}");
    }
    for end in ["-wal", "-shm"] {
        let _ = fs::remove_file(side(&path, end));
    }
    let store = SqlStore::open(&DatabaseUrl::file(&path)).await.unwrap();
    assert_eq!(store.list(None, 9).await.unwrap().len(), 1);
    drop(folder);
}

/// No log is left next to it, which would prevent a backup.
#[tokio::test]
async fn a_damaged_database_stays_as_it_is() {
    let (store, folder, path) = file().await;
    store.add(user("ada")).await.unwrap();
    store.close().await.unwrap();
    let whole = fs::read(&path).unwrap();
    let half = whole.len() / 8_192 * 4_096;
    for length in [16, 100, 512, 4_096, half, whole.len() - 4_096, whole.len() - 100] {
        fs::write(&path, &whole[..length]).unwrap();
        let is_found_first = length >= 100 && length % 4_096 != 0;
        let expected = if is_found_first {
            "is truncated"
        } else {
            "database cannot be opened"
        };
        refuses(&path, &folder, expected).await;
    }
    fs::write(&path, &whole).unwrap();
    assert!(SqlStore::open(&DatabaseUrl::file(&path)).await.is_ok());
}

#[tokio::test]
async fn no_database_gets_the_name_of_a_side_file() {
    let (store, folder, path) = file().await;
    store.close().await.unwrap();
    let create = OpenMode::Create { key_files: &[] };
    for end in ["-wal", "-shm", "-journal"] {
        for is_empty in [false, true] {
            let name = side(&path, end);
            if is_empty {
                fs::write(&name, "").unwrap();
            }
            let before = contents(&folder);
            let url = DatabaseUrl::file(&name);
            let error = SqlStore::open_with(&url, create).await.unwrap_err();
            assert!(matches!(error, OpenError::SideFile { .. }), "{end}: {error}");
            let error = SqlStore::check(&url, &[]).await.unwrap_err();
            assert!(matches!(error, OpenError::SideFile { .. }), "{end}: {error}");
            assert_eq!(contents(&folder), before, "{end}");
            let _ = fs::remove_file(&name);
        }
        assert!(SqlStore::expect_unused(&side(&path, end)).is_err(), "{end}");
    }
    assert!(SqlStore::expect_no_side_file(&side(&path, ".kek"), &[".kek"]).is_err());
    for good in [
        path.with_file_name("other-wal"),
        path.with_file_name("-wal"),
        side(&path, ".kek"),
    ] {
        assert!(SqlStore::expect_unused(&good).is_ok(), "{}", good.display());
    }
}

#[tokio::test]
async fn reading_changes_no_file() {
    let (store, folder, path) = file().await;
    store.add(user("ada")).await.unwrap();
    store.close().await.unwrap();
    let read_only = async || {
        SqlStore::open_with(&DatabaseUrl::file(&path), OpenMode::ReadOnly)
            .await
            .unwrap()
    };
    let before = contents(&folder);
    let reader = read_only().await;
    assert_eq!(reader.list(None, 9).await.unwrap().len(), 1);
    assert_unavailable(reader.add(user("bob")).await);
    reader.close().await.unwrap();
    assert_eq!(contents(&folder), before);

    // With another process that writes, its latest changes are read.
    let store = SqlStore::open(&DatabaseUrl::file(&path)).await.unwrap();
    store.add(user("bob")).await.unwrap();
    let reader = read_only().await;
    assert_eq!(reader.list(None, 9).await.unwrap().len(), 2);
    store.add(user("cleo")).await.unwrap();
    assert_eq!(reader.list(None, 9).await.unwrap().len(), 3);
    reader.close().await.unwrap();
    store.close().await.unwrap();

    // Without locks, a change by another process is detected.
    let reader = read_only().await;
    let store = SqlStore::open(&DatabaseUrl::file(&path)).await.unwrap();
    store.add(user("dan")).await.unwrap();
    store.close().await.unwrap();
    let changed = reader.close().await.unwrap_err();
    assert_eq!(changed.kind(), StoreErrorKind::Unavailable);
}

#[tokio::test]
async fn an_older_database_is_migrated_on_request_only() {
    let (folder, path) = version_8("").await;
    let mut other = SqliteConnectOptions::new().filename(&path).connect().await.unwrap();
    let triggers = "SELECT 'DROP TRIGGER ' || name FROM sqlite_schema WHERE type = 'trigger'";
    let triggers: Vec<String> = sqlx::query_scalar(triggers).fetch_all(&mut other).await.unwrap();
    let older = "DELETE FROM _sqlx_migrations WHERE version > 4; DROP TABLE changes; DROP TABLE news; \
                 DROP TABLE news_head; CREATE TABLE token_lifetimes (lifetime INTEGER NOT NULL PRIMARY KEY) STRICT";
    for sql in triggers.into_iter().chain([older.to_owned()]) {
        other.execute(sqlx::AssertSqlSafe(sql)).await.unwrap();
    }
    sqlx::Connection::close(other).await.unwrap();
    let before = contents(&folder);
    let (url, newest) = (DatabaseUrl::file(&path), SqlStore::newest_version());
    let error = SqlStore::open_with(&url, OpenMode::ReadOnly).await.unwrap_err();
    assert!(
        matches!(error, OpenError::Older { found: 4, known } if known == newest),
        "{error}"
    );
    assert_eq!(contents(&folder), before);
    let error = SqlStore::open_with(&url, OpenMode::Existing).await.unwrap_err();
    assert!(
        matches!(error, OpenError::Older { found: 4, known } if known == newest),
        "{error}"
    );
    let store = SqlStore::open_with(&url, OpenMode::Create { key_files: &[] })
        .await
        .unwrap();
    assert!(store.migrated().iter().copied().eq(5..=newest));
}
