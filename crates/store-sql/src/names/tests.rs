use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions as _, Executor as _};
use tempfile::TempDir;

use scopegate_domain::{AuditEvent, AuditId};

use super::*;
use crate::{DatabaseUrl, connect};

/// A database of version 8 with these users.
async fn old(users: impl Iterator<Item = (String, String)>) -> (SqliteConnection, TempDir) {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("scopegate.db");
    std::fs::write(&path, "").unwrap();
    let url = DatabaseUrl::file(&path);
    let mut writer = connect::writer(&url).await.unwrap();
    connect::use_log(&mut writer).await.unwrap();
    migrations::migrate_through(&mut writer, 8).await.unwrap();
    let mut transaction = writer.begin().await.unwrap();
    for (id, name) in users {
        let sql = "INSERT INTO users (id, username, status, scope) VALUES ($1, $2, 'active', 'me')";
        let add = Statement::new(sql).bind(id).bind(name);
        bound(add).execute(&mut *transaction).await.unwrap();
    }
    transaction.commit().await.unwrap();
    (writer, folder)
}

/// Another program, which does not wait for a lock.
async fn impatient(folder: &TempDir) -> SqliteConnection {
    let options = SqliteConnectOptions::new().filename(folder.path().join("scopegate.db"));
    let options = options.busy_timeout(Duration::ZERO);
    options.connect().await.unwrap()
}

async fn one(connection: &mut SqliteConnection, sql: &'static str) -> i64 {
    sqlx::query_scalar(sql).fetch_one(connection).await.unwrap()
}

const MISSING_COUNT: &str = "SELECT COUNT(*) FROM users WHERE canonical_name IS NULL";

#[tokio::test]
async fn many_users_are_filled_in_batches() {
    const USERS: u64 = 5_000;
    let users = (0..USERS).map(|number| (format!("{number:05}"), format!("User{number}")));
    let (mut writer, folder) = old(users).await;
    migrations::migrate(&mut writer, &[]).await.unwrap();
    assert!(expect_complete(&mut writer).await.is_err());

    let users = missing(&mut writer, "").await.unwrap();
    assert_eq!(users.len(), usize::from(BATCH));
    let (filled, _) = fill_batch(&mut writer, &users).await.unwrap();
    assert!((1..=users.len()).contains(&filled), "{filled}");
    let filled = u64::try_from(filled).unwrap();
    let mut other = impatient(&folder).await;
    other.execute("BEGIN IMMEDIATE").await.unwrap();
    other.execute("COMMIT").await.unwrap();
    let missing = u64::try_from(one(&mut other, MISSING_COUNT).await).unwrap();
    assert_eq!(missing, USERS - filled, "a batch is visible before the next one");

    let batches = fill(&mut writer).await.unwrap();
    assert!(batches >= (USERS - filled) / u64::from(BATCH), "{batches}");
    expect_complete(&mut writer).await.unwrap();
    let lower = "SELECT COUNT(*) FROM users WHERE canonical_name = lower(username)";
    assert_eq!(u64::try_from(one(&mut other, lower).await).unwrap(), USERS);
    assert_eq!(fill(&mut writer).await.unwrap(), 0);
}

#[tokio::test]
async fn user_renamed_meanwhile_gets_its_new_name() {
    let users = [("a", "ada"), ("b", "bob")].map(|(id, name)| (id.to_owned(), name.to_owned()));
    let (mut writer, _folder) = old(users.into_iter()).await;
    migrations::migrate(&mut writer, &[]).await.unwrap();
    let read = missing(&mut writer, "").await.unwrap();
    let rename = "UPDATE users SET username = 'Eve' WHERE id = 'a'";
    writer.execute(AssertSqlSafe(rename)).await.unwrap();
    fill_batch(&mut writer, &read).await.unwrap();
    assert_eq!(
        one(&mut writer, MISSING_COUNT).await,
        1,
        "its former name is not stored"
    );
    fill(&mut writer).await.unwrap();
    let named = "SELECT COUNT(*) FROM users WHERE canonical_name IN ('eve', 'bob')";
    assert_eq!(one(&mut writer, named).await, 2);
}

#[tokio::test]
async fn user_added_meanwhile_is_found_by_the_fill() {
    let users = [("a", "ada"), ("b", "bob")].map(|(id, name)| (id.to_owned(), name.to_owned()));
    let (mut writer, _folder) = old(users.into_iter()).await;
    expect_distinct(&mut writer).await.unwrap();
    let late = "INSERT INTO users (id, username, status, scope) VALUES ('c', 'ADA', 'active', 'me')";
    writer.execute(AssertSqlSafe(late)).await.unwrap();
    migrations::migrate(&mut writer, &[]).await.unwrap();
    let error = fill(&mut writer).await.unwrap_err();
    assert!(
        error.to_string().ends_with("`ada` (id `a`) and `ADA` (id `c`)"),
        "{error}"
    );
    assert_eq!(one(&mut writer, MISSING_COUNT).await, 3, "the batch was undone");
    let entry_of = |id| Ok(AuditEntry::new(AuditId::new(0, [7; 8]), AuditEvent::UserChanged).of_user(id));
    let renamed = rename(&mut writer, entry_of).await.unwrap();
    assert_eq!((renamed.users[0].1.as_str(), renamed.unwritten), ("ADAc", Vec::new()));
    assert_eq!(fill(&mut writer).await.unwrap(), 1);
}

#[test]
fn new_name_fits_and_has_no_odd_character() {
    let named = |username: &str, id: &str| {
        new_name(&NamedUser {
            username: username.to_owned(),
            id: id.to_owned(),
        })
    };
    assert_eq!(named("JohnDoe", "0123456789"), "JohnDoe012345");
    assert_eq!(named("JohnDoe", "u ü"), "JohnDoeu--");
    let long = named(&"ü".repeat(127), "0123456789");
    assert_eq!(long, "ü".repeat(97) + "012345");
}
