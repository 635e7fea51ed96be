//! Makes a new database: complete under a temporary name first.

use std::fs;
use std::hash::{BuildHasher as _, RandomState};
use std::io;
use std::path::{Path, PathBuf};

use sqlx::Connection as _;

use crate::{DatabaseUrl, OpenError, connect, files, migrations};

/// Makes a database with current tables at a path without a file. An empty file stays, and the
/// caller fills it. Returns the versions of the tables that were applied; none if another process
/// was first.
///
/// A process that ends half-way leaves a file that no program reads. A full disk leaves none.
pub(crate) async fn create(path: &Path) -> Result<Vec<i64>, OpenError> {
    if files::exists(path) {
        return Ok(Vec::new());
    }
    let new = Unfinished::create(path)?;
    let migrated = new.fill().await?;
    match fs::hard_link(&new.0, path) {
        Ok(()) => {
            sync_folder(path)?;
            Ok(migrated)
        }
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(Vec::new()),
        // Some file systems have no links. There the file is filled at its path.
        Err(_) => {
            files::create_private(path)?;
            Ok(Vec::new())
        }
    }
}

/// A database under a temporary name, which is removed when dropped.
struct Unfinished(PathBuf);

impl Unfinished {
    fn create(path: &Path) -> io::Result<Self> {
        // The file of a process with the same id may be left.
        let random = RandomState::new().hash_one(std::process::id());
        let new = files::side_file(path, &format!(".{random:016x}.new"));
        files::create_private(&new)?;
        Ok(Self(new))
    }

    /// Makes the tables. The journal mode stays that of a file without a log, so one file is left.
    async fn fill(&self) -> Result<Vec<i64>, OpenError> {
        let mut writer = connect::writer(&DatabaseUrl::file(&self.0)).await?;
        let migrated = migrations::migrate(&mut writer, &[]).await;
        let closed = writer.close().await;
        let migrated = migrated?;
        closed?;
        Ok(migrated)
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        // A file that cannot be removed has a name that no program uses.
        let _ = fs::remove_file(&self.0);
        let _ = fs::remove_file(files::side_file(&self.0, files::JOURNAL));
    }
}

/// Syncs the folder: a file's name is on the disk only after that.
#[cfg(unix)]
fn sync_folder(path: &Path) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    fs::File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
}

/// Other systems do not open a folder.
#[cfg(not(unix))]
fn sync_folder(_: &Path) -> io::Result<()> {
    Ok(())
}
