//! Users of an older database with the same name, and the new names that they get.

use std::collections::{BTreeMap, HashSet};
use std::hash::{BuildHasher as _, RandomState};

use scopegate_domain::{AuditEntry, CanonicalName, UserId};
use scopegate_store::{NewsItem, StoreError};
use sqlx::{Connection as _, SqliteConnection};

use crate::OpenError;
use crate::audit_entry;
use crate::bound::bound;
use crate::migrations::{self, Contents};
use crate::news_steps::entry;
use crate::same_name::{NamedUser, RenamedUsers, SameName};
use crate::statement::Statement;
use crate::unnamed::{BATCH, is_complete, read};

/// The version of the tables that has the log of changes.
const NEWS_VERSION: i64 = 7;

/// The version of the tables that has the audit log.
const AUDIT_VERSION: i64 = 10;

/// The number of characters of the id that a new name gets, if the name is free then.
const ID_PART: usize = 6;

/// The largest number of characters of the id in a new name.
const MOST_OF_ID: usize = 64;

/// The maximum length of a new name, in bytes.
const NAME_LEN: usize = 200;

/// The number of times that users are read again because one was changed since.
const MOST_ATTEMPTS: usize = 8;

const PAGE: &str = "SELECT id, username FROM users WHERE id > $1 ORDER BY id LIMIT $2";

const RENAME: &str = "UPDATE users SET username = $2 WHERE id = $1 AND username = $3";

/// A user was changed after each read.
#[derive(Debug, thiserror::Error)]
#[error("users were changed repeatedly while their names were read; run the command again")]
struct ChangedRepeatedly;

/// A pair of users with the same name, and the new name of the younger one.
type Renamed = (SameName, String);

/// Returns the pairs of users with the same name, each with the new name of the younger user. None
/// if the canonical names are complete.
pub(crate) async fn find(connection: &mut SqliteConnection) -> Result<Vec<Renamed>, OpenError> {
    if migrations::contents(connection).await? != Contents::Ours || is_complete(connection).await? {
        return Ok(Vec::new());
    }
    let (mut taken, mut twice) = (TakenNames::default(), HashSet::new());
    each(connection, |user| {
        let name = CanonicalName::of(&user.username);
        if !taken.take(&name) {
            twice.insert(taken.hash(&name));
        }
    })
    .await?;
    if twice.is_empty() {
        return Ok(Vec::new());
    }
    let mut groups = BTreeMap::<CanonicalName, Vec<NamedUser>>::new();
    each(connection, |user| {
        let name = CanonicalName::of(&user.username);
        if twice.contains(&taken.hash(&name)) {
            groups.entry(name).or_default().push(user);
        }
    })
    .await?;
    let mut renamed = Vec::new();
    for users in groups.into_values() {
        let mut users = users.into_iter();
        let Some(older) = users.next() else { continue };
        renamed.extend(users.map(|younger| {
            let name = taken.new_name(&younger);
            let older = older.clone();
            (SameName { older, younger }, name)
        }));
    }
    Ok(renamed)
}

/// The canonical names that users have. Hashes of a million names need 16 MB.
#[derive(Default)]
struct TakenNames {
    hasher: RandomState,
    hashes: HashSet<u64>,
}

impl TakenNames {
    fn hash(&self, name: &CanonicalName) -> u64 {
        self.hasher.hash_one(name)
    }

    /// Adds a name. Returns `false` if it is taken, or if one with the same hash is.
    fn take(&mut self, name: &CanonicalName) -> bool {
        self.hashes.insert(self.hash(name))
    }

    /// Returns a free name for a user, and adds it: with the first characters of the id, with more
    /// of them, or with the id and a number.
    fn new_name(&mut self, user: &NamedUser) -> String {
        let graphic = |one: char| if one.is_ascii_graphic() { one } else { '-' };
        let id: String = user.id.chars().take(MOST_OF_ID).map(graphic).collect();
        let (mut length, mut number) = (ID_PART.min(id.len()), 1_u32);
        loop {
            let name = if let Some(part) = id.get(..length) {
                with_end(&user.username, part)
            } else {
                number += 1;
                with_end(&user.username, &format!("{id}-{number}"))
            };
            if self.take(&CanonicalName::of(&name)) {
                return name;
            }
            length += 1;
        }
    }
}

/// Returns a name with this end. A long one loses its last characters before it.
fn with_end(name: &str, end: &str) -> String {
    let mut name = name.to_owned();
    while name.len() + end.len() > NAME_LEN && name.pop().is_some() {}
    name + end
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

/// Gives the younger user of each pair its new name. All or no users are renamed.
///
/// All users are read before the transaction, because other programs wait for its end. A user that
/// was changed meanwhile makes it start again.
pub(crate) async fn rename(
    connection: &mut SqliteConnection,
    entry_of: impl Fn(UserId) -> Result<AuditEntry, StoreError>,
) -> Result<RenamedUsers, OpenError> {
    for _ in 0..MOST_ATTEMPTS {
        let users = find(connection).await?;
        if let Some(unwritten) = try_rename(connection, &users, &entry_of).await? {
            return Ok(RenamedUsers { users, unwritten });
        }
    }
    Err(OpenError::Unavailable(ChangedRepeatedly.into()))
}

/// Renames users in one transaction. Returns the entries that the database has no table for. `None`
/// if a user was changed since it was read, or if a new name is taken now.
async fn try_rename(
    connection: &mut SqliteConnection,
    users: &[Renamed],
    entry_of: impl Fn(UserId) -> Result<AuditEntry, StoreError>,
) -> Result<Option<Vec<AuditEntry>>, OpenError> {
    let has_news = migrations::is_applied(connection, NEWS_VERSION).await?;
    let has_audit = migrations::is_applied(connection, AUDIT_VERSION).await?;
    let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await?;
    let mut entries = Vec::new();
    for (pair, name) in users {
        let user = &pair.younger;
        let rename = Statement::new(RENAME).bind(user.id.as_str()).bind(name.as_str());
        let renamed = bound(rename.bind(user.username.as_str()))
            .execute(&mut *transaction)
            .await;
        match renamed {
            Ok(renamed) if renamed.rows_affected() == 1 => {}
            Ok(_) => return Ok(None),
            Err(sqlx::Error::Database(error)) if error.is_unique_violation() => return Ok(None),
            Err(error) => return Err(error.into()),
        }
        if let Ok(id) = UserId::parse(&user.id) {
            entries.push(entry_of(id.clone()).map_err(|error| OpenError::Unavailable(error.into()))?);
            let changed = has_news.then_some(NewsItem::UserChanged(id));
            for step in changed.iter().flat_map(entry) {
                bound(step.statement).execute(&mut *transaction).await?;
            }
        }
    }
    if has_audit {
        for step in audit_entry::steps(&entries) {
            bound(step.statement).execute(&mut *transaction).await?;
        }
        entries.clear();
    }
    transaction.commit().await?;
    Ok(Some(entries))
}

#[cfg(test)]
mod tests;
