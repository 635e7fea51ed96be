//! The files of an open database are replaced: by a copy, by an older copy, by another database.

#![expect(clippy::unwrap_used, reason = "a failed test says so by a panic")]
#![expect(clippy::disallowed_methods, reason = "recovery is waited for")]

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use scopegate_domain::{Account, User, UserId, Username};
use scopegate_store::{Store, StoreErrorKind, Users};
use scopegate_store_sql::{DatabaseUrl, OpenMode, SqlStore};
use tempfile::TempDir;

const ENDS: [&str; 3] = ["", "-wal", "-shm"];

fn user(name: &str) -> Account {
    Account {
        user: User::new(UserId::parse(name).unwrap(), Username::parse(name).unwrap()),
        password_hash: None,
    }
}

fn side(path: &Path, end: &str) -> PathBuf {
    PathBuf::from(format!("{}{end}", path.display()))
}

/// A database with the user `ada` in its own folder.
struct TestDatabase {
    _outer: TempDir,
    folder: PathBuf,
    path: PathBuf,
    store: SqlStore,
}

impl TestDatabase {
    async fn new() -> Self {
        let outer = TempDir::new().unwrap();
        let folder = outer.path().join("data");
        fs::create_dir(&folder).unwrap();
        let path = folder.join("scopegate.db");
        let store = SqlStore::open(&DatabaseUrl::file(&path)).await.unwrap();
        store.add(user("ada")).await.unwrap();
        Self {
            _outer: outer,
            folder,
            path,
            store,
        }
    }

    fn file(&self, end: &str) -> PathBuf {
        side(&self.path, end)
    }

    /// Copies these files to another name.
    fn copy(&self, ends: &[&str], to: &Path) {
        for end in ends {
            fs::copy(self.file(end), side(to, end)).unwrap();
        }
    }

    /// Writes a copy without a log, as `scopegate backup` does.
    async fn back_up(&self, to: &Path) {
        let url = DatabaseUrl::file(&self.path);
        let reader = SqlStore::open_with(&url, OpenMode::Copy).await.unwrap();
        reader.copy_to(to).await.unwrap();
        reader.close().await.unwrap();
    }

    /// Replaces these files by others.
    fn replace(&self, ends: &[&str], from: &Path) {
        for end in ends {
            fs::rename(side(from, end), self.file(end)).unwrap();
        }
    }

    fn take_away(&self) {
        for end in ENDS {
            let _ = fs::remove_file(self.file(end));
        }
    }

