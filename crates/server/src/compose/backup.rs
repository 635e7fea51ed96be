//! Copies of the database: `backup` and `restore`.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, bail};
use scopegate_domain::{AuditEvent, Clock as _, SystemClock};
use scopegate_store::{Audit as _, SealedSecrets as _, SigningKeys as _};
use scopegate_store_sql::{BackupManifest, DatabaseUrl, OpenError, OpenMode, RowCounts, SqlStore};
use scopegate_token::KeyEncryptionKey;

use super::database::database_url;
use super::kek::{self, KeyEncryptionKeySource};
use super::{opening, private_file};
use crate::command::audit_entry;
use crate::config::Settings;

/// The state of the key-encryption key after a copy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum KekOutcome {
    /// No signing key needs a key-encryption key.
    NotNeeded,
    /// The key-encryption key is configured, and opens the signing keys.
    Configured,
    /// The key-encryption key is in a file next to the copy.
    Included,
    /// The key-encryption key is not in the copy, as requested.
    LeftOut,
    /// The key-encryption key is neither next to the backup nor next to the database nor
    /// configured.
    Missing,
}

/// A finished copy.
pub(crate) struct Copied {
    pub(crate) rows: RowCounts,
    pub(crate) kek: KekOutcome,
    pub(crate) bytes: u64,
    pub(crate) manifest: Option<BackupManifest>,
    /// Why the audit log has no entry of this backup.
    pub(crate) unrecorded: Option<anyhow::Error>,
}

/// The parts of a backup.
#[derive(Clone, Copy, Debug)]
pub(crate) struct BackupParts {
    /// Also write the key-encryption key next to the backup.
    pub(crate) with_key: bool,
    /// Copy the audit log.
    pub(crate) with_audit: bool,
}

/// What a copy is for.
#[derive(Clone, Copy, Debug)]
enum Purpose {
    Backup(BackupParts),
    Check,
    Restore,
}

/// Copies the database of the settings to a new file.
pub(crate) async fn backup(settings: &Settings, file: &Path, parts: BackupParts) -> anyhow::Result<Copied> {
    let database = database_file(settings)?;
    refuse_own_files(&database, file)?;
    opening::expect_no_side_file(file)?;
    unused(file)?;
    let url = DatabaseUrl::file(&database);
    let source = open(&database).await;
    let source = source.map_err(|error| opening::explain(error, &url))?;
    let copy = Copy::make(&source, file, Purpose::Backup(parts)).await;
    let closed = source.close().await;
    let (copy, ()) = (copy?, closed?);

    let key = if parts.with_key {
        Some(backup_key(settings, &copy.sealed)?)
    } else {
        None
    };
    let kek = match key {
        None if copy.sealed.is_empty() => KekOutcome::NotNeeded,
        None => KekOutcome::LeftOut,
        Some(None) => KekOutcome::NotNeeded,
        Some(Some(key)) => {
            keep_key(&kek::path_next_to(file), &key)?;
            KekOutcome::Included
        }
    };
    // Written before the file gets its name, so that no backup without a note lacks its entry.
    let unrecorded = record(&url).await.err();
    let mut copied = copy.publish(file, kek)?;
    copied.unrecorded = unrecorded;
    Ok(copied)
}

/// Writes the entry of a backup into the audit log of the database, which a server may use.
async fn record(url: &DatabaseUrl) -> anyhow::Result<()> {
    let entry = audit_entry(AuditEvent::AdminBackedUp)?;
    let database = SqlStore::open_with(url, OpenMode::Existing).await;
    let database = database.map_err(|error| opening::explain(error, url))?;
    let written = database.write_entries(&[entry]).await;
    let closed = database.close().await;
    written?;
    Ok(closed?)
}

/// Creates the database of the settings from a backup. The database must not exist yet.
pub(crate) async fn restore(settings: &Settings, file: &Path) -> anyhow::Result<Copied> {
    let database = restore_target(settings)?;
    let source = open_backup(file).await?;
    let copy = checked_copy(source, file, &database, Purpose::Restore).await?;
    let kek = restore_key(settings, file, &database, &copy.sealed)?;
    copy.publish(&database, kek)
}

/// Returns the file that a restore creates.
///
/// # Errors
///
/// It exists, or a file that SQLite or this program keeps with it. The message has the remedy.
pub(crate) fn restore_target(settings: &Settings) -> anyhow::Result<PathBuf> {
    let database = database_file(settings)?;
    opening::expect_no_side_file(&database)?;
    match SqlStore::expect_unused(&database) {
        Ok(()) => Ok(database),
        Err(OpenError::Exists { .. }) => bail!(
            "database `{}` exists, and `restore` replaces none: stop its server, move it away with its `-wal` and `-shm`, or \
             give another file with `--database`",
            database.display()
        ),
        Err(error) => Err(error.into()),
    }
}

