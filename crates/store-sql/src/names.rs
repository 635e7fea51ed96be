//! The canonical names of users: those that an earlier version did not store.

use std::collections::{BTreeMap, HashSet};
use std::hash::{BuildHasher as _, RandomState};
use std::time::Duration;

use scopegate_domain::{AuditEntry, CanonicalName, UserId};
use scopegate_store::{NewsItem, StoreError};
use sqlx::{Connection as _, Row as _, SqliteConnection};
use tokio::time::{Instant, sleep};

use crate::OpenError;
use crate::audit_entry;
use crate::bound::bound;
use crate::migrations::{self, Contents};
use crate::news_steps::entry;
use crate::same_name::{NamedUser, RenamedUsers, SameName};
use crate::statement::Statement;

/// The version of the tables that has the column.
const VERSION: i64 = 11;

/// The version of the tables that tells whether names may be missing.
const UNNAMED_VERSION: i64 = 12;

/// The version of the tables that has the log of changes.
const NEWS_VERSION: i64 = 7;

/// The version of the tables that has the audit log.
const AUDIT_VERSION: i64 = 10;

/// The largest number of users that are changed in a transaction, and read by a statement.
const BATCH: u16 = 1_000;

/// The time after which a transaction changes no further user: other programs wait for its lock.
const LONGEST: Duration = Duration::from_millis(10);

/// The pause after a transaction, in times of its length. SQLite tries again after up to 100 ms, so
/// a program that waits for the lock must find it free at nearly every attempt.
const PAUSE: u32 = 2;

/// The number of characters of the id that a new name gets.
const ID_PART: usize = 6;

/// The maximum length of a new name, in bytes.
const NAME_LEN: usize = 200;

const PAGE: &str = "SELECT id, username FROM users WHERE id > $1 ORDER BY id LIMIT $2";

const MISSING: &str = "SELECT id, username FROM users WHERE id > $1 AND canonical_name IS NULL ORDER BY id LIMIT $2";

const UNNAMED: &str = "SELECT changes FROM unnamed_users";

/// Ends the search if no other program changed a user since it began.
const ALL_NAMED: &str = "DELETE FROM unnamed_users WHERE changes = $1";

const SET: &str = "UPDATE users SET canonical_name = $2 WHERE id = $1 AND username = $3 AND canonical_name IS NULL";

const RENAME_OLD: &str = "UPDATE users SET username = $2 WHERE id = $1";

const RENAME: &str = "UPDATE users SET username = $2, canonical_name = NULL WHERE id = $1";

/// Returns the pairs of users with the same name, if the canonical names are not complete.
pub(crate) async fn same_names(connection: &mut SqliteConnection) -> Result<Vec<SameName>, OpenError> {
    if migrations::contents(connection).await? != Contents::Ours || is_complete(connection).await? {
        return Ok(Vec::new());
    }
    pairs(connection).await
}

/// Fails if two users have the same canonical name.
pub(crate) async fn expect_distinct(connection: &mut SqliteConnection) -> Result<(), OpenError> {
    match same_names(connection).await? {
        pairs if pairs.is_empty() => Ok(()),
        pairs => Err(OpenError::SameNames { pairs }),
    }
}

/// Fails if a canonical name is missing.
pub(crate) async fn expect_complete(connection: &mut SqliteConnection) -> Result<(), OpenError> {
    if is_complete(connection).await? {
        Ok(())
    } else {
        Err(OpenError::Incomplete)
    }
}

/// Whether each user has a canonical name.
async fn is_complete(connection: &mut SqliteConnection) -> Result<bool, OpenError> {
    Ok(migrations::is_applied(connection, UNNAMED_VERSION).await? && unnamed(connection).await?.is_none())
}

/// Returns the number of changes after which names may be missing; `None` if each user has one.
async fn unnamed(connection: &mut SqliteConnection) -> Result<Option<i64>, OpenError> {
    let row = bound(Statement::new(UNNAMED)).fetch_optional(connection).await?;
    Ok(row.map(|row| row.try_get(0)).transpose()?)
}

/// Returns the number of users without a canonical name.
pub(crate) async fn count_missing(connection: &mut SqliteConnection) -> Result<u64, OpenError> {
    let statement = if migrations::is_applied(connection, VERSION).await? {
        "SELECT COUNT(*) FROM users WHERE canonical_name IS NULL"
    } else {
        "SELECT COUNT(*) FROM users"
    };
    let row = bound(Statement::new(statement)).fetch_one(connection).await?;
    Ok(u64::try_from(row.try_get::<i64, _>(0)?).unwrap_or_default())
}

/// Compares hashes first, so that a table of a million users needs 16 MB.
async fn pairs(connection: &mut SqliteConnection) -> Result<Vec<SameName>, OpenError> {
    let (hasher, mut seen, mut twice) = (RandomState::new(), HashSet::new(), HashSet::new());
    let hash = |user: &NamedUser| hasher.hash_one(CanonicalName::of(&user.username));
    each(connection, |user| {
        let hash = hash(&user);
        if !seen.insert(hash) {
            twice.insert(hash);
        }
    })
    .await?;
    if twice.is_empty() {
        return Ok(Vec::new());
    }
    let mut groups = BTreeMap::<CanonicalName, Vec<NamedUser>>::new();
    each(connection, |user| {
        if twice.contains(&hash(&user)) {
            groups.entry(CanonicalName::of(&user.username)).or_default().push(user);
        }
    })
    .await?;
    let pairs = groups.into_values().flat_map(|users| {
        let mut users = users.into_iter();
        let older = users.next();
        users.filter_map(move |younger| {
            Some(SameName {
                older: older.clone()?,
                younger,
            })
        })
    });
    Ok(pairs.collect())
}

