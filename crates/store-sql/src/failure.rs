//! The meaning of database errors for a caller of the store.

use scopegate_store::StoreError;

/// Returns the meaning of a database error for a caller of the store.
///
/// An operator must fix these faults: a full disk (`SQLITE_FULL`), a read-only file
/// (`SQLITE_READONLY`), a disk that fails (`SQLITE_IOERR`). The same holds for a lock that another
/// program keeps (`SQLITE_BUSY`) and a file that cannot be opened (`SQLITE_CANTOPEN`). A retry may
/// help, and nothing was changed.
pub(crate) fn failure(error: sqlx::Error) -> StoreError {
    match &error {
        sqlx::Error::ColumnDecode { .. } | sqlx::Error::Decode(_) => StoreError::corrupt(error),
        sqlx::Error::Database(cause) if cause.is_unique_violation() => StoreError::conflict(),
        _ if matches!(primary_code(&error), Some(SQLITE_CORRUPT | SQLITE_NOTADB)) => StoreError::corrupt(error),
        _ => StoreError::unavailable(error),
    }
}

/// Another program holds a lock.
pub(crate) const SQLITE_BUSY: u32 = 5;

/// The file is damaged.
pub(crate) const SQLITE_CORRUPT: u32 = 11;

/// The file is not a database.
pub(crate) const SQLITE_NOTADB: u32 = 26;

/// Returns the code of SQLite: the low byte of an [extended result
/// code](https://www.sqlite.org/rescode.html).
pub(crate) fn primary_code(error: &sqlx::Error) -> Option<u32> {
    let code: u32 = error.as_database_error()?.code()?.parse().ok()?;
    Some(code & 0xFF)
}

/// The store was closed.
#[derive(Debug, thiserror::Error)]
#[error("database connection is closed")]
pub(crate) struct Closed;

/// The only connection that writes was not free in time, and nothing was changed.
#[derive(Debug, thiserror::Error)]
#[error("changes before this one take too long")]
pub(crate) struct Overdue;

/// The database, or a statement before this one, did not answer in time.
#[derive(Debug, thiserror::Error)]
#[error("database does not answer; check its disk, and other programs that lock its files")]
pub(crate) struct Unanswered;

/// The runtime that ran the change has ended.
#[derive(Debug, thiserror::Error)]
#[error("runtime ended before the change was answered; it may have been made")]
pub(crate) struct Unfinished;

impl From<Closed> for StoreError {
    fn from(closed: Closed) -> Self {
        Self::unavailable(closed)
    }
}

#[cfg(test)]
mod tests {
    use scopegate_store::StoreErrorKind;
    use sqlx::sqlite::SqliteConnectOptions;
    use sqlx::{ConnectOptions, Connection, Executor, SqliteConnection};

    use super::*;

    async fn failing(connection: &mut SqliteConnection, sql: &'static str) -> sqlx::Error {
        connection.execute(sql).await.unwrap_err()
    }

    /// Returns the code of SQLite, and the kind of the resulting error.
    fn told(error: sqlx::Error) -> (u32, StoreErrorKind) {
        (primary_code(&error).unwrap(), failure(error).kind())
    }

    #[tokio::test]
    async fn recoverable_sqlite_errors_are_unavailable() {
        let folder = tempfile::TempDir::new().unwrap();
        let options = SqliteConnectOptions::new()
            .filename(folder.path().join("a.db"))
            .busy_timeout(std::time::Duration::ZERO);
        let mut writer = options.clone().create_if_missing(true).connect().await.unwrap();
        let table = "CREATE TABLE a (b TEXT UNIQUE); PRAGMA max_page_count = 4";
        writer.execute(table).await.unwrap();

        let full = failing(&mut writer, "INSERT INTO a VALUES (zeroblob(100000))").await;
        assert_eq!(told(full), (13, StoreErrorKind::Unavailable));

        let mut reader = options.clone().read_only(true).connect().await.unwrap();
        let read_only = failing(&mut reader, "INSERT INTO a VALUES ('x')").await;
        assert_eq!(told(read_only), (8, StoreErrorKind::Unavailable));

        let mut other = options.connect().await.unwrap();
        let transaction = other.begin_with("BEGIN IMMEDIATE").await.unwrap();
        let busy = failing(&mut writer, "INSERT INTO a VALUES ('x')").await;
        assert_eq!(told(busy), (SQLITE_BUSY, StoreErrorKind::Unavailable));
        transaction.rollback().await.unwrap();

        let nowhere = SqliteConnectOptions::new().filename(folder.path().join("none/a.db"));
        let nowhere = nowhere.connect().await.unwrap_err();
        assert_eq!(told(nowhere), (14, StoreErrorKind::Unavailable));

        writer.execute("INSERT INTO a VALUES ('x')").await.unwrap();
        let taken = failing(&mut writer, "INSERT INTO a VALUES ('x')").await;
        assert_eq!(failure(taken).kind(), StoreErrorKind::Conflict);
    }
}
