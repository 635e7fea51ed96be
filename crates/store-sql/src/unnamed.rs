//! The users of an older database that have no canonical name yet.

use sqlx::{Row as _, SqliteConnection};

use crate::bound::bound;
use crate::same_name::NamedUser;
use crate::statement::Statement;
use crate::{OpenError, migrations};

/// The version of the tables that has the names.
const VERSION: i64 = 11;

/// The version of the tables that tells whether names may be missing.
const UNNAMED_VERSION: i64 = 12;

/// The largest number of users that a statement reads.
pub(crate) const BATCH: u16 = 1_000;

pub(crate) const COUNT_MISSING: &str = "SELECT COUNT(*) FROM users \
     WHERE NOT EXISTS (SELECT 1 FROM user_names WHERE user_id = id)";

const UNNAMED: &str = "SELECT changes FROM unnamed_users";

/// Fails if a canonical name is missing.
pub(crate) async fn expect_complete(connection: &mut SqliteConnection) -> Result<(), OpenError> {
    if is_complete(connection).await? {
        Ok(())
    } else {
        Err(OpenError::Incomplete)
    }
}

/// Whether each user has a canonical name.
pub(crate) async fn is_complete(connection: &mut SqliteConnection) -> Result<bool, OpenError> {
    Ok(migrations::is_current(connection, UNNAMED_VERSION).await? && unnamed(connection).await?.is_none())
}

/// Returns the number of changes after which names may be missing; `None` if each user has one.
pub(crate) async fn unnamed(connection: &mut SqliteConnection) -> Result<Option<i64>, OpenError> {
    let row = bound(Statement::new(UNNAMED)).fetch_optional(connection).await?;
    Ok(row.map(|row| row.try_get(0)).transpose()?)
}

/// Returns the number of users without a canonical name.
pub(crate) async fn count_missing(connection: &mut SqliteConnection) -> Result<u64, OpenError> {
    let statement = if migrations::is_current(connection, VERSION).await? {
        COUNT_MISSING
    } else {
        "SELECT COUNT(*) FROM users"
    };
    let row = bound(Statement::new(statement)).fetch_one(connection).await?;
    Ok(u64::try_from(row.try_get::<i64, _>(0)?).unwrap_or_default())
}

/// Reads the columns `id`, `username` of the rows that a statement finds.
pub(crate) async fn read(connection: &mut SqliteConnection, statement: Statement) -> Result<Vec<NamedUser>, OpenError> {
    let rows = bound(statement).fetch_all(connection).await?;
    let user = |row: &sqlx::sqlite::SqliteRow| {
        Ok(NamedUser {
            id: row.try_get(0)?,
            username: row.try_get(1)?,
        })
    };
    rows.iter().map(user).collect()
}
