//! The tables, made and brought up to date.

use std::borrow::Cow;

use sqlx::migrate::{Migrate, MigrateError, Migration, MigrationType, Migrator};
use sqlx::{Connection, SqlSafeStr, SqliteConnection};

use crate::OpenError;

/// Every version of the tables, oldest first: number, what it does, how. What was released is never edited.
const MIGRATIONS: &[(i64, &str, &str)] = &[(1, "initial", include_str!("../migrations/0001_initial.sql"))];

/// Brings the tables up to date and answers with the versions that were applied now.
///
/// Either all of it happens or nothing: two programs that open a new database at the same moment wait for one another.
pub(crate) async fn migrate(connection: &mut SqliteConnection) -> Result<Vec<i64>, OpenError> {
    let migrator = migrator();
    let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await?;
    transaction
        .ensure_migrations_table(&migrator.table_name)
        .await
        .map_err(failure)?;
    let applied = transaction
        .list_applied_migrations(&migrator.table_name)
        .await
        .map_err(failure)?;
    let applied: Vec<i64> = applied.iter().map(|migration| migration.version).collect();
    refuse_newer(&applied)?;
    migrator.run(&mut *transaction).await.map_err(failure)?;
    transaction.commit().await?;
    Ok(versions().filter(|version| !applied.contains(version)).collect())
}

fn migrator() -> Migrator {
    let migration = |&(version, description, sql): &(i64, &'static str, &'static str)| {
        Migration::new(
            version,
            Cow::Borrowed(description),
            MigrationType::Simple,
            sql.into_sql_str(),
            false,
        )
    };
    Migrator::with_migrations(MIGRATIONS.iter().map(migration).collect())
}

fn versions() -> impl Iterator<Item = i64> {
    MIGRATIONS.iter().map(|(version, ..)| *version)
}

fn refuse_newer(applied: &[i64]) -> Result<(), OpenError> {
    match applied
        .iter()
        .copied()
        .filter(|version| !versions().any(|known| known == *version))
        .max()
    {
        Some(found) => Err(OpenError::Newer {
            found,
            known: versions().max().unwrap_or_default(),
        }),
        None => Ok(()),
    }
}

fn failure(error: MigrateError) -> OpenError {
    match error {
        MigrateError::VersionMismatch(version) => OpenError::Changed { version },
        other => OpenError::Unavailable(other.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_count_up_from_one() {
        assert!(versions().eq(1..=i64::try_from(MIGRATIONS.len()).unwrap()));
    }
}
