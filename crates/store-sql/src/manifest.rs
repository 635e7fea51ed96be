//! The manifest of a backup, and what a restore changes in it.

use std::iter;
use std::path::Path;

use scopegate_domain::{AuditEntry, Timestamp};
use scopegate_store::StoreError;
use sqlx::{Connection as _, Row as _, SqliteConnection, query};

use crate::copy::has_table;
use crate::failure::failure;
use crate::statement::Statement;
use crate::{DatabaseUrl, OpenError, SqlStore, audit_entry, connect, migrations};

/// The number of places by which a restore moves each lane ahead, at least.
const AHEAD: i64 = 1 << 24;

/// The number of places for each second since 1970 that a restored lane is ahead, at least. A later
/// restore of the same backup is ahead of an earlier one if a lane got fewer entries in a second.
const PLACES_PER_SECOND: i64 = 256;

/// The same text as in the migration.
const CREATE: &str = "CREATE TABLE IF NOT EXISTS backup_manifest ( \
         id      INTEGER NOT NULL PRIMARY KEY CHECK (id = 1), \
         made_at INTEGER, \
         version INTEGER NOT NULL, \
         heads   TEXT    NOT NULL \
     ) STRICT";

const READ: &str = "SELECT made_at, version, heads FROM backup_manifest WHERE id = 1";

/// Entries keep their places. The first kept place is after all of them, so that each reader reads
/// everything again, and finds no gap.
const MOVE_AHEAD: &str = "UPDATE news_head SET place = MAX(place + $1, $2), first = MAX(place + $1, $2) + 1";

/// What a backup is of.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct BackupManifest {
    /// When it was made. `None` if an earlier release made it.
    pub made_at: Option<Timestamp>,
    /// The version of its tables.
    pub version: i64,
    /// The last place of each lane of the log of changes, as `lane:place` with spaces between them.
    pub heads: String,
}

impl SqlStore {
    /// Reads the manifest. The database has one if it is a backup, or if it was restored from one
    /// and [`SqlStore::finish_restore`] did not run yet.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn manifest(&self) -> Result<Option<BackupManifest>, StoreError> {
        let mut connection = self.connections.reader().await?;
        if !has_table(&mut connection, "backup_manifest").await? {
            return Ok(None);
        }
        let row = query(READ).fetch_optional(&mut *connection).await.map_err(failure)?;
        let read = |row: sqlx::sqlite::SqliteRow| {
            Ok(BackupManifest {
                made_at: row.try_get::<Option<i64>, _>(0)?.map(Timestamp::from_unix),
                version: row.try_get(1)?,
                heads: row.try_get(2)?,
            })
        };
        row.map(read).transpose().map_err(failure)
    }

    /// Removes the manifest of a restored database, and writes this entry of the audit log.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub async fn finish_restore(&self, entry: AuditEntry) -> Result<(), StoreError> {
        let remove = Statement::new("DELETE FROM backup_manifest").at_least(1);
        let steps = iter::once(remove).chain(audit_entry::steps(&[entry]));
        self.change_all(steps.collect()).await.map(drop)
    }

    /// Writes the manifest into a copy that no other program uses. Without `with_audit`, the audit
    /// log of the copy becomes empty.
    ///
    /// # Errors
    ///
    /// [`OpenError`]; the copy may have been changed in part.
    pub async fn complete_copy(copy: &Path, made_at: Timestamp, with_audit: bool) -> Result<(), OpenError> {
        change(copy, async |connection| {
            if !with_audit {
                empty_audit(connection).await?;
            }
            write(connection, Some(made_at)).await
        })
        .await
    }

    /// Makes a database of the copy of a backup that no other program uses.
    ///
    /// The places of the log that the lost database gave after the backup are not given again. A
    /// token states the last place at its issue. A later revocation would otherwise get an earlier
    /// place and miss the token. A reader of the lost database would miss it as well.
    ///
    /// # Errors
    ///
    /// [`OpenError`]; the copy may have been changed in part.
    // SECURITY: tested by `revocation_after_restore_covers_tokens_of_lost_history` in
    // tests/it/backups.rs.
    pub async fn move_ahead(copy: &Path, now: Timestamp) -> Result<(), OpenError> {
        change(copy, async |connection| {
            if has_table(connection, "news_head").await.map_err(unavailable)? {
                let by_time = now.as_unix().max(0).saturating_mul(PLACES_PER_SECOND);
                query(MOVE_AHEAD)
                    .bind(AHEAD)
                    .bind(by_time)
                    .execute(&mut *connection)
                    .await?;
            }
            if !has_manifest(connection).await? {
                write(connection, None).await?;
            }
            Ok(())
        })
        .await
    }
}

/// Changes a copy in one transaction, and leaves one file.
async fn change(
    copy: &Path,
    change: impl AsyncFnOnce(&mut SqliteConnection) -> Result<(), OpenError>,
) -> Result<(), OpenError> {
    let mut connection = connect::writer(&DatabaseUrl::file(copy)).await?;
    let changed: Result<(), OpenError> = async {
        let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await?;
        change(&mut transaction).await?;
        transaction.commit().await?;
        // Removed entries leave the file.
        query("VACUUM").execute(&mut connection).await?;
        Ok(())
    }
    .await;
    let closed = connection.close().await;
    changed?;
    Ok(closed?)
}

async fn has_manifest(connection: &mut SqliteConnection) -> Result<bool, OpenError> {
    query(CREATE).execute(&mut *connection).await?;
    Ok(query(READ).fetch_optional(connection).await?.is_some())
}

async fn write(connection: &mut SqliteConnection, made_at: Option<Timestamp>) -> Result<(), OpenError> {
    query(CREATE).execute(&mut *connection).await?;
    let heads = if has_table(connection, "news_head").await.map_err(unavailable)? {
        let heads = query("SELECT lane || ':' || place FROM news_head ORDER BY lane");
        let rows = heads.fetch_all(&mut *connection).await?;
        let heads: Result<Vec<String>, _> = rows.iter().map(|row| row.try_get(0)).collect();
        heads?.join(" ")
    } else {
        String::new()
    };
    let version = migrations::version(connection).await?;
    query("INSERT OR REPLACE INTO backup_manifest (id, made_at, version, heads) VALUES (1, $1, $2, $3)")
        .bind(made_at.map(Timestamp::as_unix))
        .bind(version)
        .bind(heads)
        .execute(connection)
        .await?;
    Ok(())
}

/// Removes all entries of the audit log. Its triggers allow that beyond the greatest number of
/// entries, which is 0 meanwhile.
async fn empty_audit(connection: &mut SqliteConnection) -> Result<(), OpenError> {
    for table in ["audit", "audit_kept"] {
        if !has_table(connection, table).await.map_err(unavailable)? {
            return Ok(());
        }
    }
    let row = query("SELECT max_entries FROM audit_kept")
        .fetch_one(&mut *connection)
        .await?;
    let most: i64 = row.try_get(0)?;
    let set = |most: i64| query("UPDATE audit_kept SET max_entries = $1").bind(most);
    set(0).execute(&mut *connection).await?;
    query("DELETE FROM audit").execute(&mut *connection).await?;
    set(most).execute(connection).await?;
    Ok(())
}

fn unavailable(error: StoreError) -> OpenError {
    OpenError::Unavailable(error.into())
}
