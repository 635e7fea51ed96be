//! Change counters that triggers write, see `migrations/0005_changes.sql`.

use sqlx::{Row, SqliteConnection, query, query_scalar};

/// A change of the database, as the database knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Change {
    number: i64,
    /// 16 random bytes.
    mark: Vec<u8>,
}

impl Change {
    /// Reads the last change.
    pub(crate) async fn last(connection: &mut SqliteConnection) -> Result<Option<Self>, sqlx::Error> {
        let last = query("SELECT number, mark FROM changes ORDER BY number DESC LIMIT 1");
        let Some(row) = last.fetch_optional(connection).await? else {
            return Ok(None);
        };
        Ok(Some(Self {
            number: row.try_get(0)?,
            mark: row.try_get(1)?,
        }))
    }

    /// Whether the database contains this change.
    pub(crate) async fn is_in(&self, connection: &mut SqliteConnection) -> Result<bool, sqlx::Error> {
        let count = query_scalar("SELECT COUNT(*) FROM changes WHERE number = $1 AND mark = $2");
        let count: i64 = count.bind(self.number).bind(&self.mark).fetch_one(connection).await?;
        Ok(count == 1)
    }
}