/// Calls `see` for each user, in the order of the ids.
async fn each(connection: &mut SqliteConnection, mut see: impl FnMut(NamedUser)) -> Result<(), OpenError> {
    let mut last = String::new();
    loop {
        let page = Statement::new(PAGE).bind(last.as_str()).bind(BATCH);
        let users = read(connection, page).await?;
        match users.last() {
            Some(user) => last.clone_from(&user.id),
            None => return Ok(()),
        }
        users.into_iter().for_each(&mut see);
    }
}

async fn read(connection: &mut SqliteConnection, statement: Statement) -> Result<Vec<NamedUser>, OpenError> {
    let rows = bound(statement).fetch_all(connection).await?;
    let user = |row: &sqlx::sqlite::SqliteRow| {
        Ok(NamedUser {
            id: row.try_get(0)?,
            username: row.try_get(1)?,
        })
    };
    rows.iter().map(user).collect()
}

/// Stores the missing canonical names, in batches. A program that ends meanwhile continues at the
/// next call. Returns the number of batches.
pub(crate) async fn fill(connection: &mut SqliteConnection) -> Result<u64, OpenError> {
    let mut batches = 0;
    while let Some(changes) = unnamed(connection).await? {
        let mut last = String::new();
        loop {
            let users = missing(connection, &last).await?;
            let Some((user, _)) = users.last() else { break };
            last.clone_from(&user.id);
            batches += fill_all(connection, &users).await?;
        }
        let all_named = Statement::new(ALL_NAMED).bind(changes);
        bound(all_named).execute(&mut *connection).await?;
    }
    Ok(batches)
}

/// Stores the canonical names of these users. Returns the number of batches.
async fn fill_all(connection: &mut SqliteConnection, users: &[(NamedUser, CanonicalName)]) -> Result<u64, OpenError> {
    let (mut batches, mut left) = (0, users);
    while !left.is_empty() {
        let (filled, held) = match fill_batch(connection, left).await {
            Ok(filled) => filled,
            Err(error) => {
                // Another program may have added a user meanwhile.
                expect_distinct(connection).await?;
                return Err(error);
            }
        };
        left = left.get(filled..).unwrap_or_default();
        batches += 1;
        sleep(held * PAUSE).await;
    }
    Ok(batches)
}

/// Reads users behind this id without a canonical name, and computes their names before the lock is
/// taken.
async fn missing(connection: &mut SqliteConnection, last: &str) -> Result<Vec<(NamedUser, CanonicalName)>, OpenError> {
    let users = read(connection, Statement::new(MISSING).bind(last).bind(BATCH)).await?;
    let named = |user: NamedUser| {
        let name = CanonicalName::of(&user.username);
        (user, name)
    };
    Ok(users.into_iter().map(named).collect())
}

/// Stores the canonical names of some users in one transaction. Returns their number, and the time
/// for which the database was locked. A user that was changed since it was read stays without one.
async fn fill_batch(
    connection: &mut SqliteConnection,
    users: &[(NamedUser, CanonicalName)],
) -> Result<(usize, Duration), OpenError> {
    let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await?;
    let begin = Instant::now();
    let mut filled = 0;
    for (user, name) in users {
        let set = Statement::new(SET).bind(user.id.as_str()).bind(name.as_str());
        let set = set.bind(user.username.as_str());
        bound(set).execute(&mut *transaction).await?;
        filled += 1;
        if begin.elapsed() >= LONGEST {
            break;
        }
    }
    transaction.commit().await?;
    Ok((filled, begin.elapsed()))
}

/// Gives the younger user of each pair another name. All or no users are renamed.
pub(crate) async fn rename(
    connection: &mut SqliteConnection,
    entry_of: impl Fn(UserId) -> Result<AuditEntry, StoreError>,
) -> Result<RenamedUsers, OpenError> {
    let pairs = same_names(connection).await?;
    let rename = if migrations::is_applied(connection, VERSION).await? {
        RENAME
    } else {
        RENAME_OLD
    };
    let has_news = migrations::is_applied(connection, NEWS_VERSION).await?;
    let has_audit = migrations::is_applied(connection, AUDIT_VERSION).await?;
    let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await?;
    let (mut users, mut entries) = (Vec::new(), Vec::new());
    for pair in pairs {
        let (id, name) = (pair.younger.id.as_str(), new_name(&pair.younger));
        let rename = Statement::new(rename).bind(id).bind(name.as_str());
        bound(rename).execute(&mut *transaction).await?;
        if let Ok(id) = UserId::parse(id) {
            entries.push(entry_of(id.clone()).map_err(|error| OpenError::Unavailable(error.into()))?);
            let changed = has_news.then_some(NewsItem::UserChanged(id));
            for step in changed.iter().flat_map(entry) {
                bound(step.statement).execute(&mut *transaction).await?;
            }
        }
        users.push((pair, name));
    }
    if has_audit {
        for step in audit_entry::steps(&entries) {
            bound(step.statement).execute(&mut *transaction).await?;
        }
        entries.clear();
    }
    expect_distinct(&mut transaction).await?;
    transaction.commit().await?;
    Ok(RenamedUsers {
        users,
        unwritten: entries,
    })
}

/// Returns the name of a user with the first characters of the id.
fn new_name(user: &NamedUser) -> String {
    let part = user.id.chars().take(ID_PART);
    let part: String = part.map(|one| if one.is_ascii_graphic() { one } else { '-' }).collect();
    let mut name = user.username.clone();
    while name.len() + part.len() > NAME_LEN {
        name.pop();
    }
    name + &part
}

#[cfg(test)]
mod tests;
