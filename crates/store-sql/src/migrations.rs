//! Creates the tables and migrates them to the current version.

use std::borrow::Cow;

use scopegate_domain::AuditEntry;
use sqlx::migrate::{AppliedMigration, Migrate, MigrateError, Migration, MigrationType};
use sqlx::{Connection, Executor as _, SqlSafeStr, SqliteConnection, query_scalar};

use crate::bound::bound;
use crate::earlier::earlier;
use crate::statement::Statement;
use crate::{OpenError, audit_entry};

/// Every version of the tables, oldest first: number, description, statements. A released one is
/// never edited.
///
/// No statement of a version after 8 reads all users: it would keep the database locked.
const MIGRATIONS: &[(i64, &str, &str)] = &[
    (1, "initial", include_str!("../migrations/0001_initial.sql")),
    (2, "revocations", include_str!("../migrations/0002_revocations.sql")),
    (3, "signing keys", include_str!("../migrations/0003_signing_keys.sql")),
    (
        4,
        "token lifetimes",
        include_str!("../migrations/0004_token_lifetimes.sql"),
    ),
    (5, "changes", include_str!("../migrations/0005_changes.sql")),
    (
        6,
        "drop token lifetimes",
        include_str!("../migrations/0006_drop_token_lifetimes.sql"),
    ),
    (7, "news", include_str!("../migrations/0007_news.sql")),
    (8, "news marks", include_str!("../migrations/0008_news_marks.sql")),
    (
        9,
        "client settings",
        include_str!("../migrations/0009_client_settings.sql"),
    ),
    (10, "audit", include_str!("../migrations/0010_audit.sql")),
    (
        11,
        "canonical names",
        include_str!("../migrations/0011_canonical_names.sql"),
    ),
    (
        12,
        "unnamed users",
        include_str!("../migrations/0012_unnamed_users.sql"),
    ),
    (13, "grants", include_str!("../migrations/0013_grants.sql")),
    (14, "grant marks", include_str!("../migrations/0014_grant_marks.sql")),
    (
        15,
        "settings of clients for people",
        include_str!("../migrations/0015_client_people.sql"),
    ),
    (
        16,
        "removed users",
        include_str!("../migrations/0016_removed_users.sql"),
    ),
];

/// The migrations that mark changes. A database in memory has no file that a copy could replace, so
/// it does without: a new database pays a third of its time for the triggers.
const MARKS: [i64; 3] = [5, 8, 14];

/// The table in which the database records the applied migrations: that of `sqlx`, so that its
/// tools can read it.
const TABLE: &str = "_sqlx_migrations";

const SET_CHECKSUM: &str = "UPDATE _sqlx_migrations SET checksum = $2 WHERE version = $1";

/// The contents of a database, as its tables show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Contents {
    /// No table exists.
    Nothing,
    /// The tables of this program, of any version.
    Ours,
    /// Tables of another program.
    Foreign,
}

/// Reads what a database contains. It changes nothing.
pub(crate) async fn contents(connection: &mut SqliteConnection) -> Result<Contents, sqlx::Error> {
    let tables = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite!_%' ESCAPE '!'";
    let tables: Vec<String> = query_scalar(tables).fetch_all(&mut *connection).await?;
    if tables.is_empty() {
        return Ok(Contents::Nothing);
    }
    let has = |name: &str| tables.iter().any(|table| table == name);
    if !has(TABLE) || !has("users") || !has("clients") {
        return Ok(Contents::Foreign);
    }
    let first = "SELECT description FROM _sqlx_migrations WHERE version = 1";
    let first: Option<String> = query_scalar(first).fetch_optional(connection).await?;
    let is_ours = MIGRATIONS
        .first()
        .is_some_and(|(_, description, _)| first.as_deref() == Some(description));
    Ok(if is_ours { Contents::Ours } else { Contents::Foreign })
}

/// Returns the newest version that this program knows.
pub(crate) fn known() -> i64 {
    MIGRATIONS.last().map_or(0, |(version, ..)| *version)
}

/// Returns the versions that a migration of this database would apply, with their descriptions.
pub(crate) async fn pending(connection: &mut SqliteConnection) -> Result<Vec<(i64, &'static str)>, OpenError> {
    let applied = match contents(connection).await? {
        Contents::Ours => connection.list_applied_migrations(TABLE).await?,
        Contents::Nothing | Contents::Foreign => Vec::new(),
    };
    refuse_newer(&applied)?;
    let is_current = |version| applied.iter().any(|applied| is_current_version(applied, version));
    let all = all().into_iter();
    Ok(all.filter(|(version, _)| !is_current(*version)).collect())
}

