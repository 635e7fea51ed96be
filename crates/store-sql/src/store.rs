//! The SQL store.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use scopegate_domain::AuditEntry;
use scopegate_store::{BoxFuture, Cleanup, DeletedRows, ResealedKey, ResealedSecret, Store, StoreError};
use sqlx::{Connection as _, SqliteConnection};

use crate::bound::bound;
use crate::failure::failure;
use crate::files::{self, Snapshot};
use crate::home::Home;
use crate::lookups::Lookups;
use crate::metrics::Methods;
use crate::prepare::{Prepared, expect_ours, look_first, prepare};
use crate::reseal_steps::{reseal_keys, reseal_secrets};
use crate::sqlite::{Connections, REWRITE};
use crate::statement::{Backend, Outcome, RowView, Statement, Step};
use crate::{DatabaseUrl, OpenError, audit_entry, connect, migrations, new_database, unnamed};

/// A store in a SQL database.
///
/// One value is shared by the whole program. Dropping it closes the database in the background;
/// [`SqlStore::close`] waits until that is done.
///
/// ```
/// use scopegate_store::Store;
/// use scopegate_store_sql::{DatabaseUrl, SqlStore};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let store = SqlStore::open(&DatabaseUrl::memory()).await?;
/// assert_eq!(store.migrated(), [1, 2, 3, 4, 6, 7, 9, 10, 11, 12, 13, 15, 16]);
/// store.ping().await?;
/// store.close().await?;
/// assert!(store.ping().await.is_err());
/// # Ok(())
/// # }
/// ```
pub struct SqlStore {
    pub(crate) connections: Arc<Connections>,
    pub(crate) methods: Arc<Methods>,
    pub(crate) users_by_name: Arc<Lookups>,
    pub(crate) users_by_id: Arc<Lookups>,
    /// The entries of the audit log that are written with a change.
    audit: Vec<AuditEntry>,
    prepared: Prepared,
    /// The file as it was when it was opened without locks.
    snapshot: Option<Snapshot>,
}

/// The mode in which a database is opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum OpenMode<'a> {
    /// Reads and writes, and migrates the tables of an older version. Creates the database if
    /// neither its file, nor one that SQLite keeps with it, nor one of `key_files` exists: these
    /// would be useless with another database.
    Create {
        /// Files that an application keeps with the database, such as a key that encrypts parts of
        /// it.
        key_files: &'a [PathBuf],
    },
    /// Reads and writes an existing database of this program's version. An older server may use
    /// an older one at the same time, so its tables stay as they are.
    Existing,
    /// Reads an existing database of this program's version. Writes nothing and creates no file.
    ReadOnly,
    /// Reads an existing database of this or an older version, to copy it.
    Copy,
}

/// The rows of one transaction of a change of many rows, so that no other change waits long.
pub(crate) const BATCH: u16 = 500;

/// Checks a database that is only read.
async fn check(reader: &mut SqliteConnection, path: &Path, mode: OpenMode<'_>) -> Result<(), OpenError> {
    expect_ours(reader, path, false).await?;
    match migrations::expect_current(reader).await {
        Err(OpenError::Older { .. }) if mode == OpenMode::Copy => Ok(()),
        Ok(()) if mode == OpenMode::ReadOnly => unnamed::expect_complete(reader).await,
        checked => checked,
    }
}

/// Another process changed a database that was read without locks.
#[derive(Debug, thiserror::Error)]
#[error("database changed while it was read; run the command again")]
struct ChangedWhileRead;

impl SqlStore {
    /// Opens a database, creates it if nothing of it exists, and migrates its tables.
    ///
    /// # Errors
    ///
    /// [`OpenError`], and the database is as it was.
    pub async fn open(url: &DatabaseUrl) -> Result<Self, OpenError> {
        Self::open_with(url, OpenMode::Create { key_files: &[] }).await
    }

    /// Opens a database. A database in memory is always new.
    ///
    /// # Errors
    ///
    /// [`OpenError`], and the database is as it was.
    pub async fn open_with(url: &DatabaseUrl, mode: OpenMode<'_>) -> Result<Self, OpenError> {
        Self::open_audited(url, mode, &[]).await
    }

