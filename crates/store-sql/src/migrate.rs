//! What a migration would do, and the changes that it needs first.

use std::path::PathBuf;

use scopegate_domain::{AuditEntry, UserId};
use scopegate_store::StoreError;
use sqlx::Connection as _;

use crate::names;
use crate::prepare::{expect_ours, look_first};
use crate::same_name::{RenamedUsers, SameName};
use crate::{DatabaseUrl, OpenError, OpenMode, RowCounts, SqlStore, connect, duplicates, files, migrations, unnamed};

/// The steps of a migration that has not begun.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct MigrationPlan {
    /// The versions of the tables that it applies, each with its description.
    pub steps: Vec<(i64, &'static str)>,
    /// The rows of the database.
    pub rows: RowCounts,
    /// The number of users that get a canonical name.
    pub users_without_canonical_name: u64,
    /// The pairs of users that prevent it. [`SqlStore::rename_duplicates`] gives the younger user
    /// this name.
    pub same_names: Vec<(SameName, String)>,
}

impl SqlStore {
    /// Returns what [`OpenMode::Create`] would do to a database, without a change.
    ///
    /// # Errors
    ///
    /// The [`OpenError`] with which `open_with` fails, other than [`OpenError::SameNames`].
    pub async fn plan(url: &DatabaseUrl, key_files: &[PathBuf]) -> Result<MigrationPlan, OpenError> {
        let new = || MigrationPlan {
            steps: migrations::all(),
            ..MigrationPlan::default()
        };
        let Some(path) = url.path() else { return Ok(new()) };
        if files::expect_creatable(path, key_files)? {
            return Ok(new());
        }
        let store = Self::open_with(url, OpenMode::Copy).await?;
        let plan = store.own_plan().await;
        let closed = store.close().await;
        let plan = plan?;
        closed.map_err(unavailable)?;
        Ok(plan)
    }

    async fn own_plan(&self) -> Result<MigrationPlan, OpenError> {
        let rows = self.verify().await.map_err(unavailable)?;
        let mut connection = self.connections.reader().await.map_err(unavailable)?;
        Ok(MigrationPlan {
            steps: migrations::pending(&mut connection).await?,
            rows,
            users_without_canonical_name: unnamed::count_missing(&mut connection).await?,
            same_names: duplicates::find(&mut connection).await?,
        })
    }

    /// Fails if names of users prevent a migration.
    pub(crate) async fn expect_distinct_names(&self) -> Result<(), OpenError> {
        let mut connection = self.connections.reader().await.map_err(unavailable)?;
        names::expect_distinct(&mut connection).await
    }

    /// Gives the younger user of each pair with the same name the new name of
    /// [`MigrationPlan::same_names`]. It ends with the first six characters of the user's id, or
    /// with as many as make it free. `entry_of` returns the entry of the audit log for a user.
    ///
    /// The database need not be migrated yet. The entries are written in the same transaction, or
    /// returned if the database has no audit log yet.
    ///
    /// # Errors
    ///
    /// [`OpenError`], and no user was renamed.
    pub async fn rename_duplicates(
        url: &DatabaseUrl,
        entry_of: impl Fn(UserId) -> Result<AuditEntry, StoreError>,
    ) -> Result<RenamedUsers, OpenError> {
        let Some(path) = url.path() else {
            return Ok(RenamedUsers::default());
        };
        files::expect_existing(path)?;
        files::expect_log(path).await?;
        look_first(path, false).await?;
        let mut writer = connect::writer(url).await?;
        let renamed = match expect_ours(&mut writer, path, false).await {
            Ok(()) => duplicates::rename(&mut writer, entry_of).await,
            Err(error) => Err(error),
        };
        let closed = writer.close().await;
        let renamed = renamed?;
        closed?;
        Ok(renamed)
    }
}

fn unavailable(error: StoreError) -> OpenError {
    OpenError::Unavailable(error.into())
}