/// Returns all versions, with their descriptions.
pub(crate) fn all() -> Vec<(i64, &'static str)> {
    MIGRATIONS.iter().map(|(version, text, _)| (*version, *text)).collect()
}

/// Returns the version of the tables of a database of this program.
pub(crate) async fn version(connection: &mut SqliteConnection) -> Result<i64, OpenError> {
    let applied = connection.list_applied_migrations(TABLE).await?;
    Ok(applied.iter().map(|applied| applied.version).max().unwrap_or(0))
}

/// Whether a version of the tables was applied to a database of this program, and not one that an
/// earlier build made in another way.
pub(crate) async fn is_current(connection: &mut SqliteConnection, version: i64) -> Result<bool, OpenError> {
    let applied = connection.list_applied_migrations(TABLE).await?;
    Ok(applied.iter().any(|applied| is_current_version(applied, version)))
}

fn is_current_version(applied: &AppliedMigration, version: i64) -> bool {
    applied.version == version && earlier(applied).is_none()
}

/// Whether a version of the tables was applied to a database of this program.
pub(crate) async fn is_applied(connection: &mut SqliteConnection, version: i64) -> Result<bool, OpenError> {
    let applied = connection.list_applied_migrations(TABLE).await?;
    Ok(applied.iter().any(|applied| applied.version == version))
}

/// Checks that the tables have this program's version. It changes nothing.
pub(crate) async fn expect_current(connection: &mut SqliteConnection) -> Result<(), OpenError> {
    let applied = connection.list_applied_migrations(TABLE).await?;
    refuse_newer(&applied)?;
    let known = known();
    for migration in migrations() {
        match applied.iter().find(|applied| applied.version == migration.version) {
            Some(applied) if applied.checksum == migration.checksum => {}
            Some(applied) if earlier(applied).is_some() => {
                let found = applied.version - 1;
                return Err(OpenError::Older { found, known });
            }
            Some(applied) => {
                return Err(OpenError::Changed {
                    version: applied.version,
                });
            }
            None => {
                let found = applied.iter().map(|applied| applied.version).max().unwrap_or(0);
                return Err(OpenError::Older { found, known });
            }
        }
    }
    Ok(())
}

/// Makes the tables of a database in memory.
pub(crate) async fn migrate_memory(connection: &mut SqliteConnection) -> Result<Vec<i64>, OpenError> {
    apply(connection, |version| !MARKS.contains(&version), &[]).await
}

/// Migrates the tables to the current version, and returns the versions that were applied now.
///
/// The migration is atomic. Two programs that open a new database at the same time wait for each
/// other. Entries are written into the audit log of an existing database that is migrated, in the
/// same transaction.
pub(crate) async fn migrate(connection: &mut SqliteConnection, entries: &[AuditEntry]) -> Result<Vec<i64>, OpenError> {
    apply(connection, |_| true, entries).await
}

/// Migrates up to a version, as a program of that time did.
#[cfg(test)]
pub(crate) async fn migrate_through(connection: &mut SqliteConnection, last: i64) -> Result<Vec<i64>, OpenError> {
    apply(connection, move |version| version <= last, &[]).await
}

async fn apply(
    connection: &mut SqliteConnection,
    is_used: impl Fn(i64) -> bool,
    entries: &[AuditEntry],
) -> Result<Vec<i64>, OpenError> {
    let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await?;
    transaction.ensure_migrations_table(TABLE).await?;
    let applied = transaction.list_applied_migrations(TABLE).await?;
    refuse_newer(&applied)?;
    let mut migrated = Vec::new();
    for migration in migrations().filter(|migration| is_used(migration.version)) {
        match applied.iter().find(|applied| applied.version == migration.version) {
            Some(applied) if applied.checksum == migration.checksum => {}
            Some(applied) => {
                let Some(earlier) = earlier(applied) else {
                    return Err(OpenError::Changed {
                        version: applied.version,
                    });
                };
                transaction.execute(earlier.convert).await?;
                let set = Statement::new(SET_CHECKSUM).bind(migration.version);
                bound(set.bind(&*migration.checksum)).execute(&mut *transaction).await?;
                migrated.push(migration.version);
            }
            None => {
                let applied = transaction.apply(TABLE, &migration).await;
                applied.map_err(|cause| failed(&migration, cause))?;
                migrated.push(migration.version);
            }
        }
    }
    if migrated.first().is_some_and(|first| !is_first(*first)) {
        for step in audit_entry::steps(entries) {
            bound(step.statement).execute(&mut *transaction).await?;
        }
    }
    transaction.commit().await?;
    Ok(migrated)
}

