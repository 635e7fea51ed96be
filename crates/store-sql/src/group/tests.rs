use std::fs;
use std::path::PathBuf;

use scopegate_domain::{
    Account, NewsLane, NewsPosition, Revocation, Revoked, Timestamp, User, UserId, UserStatus, Username,
};
use scopegate_store::{DisableAndRevoke, News, NewsPage, NewsReader, StoreErrorKind, Users};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Executor};
use tempfile::TempDir;
use tokio::task::JoinSet;

use super::*;
use crate::{DatabaseUrl, SqlStore};

struct Fixture {
    store: Arc<SqlStore>,
    path: PathBuf,
    _folder: TempDir,
}

impl Fixture {
    async fn new() -> Self {
        let folder = TempDir::new().unwrap();
        let path = folder.path().join("scopegate.db");
        let store = Arc::new(SqlStore::open(&DatabaseUrl::file(&path)).await.unwrap());
        Self {
            store,
            path,
            _folder: folder,
        }
    }

    /// Another program changes the tables.
    async fn execute(&self, sql: &'static str) {
        let options = SqliteConnectOptions::new().filename(&self.path);
        options.connect().await.unwrap().execute(sql).await.unwrap();
    }

    /// Adds users while the writer is not free, so that they are in one group. Returns who was
    /// added, in the order of the names.
    async fn add_together(&self, names: &[&'static str]) -> Vec<Result<(), StoreErrorKind>> {
        let guard = self.store.connections.writer.lock().await;
        let mut adding = JoinSet::new();
        for (place, name) in names.iter().copied().enumerate() {
            let store = Arc::clone(&self.store);
            adding.spawn(async move {
                let added = store.add(user(name)).await;
                (place, added.map_err(|error| error.kind()))
            });
        }
        // All of them wait before the task of the writer begins: it was spawned after them.
        tokio::task::yield_now().await;
        drop(guard);
        let mut added = adding.join_all().await;
        added.sort_by_key(|(place, _)| *place);
        added.into_iter().map(|(_, added)| added).collect()
    }

    async fn names(&self) -> Vec<String> {
        let users = self.store.list(None, u16::MAX).await.unwrap();
        users.iter().map(|user| user.username().to_string()).collect()
    }

    /// The number of commits in the log: frames that contain the size of the database.
    fn commits(&self) -> usize {
        let log = fs::read(self.path.with_extension("db-wal")).unwrap();
        let size = |frame: &[u8]| u32::from_be_bytes(frame[4..8].try_into().unwrap());
        log.get(32..)
            .unwrap_or_default()
            .chunks(24 + 4096)
            .filter(|frame| size(frame) > 0)
            .count()
    }
}

fn user(name: &str) -> Account {
    Account {
        user: User::new(UserId::parse(name).unwrap(), Username::parse(name).unwrap()),
        password_hash: None,
    }
}

const TAKEN: Result<(), StoreErrorKind> = Err(StoreErrorKind::Conflict);
const FAILED: Result<(), StoreErrorKind> = Err(StoreErrorKind::Unavailable);

#[tokio::test]
async fn waiting_changes_share_a_commit() {
    let fixture = Fixture::new().await;
    let before = fixture.commits();
    let names: Vec<&'static str> = (0..MOST).map(|number| &*format!("user{number}").leak()).collect();
    assert!(fixture.add_together(&names).await.iter().all(Result::is_ok));
    assert_eq!(fixture.names().await.len(), MOST);
    // The first may be alone: it began before the others waited.
    let commits = fixture.commits() - before;
    assert!(commits <= 2, "{commits} commits of {MOST} changes");
}

#[tokio::test]
async fn lone_change_is_a_commit() {
    let fixture = Fixture::new().await;
    let before = fixture.commits();
    for number in 1..=20 {
        fixture.store.add(user(&format!("user{number}"))).await.unwrap();
        assert_eq!(fixture.commits() - before, number);
    }
}

#[tokio::test]
async fn a_failed_change_fails_its_caller_only() {
    let fixture = Fixture::new().await;
    fixture.store.add(user("ada")).await.unwrap();
    fixture
        .execute(
            "CREATE TRIGGER refuse AFTER INSERT ON users WHEN NEW.username = 'eve' \
             BEGIN SELECT RAISE(ABORT, 'no'); END",
        )
        .await;
    let before = fixture.commits();
    let added = fixture.add_together(&["bob", "ada", "cy", "eve", "bob", "dan"]).await;
    assert_eq!(added, [Ok(()), TAKEN, Ok(()), FAILED, TAKEN, Ok(())]);
    assert_eq!(fixture.names().await, ["ada", "bob", "cy", "dan"]);
    assert!(fixture.commits() - before <= 2);
}

/// The steps before the one that fails are undone, and the other changes of the group are not.
#[tokio::test]
async fn a_change_in_steps_is_made_whole_or_not() {
    let fixture = Fixture::new().await;
    fixture.add_together(&["ada", "bob"]).await;
    fixture
        .execute(
            "CREATE TRIGGER refuse BEFORE INSERT ON news WHEN NEW.subject = 'ada' \
             BEGIN SELECT RAISE(ABORT, 'no'); END",
        )
        .await;
    let disable = |name: &'static str| {
        let store = Arc::clone(&fixture.store);
        async move {
            let (id, username) = (UserId::parse(name).unwrap(), Username::parse(name).unwrap());
            let whose = Revoked::User {
                id: id.clone(),
                username,
            };
            let revocation = Revocation::until(whose, Timestamp::from_unix(1_000));
            let ending = DisableAndRevoke::DisableUser(&id);
            store.withdraw(ending, &revocation).await.map_err(|error| error.kind())
        }
    };
    let guard = fixture.store.connections.writer.lock().await;
    let [ada, bob, none] = ["ada", "bob", "none"].map(|name| tokio::spawn(disable(name)));
    tokio::task::yield_now().await;
    drop(guard);
    assert_eq!(ada.await.unwrap(), Err(StoreErrorKind::Unavailable));
    assert_eq!(bob.await.unwrap(), Ok(true));
    assert_eq!(none.await.unwrap(), Ok(false));
    let users = fixture.store.list(None, 9).await.unwrap();
    let statuses: Vec<_> = users.iter().map(User::status).collect();
    assert_eq!(statuses, [UserStatus::Active, UserStatus::Disabled]);
    // The place of the undone entry was given back.
    let mut places = Vec::new();
    let mut add = |page| {
        if let NewsPage::Entries(entries) = page {
            places.extend(entries.into_iter().map(|entry| entry.position));
        }
    };
    assert_eq!(NewsReader::new().read(&*fixture.store, &mut add).await.unwrap(), []);
    assert_eq!(places, [NewsPosition::new(NewsLane::of("bob"), 1)]);
    fixture.execute("DROP TRIGGER refuse").await;
    assert_eq!(disable("ada").await, Ok(true));
    let ada = fixture.store.heads().await.unwrap().last("ada");
    assert_eq!(ada, NewsPosition::new(NewsLane::of("ada"), 1));
}

