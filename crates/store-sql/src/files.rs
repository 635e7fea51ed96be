//! The files of a database: which exist, and whether a database may be created or opened with them.

use std::ffi::{OsStr, OsString};
use std::fs::{self, OpenOptions};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use crate::OpenError;

/// The log of the database.
pub(crate) const LOG: &str = "-wal";

/// The index of the log, which processes share.
pub(crate) const LOG_INDEX: &str = "-shm";

/// The rollback journal. A database in WAL mode has it only while it is created.
pub(crate) const JOURNAL: &str = "-journal";

/// Number of checks before a log is reported as missing: another process may be closing the
/// database.
const CHECKS: u32 = 10;

const PAUSE: Duration = Duration::from_millis(20);

/// Returns the path of a file that SQLite keeps next to the database.
pub(crate) fn side_file(database: &Path, end: &str) -> PathBuf {
    let mut name = OsString::from(database);
    name.push(end);
    PathBuf::from(name)
}

/// Checks that nothing of an earlier database is left where a new one is created, or finds one.
/// Returns whether the file is empty or missing.
///
/// SQLite deletes a log whose database file is empty, so an empty file is as dangerous as a missing
/// one.
// SECURITY: no existing data is destroyed. Tested by
// `faults.rs::a_database_is_created_only_if_nothing_is_left`.
pub(crate) fn expect_creatable(path: &Path, key_files: &[PathBuf]) -> Result<bool, OpenError> {
    expect_regular(path)?;
    if size(path)? > 0 {
        return Ok(false);
    }
    refuse_side_file(path, &[])?;
    refuse_left_over(path, key_files)?;
    if exists(path) && fs::metadata(path).is_err() {
        // The name is taken and leads nowhere: a symbolic link.
        return Err(OpenError::Missing { path: path.to_owned() });
    }
    let folder = path.parent().filter(|folder| *folder != Path::new(""));
    match folder {
        Some(folder) if !folder.is_dir() => Err(OpenError::NoFolder {
            folder: folder.to_owned(),
        }),
        _ => Ok(true),
    }
}

/// Fails if the path is that of a directory or of a device.
fn expect_regular(path: &Path) -> Result<(), OpenError> {
    match fs::metadata(path) {
        Ok(found) if !found.is_file() => Err(OpenError::NoFile { path: path.to_owned() }),
        _ => Ok(()),
    }
}

/// Checks that a database file exists and has contents.
pub(crate) fn expect_existing(path: &Path) -> Result<(), OpenError> {
    expect_regular(path)?;
    if size(path)? > 0 {
        return Ok(());
    }
    refuse_left_over(path, &[])?;
    Err(match fs::metadata(path) {
        Ok(_) => OpenError::Empty { path: path.to_owned() },
        Err(_) => OpenError::Missing { path: path.to_owned() },
    })
}

/// Fails if a database file, or one that SQLite keeps with it, exists.
pub(crate) fn expect_unused(path: &Path) -> Result<(), OpenError> {
    if exists(path) {
        return Err(OpenError::Exists { path: path.to_owned() });
    }
    refuse_side_file(path, &[])?;
    refuse_left_over(path, &[])
}

/// Fails if the name is that of a file which SQLite, or an application, keeps with another
/// database. `ends`: the names of the application.
// SECURITY: SQLite would use the file as the log of the other database, or delete it. Tested by
// `faults.rs::no_database_gets_the_name_of_a_side_file`.
pub(crate) fn refuse_side_file(path: &Path, ends: &[&str]) -> Result<(), OpenError> {
    let name = path.file_name().and_then(OsStr::to_str).unwrap_or_default();
    for end in [LOG, LOG_INDEX, JOURNAL].iter().chain(ends) {
        let database = name.strip_suffix(end).map(|name| path.with_file_name(name));
        // Without its end the name may be empty, which leaves the folder.
        if let Some(database) = database.filter(|file| file.file_name().is_some() && exists(file) && !file.is_dir()) {
            return Err(OpenError::SideFile {
                path: path.to_owned(),
                database,
            });
        }
    }
    Ok(())
}

