//! Databases of earlier versions are upgraded, and keep what they contain.

#![expect(clippy::unwrap_used, reason = "a failed test says so by a panic")]

use std::path::PathBuf;

use scopegate_domain::{
    AuditEntry, AuditEvent, AuditId, ClientId, NewsLane, NewsPosition, PasswordHash, UserId, Username,
};
use scopegate_store::{Audit, AuditQuery, Clients, News, NewsItem, SigningKeys, Users};
use scopegate_store_sql::{DatabaseUrl, OpenError, OpenMode, RenamedUsers, SqlStore};
use tempfile::TempDir;

use crate::sqlite::{path, run};

/// A database file that version 8 of the tables made, as SQL text. `sqlite3 FILE .dump` wrote it.
const VERSION_8: &str = include_str!("upgrade/version_8.sql");

async fn version_8(more: &str) -> (TempDir, PathBuf) {
    let folder = TempDir::new().unwrap();
    let path = path(&folder);
    std::fs::write(&path, "").unwrap();
    run(&path, &format!("{VERSION_8}{more}")).await;
    (folder, path)
}

/// Such a database after its upgrade.
async fn upgraded() -> (TempDir, PathBuf, DatabaseUrl) {
    let (folder, path) = version_8("").await;
    let url = DatabaseUrl::file(&path);
    let store = SqlStore::open_with(&url, create()).await.unwrap();
    store.close().await.unwrap();
    (folder, path, url)
}

fn create() -> OpenMode<'static> {
    OpenMode::Create { key_files: &[] }
}

fn name(text: &str) -> Username {
    Username::from_stored(text).unwrap()
}

fn entry_of(id: UserId) -> AuditEntry {
    AuditEntry::new(AuditId::new(1_000_000, [7; 8]), AuditEvent::UserChanged).of_user(id)
}

const SECOND_ADA: &str = "INSERT INTO users (id, username, status, scope) VALUES ('9f00aa11', 'ADA', 'active', 'me');";

#[tokio::test]
async fn database_of_the_release_before_is_upgraded() {
    let (_folder, path) = version_8("").await;
    let url = DatabaseUrl::file(&path);
    for mode in [OpenMode::Existing, OpenMode::ReadOnly] {
        let refused = SqlStore::open_with(&url, mode).await.unwrap_err();
        assert!(matches!(refused, OpenError::Older { found: 8, .. }), "{refused}");
    }
    let plan = SqlStore::plan(&url, &[]).await.unwrap();
    assert_eq!(plan.steps.first(), Some(&(9, "client settings")));
    assert_eq!((plan.rows.users, plan.users_without_canonical_name), (3, 3));

    let store = SqlStore::open_with(&url, create()).await.unwrap();
    assert_eq!(store.migrated(), [9, 10, 11, 12, 13, 14]);
    let ada = store.find_account(&name("ADA")).await.unwrap().unwrap();
    assert_eq!(ada.user.username().as_str(), "ada");
    assert_eq!(ada.password_hash, Some(PasswordHash::from_stored("$2b$12$ada")));
    let strasse = store.find_account(&name("STRASSE")).await.unwrap().unwrap();
    assert_eq!(strasse.user.username().as_str(), "Straße");
    assert!(store.find_account(&name("john doe")).await.unwrap().is_some());
    assert!(
        Clients::find(&store, &ClientId::parse("app").unwrap())
            .await
            .unwrap()
            .is_some()
    );
    assert_eq!(SigningKeys::list(&store).await.unwrap().len(), 1);
    let begin = NewsPosition::new(NewsLane::of("app"), 0);
    let news = store.news_after(begin, 9).await.unwrap();
    assert!(matches!(news[0].item, NewsItem::Revoked(_)), "{news:?}");
    store.close().await.unwrap();
    let plan = SqlStore::plan(&url, &[]).await.unwrap();
    assert_eq!((plan.steps.len(), plan.users_without_canonical_name), (0, 0));
}

/// An earlier build of this program made the index of version 11 with the rows that have no name.
const EARLIER_BUILD: &str = "DROP INDEX users_by_canonical_name; \
     CREATE UNIQUE INDEX users_by_canonical_name ON users (canonical_name); \
     UPDATE _sqlx_migrations SET checksum = x'0eaf9780d10a383503010ae7afecccae0171c9c3090d1bfc\
     5eaee8e3d5f40039f5c5204af595233556b9650b6ce77eee' WHERE version = 11;";

#[tokio::test]
async fn database_of_an_earlier_build_is_opened() {
    let (_folder, path, url) = upgraded().await;
    run(&path, EARLIER_BUILD).await;
    for mode in [create(), OpenMode::Existing, OpenMode::ReadOnly] {
        let store = SqlStore::open_with(&url, mode).await.unwrap();
        assert!(store.migrated().is_empty());
        assert!(store.find_account(&name("ADA")).await.unwrap().is_some());
        store.close().await.unwrap();
    }
}

