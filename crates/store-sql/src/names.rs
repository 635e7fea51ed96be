//! The canonical names of users: those that an earlier version did not store.

use std::time::Duration;

use scopegate_domain::CanonicalName;
use sqlx::{Connection as _, SqliteConnection};
use tokio::time::{Instant, sleep};

use crate::bound::bound;
use crate::duplicates;
use crate::same_name::NamedUser;
use crate::statement::Statement;
use crate::unnamed::{BATCH, read, unnamed};
use crate::{OpenError, SameName};

/// The time after which a transaction changes no further user: other programs wait for its lock.
const LONGEST: Duration = Duration::from_millis(10);

/// The pause after a transaction, in times of its length. SQLite tries again after up to 100 ms, so
/// a program that waits for the lock must find it free at nearly every attempt.
const PAUSE: u32 = 2;

const MISSING: &str = "SELECT id, username FROM users WHERE id > $1 \
     AND NOT EXISTS (SELECT 1 FROM user_names WHERE user_id = id) ORDER BY id LIMIT $2";

/// Ends the search if no other program changed a user since it began.
const ALL_NAMED: &str = "DELETE FROM unnamed_users WHERE changes = $1";

/// Stores a name if the user still has the name that it was computed from.
const ADD: &str = "INSERT INTO user_names (user_id, canonical_name) SELECT id, $2 FROM users \
     WHERE id = $1 AND username = $3 AND NOT EXISTS (SELECT 1 FROM user_names WHERE user_id = $1)";

/// Fails if two users have the same canonical name.
pub(crate) async fn expect_distinct(connection: &mut SqliteConnection) -> Result<(), OpenError> {
    let pairs: Vec<SameName> = duplicates::find(connection)
        .await?
        .into_iter()
        .map(|(pair, _)| pair)
        .collect();
    if pairs.is_empty() {
        Ok(())
    } else {
        Err(OpenError::SameNames { pairs })
    }
}

/// Stores the missing canonical names, in batches. A program that ends meanwhile continues at the
/// next call. Returns the number of names.
pub(crate) async fn fill(connection: &mut SqliteConnection) -> Result<u64, OpenError> {
    let mut stored = 0;
    while let Some(changes) = unnamed(connection).await? {
        let (mut last, mut is_complete) = (String::new(), true);
        loop {
            let users = missing(connection, &last).await?;
            let Some((user, _)) = users.last() else { break };
            last.clone_from(&user.id);
            let named = fill_all(connection, &users).await?;
            is_complete &= named == users.len();
            stored += u64::try_from(named).unwrap_or_default();
        }
        // A user that was changed since it was read is read again.
        if is_complete {
            let all_named = Statement::new(ALL_NAMED).bind(changes);
            bound(all_named).execute(&mut *connection).await?;
        }
    }
    Ok(stored)
}

/// Stores the canonical names of these users. Returns the number of names.
async fn fill_all(connection: &mut SqliteConnection, users: &[(NamedUser, CanonicalName)]) -> Result<usize, OpenError> {
    let (mut named, mut left) = (0, users);
    while !left.is_empty() {
        let batch = match fill_batch(connection, left).await {
            Ok(batch) => batch,
            Err(error) => {
                // Another program may have added a user meanwhile.
                expect_distinct(connection).await?;
                return Err(error);
            }
        };
        left = left.get(batch.users..).unwrap_or_default();
        named += batch.named;
        sleep(batch.held * PAUSE).await;
    }
    Ok(named)
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

/// What a transaction did.
struct Batch {
    /// The number of users that it took.
    users: usize,
    /// The number of names that it stored. A user that was changed since it was read stays without.
    named: usize,
    /// The time for which the database was locked.
    held: Duration,
}

/// Stores the canonical names of some users in one transaction.
async fn fill_batch(
    connection: &mut SqliteConnection,
    users: &[(NamedUser, CanonicalName)],
) -> Result<Batch, OpenError> {
    let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await?;
    let begin = Instant::now();
    let mut batch = Batch {
        users: 0,
        named: 0,
        held: Duration::ZERO,
    };
    for (user, name) in users {
        let add = Statement::new(ADD).bind(user.id.as_str()).bind(name.as_str());
        let add = bound(add.bind(user.username.as_str()))
            .execute(&mut *transaction)
            .await?;
        batch.users += 1;
        batch.named += usize::from(add.rows_affected() > 0);
        if begin.elapsed() >= LONGEST {
            break;
        }
    }
    transaction.commit().await?;
    batch.held = begin.elapsed();
    Ok(batch)
}

#[cfg(test)]
mod tests;
