//! Databases of earlier versions are upgraded, and keep what they contain.

#![expect(clippy::unwrap_used, reason = "a failed test says so by a panic")]

use std::path::PathBuf;

use scopegate_domain::{
    Account, AuditEntry, AuditEvent, AuditId, Client, ClientAuthMethod, ClientId, GrantType, NewsLane, NewsPosition,
    PasswordHash, SecretDigest, User, UserId, Username,
};
use scopegate_store::{Audit, AuditQuery, Clients, News, NewsItem, SigningKeys, Users};
use scopegate_store_sql::{DatabaseUrl, OpenError, OpenMode, RenamedUsers, SqlStore};
use tempfile::TempDir;

use crate::sqlite::{path, run, stranger};

/// A database file that version 8 of the tables made, as SQL text. `sqlite3 FILE .dump` wrote it.
const VERSION_8: &str = include_str!("upgrade/version_8.sql");

pub(crate) async fn version_8(more: &str) -> (TempDir, PathBuf) {
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

/// The versions after the release before.
fn later() -> Vec<i64> {
    (9..=SqlStore::newest_version()).collect()
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

/// The client of the database, which has no setting of a later version.
fn app() -> Client {
    let secret = [
        0x57, 0x45, 0xa4, 0x68, 0x2a, 0xca, 0x50, 0x04, 0x39, 0xf9, 0x15, 0xca, 0xd8, 0xf6, 0x28, 0x9b, 0xe6, 0xd3,
        0xb9, 0x5a, 0x07, 0x35, 0x83, 0x22, 0xf8, 0x2c, 0xc3, 0x40, 0xa3, 0x87, 0x5e, 0x73,
    ];
    let id = ClientId::parse("app").unwrap();
    Client::confidential(id, "The app", SecretDigest::from_bytes(secret))
        .with_auth_method(ClientAuthMethod::AnySecret)
        .with_grant_types([GrantType::ClientCredentials])
        .with_scope("me".parse().unwrap())
}

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
    assert_eq!((store.migrated(), store.named_users()), (later().as_slice(), 3));
    let ada = store.find_account(&name("ADA")).await.unwrap().unwrap();
    assert_eq!(ada.user.username().as_str(), "ada");
    assert_eq!(ada.password_hash, Some(PasswordHash::from_stored("$2b$12$ada")));
    let strasse = store.find_account(&name("STRASSE")).await.unwrap().unwrap();
    assert_eq!(strasse.user.username().as_str(), "Straße");
    assert!(store.find_account(&name("john doe")).await.unwrap().is_some());
    assert_eq!(Clients::find(&store, app().id()).await.unwrap(), Some(app()));
    assert_eq!(SigningKeys::list(&store).await.unwrap().len(), 1);
    let begin = NewsPosition::new(NewsLane::of("app"), 0);
    let news = store.news_after(begin, 9).await.unwrap();
    assert!(matches!(news[0].item, NewsItem::Revoked(_)), "{news:?}");
    store.close().await.unwrap();
    let plan = SqlStore::plan(&url, &[]).await.unwrap();
    assert_eq!((plan.steps.len(), plan.users_without_canonical_name), (0, 0));
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
    assert_eq!(SqlStore::plan(&url, &[]).await.unwrap().steps.len(), later().len());

    let entries = [entry];
    for migrated in [later(), Vec::new()] {
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

/// The new names that a plan lists, and that a command then gives.
async fn renamed(url: &DatabaseUrl) -> Vec<String> {
    let plan = SqlStore::plan(url, &[]).await.unwrap();
    let renamed = SqlStore::rename_duplicates(url, |id| Ok(entry_of(id))).await.unwrap();
    assert_eq!(renamed.users, plan.same_names, "the plan has the new names");
    assert_eq!(SqlStore::plan(url, &[]).await.unwrap().same_names, []);
    let store = SqlStore::open_with(url, create()).await.unwrap();
    for (pair, new) in &renamed.users {
        let user = store.find_account(&name(new)).await.unwrap().unwrap().user;
        assert_eq!(user.id().as_str(), pair.younger.id);
    }
    store.close().await.unwrap();
    renamed.users.into_iter().map(|(_, name)| name).collect()
}

#[tokio::test]
async fn new_name_of_a_duplicate_is_free() {
    let third = "INSERT INTO users (id, username, status, scope) VALUES ('zz', 'ada9F00aa', 'active', 'me');";
    let (_folder, path) = version_8(&format!("{SECOND_ADA}{third}")).await;
    assert_eq!(renamed(&DatabaseUrl::file(&path)).await, ["ADA9f00aa1"]);
}

#[tokio::test]
async fn equal_names_with_similar_ids_are_renamed() {
    let others = "INSERT INTO users (id, username, status, scope) VALUES \
         ('9f00aa1122', 'AdA', 'active', 'me'), ('9f00aa1133', 'aDa', 'active', 'me'), ('9f00aa11', 'ADA', 'active', 'me');";
    let (_folder, path) = version_8(others).await;
    let expected = ["ADA9f00aa", "AdA9f00aa1", "aDa9f00aa11"];
    assert_eq!(renamed(&DatabaseUrl::file(&path)).await, expected);
}

/// The new name of a user is one of several that are equal.
#[tokio::test]
async fn new_names_differ_from_each_other() {
    let others = "INSERT INTO users (id, username, status, scope) VALUES \
         ('9f00aa11', 'ADA', 'active', 'me'), ('9f00aa22', 'ada9f00aa', 'active', 'me'), \
         ('9f00aa33', 'ADA9F00AA', 'active', 'me');";
    let (_folder, path) = version_8(others).await;
    let expected = ["ADA9f00aa1", "ADA9F00AA9f00aa"];
    assert_eq!(renamed(&DatabaseUrl::file(&path)).await, expected);
}

/// A migration that was killed continues with the names, and reports them.
#[tokio::test]
async fn names_of_a_killed_migration_are_counted() {
    let (_folder, path, url) = upgraded().await;
    let again = SqlStore::open_with(&url, create()).await.unwrap();
    assert_eq!((again.migrated(), again.named_users()), (&[][..], 0));
    again.close().await.unwrap();
    let late = "INSERT INTO users (id, username, status, scope) VALUES ('e', 'Eve', 'active', 'me');";
    run(&path, late).await;
    let refused = SqlStore::open_with(&url, OpenMode::Existing).await.unwrap_err();
    assert!(matches!(refused, OpenError::Incomplete), "{refused}");
    let store = SqlStore::open_with(&url, create()).await.unwrap();
    assert_eq!((store.migrated(), store.named_users()), (&[][..], 1));
    assert!(store.find_account(&name("EVE")).await.unwrap().is_some());
}

/// A program of version 8 removes and adds users while this one runs.
#[tokio::test]
async fn removed_user_leaves_no_row() {
    let (_folder, path, url) = upgraded().await;
    let store = SqlStore::open_with(&url, create()).await.unwrap();
    let eve = || Account {
        user: User::new(UserId::parse("e").unwrap(), name("Eve")),
        password_hash: None,
    };
    Users::add(&store, eve()).await.unwrap();
    let granted = "INSERT INTO consents VALUES ('e', 'web', 'me', '', 1, 1, 0), ('f', 'web', 'me', '', 1, 1, 0); \
         INSERT INTO sessions VALUES (9, zeroblob(32), 'e', 1, '1', 'pwd', 1, 9, 9, '');";
    run(&path, granted).await;
    run(&path, "DELETE FROM users WHERE id = 'e';").await;
    Users::add(&store, eve()).await.unwrap();
    assert!(Users::remove(&store, eve().user.id()).await.unwrap());
    store.close().await.unwrap();
    let left = "SELECT (SELECT COUNT(*) FROM user_names WHERE user_id = 'e') + \
         (SELECT COUNT(*) FROM user_grants WHERE user_id = 'e') + \
         (SELECT COUNT(*) FROM consents WHERE user_id = 'e') + (SELECT COUNT(*) FROM sessions) + \
         1 - (SELECT COUNT(*) FROM consents)";
    let left = sqlx::query_scalar::<_, i64>(left)
        .fetch_one(&mut stranger(&path).await)
        .await;
    assert_eq!(left.unwrap(), 0);
}

/// A step that fails is named with its table, and nothing is changed.
#[tokio::test]
async fn failed_step_is_named_and_undone() {
    for (added, version, name) in [
        ("CREATE TABLE audit (x);", 10, "audit"),
        ("CREATE TABLE families (x);", 13, "families"),
    ] {
        let (_folder, path) = version_8(added).await;
        let url = DatabaseUrl::file(&path);
        let before = std::fs::read(&path).unwrap();
        let refused = SqlStore::open_with(&url, create()).await.unwrap_err();
        let OpenError::Migration { version: found, .. } = &refused else {
            panic!("{refused:?}");
        };
        assert_eq!(*found, version);
        assert!(
            refused.to_string().starts_with(&format!("version `{version}` (")),
            "{refused}"
        );
        let cause = std::error::Error::source(&refused).unwrap().to_string();
        assert!(cause.contains(&format!("table {name} already exists")), "{cause}");
        assert!(refused.remedy().unwrap().contains("rename"), "{refused}");
        let plan = SqlStore::plan(&url, &[]).await.unwrap();
        assert_eq!(plan.steps.first(), Some(&(9, "client settings")));
        // The head, of 100 bytes, tells that a log is used now.
        let after = std::fs::read(&path).unwrap();
        assert!(after.len() == before.len() && after[100..] == before[100..], "{name}");

        run(&path, &format!("ALTER TABLE {name} RENAME TO theirs")).await;
        let store = SqlStore::open_with(&url, create()).await.unwrap();
        assert_eq!(store.migrated().first(), Some(&9));
        store.close().await.unwrap();
    }
}

/// A program that ends after the tables, and before all names are stored.
#[tokio::test]
async fn interrupted_upgrade_is_continued() {
    let (_folder, path) = version_8("").await;
    let url = DatabaseUrl::file(&path);
    let store = SqlStore::open_with(&url, create()).await.unwrap();
    store.close().await.unwrap();
    // What a program leaves that ends between two batches.
    let names =
        "DELETE FROM user_names WHERE canonical_name = 'ada'; INSERT INTO unnamed_users (id, changes) VALUES (1, 0)";
    run(&path, names).await;
    for mode in [OpenMode::Existing, OpenMode::ReadOnly] {
        let refused = SqlStore::open_with(&url, mode).await.unwrap_err();
        assert!(matches!(refused, OpenError::Incomplete), "{refused:?}");
        assert_eq!(refused.to_string(), "migration of the database is not complete");
    }
    let plan = SqlStore::plan(&url, &[]).await.unwrap();
    assert_eq!(plan.steps, [], "the tables are complete");
    assert!(plan.users_without_canonical_name > 0);

    let store = SqlStore::open_with(&url, create()).await.unwrap();
    assert!(store.migrated().is_empty());
    assert!(store.find_account(&name("ADA")).await.unwrap().is_some());
    store.close().await.unwrap();
    for mode in [OpenMode::Existing, OpenMode::ReadOnly] {
        SqlStore::open_with(&url, mode).await.unwrap().close().await.unwrap();
    }
}
