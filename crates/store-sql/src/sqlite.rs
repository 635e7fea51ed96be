//! The SQLite connections of a store: one writer and two readers.

use std::sync::atomic::AtomicBool;

use ::metrics::Counter;
use scopegate_store::StoreError;
use sqlx::{Connection, SqliteConnection};
use tokio::sync::{MappedMutexGuard, Mutex, MutexGuard};

use crate::changes::Change;
use crate::connect::BUSY_TIMEOUT;
use crate::failure::{Closed, Overdue};
use crate::home::Home;
use crate::metrics::commits;
use crate::queue::Queue;

/// Writes an unused number over itself, which has no effect except the write.
pub(crate) const REWRITE: &str = "PRAGMA user_version = 0";

/// A connection that can be closed while other code still holds the store.
pub(crate) type ConnectionSlot = Mutex<Option<SqliteConnection>>;

pub(crate) type ConnectionGuard<'a> = MappedMutexGuard<'a, SqliteConnection>;

/// One connection that writes, one for [`Lookups`](crate::lookups::Lookups), and one for all other
/// reads. A database in memory has one connection for everything.
///
/// This is not a pool of `sqlx`: that pings a connection whenever it is returned, which costs as
/// much as the look-up did.
pub(crate) struct Connections {
    pub(crate) writer: ConnectionSlot,
    pub(crate) lookups: Option<ConnectionSlot>,
    pub(crate) reader: Option<ConnectionSlot>,
    /// The changes that wait for the writer.
    pub(crate) queue: Queue,
    /// The writer has begun a transaction that did not end.
    pub(crate) is_in_transaction: AtomicBool,
    pub(crate) commits: Counter,
    /// `None` for a database in memory, and for one that is only read.
    pub(crate) home: Option<Home>,
}

impl Connections {
    /// Collects all connections, with `home` if they are to a file.
    pub(crate) fn new(writer: SqliteConnection, readers: Vec<SqliteConnection>, home: Option<Home>) -> Self {
        let slot = |connection| Mutex::new(Some(connection));
        let mut readers = readers.into_iter().map(slot);
        Self {
            writer: slot(writer),
            lookups: readers.next(),
            reader: readers.next(),
            queue: Queue::default(),
            is_in_transaction: AtomicBool::new(false),
            commits: commits(),
            home,
        }
    }

    /// Checks that the files are at their paths, so that a write now will be found later.
    pub(crate) fn check_files(&self) -> Result<(), StoreError> {
        self.home.as_ref().map_or(Ok(()), |home| home.files.check())
    }

    /// Records the last change that a connection sees: it was answered, or a caller may have acted
    /// on it.
    pub(crate) async fn note(&self, connection: &mut SqliteConnection) {
        // If this fails, an older change is known, which a copy contains as well.
        if self.home.is_some()
            && let Ok(change) = Change::last(connection).await
        {
            self.remember(change);
        }
    }

    /// Records a change that was answered.
    pub(crate) fn remember(&self, change: Option<Change>) {
        if let (Some(home), Some(change)) = (&self.home, change) {
            home.remember(change);
        }
    }

    /// Returns the connection that writes. Waits for it as long as for another program.
    pub(crate) async fn writer(&self) -> Result<ConnectionGuard<'_>, StoreError> {
        self.recover().await?;
        let turn = tokio::time::timeout(BUSY_TIMEOUT, self.writer.lock()).await;
        Ok(open(turn.map_err(|_| StoreError::unavailable(Overdue))?)?)
    }

    /// Returns the connection of the look-ups.
    pub(crate) async fn lookups(&self) -> Result<&ConnectionSlot, StoreError> {
        self.be_there().await?;
        Ok(self.lookups.as_ref().unwrap_or(&self.writer))
    }

    /// Returns the connection of all reads except look-ups.
    pub(crate) async fn reader(&self) -> Result<ConnectionGuard<'_>, StoreError> {
        self.be_there().await?;
        let reader = self.reader.as_ref().unwrap_or(&self.writer);
        Ok(open(reader.lock().await)?)
    }

    /// Fails if the files were missing at the last check, and are not back.
    async fn be_there(&self) -> Result<(), StoreError> {
        match self.check_cached() {
            Ok(()) => Ok(()),
            Err(_) => self.recover().await,
        }
    }

    fn check_cached(&self) -> Result<(), StoreError> {
        self.home.as_ref().map_or(Ok(()), |home| home.files.check_cached())
    }

    /// Closes all of them, each when its statement is done. The writer is last, and merges the log
    /// into the file.
    pub(crate) async fn close(&self) -> Result<(), sqlx::Error> {
        if let Some(home) = &self.home {
            home.close();
        }
        for slot in self.reader.iter().chain(&self.lookups).chain([&self.writer]) {
            if let Some(connection) = slot.lock().await.take() {
                connection.close().await?;
            }
        }
        if let Some(home) = &self.home {
            home.files.release();
        }
        Ok(())
    }
}

pub(crate) fn open(guard: MutexGuard<'_, Option<SqliteConnection>>) -> Result<ConnectionGuard<'_>, Closed> {
    MutexGuard::try_map(guard, Option::as_mut).map_err(|_| Closed)
}
