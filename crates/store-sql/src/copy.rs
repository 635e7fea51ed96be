//! Copies of a database, and what they contain.

use std::path::Path;

use scopegate_store::StoreError;
use sqlx::{SqliteConnection, query, query_scalar};

use crate::failure::failure;
use crate::{OpenError, SqlStore};

/// Number of rows of a database.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct RowCounts {
    /// Users.
    pub users: u64,
    /// Clients.
    pub clients: u64,
    /// Secrets of clients. An older version keeps them with the clients.
    pub client_secrets: u64,
    /// Revocations.
    pub revocations: u64,
    /// Signing keys.
    pub signing_keys: u64,
    /// Server secrets.
    pub server_secrets: u64,
    /// Sessions of users.
    pub sessions: u64,
    /// Consents of users.
    pub consents: u64,
    /// Authorization codes, also those that are kept to detect a replay.
    pub codes: u64,
    /// Token families, also those that have ended.
    pub families: u64,
    /// Entries of the audit log.
    pub audit: u64,
}

/// The database contradicts itself.
#[derive(Debug, thiserror::Error)]
#[error("database is damaged: {0}")]
struct Damaged(String);

/// Whether a table exists.
pub(crate) async fn has_table(connection: &mut SqliteConnection, table: &str) -> Result<bool, StoreError> {
    let exists = query_scalar("SELECT COUNT(*) FROM sqlite_schema WHERE type = 'table' AND name = ?").bind(table);
    let exists: i64 = exists.fetch_one(connection).await.map_err(failure)?;
    Ok(exists > 0)
}

/// Counts the rows of a table that a statement finds. An older version has fewer tables.
async fn count(connection: &mut SqliteConnection, table: &str, rows: &'static str) -> Result<u64, StoreError> {
    if !has_table(connection, table).await? {
        return Ok(0);
    }
    let rows: i64 = query_scalar(rows).fetch_one(connection).await.map_err(failure)?;
    Ok(u64::try_from(rows).unwrap_or_default())
}

impl SqlStore {
    /// Writes a consistent copy to a file, which must be empty or missing. Other processes may use
    /// the database meanwhile.
    ///
    /// # Errors
    ///
    /// [`StoreError`]; the file may have been written in part.
    pub async fn copy_to(&self, file: &Path) -> Result<(), StoreError> {
        let file = std::path::absolute(file).map_err(StoreError::unavailable)?;
        let Some(file) = file.to_str().map(str::to_owned) else {
            return Err(StoreError::unavailable("name of the copy is not UTF-8"));
        };
        let copy = query("VACUUM INTO ?").bind(file);
        let mut connection = self.connections.reader().await?;
        copy.execute(&mut *connection).await.map_err(failure)?;
        Ok(())
    }

    /// Checks the whole database and counts its rows.
    ///
    /// # Errors
    ///
    /// [`StoreError`] of kind `Corrupt` if the database is damaged.
    pub async fn verify(&self) -> Result<RowCounts, StoreError> {
        let mut connection = self.connections.reader().await?;
        let check = query_scalar("PRAGMA integrity_check(1)").fetch_one(&mut *connection);
        let found: String = check.await.map_err(failure)?;
        if found != "ok" {
            return Err(StoreError::corrupt(Damaged(found)));
        }
        let old = count(&mut connection, "revocations", "SELECT COUNT(*) FROM revocations").await?;
        // Entries of other kinds revoke no tokens.
        let new = count(&mut connection, "news", "SELECT COUNT(*) FROM news WHERE kind <= 5").await?;
        Ok(RowCounts {
            audit: count(&mut connection, "audit", "SELECT COUNT(*) FROM audit").await?,
            users: count(&mut connection, "users", "SELECT COUNT(*) FROM users").await?,
            clients: count(&mut connection, "clients", "SELECT COUNT(*) FROM clients").await?,
            client_secrets: count(&mut connection, "client_secrets", "SELECT COUNT(*) FROM client_secrets").await?,
            revocations: old.saturating_add(new),
            signing_keys: count(&mut connection, "signing_keys", "SELECT COUNT(*) FROM signing_keys").await?,
            server_secrets: count(&mut connection, "sealed_secrets", "SELECT COUNT(*) FROM sealed_secrets").await?,
            sessions: count(&mut connection, "sessions", "SELECT COUNT(*) FROM sessions").await?,
            consents: count(&mut connection, "consents", "SELECT COUNT(*) FROM consents").await?,
            codes: count(&mut connection, "codes", "SELECT COUNT(*) FROM codes").await?,
            families: count(&mut connection, "families", "SELECT COUNT(*) FROM families").await?,
        })
    }

    /// Fails if a file that SQLite would use with a new database of this name exists, or the
    /// database itself.
    ///
    /// # Errors
    ///
    /// [`OpenError::Exists`], [`OpenError::LeftOver`] or [`OpenError::SideFile`].
    pub fn expect_unused(path: &Path) -> Result<(), OpenError> {
        crate::files::expect_unused(path)
    }

    /// Fails if the name is that of a file which SQLite keeps with another database, or that has
    /// one of these ends: an application keeps such files with it.
    ///
    /// # Errors
    ///
    /// [`OpenError::SideFile`].
    pub fn expect_no_side_file(path: &Path, ends: &[&str]) -> Result<(), OpenError> {
        crate::files::refuse_side_file(path, ends)
    }
}
