//! Prepares a database for use.

use std::path::Path;

use scopegate_domain::AuditEntry;
use sqlx::{Connection as _, SqliteConnection};

use crate::files::{self, Snapshot};
use crate::migrations::Contents;
use crate::{OpenError, connect, migrations, names, unnamed};

/// The outcome of preparing a database.
#[derive(Debug, Default)]
pub(crate) struct Prepared {
    /// The versions of the tables that were applied.
    pub(crate) migrated: Vec<i64>,
    /// The number of canonical names that were stored.
    pub(crate) named: u64,
}

/// Checks whose database it is, and migrates it. Entries are written with the migration of an
/// existing database.
pub(crate) async fn prepare(
    writer: &mut SqliteConnection,
    path: &Path,
    is_new: bool,
    entries: &[AuditEntry],
) -> Result<Prepared, OpenError> {
    expect_ours(writer, path, is_new).await?;
    if is_new {
        names::expect_distinct(writer).await?;
    } else {
        migrations::expect_current(writer).await?;
        unnamed::expect_complete(writer).await?;
    }
    connect::use_log(writer).await?;
    let migrated = migrations::migrate(writer, entries).await?;
    let named = names::fill(writer).await?;
    Ok(Prepared { migrated, named })
}

/// Checks whose database it is before it is opened for writing.
///
/// SQLite copies a log into its database when the last program closes it, and a log that was left
/// by another database replaces pages. A connection that only reads writes nothing.
// SECURITY: a file that is refused stays as it is. Tested by
// `faults.rs::a_log_of_another_program_is_not_applied`, `::a_damaged_database_stays_as_it_is`.
pub(crate) async fn look_first(path: &Path, may_be_new: bool) -> Result<(), OpenError> {
    // Another process may be creating the database, or have ended while it did.
    while files::size(path)? > 0 && !files::has_journal(path)? {
        let is_at_rest = files::is_at_rest(path)?;
        if is_at_rest {
            files::expect_whole_pages(path)?;
        }
        let snapshot = is_at_rest.then(|| Snapshot::of(path)).transpose()?;
        let mut reader = connect::read_only(path, is_at_rest).await?;
        let found = expect_ours(&mut reader, path, may_be_new).await;
        // The error that was found first is the cause.
        let _ = reader.close().await;
        if found.is_ok() || snapshot.is_none_or(|snapshot| snapshot.is_current()) {
            return found;
        }
    }
    Ok(())
}

/// Fails if the database is not one of this program. `may_be_new`: it may also have no tables yet.
pub(crate) async fn expect_ours(
    connection: &mut SqliteConnection,
    path: &Path,
    may_be_new: bool,
) -> Result<(), OpenError> {
    match migrations::contents(connection).await? {
        Contents::Ours => Ok(()),
        Contents::Nothing if may_be_new => Ok(()),
        Contents::Nothing => Err(OpenError::Empty { path: path.to_owned() }),
        Contents::Foreign => Err(OpenError::Foreign { path: path.to_owned() }),
    }
}
