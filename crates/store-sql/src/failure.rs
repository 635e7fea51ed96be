//! What the database's errors mean to a caller of the store.

use scopegate_store::StoreError;

/// What an error of the database means to a caller of the store.
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
const SQLITE_CORRUPT: u32 = 11;

/// The file is no database.
const SQLITE_NOTADB: u32 = 26;

/// What SQLite says: the low byte of an [extended result code](https://www.sqlite.org/rescode.html).
pub(crate) fn primary_code(error: &sqlx::Error) -> Option<u32> {
    let code: u32 = error.as_database_error()?.code()?.parse().ok()?;
    Some(code & 0xFF)
}

/// The store was closed.
#[derive(Debug, thiserror::Error)]
#[error("database connection is closed")]
pub(crate) struct Closed;

impl From<Closed> for StoreError {
    fn from(closed: Closed) -> Self {
        Self::unavailable(closed)
    }
}
