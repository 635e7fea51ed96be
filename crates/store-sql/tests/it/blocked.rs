//! Calls while another program locks the files.

#![expect(clippy::unwrap_used, reason = "a test may fail")]

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use nix::fcntl::{FcntlArg, fcntl};
use nix::libc::{F_UNLCK, F_WRLCK, SEEK_SET, flock};
use scopegate_domain::{Account, User, UserId, Username};
use scopegate_store::{News, Store, StoreError, StoreErrorKind, Users};
use scopegate_store_sql::{DatabaseUrl, SqlStore};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Executor};
use tempfile::TempDir;
use tokio::time::timeout;

/// Longer than any call may take. The limit of a read is 5 s, that of a change 6 s.
const LONG: Duration = Duration::from_secs(9);

/// The locks of readers, writers and checkpoints in the index of a log.
struct Block(File);

impl Block {
    async fn new(database: &Path) -> Self {
        let index = PathBuf::from(format!("{}-shm", database.display()));
        let index = File::options().read(true).write(true).open(index).unwrap();
        // A connection may hold a lock for a moment.
        while fcntl(&index, FcntlArg::F_OFD_SETLK(&bytes(F_WRLCK))).is_err() {
            tokio::task::yield_now().await;
        }
        Self(index)
    }

    fn end(self) {
        fcntl(&self.0, FcntlArg::F_OFD_SETLK(&bytes(F_UNLCK))).unwrap();
    }
}

/// The lock of an open file, so that it excludes this process, too.
fn bytes(kind: i32) -> flock {
    flock {
        l_type: kind.try_into().unwrap(),
        l_whence: SEEK_SET.try_into().unwrap(),
        l_start: 120,
        l_len: 8,
        l_pid: 0,
    }
}

fn user(name: &str) -> Account {
    let user = User::new(UserId::parse(name).unwrap(), Username::parse(name).unwrap());
    Account {
        user,
        password_hash: None,
    }
}

async fn fixture() -> (Arc<SqlStore>, TempDir, PathBuf) {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("scopegate.db");
    let store = SqlStore::open(&DatabaseUrl::file(&path)).await.unwrap();
    store.add(user("ada")).await.unwrap();
    (Arc::new(store), folder, path)
}

fn assert_unavailable<T: std::fmt::Debug>(answer: Result<T, StoreError>) {
    assert_eq!(answer.unwrap_err().kind(), StoreErrorKind::Unavailable);
}

/// Reads by each connection, often at once.
async fn read_all(store: &Arc<SqlStore>) -> Vec<Result<(), StoreError>> {
    let mut reading = tokio::task::JoinSet::new();
    for number in 0..60 {
        let store = Arc::clone(store);
        reading.spawn(async move {
            let ada = user("ada").user;
            match number % 4 {
                0 => store.find(ada.username()).await.map(drop),
                1 => store.find_by_id(ada.id()).await.map(drop),
                2 => store.heads().await.map(drop),
                _ => store.ping().await,
            }
        });
    }
    timeout(LONG, reading.join_all()).await.unwrap()
}

#[tokio::test]
async fn blocked_reads_fail_in_time_and_recover() {
    let (store, _folder, path) = fixture().await;
    let block = Block::new(&path).await;
    for _ in 0..2 {
        for answer in read_all(&store).await {
            assert_unavailable(answer);
        }
    }
    block.end();
    // The statement that hangs tries again within a second, and the next ones follow.
    let ada = user("ada").user;
    while store.find(ada.username()).await.is_err() || store.heads().await.is_err() {
        tokio::task::yield_now().await;
    }
    for answer in read_all(&store).await {
        answer.unwrap();
    }
    assert_eq!(store.find_by_id(ada.id()).await.unwrap(), Some(ada));
    timeout(LONG, store.close()).await.unwrap().unwrap();
}

#[tokio::test]
async fn blocked_changes_fail_in_time_and_are_not_made() {
    let (store, _folder, path) = fixture().await;
    let block = Block::new(&path).await;
    let add = |name: &'static str| {
        let store = Arc::clone(&store);
        tokio::spawn(async move { timeout(LONG, store.add(user(name))).await.unwrap() })
    };
    let first = add("bob");
    // The second one waits behind the first.
    tokio::task::yield_now().await;
    for answer in [first.await, add("eve").await] {
        assert_unavailable(answer.unwrap());
    }
    block.end();
    while store.add(user("zoe")).await.is_err() {
        tokio::task::yield_now().await;
    }
    let names = store.list(None, 9).await.unwrap();
    let names: Vec<_> = names.iter().map(|user| user.username().as_str()).collect();
    assert_eq!(names, ["ada", "zoe"]);
    // No transaction is left open.
    let mut other = SqliteConnectOptions::new().filename(&path).connect().await.unwrap();
    other.execute("BEGIN IMMEDIATE; ROLLBACK").await.unwrap();
}