/// Fails if a file of an earlier database exists without its main file.
fn refuse_left_over(path: &Path, key_files: &[PathBuf]) -> Result<(), OpenError> {
    let names = names(path);
    let side_files = |end: &'static str| names.iter().map(move |name| side_file(name, end));
    let useless_with_an_empty_file = side_files(LOG).chain(side_files(LOG_INDEX));
    for left in useless_with_an_empty_file.chain(key_files.iter().cloned()) {
        // A process that creates the database at this moment fills the main file first.
        if exists(&left) && size(path)? == 0 {
            return Err(OpenError::LeftOver {
                path: path.to_owned(),
                left,
            });
        }
    }
    // A journal with an empty file is left by a process that ended while it created the database.
    for left in side_files(JOURNAL) {
        if exists(&left) && fs::metadata(path).is_err() {
            return Err(OpenError::LeftOver {
                path: path.to_owned(),
                left,
            });
        }
    }
    Ok(())
}

/// The names of a database file: as given, and where a symbolic link leads.
fn names(path: &Path) -> Vec<PathBuf> {
    let target = fs::read_link(path).map(|target| match path.parent() {
        Some(folder) => folder.join(target),
        None => target,
    });
    let names = [Some(path.to_owned()), target.ok(), fs::canonicalize(path).ok()];
    names.into_iter().flatten().collect()
}

/// Whether a name is taken, also by a symbolic link that leads nowhere.
pub(crate) fn exists(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok()
}

/// Fails if the index of the log exists without the log.
///
/// SQLite would write to a new log at the position that the index names, and the old log could not
/// be used again.
pub(crate) async fn expect_log(path: &Path) -> Result<(), OpenError> {
    let path = fs::canonicalize(path)?;
    let (log, index) = (side_file(&path, LOG), side_file(&path, LOG_INDEX));
    for _ in 0..CHECKS {
        // SQLite creates the log first and deletes it last.
        if !index.exists() || log.exists() {
            return Ok(());
        }
        tokio::time::sleep(PAUSE).await;
    }
    Err(OpenError::LogMissing { log, index })
}

/// Whether a process ended while it wrote to a database without a log: the next one that writes
/// repairs it.
pub(crate) fn has_journal(path: &Path) -> Result<bool, OpenError> {
    Ok(size(&side_file(&fs::canonicalize(path)?, JOURNAL))? > 0)
}

/// Whether a database has no log, no journal and no user, so that it can be read without locks.
pub(crate) fn is_at_rest(path: &Path) -> Result<bool, OpenError> {
    let path = fs::canonicalize(path)?;
    Ok(size(&side_file(&path, LOG))? == 0 && !has_journal(&path)? && !side_file(&path, LOG_INDEX).exists())
}

/// Fails if a database without a log ends within a page. SQLite reads the rest as zeros, and finds
/// the damage only if it reads the last page.
pub(crate) fn expect_whole_pages(path: &Path) -> Result<(), OpenError> {
    let mut header = [0; 18];
    let mut file = fs::File::open(path)?;
    // SQLite refuses a shorter file, and one with another header.
    if file.read_exact(&mut header).is_err() || !header.starts_with(b"SQLite format 3\0") {
        return Ok(());
    }
    let [.., high, low] = header;
    let page = match u16::from_be_bytes([high, low]) {
        // The size does not fit.
        1 => 65_536,
        size => u64::from(size),
    };
    match file.metadata()?.len().checked_rem(page) {
        Some(0) | None => Ok(()),
        Some(_) => Err(OpenError::Truncated { path: path.to_owned() }),
    }
}

/// Size of a file in bytes; zero if it does not exist.
pub(crate) fn size(path: &Path) -> Result<u64, OpenError> {
    match fs::metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(0),
        found => Ok(found?.len()),
    }
}

/// Creates an empty file for its owner only, if it is missing. SQLite gives the side files the same
/// mode.
// SECURITY: no other user of the machine reads password hashes. Tested by
// `files_are_for_their_owner_alone`.
pub(crate) fn create_private(path: &Path) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match options.open(path) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
        _ => Ok(()),
    }
}

/// The state of a database file that is read without locks.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Snapshot {
    path: PathBuf,
    size: u64,
    modified: Option<SystemTime>,
    is_at_rest: bool,
}

impl Snapshot {
    pub(crate) fn of(path: &Path) -> Result<Self, OpenError> {
        let file = fs::metadata(path)?;
        Ok(Self {
            path: path.to_owned(),
            size: file.len(),
            modified: file.modified().ok(),
            is_at_rest: is_at_rest(path)?,
        })
    }

    /// Whether another process has changed the database since then.
    pub(crate) fn is_current(&self) -> bool {
        Self::of(&self.path).is_ok_and(|now| now == *self)
    }
}