/// An entry that cannot be written is the end of the migration.
#[tokio::test]
async fn migration_and_its_entry_are_one_change() {
    let (_folder, path) = version_8("").await;
    let url = DatabaseUrl::file(&path);
    let entry = entry_of(UserId::parse("9f00aa11").unwrap());
    let twice = [entry.clone(), entry.clone()];
    let refused = SqlStore::open_audited(&url, create(), &twice).await.unwrap_err();
    assert!(format!("{refused:?}").contains("never replaced"), "{refused:?}");
    assert_eq!(SqlStore::plan(&url, &[]).await.unwrap().steps.len(), 6);

    let entries = [entry];
    for migrated in [&[9, 10, 11, 12, 13, 14][..], &[]] {
        let store = SqlStore::open_audited(&url, create(), &entries).await.unwrap();
        assert_eq!(store.migrated(), migrated);
        assert_eq!(store.entries(&AuditQuery::default(), 9).await.unwrap(), entries);
        store.close().await.unwrap();
    }
    let folder = TempDir::new().unwrap();
    let new = DatabaseUrl::file(folder.path().join("new.db"));
    let store = SqlStore::open_audited(&new, create(), &entries).await.unwrap();
    assert_eq!(
        store.entries(&AuditQuery::default(), 9).await.unwrap(),
        [],
        "a new database was not migrated"
    );
}

#[tokio::test]
async fn same_names_stop_an_upgrade_before_it_begins() {
    let (_folder, path) = version_8(SECOND_ADA).await;
    let url = DatabaseUrl::file(&path);
    let before = std::fs::read(&path).unwrap();
    for refused in [
        SqlStore::open_with(&url, create()).await.err(),
        SqlStore::check(&url, &[]).await.err(),
    ] {
        let refused = refused.unwrap().to_string();
        assert!(
            refused.contains("`ada` (id `0a1b2c3d`) and `ADA` (id `9f00aa11`)"),
            "{refused}"
        );
    }
    assert_eq!(SqlStore::plan(&url, &[]).await.unwrap().same_names.len(), 1);
    assert!(std::fs::read(&path).unwrap() == before);

    let renamed = SqlStore::rename_duplicates(&url, |id| Ok(entry_of(id))).await.unwrap();
    assert_eq!(renamed.users.len(), 1);
    assert_eq!(renamed.users[0].1, "ADA9f00aa");
    let entry = entry_of(UserId::parse("9f00aa11").unwrap());
    assert_eq!(renamed.unwritten, [entry], "version 8 has no audit log");
    let store = SqlStore::open_with(&url, create()).await.unwrap();
    let named = async |text| store.find_account(&name(text)).await;
    let second = named("ada9f00AA").await.unwrap().unwrap().user;
    assert_eq!(second.id().as_str(), "9f00aa11");
    assert_eq!(named("ADA").await.unwrap().unwrap().user.id().as_str(), "0a1b2c3d");
    let news = store
        .news_after(NewsPosition::new(NewsLane::of("9f00aa11"), 0), 9)
        .await
        .unwrap();
    assert_eq!(
        news[0].item,
        NewsItem::UserChanged(second.id().clone()),
        "caches drop it"
    );
    let again = SqlStore::rename_duplicates(&url, |id| Ok(entry_of(id))).await.unwrap();
    assert_eq!(again, RenamedUsers::default());
}

#[tokio::test]
async fn rename_writes_its_entry_if_it_can() {
    let (_folder, path, url) = upgraded().await;
    // A program of an older version added a user while the names were computed.
    run(&path, SECOND_ADA).await;
    let renamed = SqlStore::rename_duplicates(&url, |id| Ok(entry_of(id))).await.unwrap();
    assert_eq!((renamed.users.len(), renamed.unwritten), (1, Vec::new()));
    let store = SqlStore::open_with(&url, create()).await.unwrap();
    let entries = store.entries(&AuditQuery::default(), 9).await.unwrap();
    assert_eq!(entries, [entry_of(UserId::parse("9f00aa11").unwrap())]);
}

#[tokio::test]
async fn new_name_of_a_duplicate_is_not_taken() {
    let third = "INSERT INTO users (id, username, status, scope) VALUES ('zz', 'ada9F00aa', 'active', 'me');";
    let (_folder, path) = version_8(&format!("{SECOND_ADA}{third}")).await;
    let url = DatabaseUrl::file(&path);
    let refused = SqlStore::rename_duplicates(&url, |id| Ok(entry_of(id)))
        .await
        .unwrap_err();
    assert!(matches!(refused, OpenError::SameNames { .. }), "{refused}");
    let plan = SqlStore::plan(&url, &[]).await.unwrap();
    assert_eq!(plan.same_names[0].younger.username, "ADA", "no user was renamed");
}