/// The error of a step, which names its version.
fn failed(migration: &Migration, cause: MigrateError) -> OpenError {
    OpenError::Migration {
        version: migration.version,
        description: migration.description.clone().into_owned(),
        source: match cause {
            MigrateError::Execute(cause) | MigrateError::ExecuteMigration(cause, _) => cause.into(),
            cause => cause.into(),
        },
    }
}

/// Whether this version makes the first tables of a new database.
fn is_first(version: i64) -> bool {
    MIGRATIONS.first().is_some_and(|(first, ..)| *first == version)
}

fn migrations() -> impl Iterator<Item = Migration> {
    MIGRATIONS.iter().map(|&(version, description, sql)| {
        Migration::new(
            version,
            Cow::Borrowed(description),
            MigrationType::Simple,
            sql.into_sql_str(),
            false,
        )
    })
}

fn refuse_newer(applied: &[AppliedMigration]) -> Result<(), OpenError> {
    let known = known();
    let versions = applied.iter().map(|migration| migration.version);
    let unknown = versions.filter(|version| !(1..=known).contains(version));
    match unknown.max() {
        Some(found) => Err(OpenError::Newer { found, known }),
        None => Ok(()),
    }
}

impl From<MigrateError> for OpenError {
    fn from(error: MigrateError) -> Self {
        Self::Unavailable(error.into())
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use tempfile::TempDir;

    use super::*;
    use crate::{DatabaseUrl, connect};

    /// A database in a new file, as a program of that version made it.
    pub(crate) async fn of_version(last: i64) -> (SqliteConnection, DatabaseUrl, TempDir) {
        let folder = TempDir::new().unwrap();
        let path = folder.path().join("scopegate.db");
        std::fs::write(&path, "").unwrap();
        let url = DatabaseUrl::file(&path);
        let mut writer = connect::writer(&url).await.unwrap();
        connect::use_log(&mut writer).await.unwrap();
        migrate_through(&mut writer, last).await.unwrap();
        (writer, url, folder)
    }

    #[test]
    fn versions_count_up_from_one() {
        let versions: Vec<i64> = MIGRATIONS.iter().map(|(version, ..)| *version).collect();
        assert_eq!(versions.first(), Some(&1));
        assert!(versions.is_sorted_by(|one, next| one < next), "{versions:?}");
    }

    /// All statements of the tables, and the versions.
    async fn tables(connection: &mut SqliteConnection) -> (Vec<String>, i64) {
        let tables = "SELECT COALESCE(sql, name) FROM sqlite_schema ORDER BY name";
        let tables = query_scalar(tables).fetch_all(&mut *connection).await.unwrap();
        (tables, version(connection).await.unwrap())
    }

    /// The disk is full at each page of the upgrade.
    #[tokio::test]
    async fn a_full_disk_makes_no_step() {
        let folder = TempDir::new().unwrap();
        let options = sqlx::sqlite::SqliteConnectOptions::new().filename(folder.path().join("a.db"));
        let options = options.create_if_missing(true);
        let mut connection = sqlx::ConnectOptions::connect(&options).await.unwrap();
        migrate_through(&mut connection, 8).await.unwrap();
        let before = tables(&mut connection).await;
        let mut refused = Vec::new();
        loop {
            let pages: i64 = query_scalar("PRAGMA page_count")
                .fetch_one(&mut connection)
                .await
                .unwrap();
            let limit = pages + i64::try_from(refused.len()).unwrap();
            let limit = sqlx::AssertSqlSafe(format!("PRAGMA max_page_count = {limit}"));
            sqlx::query(limit).execute(&mut connection).await.unwrap();
            let Err(error) = migrate(&mut connection, &[]).await else {
                break;
            };
            let OpenError::Migration { version, .. } = &error else {
                panic!("{error:?}");
            };
            assert_eq!(error.remedy(), Some("make space on the disk"));
            assert_eq!(tables(&mut connection).await, before);
            refused.push(*version);
        }
        assert!(refused.is_sorted() && refused.first() < refused.last(), "{refused:?}");
        assert_eq!(version(&mut connection).await.unwrap(), known());
    }
}