#[tokio::test]
async fn a_failed_commit_fails_all_callers() {
    let fixture = Fixture::new().await;
    fixture
        .execute(
            "CREATE TABLE friends (id TEXT REFERENCES users (username) DEFERRABLE INITIALLY DEFERRED); \
             CREATE TRIGGER befriend AFTER INSERT ON users WHEN NEW.username = 'eve' \
             BEGIN INSERT INTO friends VALUES ('nobody'); END",
        )
        .await;
    let added = fixture.add_together(&["eve", "ada", "bob", "ada"]).await;
    assert_eq!(added, [FAILED; 4]);
    assert_eq!(fixture.names().await, [""; 0]);
    assert_eq!(fixture.add_together(&["ada", "bob"]).await, [Ok(()); 2]);
    assert_eq!(fixture.names().await, ["ada", "bob"]);
}

/// SQLite undoes the whole transaction when the disk is full.
#[tokio::test]
async fn a_full_disk_needs_no_restart() {
    let fixture = Fixture::new().await;
    let limit = async |pages: &'static str| {
        let mut guard = fixture.store.connections.writer.lock().await;
        guard.as_mut().unwrap().execute(pages).await.unwrap();
    };
    limit("PRAGMA max_page_count = 1").await;
    let mut account = user("big");
    account.user = account.user.with_full_name("x".repeat(100_000));
    let big = fixture.store.add(account.clone()).await.unwrap_err();
    assert_eq!(big.kind(), StoreErrorKind::Unavailable);
    assert_eq!(fixture.names().await, [""; 0]);
    limit("PRAGMA max_page_count = 10000").await;
    fixture.store.add(account).await.unwrap();
    assert_eq!(fixture.names().await, ["big"]);
}

#[tokio::test]
async fn a_change_that_waits_too_long_is_not_made() {
    let fixture = Fixture::new().await;
    let guard = fixture.store.connections.writer.lock().await;
    let add = |name: &'static str| {
        let store = Arc::clone(&fixture.store);
        tokio::spawn(async move { store.add(user(name)).await.map_err(|error| error.kind()) })
    };
    let first = add("ada");
    tokio::time::sleep(Duration::from_millis(100)).await;
    // The first is in a group, which waits for the connection. The second waits in the queue.
    let second = add("bob");
    assert_eq!(first.await.unwrap(), FAILED);
    drop(guard);
    // Its turn has come in time.
    assert_eq!(second.await.unwrap(), Ok(()));
    assert_eq!(fixture.names().await, ["bob"]);
}

#[tokio::test]
async fn a_dropped_caller_stops_no_other() {
    let fixture = Fixture::new().await;
    for number in 0..40 {
        let store = Arc::clone(&fixture.store);
        let going = tokio::spawn(async move { store.add(user(&format!("going{number}"))).await });
        let store = Arc::clone(&fixture.store);
        let staying = tokio::spawn(async move { store.add(user(&format!("staying{number}"))).await });
        for _ in 0..number % 4 {
            tokio::task::yield_now().await;
        }
        going.abort();
        staying.await.unwrap().unwrap();
    }
    let staying = fixture.names().await.into_iter().filter(|name| name.starts_with('s'));
    assert_eq!(staying.count(), 40);
}

/// The runtime of a change ends while the change runs. Another runtime uses the store on.
#[test]
fn a_runtime_that_ends_leaves_no_transaction() {
    let runtime = || {
        let mut builder = tokio::runtime::Builder::new_multi_thread();
        builder.worker_threads(2).enable_all().build().unwrap()
    };
    let staying = runtime();
    let fixture = staying.block_on(Fixture::new());
    for number in 0..30 {
        let going = runtime();
        for place in 0..20 {
            let store = Arc::clone(&fixture.store);
            going.spawn(async move { store.add(user(&format!("going{number}-{place}"))).await });
        }
        std::thread::sleep(Duration::from_micros(150 * number));
        going.shutdown_background();
        staying.block_on(async {
            let name = format!("staying{number}");
            // The task of the other runtime may have taken the change, and so it may be made.
            if fixture.store.add(user(&name)).await.is_err() {
                let again = fixture.store.add(user(&name)).await;
                assert!(again.is_ok() || fixture.names().await.contains(&name), "{again:?}");
            }
        });
    }
    let names = staying.block_on(fixture.names());
    assert_eq!(names.iter().filter(|name| name.starts_with('s')).count(), 30);
}
