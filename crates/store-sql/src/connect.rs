//! Opens SQLite connections: WAL, busy timeout and other pragmas.

use std::io;
use std::path::Path;
use std::time::Duration;

use sqlx::sqlite::{SqliteConnectOptions, SqliteSynchronous};
use sqlx::{ConnectOptions, Connection, Executor, SqliteConnection};

use crate::DatabaseUrl;
use crate::failure::{SQLITE_BUSY, primary_code};

/// The number of connections that read: one for look-ups of users and one for all other statements.
const READERS: usize = 2;

/// The number of retries of a connection during that time: SQLite does not wait if two programs
/// create the log of a file.
const PAUSES: u32 = 100;

/// The time for which a statement waits for another program that uses the same file, and a caller
/// for a read.
pub(crate) const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// Opens the connection that writes. The journal mode stays as it is: the file may be of another
/// program.
pub(crate) async fn writer(url: &DatabaseUrl) -> Result<SqliteConnection, sqlx::Error> {
    let mut connection = options(url)?.connect().await?;
    // FULL, because an answered write survives the loss of power; NORMAL does not promise that of a
    // log. This reads the tables, so it fails on a damaged file, and a connection that is dropped
    // leaves a log.
    match connection.execute("PRAGMA synchronous = FULL").await {
        Ok(_) => Ok(connection),
        Err(error) => {
            // The error that was found first is the cause.
            let _ = connection.close().await;
            Err(error)
        }
    }
}

/// Opens a connection that cannot write, and does not create a file either.
///
/// `is_at_rest`: there is no log, so the file is read without locks, also in a folder that cannot
/// be written to.
pub(crate) async fn read_only(path: &Path, is_at_rest: bool) -> Result<SqliteConnection, sqlx::Error> {
    let options = plain()
        .filename(std::path::absolute(path)?)
        .read_only(true)
        .immutable(is_at_rest);
    options.connect().await
}

/// Sets the journal mode of a file: a write-ahead log.
pub(crate) async fn use_log(connection: &mut SqliteConnection) -> Result<(), sqlx::Error> {
    let mut pauses = 0..PAUSES;
    loop {
        match connection.execute("PRAGMA journal_mode = WAL").await {
            Err(error) if primary_code(&error) == Some(SQLITE_BUSY) && pauses.next().is_some() => {
                tokio::time::sleep(BUSY_TIMEOUT / PAUSES).await;
            }
            result => return result.map(drop),
        }
    }
}

/// Opens the connections that read.
///
/// Only a file has them: a second connection to a database in memory would see another database.
pub(crate) async fn readers(url: &DatabaseUrl) -> Result<Vec<SqliteConnection>, sqlx::Error> {
    let mut readers = Vec::new();
    if url.path().is_some() {
        // To set `synchronous` reads the tables, so a connection has the log open from the start.
        let options = options(url)?.synchronous(SqliteSynchronous::Full);
        let options = options.pragma("query_only", "ON");
        for _ in 0..READERS {
            readers.push(options.connect().await?);
        }
    }
    Ok(readers)
}

fn plain() -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .busy_timeout(BUSY_TIMEOUT)
        .foreign_keys(true)
        .disable_statement_logging()
        .pragma("secure_delete", "ON")
        .pragma("trusted_schema", "OFF")
}

fn options(url: &DatabaseUrl) -> io::Result<SqliteConnectOptions> {
    let options = plain();
    let Some(path) = url.path() else {
        return Ok(options);
    };
    // Absolute, because SQLite does not treat `file:x` and `:memory:` as files of these names.
    Ok(options.filename(std::path::absolute(path)?))
}

#[cfg(test)]
mod tests {
    use sqlx::{AssertSqlSafe, query_scalar};

    use super::*;

    async fn pragma(connection: &mut SqliteConnection, name: &str) -> String {
        let sql = AssertSqlSafe(format!("SELECT CAST({name} AS TEXT) FROM pragma_{name}"));
        query_scalar(sql).fetch_one(connection).await.unwrap()
    }

    #[tokio::test]
    async fn connections_to_a_file_are_as_promised() {
        let folder = tempfile::TempDir::new().unwrap();
        let path = folder.path().join("scopegate.db");
        crate::files::create_private(&path).unwrap();
        let url = DatabaseUrl::file(path);
        let mut connections = vec![writer(&url).await.unwrap()];
        use_log(&mut connections[0]).await.unwrap();
        connections.extend(readers(&url).await.unwrap());
        assert_eq!(connections.len(), 1 + READERS);
        for (number, connection) in connections.iter_mut().enumerate() {
            assert_eq!(pragma(connection, "journal_mode").await, "wal");
            assert_eq!(pragma(connection, "synchronous").await, "2", "FULL");
            assert_eq!(pragma(connection, "foreign_keys").await, "1");
            assert_eq!(pragma(connection, "secure_delete").await, "1");
            assert_eq!(pragma(connection, "trusted_schema").await, "0");
            let timeout: i64 = query_scalar("PRAGMA busy_timeout")
                .fetch_one(&mut *connection)
                .await
                .unwrap();
            assert_eq!(u128::try_from(timeout).unwrap(), BUSY_TIMEOUT.as_millis());
            assert_eq!(
                pragma(connection, "query_only").await,
                if number == 0 { "0" } else { "1" }
            );
        }
    }

    #[tokio::test]
    async fn a_database_in_memory_has_one_connection() {
        let mut connections = vec![writer(&DatabaseUrl::memory()).await.unwrap()];
        connections.extend(readers(&DatabaseUrl::memory()).await.unwrap());
        assert_eq!(connections.len(), 1);
        assert_eq!(pragma(&mut connections[0], "foreign_keys").await, "1");
    }

    #[test]
    fn special_file_names_are_paths() {
        for name in ["file:scopegate.db", ":memory:", "a%20b#c'd.db"] {
            let options = options(&DatabaseUrl::file(name)).unwrap();
            assert!(options.get_filename().is_absolute());
            assert_eq!(options.get_filename().file_name().unwrap(), name);
        }
        assert!(options(&DatabaseUrl::file("")).is_err());
    }
}