    /// Opens a database. If that migrates an existing one, these entries are written into its audit
    /// log, in the transaction of the migration.
    ///
    /// # Errors
    ///
    /// [`OpenError`], and the database is as it was.
    pub async fn open_audited(
        url: &DatabaseUrl,
        mode: OpenMode<'_>,
        entries: &[AuditEntry],
    ) -> Result<Self, OpenError> {
        let Some(path) = url.path() else {
            let mut writer = connect::writer(url).await?;
            let migrated = migrations::migrate_memory(&mut writer).await?;
            let prepared = Prepared { migrated, named: 0 };
            return Ok(Self::new(Connections::new(writer, Vec::new(), None), prepared));
        };
        let (is_new, created) = match mode {
            OpenMode::ReadOnly | OpenMode::Copy => return Self::open_read_only(path, mode).await,
            OpenMode::Create { key_files } if files::expect_creatable(path, key_files)? => {
                (true, new_database::create(path).await?)
            }
            OpenMode::Create { .. } => (true, Vec::new()),
            OpenMode::Existing => {
                files::expect_existing(path)?;
                (false, Vec::new())
            }
        };
        files::expect_log(path).await?;
        look_first(path, is_new).await?;
        let mut writer = connect::writer(url).await?;
        let prepared = match prepare(&mut writer, path, is_new, entries).await {
            Ok(Prepared { migrated, named }) => Prepared {
                migrated: [created, migrated].concat(),
                named,
            },
            Err(error) => {
                // The error that was found first is the cause.
                let _ = writer.close().await;
                return Err(error);
            }
        };
        let home = Home::of(url, &mut writer).await?;
        let connections = Connections::new(writer, connect::readers(url).await?, home);
        for version in &prepared.migrated {
            tracing::info!(version, database = %url, "tables migrated");
        }
        if prepared.named > 0 {
            tracing::info!(users = prepared.named, database = %url, "canonical names stored");
        }
        Ok(Self::new(connections, prepared))
    }

    /// Checks without a change whether [`OpenMode::Create`] would open the database. Returns the
    /// database for reading if there is one already; its tables may be of an older version.
    ///
    /// # Errors
    ///
    /// The [`OpenError`] with which `open_with` fails.
    pub async fn check(url: &DatabaseUrl, key_files: &[PathBuf]) -> Result<Option<Self>, OpenError> {
        match url.path() {
            Some(path) if !files::expect_creatable(path, key_files)? => {
                let opened = Self::open_read_only(path, OpenMode::Copy).await?;
                let distinct = opened.expect_distinct_names().await;
                if distinct.is_err() {
                    // The error that was found first is the cause.
                    let _ = opened.close().await;
                }
                distinct.map(|()| Some(opened))
            }
            _ => Ok(None),
        }
    }

    async fn open_read_only(path: &Path, mode: OpenMode<'_>) -> Result<Self, OpenError> {
        files::expect_existing(path)?;
        files::expect_log(path).await?;
        let is_at_rest = files::is_at_rest(path)?;
        if is_at_rest {
            files::expect_whole_pages(path)?;
        }
        let snapshot = is_at_rest.then(|| Snapshot::of(path)).transpose()?;
        let mut reader = connect::read_only(path, is_at_rest).await?;
        if let Err(error) = check(&mut reader, path, mode).await {
            let _ = reader.close().await;
            return Err(error);
        }
        let connections = Connections::new(reader, Vec::new(), None);
        Ok(Self {
            snapshot,
            ..Self::new(connections, Prepared::default())
        })
    }

    fn new(connections: Connections, prepared: Prepared) -> Self {
        Self {
            connections: Arc::new(connections),
            methods: Arc::new(Methods::new()),
            users_by_name: Arc::new(Lookups::users_by_name()),
            users_by_id: Arc::new(Lookups::users_by_id()),
            audit: Vec::new(),
            prepared,
            snapshot: None,
        }
    }

    /// Returns the newest version of the tables that this program knows: the one after a migration.
    #[must_use]
    pub fn newest_version() -> i64 {
        migrations::known()
    }

    /// Returns the versions of the tables that opening it has applied; none if they were current.
    #[must_use]
    pub fn migrated(&self) -> &[i64] {
        &self.prepared.migrated
    }

    /// Returns the number of users whose canonical names opening it has stored: after the migration
    /// of an older database, also if an earlier program began it.
    #[must_use]
    pub fn named_users(&self) -> u64 {
        self.prepared.named
    }

    /// Closes the database when the pending operations are done. All later calls fail.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the database could not be closed in order. Answered changes are kept
    /// regardless.
    pub async fn close(&self) -> Result<(), StoreError> {
        self.connections.close().await.map_err(failure)?;
        match &self.snapshot {
            Some(snapshot) if !snapshot.is_current() => Err(StoreError::unavailable(ChangedWhileRead)),
            _ => Ok(()),
        }
    }

    /// Returns the one row with a key, or `None`; the fastest read.
    pub(crate) async fn look_up<T>(
        &self,
        lookups: &Lookups,
        key: &str,
        value: fn(&dyn RowView) -> Result<T, StoreError>,
    ) -> Result<Option<T>, StoreError> {
        let row = lookups.find(self.connections.lookups().await?, key).await?;
        row.map(|row| value(&row)).transpose()
    }

    /// Returns the one row that a statement finds, or `None`.
    pub(crate) async fn one<T: Send>(
        &self,
        statement: Statement,
        value: fn(&dyn RowView) -> Result<T, StoreError>,
    ) -> Result<Option<T>, StoreError> {
        Ok(self.all(statement, value).await?.pop())
    }

    /// Returns all rows that a statement finds.
    pub(crate) async fn all<T: Send>(
        &self,
        statement: Statement,
        value: fn(&dyn RowView) -> Result<T, StoreError>,
    ) -> Result<Vec<T>, StoreError> {
        self.connections.fetch(statement, value).await
    }

