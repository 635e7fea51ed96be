//! The location of a database, and the required contents of a copy of it.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use sqlx::{Connection, SqliteConnection, query_scalar};
use tokio::time::Instant;

use crate::changes::Change;
use crate::database_files::DatabaseFiles;
use crate::{DatabaseUrl, OpenError, connect, files, migrations};

/// The files of a database, and what is needed to open it again.
pub(crate) struct Home {
    pub(crate) files: Arc<DatabaseFiles>,
    pub(crate) url: DatabaseUrl,
    /// The last change that this process has answered or seen.
    seen: Mutex<Option<Change>>,
    /// The time before which no further attempt is made.
    pub(crate) next: tokio::sync::Mutex<Option<Instant>>,
    /// This process has closed its connections to open them again.
    pub(crate) is_down: AtomicBool,
    /// The store was closed for good.
    pub(crate) is_closed: AtomicBool,
}

/// The reason why the files at the path are not used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Unfit {
    #[error(
        "database was replaced by another one, or by a copy that lacks changes: put the file back, or restart the server \
         to use the new one"
    )]
    Other,
    #[error("copy of the database is damaged: put the file back")]
    Damaged,
    #[error("database was replaced again")]
    ReplacedAgain,
    #[error("copy of the database cannot be opened")]
    Unopened(#[source] OpenError),
}

impl<E: Into<OpenError>> From<E> for Unfit {
    fn from(error: E) -> Self {
        Self::Unopened(error.into())
    }
}

impl Home {
    /// Records the location of a database that was opened and migrated.
    pub(crate) async fn of(url: &DatabaseUrl, writer: &mut SqliteConnection) -> Result<Option<Self>, OpenError> {
        let Some(path) = url.path() else {
            return Ok(None);
        };
        Ok(Some(Self {
            files: Arc::new(DatabaseFiles::of(path)?),
            // The working directory may change.
            url: DatabaseUrl::file(std::path::absolute(path)?),
            seen: Mutex::new(Change::last(writer).await?),
            next: tokio::sync::Mutex::new(None),
            is_down: AtomicBool::new(false),
            is_closed: AtomicBool::new(false),
        }))
    }

    /// Records a change that this process has made or read.
    pub(crate) fn remember(&self, change: Change) {
        *self.seen.lock().unwrap_or_else(PoisonError::into_inner) = Some(change);
    }

    /// Records that the store was closed permanently.
    pub(crate) fn close(&self) {
        self.is_closed.store(true, Ordering::Relaxed);
    }

    fn seen(&self) -> Option<Change> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Fails unless the database contains the last change that this process knows.
    pub(crate) async fn expect_seen(&self, connection: &mut SqliteConnection) -> Result<(), Unfit> {
        let Some(seen) = self.seen() else {
            return Err(Unfit::Other);
        };
        match seen.is_in(connection).await {
            Ok(true) => Ok(()),
            // A database of another program has no such table.
            _ => Err(Unfit::Other),
        }
    }

    /// Checks a main file without a log, without changing a file.
    pub(crate) async fn check(&self) -> Result<(), Unfit> {
        let Some(path) = self.url.path() else {
            return Err(Unfit::Other);
        };
        files::expect_existing(path)?;
        if !files::is_at_rest(path)? {
            return Err(Unfit::ReplacedAgain);
        }
        let mut reader = connect::read_only(path, true).await?;
        let checked = self.check_contents(&mut reader).await;
        // The contents were read; nothing was written that could be lost.
        let _ = reader.close().await;
        checked
    }

    async fn check_contents(&self, reader: &mut SqliteConnection) -> Result<(), Unfit> {
        self.expect_seen(reader).await?;
        migrations::expect_current(reader).await?;
        let check = query_scalar("PRAGMA integrity_check(1)");
        let found: String = check.fetch_one(reader).await?;
        if found == "ok" { Ok(()) } else { Err(Unfit::Damaged) }
    }
}