/// Runs the checks of a restore on a copy of the backup, which is removed.
pub(crate) async fn check_backup(settings: &Settings, file: &Path) -> anyhow::Result<Copied> {
    let source = open_backup(file).await?;
    let copy = checked_copy(source, file, file, Purpose::Check).await?;
    let kek = backup_kek(settings, file, &copy.sealed)?;
    copy.finished(kek)
}

async fn open_backup(file: &Path) -> anyhow::Result<SqlStore> {
    // `--database` names the target, so the remedies of a database do not fit.
    open(file).await.map_err(|error| {
        let cause = anyhow::Error::new(error);
        let place = file.display();
        anyhow::anyhow!(
            "backup `{place}` cannot be read: {}; give another file",
            cause.root_cause()
        )
    })
}

/// Checks a backup and copies it next to `target`.
async fn checked_copy(source: SqlStore, file: &Path, target: &Path, purpose: Purpose) -> anyhow::Result<Copy> {
    let copy = match source.verify().await {
        Ok(_) => Copy::make(&source, target, purpose).await,
        Err(error) => Err(error.into()),
    };
    let closed = source.close().await;
    let copy = copy.with_context(|| format!("backup `{}`", file.display()))?;
    closed?;
    Ok(copy)
}

async fn open(path: &Path) -> Result<SqlStore, OpenError> {
    SqlStore::open_with(&DatabaseUrl::file(path), OpenMode::Copy).await
}

fn database_file(settings: &Settings) -> anyhow::Result<PathBuf> {
    let url = database_url(settings)?;
    let path = url
        .path()
        .context("a database in memory ends with its process; there is nothing to copy")?;
    Ok(path.to_owned())
}

/// Refuses a name that SQLite or this program uses for the database itself.
fn refuse_own_files(database: &Path, file: &Path) -> anyhow::Result<()> {
    let own = ["", "-wal", "-shm", "-journal", ".kek", ".kek.next", ".key"];
    let file = resolved(file)?;
    for end in own {
        if resolved(&private_file::path_next_to(database, end))? == file {
            bail!(
                "`{}` is a file of the database itself; give another name",
                file.display()
            );
        }
    }
    Ok(())
}

/// The path with its folder resolved. The file itself may be missing.
fn resolved(path: &Path) -> anyhow::Result<PathBuf> {
    let path = std::path::absolute(path)?;
    let folder = path.parent().map(fs::canonicalize);
    Ok(match (folder, path.file_name()) {
        (Some(Ok(folder)), Some(name)) => folder.join(name),
        _ => path,
    })
}

fn unused(file: &Path) -> anyhow::Result<()> {
    SqlStore::expect_unused(file).map_err(|error| match error {
        OpenError::Exists { path } => taken(&path),
        OpenError::LeftOver { left, .. } => taken(&left),
        error => error.into(),
    })?;
    match kek::key_files(file).into_iter().find(|file| file.exists()) {
        Some(file) => Err(taken(&file)),
        None => Ok(()),
    }
}

fn taken(file: &Path) -> anyhow::Error {
    anyhow::anyhow!("`{}` exists and is not overwritten; give another name", file.display())
}

fn uncreatable(file: &Path) -> String {
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty());
    match folder.filter(|folder| !folder.is_dir()) {
        Some(folder) => format!(
            "file `{}` cannot be created; create the folder `{}`, or give another name",
            file.display(),
            folder.display()
        ),
        None => format!("file `{}` cannot be created", file.display()),
    }
}

/// A complete copy under a temporary name. It is removed unless it is published.
struct Copy {
    temporary: private_file::Temporary,
    rows: RowCounts,
    /// The sealed bytes of the signing keys and of the server secrets.
    sealed: Vec<Vec<u8>>,
    manifest: Option<BackupManifest>,
}

impl Copy {
    async fn make(source: &SqlStore, file: &Path, purpose: Purpose) -> anyhow::Result<Self> {
        let temporary = private_file::Temporary::create(file).with_context(|| uncreatable(file))?;
        let copied = source.copy_to(temporary.path()).await;
        copied.with_context(|| format!("file `{}` cannot be written", file.display()))?;
        let now = SystemClock.now();
        match purpose {
            Purpose::Backup(parts) => SqlStore::complete_copy(temporary.path(), now, parts.with_audit).await?,
            Purpose::Check => {}
            Purpose::Restore => SqlStore::move_ahead(temporary.path(), now).await?,
        }
        let copy = SqlStore::open_with(&DatabaseUrl::file(temporary.path()), OpenMode::Copy).await?;
        let rows = copy.verify().await?;
        // Tables of an earlier version have no secrets.
        let mut sealed = if rows.server_secrets == 0 {
            Vec::new()
        } else {
            kek::sealed_bytes(&copy.sealed_secrets().await?)
        };
        if rows.signing_keys > 0 {
            sealed.extend(copy.list().await?.into_iter().map(|key| key.sealed));
        }
        let manifest = copy.manifest().await?;
        copy.close().await?;
        Ok(Self {
            temporary,
            rows,
            sealed,
            manifest,
        })
    }