    /// Returns all rows that a statement finds, however long it reads: many rows for few results.
    pub(crate) async fn scan<T>(
        &self,
        statement: Statement,
        value: fn(&dyn RowView) -> Result<T, StoreError>,
    ) -> Result<Vec<T>, StoreError> {
        let mut connection = self.connections.reader().await?;
        let rows = bound(statement).fetch_all(&mut *connection).await.map_err(failure)?;
        drop(connection);
        rows.iter().map(|row| value(row)).collect()
    }

    /// Records the last change that can be read: a copy without it is not used.
    pub(crate) async fn note(&self) -> Result<(), StoreError> {
        let note = async |connection: &mut SqliteConnection| {
            self.connections.note(connection).await;
            Ok(())
        };
        self.connections.read(note).await
    }

    /// Returns whether a statement changed a row.
    pub(crate) async fn change(&self, statement: Statement) -> Result<bool, StoreError> {
        match self.transaction(vec![statement.at_least(1)]).await? {
            Outcome::Committed(_) => Ok(true),
            Outcome::Missed(_) => Ok(false),
        }
    }

    /// Takes all steps or none. Returns whether each met its expectation.
    pub(crate) async fn change_all(&self, steps: Vec<Step>) -> Result<bool, StoreError> {
        Ok(matches!(self.transaction(steps).await?, Outcome::Committed(_)))
    }

    /// Returns this store, whose changes write these entries of the audit log.
    pub(crate) fn with_audit(&self, entries: &[AuditEntry]) -> Self {
        Self {
            connections: Arc::clone(&self.connections),
            methods: Arc::clone(&self.methods),
            users_by_name: Arc::clone(&self.users_by_name),
            users_by_id: Arc::clone(&self.users_by_id),
            audit: entries.to_vec(),
            prepared: Prepared::default(),
            snapshot: None,
        }
    }

    /// Makes a change of one statement. Returns the number of changed rows.
    pub(crate) async fn count_changed(&self, statement: Statement) -> Result<u64, StoreError> {
        match self.transaction(vec![statement.at_least(1)]).await? {
            Outcome::Committed(rows) => Ok(rows.into_iter().next().unwrap_or_default()),
            Outcome::Missed(_) => Ok(0),
        }
    }

    /// Makes a change of many rows. The statement changes at most [`BATCH`] rows, and is repeated
    /// until it changes less. Other changes run in between. The entries of the audit log are
    /// written with the first batch. Returns the number of changed rows.
    pub(crate) async fn change_in_batches(&self, statement: impl Fn() -> Statement) -> Result<u64, StoreError> {
        let mut changed = self.count_changed(statement()).await?;
        let mut rows = changed;
        while rows >= BATCH.into() {
            rows = self.connections.execute(statement()).await?;
            changed += rows;
        }
        Ok(changed)
    }

    /// Takes all steps or none, and those that write the entries of the audit log.
    async fn transaction(&self, steps: Vec<Step>) -> Result<Outcome, StoreError> {
        self.transaction_before(steps, []).await
    }

    /// Does the same, with steps that must be the last ones.
    pub(crate) async fn transaction_before(
        &self,
        mut steps: Vec<Step>,
        last: impl IntoIterator<Item = Step>,
    ) -> Result<Outcome, StoreError> {
        steps.extend(audit_entry::steps(&self.audit));
        steps.extend(last);
        self.connections.transaction(steps).await
    }
}

impl Store for SqlStore {
    fn ping(&self) -> BoxFuture<'_, Result<(), StoreError>> {
        self.methods.ping.measure(async move {
            let row = self.one(Statement::new("SELECT 1 FROM users LIMIT 1"), |_| Ok(()));
            row.await.map(|_| ())
        })
    }

    /// Writes an unused number over itself: one page of the log, and it is on the disk.
    fn check_writable(&self) -> BoxFuture<'_, Result<(), StoreError>> {
        self.methods
            .check_writable
            .measure(async move { self.connections.execute(Statement::new(REWRITE)).await.map(|_| ()) })
    }

    fn delete_expired(&self, cleanup: Cleanup) -> BoxFuture<'_, Result<DeletedRows, StoreError>> {
        self.methods.delete_expired.measure(self.clean(cleanup))
    }

    fn count_rows(&self) -> BoxFuture<'_, Result<Vec<(&'static str, u64)>, StoreError>> {
        self.methods.count_rows.measure(self.rows())
    }

    fn reseal<'a>(
        &'a self,
        keys: &'a [ResealedKey],
        secrets: &'a [ResealedSecret],
    ) -> BoxFuture<'a, Result<bool, StoreError>> {
        let mut steps = reseal_keys(keys);
        steps.extend(reseal_secrets(secrets));
        self.methods.reseal.measure(self.change_all(steps))
    }

    fn audited(&self, entries: &[AuditEntry]) -> Arc<dyn Store> {
        Arc::new(self.with_audit(entries))
    }
}

impl fmt::Debug for SqlStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqlStore").finish_non_exhaustive()
    }
}
