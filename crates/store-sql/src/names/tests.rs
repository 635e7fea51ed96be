use std::iter;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions as _, Executor as _};
use tempfile::TempDir;

use scopegate_domain::{AuditEntry, AuditEvent, AuditId};

use super::*;
use crate::bound::plans::plan_of;
use crate::migrations::{self, tests::of_version};
use crate::unnamed::{COUNT_MISSING, expect_complete};

/// A database of version 8 with these users.
async fn old(users: impl Iterator<Item = (String, String)>) -> (SqliteConnection, TempDir) {
    let (mut writer, _, folder) = of_version(8).await;
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

#[tokio::test]
async fn many_users_are_filled_in_batches() {
    const USERS: u64 = 5_000;
    let users = (0..USERS).map(|number| (format!("{number:05}"), format!("User{number}")));
    let (mut writer, folder) = old(users).await;
    migrations::migrate(&mut writer, &[]).await.unwrap();
    assert!(expect_complete(&mut writer).await.is_err());

    let users = missing(&mut writer, "").await.unwrap();
    assert_eq!(users.len(), usize::from(BATCH));
    let batch = fill_batch(&mut writer, &users).await.unwrap();
    assert_eq!(batch.users, batch.named);
    assert!((1..=users.len()).contains(&batch.named), "{}", batch.named);
    let filled = u64::try_from(batch.named).unwrap();
    let mut other = impatient(&folder).await;
    other.execute("BEGIN IMMEDIATE").await.unwrap();
    other.execute("COMMIT").await.unwrap();
    let missing = u64::try_from(one(&mut other, COUNT_MISSING).await).unwrap();
    assert_eq!(missing, USERS - filled, "a batch is visible before the next one");

    assert_eq!(fill(&mut writer).await.unwrap(), USERS - filled);
    expect_complete(&mut writer).await.unwrap();
    let lower = "SELECT COUNT(*) FROM users JOIN user_names ON user_id = id WHERE canonical_name = lower(username)";
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
    let batch = fill_batch(&mut writer, &read).await.unwrap();
    assert_eq!((batch.users, batch.named), (2, 1), "its former name is not stored");
    assert_eq!(one(&mut writer, COUNT_MISSING).await, 1);
    fill(&mut writer).await.unwrap();
    let named = "SELECT COUNT(*) FROM user_names WHERE canonical_name IN ('eve', 'bob')";
    assert_eq!(one(&mut writer, named).await, 2);

    // Another program changes a user whose name is stored.
    let rename = "UPDATE users SET username = 'Mallory' WHERE id = 'a'";
    writer.execute(AssertSqlSafe(rename)).await.unwrap();
    assert!(expect_complete(&mut writer).await.is_err());
    fill(&mut writer).await.unwrap();
    let named = "SELECT COUNT(*) FROM user_names WHERE canonical_name IN ('eve', 'mallory')";
    assert_eq!(one(&mut writer, named).await, 1, "the former name is free");
    // A change of other columns keeps it.
    let disable = "UPDATE users SET status = 'disabled', username = username";
    writer.execute(AssertSqlSafe(disable)).await.unwrap();
    expect_complete(&mut writer).await.unwrap();
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
    assert_eq!(one(&mut writer, COUNT_MISSING).await, 3, "the batch was undone");
    let entry_of = |id| Ok(AuditEntry::new(AuditId::new(0, [7; 8]), AuditEvent::UserChanged).of_user(id));
    let renamed = duplicates::rename(&mut writer, entry_of).await.unwrap();
    assert_eq!((renamed.users[0].1.as_str(), renamed.unwritten), ("ADAc", Vec::new()));
    assert_eq!(fill(&mut writer).await.unwrap(), 3);
}

/// The number of steps of the virtual machine that a migration from version 8 takes. Each row that
/// it reads is one or more.
async fn steps_of_migration(users: u64) -> u64 {
    let users = (0..users).map(|number| (format!("{number:05}"), format!("User{number}")));
    let (mut writer, _folder) = old(users).await;
    let steps = Arc::new(AtomicU64::new(0));
    let counter = Arc::clone(&steps);
    writer.lock_handle().await.unwrap().set_progress_handler(1, move || {
        counter.fetch_add(1, Ordering::Relaxed);
        true
    });
    migrations::migrate(&mut writer, &[]).await.unwrap();
    writer.lock_handle().await.unwrap().remove_progress_handler();
    steps.load(Ordering::Relaxed)
}

/// It is one transaction, and the requests of a server of the release before wait for its end.
#[tokio::test]
async fn migration_takes_equal_steps_for_more_users() {
    let (few, many) = (steps_of_migration(10).await, steps_of_migration(2_000).await);
    assert_eq!(few, many);
    assert!(few > 100, "steps are counted");
}

#[tokio::test]
async fn account_is_found_by_keys() {
    let (mut writer, _folder) = old(iter::empty()).await;
    migrations::migrate(&mut writer, &[]).await.unwrap();
    let plan = plan_of(&mut writer, crate::users::FIND_ACCOUNT).await;
    let expected = ["SEARCH user_names USING INDEX", "SEARCH users USING INDEX"];
    assert_eq!(plan.len(), expected.len(), "{plan:?}");
    assert!(
        plan.iter().zip(expected).all(|(step, begin)| step.starts_with(begin)),
        "{plan:?}"
    );
}
