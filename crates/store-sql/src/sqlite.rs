//! The SQLite connections of a store: one writer and two readers.

use std::future::Future;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use ::metrics::Counter;
use scopegate_store::{StoreError, StoreErrorKind};
use sqlx::{Connection, SqliteConnection};
use tokio::sync::{MappedMutexGuard, Mutex, MutexGuard};
use tokio::time::timeout;

use crate::changes::Change;
use crate::connect::BUSY_TIMEOUT;
use crate::failure::{Closed, Overdue, Unanswered, failure};
use crate::home::Home;
use crate::metrics::commits;
use crate::queue::Queue;

/// Writes an unused number over itself, which has no effect except the write.
pub(crate) const REWRITE: &str = "PRAGMA user_version = 0";

/// The time in which a thread without a statement answers.
const PING_TIMEOUT: Duration = Duration::from_millis(100);

/// A connection that can be closed while other code still holds the store.
///
/// The thread of a connection may hang in SQLite, when the disk does not answer or another program
/// locks the files. A caller then stops to wait at a deadline, and the statement stays with the
/// thread. So the next caller first asks whether the thread answers.
pub(crate) struct ConnectionSlot {
    connection: Mutex<Option<SqliteConnection>>,
    /// A read passed its deadline, and none was answered since.
    is_overdue: AtomicBool,
}

type SlotGuard<'a> = MutexGuard<'a, Option<SqliteConnection>>;

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
        let mut readers = readers.into_iter().map(ConnectionSlot::new);
        Self {
            writer: ConnectionSlot::new(writer),
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
        let turn = timeout(BUSY_TIMEOUT, self.writer.lock()).await;
        Ok(open(turn.map_err(|_| StoreError::unavailable(Overdue))?)?)
    }

    /// Returns the connection of the look-ups.
    pub(crate) async fn lookups(&self) -> Result<&ConnectionSlot, StoreError> {
        self.be_there().await?;
        Ok(self.lookups.as_ref().unwrap_or(&self.writer))
    }

    /// Returns the connection of all reads except look-ups. This waits as long as it takes.
    pub(crate) async fn reader(&self) -> Result<ConnectionGuard<'_>, StoreError> {
        let slot = self.reader_slot().await?;
        slot.ready(slot.lock().await).await
    }

    /// Returns the result of a read, which fails if it is not answered in time.
    pub(crate) async fn read<T>(
        &self,
        read: impl AsyncFnOnce(&mut SqliteConnection) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let slot = self.reader_slot().await?;
        let read = async { read(&mut *slot.ready(slot.lock().await).await?).await };
        slot.in_time(read).await
    }

    async fn reader_slot(&self) -> Result<&ConnectionSlot, StoreError> {
        self.be_there().await?;
        Ok(self.reader.as_ref().unwrap_or(&self.writer))
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

impl ConnectionSlot {
    fn new(connection: SqliteConnection) -> Self {
        Self {
            connection: Mutex::new(Some(connection)),
            is_overdue: AtomicBool::new(false),
        }
    }

    pub(crate) async fn lock(&self) -> SlotGuard<'_> {
        self.connection.lock().await
    }

    /// Returns the connection if it is free.
    pub(crate) fn free(&self) -> Option<SlotGuard<'_>> {
        self.connection.try_lock().ok()
    }

    /// Returns the open connection. Fails while its thread has a statement whose caller stopped to
    /// wait, so that no others collect there.
    pub(crate) async fn ready<'a>(&self, guard: SlotGuard<'a>) -> Result<ConnectionGuard<'a>, StoreError> {
        let mut connection = open(guard)?;
        if self.is_overdue.load(Ordering::Relaxed) {
            let answered = timeout(PING_TIMEOUT, connection.ping()).await;
            answered
                .map_err(|_| StoreError::unavailable(Unanswered))?
                .map_err(failure)?;
        }
        Ok(connection)
    }

    /// Waits for a read, which includes its wait for the connection, until the deadline. After a
    /// read that passed it, the next ones fail at once while the thread does not answer. Then one
    /// caller at a time waits.
    pub(crate) async fn in_time<T>(&self, read: impl Future<Output = Result<T, StoreError>>) -> Result<T, StoreError> {
        if self.is_overdue.load(Ordering::Relaxed) && self.free().is_none() {
            return Err(StoreError::unavailable(Unanswered));
        }
        let Ok(answer) = timeout(BUSY_TIMEOUT, read).await else {
            self.is_overdue.store(true, Ordering::Relaxed);
            return Err(StoreError::unavailable(Unanswered));
        };
        if !matches!(&answer, Err(cause) if cause.kind() == StoreErrorKind::Unavailable) {
            self.is_overdue.store(false, Ordering::Relaxed);
        }
        answer
    }
}

fn open(guard: SlotGuard<'_>) -> Result<ConnectionGuard<'_>, Closed> {
    MutexGuard::try_map(guard, Option::as_mut).map_err(|_| Closed)
}
