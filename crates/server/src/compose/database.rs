//! The database that the settings name: its URL, and the store that a command opens.

use std::path::Path;
use std::sync::Arc;

use anyhow::Context;
use scopegate_domain::{AuditDetail, AuditEntry, AuditEvent};
use scopegate_store::{Store, StoreError};
use scopegate_store_sql::{BackupManifest, DatabaseUrl, MigrationPlan, OpenMode, RenamedUsers, SqlStore};

use super::{kek, opening};
use crate::command::audit_entry;
use crate::config::Settings;

/// The database that the settings name.
pub(super) fn database_url(settings: &Settings) -> anyhow::Result<DatabaseUrl> {
    DatabaseUrl::parse(&settings.database).with_context(|| {
        format!(
            "bad value for {}: expected `sqlite:PATH` or `sqlite::memory:`",
            settings.place_of("database")
        )
    })
}

/// Whether the settings name a database file with contents.
pub(crate) fn has_database(settings: &Settings) -> anyhow::Result<bool> {
    let url = database_url(settings)?;
    let file = url.path().map(std::fs::metadata);
    Ok(file.is_some_and(|file| file.is_ok_and(|file| file.len() > 0)))
}

/// Returns the steps of a migration. It writes nothing.
pub(crate) async fn plan_migration(settings: &Settings) -> anyhow::Result<MigrationPlan> {
    let url = database_url(settings)?;
    opening::expect_creatable(&url)?;
    let key_files = url.path().map(kek::key_files).unwrap_or_default();
    let plan = SqlStore::plan(&url, &key_files).await;
    plan.map_err(|error| opening::explain(error, &url))
}

/// Gives the younger of two users with the same name another name.
pub(crate) async fn rename_duplicates(settings: &Settings) -> anyhow::Result<RenamedUsers> {
    let url = database_url(settings)?;
    if !has_database(settings)? {
        return Ok(RenamedUsers::default());
    }
    let entry_of = |id| match audit_entry(AuditEvent::UserChanged) {
        Ok(entry) => Ok(entry.of_user(id)),
        Err(error) => Err(StoreError::unavailable(error)),
    };
    let renamed = SqlStore::rename_duplicates(&url, entry_of).await;
    renamed.map_err(|error| opening::explain(error, &url))
}

/// The use that a command makes of the database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    /// Reads and writes, and creates the database if it does not exist. An existing one must have
    /// the current version.
    Add,
    /// Reads and writes, creates the database if it does not exist, and migrates an older one.
    Migrate,
    /// Reads and writes an existing database.
    Change,
    /// Reads an existing database, and writes nothing.
    Read,
}

/// The database that the settings name.
pub(crate) struct Database {
    sql: Arc<SqlStore>,
    url: DatabaseUrl,
}

impl Database {
    /// Opens it for this use.
    pub(crate) async fn open(settings: &Settings, access: Access) -> anyhow::Result<Self> {
        Self::open_audited(settings, access, Vec::new()).await
    }

    /// Opens it for this use. If that migrates an existing database, the migration and these
    /// entries are in the audit log, in one transaction with it.
    pub(crate) async fn open_audited(
        settings: &Settings,
        access: Access,
        mut entries: Vec<AuditEntry>,
    ) -> anyhow::Result<Self> {
        let url = database_url(settings)?;
        let key_files = url.path().map(kek::key_files).unwrap_or_default();
        if matches!(access, Access::Add | Access::Migrate) {
            opening::expect_creatable(&url)?;
        }
        let mode = match access {
            Access::Add if has_database(settings)? => OpenMode::Existing,
            Access::Add | Access::Migrate => OpenMode::Create { key_files: &key_files },
            Access::Change => OpenMode::Existing,
            Access::Read => OpenMode::ReadOnly,
        };
        let version = AuditDetail::Version(SqlStore::newest_version());
        entries.push(audit_entry(AuditEvent::AdminMigrated)?.with_detail(version));
        let sql = SqlStore::open_audited(&url, mode, &entries).await;
        let sql = sql.map_err(|error| opening::explain(error, &url))?;
        Ok(Self {
            sql: Arc::new(sql),
            url,
        })
    }

    /// Returns the store of this database.
    pub(crate) fn store(&self) -> Arc<dyn Store> {
        Arc::<SqlStore>::clone(&self.sql)
    }

    /// The versions of the tables that opening it applied.
    pub(crate) fn migrated(&self) -> &[i64] {
        self.sql.migrated()
    }

    /// The number of users whose canonical names opening it stored.
    pub(crate) fn named_users(&self) -> u64 {
        self.sql.named_users()
    }

    /// Whether opening it created it.
    pub(crate) fn is_new(&self) -> bool {
        self.sql.migrated().first() == Some(&1)
    }

    /// Returns the path of the file. `None` if the database is in memory or on a server.
    pub(super) fn path(&self) -> Option<&Path> {
        self.url.path()
    }

    /// What the database was restored from, if `restore finish` did not run since.
    pub(crate) async fn manifest(&self) -> anyhow::Result<Option<BackupManifest>> {
        Ok(self.sql.manifest().await?)
    }

    /// Ends the state after a restore.
    pub(crate) async fn finish_restore(&self) -> anyhow::Result<()> {
        Ok(self.sql.finish_restore(audit_entry(AuditEvent::AdminRestored)?).await?)
    }

    /// Waits for running work and closes the database.
    pub(crate) async fn close(self) -> anyhow::Result<()> {
        Ok(self.sql.close().await?)
    }
}