    fn publish(self, file: &Path, kek: KekOutcome) -> anyhow::Result<Copied> {
        let bytes = fs::metadata(self.temporary.path())?.len();
        File::open(self.temporary.path())?.sync_all()?;
        if !self.temporary.publish(file)? {
            return Err(taken(file));
        }
        Ok(Copied {
            rows: self.rows,
            kek,
            bytes,
            manifest: self.manifest,
            unrecorded: None,
        })
    }

    /// Removes the copy, and returns what it contained.
    fn finished(self, kek: KekOutcome) -> anyhow::Result<Copied> {
        let bytes = fs::metadata(self.temporary.path())?.len();
        Ok(Copied {
            rows: self.rows,
            kek,
            bytes,
            manifest: self.manifest,
            unrecorded: None,
        })
    }
}

/// The key-encryption key that opens these keys and secrets; `None` if there are none.
fn backup_key(settings: &Settings, sealed: &[Vec<u8>]) -> anyhow::Result<Option<Arc<KeyEncryptionKey>>> {
    if sealed.is_empty() {
        return Ok(None);
    }
    let source = KeyEncryptionKeySource::find(settings.key_encryption_key.as_ref(), &settings.database)?;
    let key = source.opening(sealed)?;
    Ok(Some(key.context(
        "no key-encryption key is there that opens the signing keys; a backup without `--with-key` is possible",
    )?))
}

/// Checks the key-encryption key that a restore would find, without that of the database.
fn backup_kek(settings: &Settings, file: &Path, sealed: &[Vec<u8>]) -> anyhow::Result<KekOutcome> {
    if sealed.is_empty() {
        return Ok(KekOutcome::NotNeeded);
    }
    let next_to = kek::path_next_to(file);
    let (source, outcome) = match &settings.key_encryption_key {
        Some(configured) => (
            KeyEncryptionKeySource::Configured(configured.clone()),
            KekOutcome::Configured,
        ),
        None if next_to.exists() => (KeyEncryptionKeySource::File(next_to), KekOutcome::Included),
        None => return Ok(KekOutcome::Missing),
    };
    if source.opening(sealed)?.is_none() {
        bail!("the key-encryption key does not open the signing keys of the backup; give the one of its time");
    }
    Ok(outcome)
}

fn restore_key(settings: &Settings, file: &Path, database: &Path, sealed: &[Vec<u8>]) -> anyhow::Result<KekOutcome> {
    let kept = kek::path_next_to(database);
    if let Some(other) = kek::key_files(database)
        .into_iter()
        .find(|file| *file != kept && file.exists())
    {
        bail!("`{}` of another database exists: move it away first", other.display());
    }
    if sealed.is_empty() && !kept.exists() {
        return Ok(KekOutcome::NotNeeded);
    }
    if let Some(configured) = &settings.key_encryption_key {
        let fits = KeyEncryptionKeySource::Configured(configured.clone())
            .opening(sealed)?
            .is_some();
        if !fits {
            bail!("the configured key-encryption key does not open the signing keys of the backup");
        }
        return Ok(KekOutcome::Configured);
    }
    if kept.exists() {
        if KeyEncryptionKeySource::File(kept.clone()).opening(sealed)?.is_none() {
            bail!(
                "key file `{}` does not open the signing keys of the backup: move it away first",
                kept.display()
            );
        }
        return Ok(KekOutcome::Included);
    }
    let backed_up = kek::path_next_to(file);
    if !backed_up.exists() {
        return Ok(KekOutcome::Missing);
    }
    let Some(key) = KeyEncryptionKeySource::File(backed_up.clone()).opening(sealed)? else {
        bail!(
            "key file `{}` does not open the signing keys of the backup",
            backed_up.display()
        );
    };
    keep_key(&kept, &key)?;
    Ok(KekOutcome::Included)
}

fn keep_key(file: &Path, key: &KeyEncryptionKey) -> anyhow::Result<()> {
    let is_kept = private_file::keep(file, key.to_text().expose().as_bytes(), kek::WHAT)?;
    if is_kept { Ok(()) } else { Err(taken(file)) }
}
