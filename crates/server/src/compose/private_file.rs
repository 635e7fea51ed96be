//! Files that only their owner can read.

use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use anyhow::Context;
use scopegate_domain::Secret;
use scopegate_token::{RandomSource, SystemRandomSource};
use tracing::{info, warn};

/// The path of a file next to a database: `scopegate.db` has `scopegate.db.kek`.
pub(super) fn path_next_to(database: &Path, end: &str) -> PathBuf {
    let mut path = database.as_os_str().to_owned();
    path.push(end);
    PathBuf::from(path)
}

/// Reads a file; `None` if it does not exist. Warns if other users can read it.
pub(super) fn read(path: &Path, what: &str) -> anyhow::Result<Option<Secret<Vec<u8>>>> {
    let bytes = match fs::read(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        read => read.with_context(|| format!("{what} `{}` cannot be read", path.display()))?,
    };
    let mode = fs::metadata(path)?.permissions().mode();
    if mode & 0o077 != 0 {
        warn!(path = %path.display(), mode = format!("{:o}", mode & 0o777), "other users of this machine can use the {what}");
    }
    Ok(Some(Secret::new(bytes)))
}

/// Writes a file whole or not at all, readable by its owner alone. Never overwrites a file. Returns
/// whether it was written.
///
/// Until then the file has a random name. A program that stops half-way leaves it behind. The next
/// program may have the same process id, and the leftover file must not block it.
// SECURITY: no other user of the machine reads the key. Tested by
// `the_key_is_for_its_owner_alone_and_stays_the_same`.
pub(super) fn keep(path: &Path, bytes: &[u8], what: &str) -> anyhow::Result<bool> {
    let written = write_new(path, bytes).with_context(|| format!("{what} `{}` cannot be written", path.display()))?;
    if written {
        info!(path = %path.display(), "created a new {what}");
    }
    Ok(written)
}

/// The same without a log.
pub(crate) fn write_new(path: &Path, bytes: &[u8]) -> anyhow::Result<bool> {
    let temporary = Temporary::create(path)?;
    let mut file = OpenOptions::new().write(true).open(temporary.path())?;
    file.write_all(bytes)?;
    file.sync_all()?;
    Ok(temporary.publish(path)?)
}

/// An empty file for its owner only, next to its final path. It is removed when dropped.
pub(super) struct Temporary(PathBuf);

impl Temporary {
    /// Creates the file under a random name.
    pub(super) fn create(path: &Path) -> anyhow::Result<Self> {
        let mut random = [0; 8];
        SystemRandomSource.fill(&mut random)?;
        let new = path_next_to(path, &format!(".{:016x}.new", u64::from_be_bytes(random)));
        OpenOptions::new().write(true).create_new(true).mode(0o600).open(&new)?;
        Ok(Self(new))
    }

    pub(super) fn path(&self) -> &Path {
        &self.0
    }

    /// Renames the file to its path. Returns `false` if the path exists.
    pub(super) fn publish(self, path: &Path) -> io::Result<bool> {
        match fs::hard_link(&self.0, path).and_then(|()| sync_folder(path)) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(false),
            published => published.map(|()| true),
        }
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        // A file that cannot be removed has a name that no program uses.
        let _ = fs::remove_file(&self.0);
    }
}

/// Renames a file over another, which is removed by that.
pub(super) fn replace(new: &Path, path: &Path) -> io::Result<()> {
    fs::rename(new, path)?;
    sync_folder(path)
}

/// Removes a file, if it exists.
pub(super) fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        removed => removed.and_then(|()| sync_folder(path)),
    }
}

/// Syncs the folder: a file's name is on the disk only after that.
fn sync_folder(path: &Path) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    fs::File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
}