    /// Waits until the store answers, writes, and opens the database as the next start does.
    async fn recovers(self, expected: &[&str]) {
        let begin = Instant::now();
        while let Err(error) = self.store.ping().await {
            assert!(begin.elapsed() < Duration::from_secs(20), "{error:?}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        self.store.add(user("zoe")).await.unwrap();
        let expected = [expected, &["zoe"]].concat();
        assert_eq!(names(&self.store).await, expected);
        self.store.close().await.unwrap();
        let next = SqlStore::open(&DatabaseUrl::file(&self.path)).await.unwrap();
        assert_eq!(names(&next).await, expected);
    }

    /// Tries for longer than several attempts take: nothing is answered, and no file changes.
    async fn stays_unavailable(&self) {
        let before = self.contents();
        tokio::time::sleep(Duration::from_millis(1_050)).await;
        for _ in 0..6 {
            let asked = self.store.find(user("ada").user.username()).await.unwrap_err();
            assert_eq!(asked.kind(), StoreErrorKind::Unavailable);
            let changed = self.store.add(user("eve")).await.unwrap_err();
            assert_eq!(changed.kind(), StoreErrorKind::Unavailable);
            tokio::time::sleep(Duration::from_millis(300)).await;
        }
        assert!(self.contents() == before, "a file was changed");
    }

    fn contents(&self) -> Vec<(PathBuf, Option<Vec<u8>>)> {
        let files = ["", "-wal"].map(|end| self.file(end));
        files.map(|file| (file.clone(), fs::read(file).ok())).into()
    }
}

async fn names(store: &SqlStore) -> Vec<String> {
    let users = store.list(None, 99).await.unwrap();
    users.iter().map(|user| user.username().to_string()).collect()
}

#[tokio::test]
async fn a_copy_of_a_file_is_used_without_a_restart() {
    for ends in [&[""][..], &["-wal"], &["-shm"], &["", "-wal"], &ENDS] {
        let place = TestDatabase::new().await;
        let copy = place.folder.join("copy");
        place.copy(ends, &copy);
        place.replace(ends, &copy);
        place.recovers(&["ada"]).await;
    }
}

#[tokio::test]
async fn a_folder_that_is_renamed_and_back_is_used_on() {
    let place = TestDatabase::new().await;
    let away = place.folder.with_file_name("away");
    fs::rename(&place.folder, &away).unwrap();
    place.stays_unavailable().await;
    fs::rename(&away, &place.folder).unwrap();
    place.recovers(&["ada"]).await;
}

#[tokio::test]
async fn a_folder_that_is_replaced_by_its_copy_is_used() {
    let place = TestDatabase::new().await;
    let copied = place.folder.with_file_name("copied");
    fs::create_dir(&copied).unwrap();
    place.copy(&ENDS, &copied.join("scopegate.db"));
    fs::remove_dir_all(&place.folder).unwrap();
    place.stays_unavailable().await;
    fs::rename(&copied, &place.folder).unwrap();
    place.recovers(&["ada"]).await;
}

/// Another process opens the copy, changes it, and merges the log into the file.
#[tokio::test]
async fn a_copy_that_was_changed_by_another_process_is_used() {
    let place = TestDatabase::new().await;
    let copy = place.folder.join("copy");
    place.copy(&["", "-wal"], &copy);
    place.take_away();
    place.replace(&["", "-wal"], &copy);
    let other = SqlStore::open(&DatabaseUrl::file(&place.path)).await.unwrap();
    other.add(user("bob")).await.unwrap();
    other.close().await.unwrap();
    assert!(!place.file("-wal").exists());
    place.recovers(&["ada", "bob"]).await;
}

/// The copy lacks a change that was answered.
#[tokio::test]
async fn an_older_copy_is_not_used_until_the_newer_one_is_back() {
    let place = TestDatabase::new().await;
    let copy = place.folder.join("copy");
    place.back_up(&copy).await;
    place.store.add(user("bob")).await.unwrap();
    let newer = place.folder.join("newer");
    place.back_up(&newer).await;
    place.take_away();
    place.replace(&[""], &copy);
    place.stays_unavailable().await;
    place.replace(&[""], &newer);
    place.recovers(&["ada", "bob"]).await;
}

#[tokio::test]
async fn an_older_copy_is_not_used_even_after_more_changes() {
    let place = TestDatabase::new().await;
    let copy = place.folder.join("copy");
    place.back_up(&copy).await;
    place.store.add(user("bob")).await.unwrap();
    place.take_away();
    place.replace(&[""], &copy);
    let other = SqlStore::open(&DatabaseUrl::file(&place.path)).await.unwrap();
    for name in ["c", "d", "e"] {
        other.add(user(name)).await.unwrap();
    }
    other.close().await.unwrap();
    place.stays_unavailable().await;
}

/// The log continues a newer state of the main file.
#[tokio::test]
async fn an_older_main_file_is_not_used_with_the_log() {
    let place = TestDatabase::new().await;
    let copy = place.folder.join("copy");
    place.copy(&[""], &copy);
    // SQLite writes the log to the main file after a thousand pages.
    for number in 0..600 {
        place.store.add(user(&format!("user{number:03}"))).await.unwrap();
    }
    assert_ne!(fs::read(&copy).unwrap(), fs::read(&place.path).unwrap());
    place.replace(&[""], &copy);
    place.stays_unavailable().await;
}

#[tokio::test]
async fn another_database_is_not_used() {
    let place = TestDatabase::new().await;
    let other = place.folder.join("other");
    let another = SqlStore::open(&DatabaseUrl::file(&other)).await.unwrap();
    another.add(user("ada")).await.unwrap();
    another.close().await.unwrap();
    for ends in [&ENDS[..], &[""]] {
        fs::copy(&other, place.folder.join("in")).unwrap();
        for end in ends {
            let _ = fs::remove_file(place.file(end));
        }
        place.replace(&[""], &place.folder.join("in"));
        place.stays_unavailable().await;
    }
    for text in ["", "no database at all, and never was one"] {
        fs::write(&place.path, text).unwrap();
        place.stays_unavailable().await;
    }
}

#[tokio::test]
async fn a_damaged_copy_is_not_used() {
    let place = TestDatabase::new().await;
    for number in 0..100 {
        place.store.add(user(&format!("user{number:03}"))).await.unwrap();
    }
    let copy = place.folder.join("copy");
    place.back_up(&copy).await;
    let mut bytes = fs::read(&copy).unwrap();
    let at = bytes.windows(7).position(|text| text == b"user050").unwrap();
    bytes.get_mut(at..at + 7).unwrap().copy_from_slice(b"user999");
    place.take_away();
    fs::write(&place.path, bytes).unwrap();
    place.stays_unavailable().await;
}
