//! The location of the files of a database, and whether they still are the ones that were opened.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard};
use std::time::Duration;

use scopegate_store::StoreError;
use tokio::time::Instant;

use crate::files;

/// The time for which readers trust the last check.
const TRUST: Duration = Duration::from_secs(1);

/// The files of an open database.
///
/// A file that was removed or replaced stays open in this program. The program would read a
/// database that no other program sees any more. It would keep changes that are lost with the next
/// start. So it answers nothing until its own files are back, or a copy of them: see
/// [`crate::recovery`].
// INVARIANT: a change is answered only if it is in the files that the next start will open. Tested
// by `removed_database_file_makes_store_unavailable` in tests/it/faults.rs.
pub(crate) struct DatabaseFiles {
    /// The absolute path, with its symbolic links.
    given: PathBuf,
    files: RwLock<OpenFiles>,
    opened: Instant,
    /// Milliseconds from `opened` to the last check that found no fault.
    checked: AtomicU64,
}

/// The files that are open.
struct OpenFiles {
    main: Identity,
    open_main: Option<Arc<File>>,
    log: SideFile,
    index: SideFile,
    open_log: File,
}

struct SideFile {
    path: PathBuf,
    identity: Identity,
}

/// Device and number of a file.
pub(crate) type Identity = (u64, u64);

/// A copy of a database at its path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Found {
    /// A database file without a log.
    WithoutLog(Identity),
    /// The same contents in other files.
    SameContents(Identity),
}

impl Found {
    pub(crate) const fn identity(self) -> Identity {
        match self {
            Self::WithoutLog(identity) | Self::SameContents(identity) => identity,
        }
    }
}

/// The file is missing, or is another one.
#[derive(Debug, thiserror::Error)]
#[error("database file `{}` was removed or replaced while it was open", .path.display())]
struct Moved {
    path: PathBuf,
}

/// Main files of databases, kept open for a later comparison.
///
/// POSIX ends all locks of a process on a file when the process closes any descriptor of the file,
/// and the locks of SQLite are of that kind. So a main file is opened once, and closed only after
/// the last store of this process that uses it.
static MAIN_FILES: Mutex<Vec<(Identity, Arc<File>)>> = Mutex::new(Vec::new());

impl DatabaseFiles {
    /// Records the files of a database in WAL mode that was opened and written to: only then do all
    /// three exist.
    pub(crate) fn of(path: &Path) -> io::Result<Self> {
        let given = std::path::absolute(path)?;
        Ok(Self {
            files: RwLock::new(OpenFiles::at(&given)?),
            given,
            opened: Instant::now(),
            checked: AtomicU64::new(0),
        })
    }

    /// Records the files of a database that was opened again.
    pub(crate) fn renew(&self) -> io::Result<()> {
        let renewed = OpenFiles::at(&self.given)?;
        let mut files = self.files.write().unwrap_or_else(PoisonError::into_inner);
        files.release();
        *files = renewed;
        drop(files);
        self.checked.store(self.age(), Ordering::Relaxed);
        Ok(())
    }

    /// Closes the files that are kept open for a comparison, after all connections were closed.
    pub(crate) fn release(&self) {
        self.files.write().unwrap_or_else(PoisonError::into_inner).release();
    }

    /// Checks that all files are at their paths.
    pub(crate) fn check(&self) -> Result<(), StoreError> {
        let files = self.files();
        let opened = [
            (&self.given, files.main),
            (&files.log.path, files.log.identity),
            (&files.index.path, files.index.identity),
        ];
        for (path, opened) in opened {
            if identity(path).ok() != Some(opened) {
                return Err(StoreError::unavailable(Moved { path: path.clone() }));
            }
        }
        self.checked.store(self.age(), Ordering::Relaxed);
        Ok(())
    }

    /// Does the same for readers: one check a second, because each costs some microseconds.
    pub(crate) fn check_cached(&self) -> Result<(), StoreError> {
        let since = self.age().saturating_sub(self.checked.load(Ordering::Relaxed));
        if u128::from(since) < TRUST.as_millis() {
            return Ok(());
        }
        self.check()
    }

    /// Returns the copy at the path now; `None` if it is not a copy that can be used.
    ///
    /// A log is written for one state of its main file: with another one it gives a damaged
    /// database. So a main file with a log must equal the main file that is open. `is_closed`: this
    /// process has closed its connections.
    pub(crate) fn find_copy(&self, is_closed: bool) -> io::Result<Option<Found>> {
        let main = fs::canonicalize(&self.given)?;
        let found = identity(&main)?;
        let log = files::side_file(&main, files::LOG);
        let index = files::side_file(&main, files::LOG_INDEX);
        let opened = self.files();
        let is_other = found != opened.main;
        match (log.exists(), index.exists()) {
            (false, false) if is_other || is_closed => Ok(Some(Found::WithoutLog(found))),
            (true, true) => {
                let same_log =
                    identity(&log)? == opened.log.identity || is_equal(&opened.open_log, &File::open(&log)?)?;
                let is_copy = same_log && (!is_other || is_equal_main(opened.open_main.as_deref(), &main)?);
                Ok(is_copy.then_some(Found::SameContents(found)))
            }
            _ => Ok(None),
        }
    }

    /// Returns whether the main file at the path is this one.
    pub(crate) fn is_at(&self, expected: Identity) -> bool {
        identity(&self.given).is_ok_and(|found| found == expected)
    }

    fn files(&self) -> RwLockReadGuard<'_, OpenFiles> {
        self.files.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn age(&self) -> u64 {
        u64::try_from(self.opened.elapsed().as_millis()).unwrap_or(u64::MAX)
    }
}

impl OpenFiles {
    fn at(given: &Path) -> io::Result<Self> {
        let path = fs::canonicalize(given)?;
        let log = SideFile::of(&path, files::LOG)?;
        Ok(Self {
            main: identity(&path)?,
            open_main: Some(main_file(&path)?),
            open_log: File::open(&log.path)?,
            log,
            index: SideFile::of(&path, files::LOG_INDEX)?,
        })
    }

    /// Closes the main file if no other store of this process uses it.
    fn release(&mut self) {
        let mut kept = main_files();
        drop(self.open_main.take());
        kept.retain(|(_, file)| Arc::strong_count(file) > 1);
    }
}

impl SideFile {
    fn of(database: &Path, end: &str) -> io::Result<Self> {
        let path = files::side_file(database, end);
        let identity = identity(&path)?;
        Ok(Self { path, identity })
    }
}

/// Returns whether a main file at a path has the same bytes as one that is open.
fn is_equal_main(open: Option<&File>, path: &Path) -> io::Result<bool> {
    let other = main_file(path)?;
    open.map_or(Ok(false), |open| is_equal(open, &other))
}

/// Opens the main file of a database, once for each file.
fn main_file(path: &Path) -> io::Result<Arc<File>> {
    let identity = identity(path)?;
    let mut kept = main_files();
    if let Some((_, file)) = kept.iter().find(|(other, _)| *other == identity) {
        return Ok(Arc::clone(file));
    }
    let file = Arc::new(File::open(path)?);
    kept.push((identity, Arc::clone(&file)));
    Ok(file)
}

fn main_files() -> MutexGuard<'static, Vec<(Identity, Arc<File>)>> {
    MAIN_FILES.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Returns whether two files have the same bytes.
#[cfg(unix)]
fn is_equal(open: &File, other: &File) -> io::Result<bool> {
    use std::os::unix::fs::FileExt;

    const PIECE: usize = 64 * 1024;
    if open.metadata()?.len() != other.metadata()?.len() {
        return Ok(false);
    }
    let (mut ours, mut theirs, mut position) = (vec![0; PIECE], vec![0; PIECE], 0);
    loop {
        let count = open.read_at(&mut ours, position)?;
        let (Some(ours), Some(theirs)) = (ours.get(..count), theirs.get_mut(..count)) else {
            return Ok(false);
        };
        other.read_exact_at(theirs, position)?;
        if ours != theirs {
            return Ok(false);
        }
        if count == 0 {
            return Ok(true);
        }
        position = position.saturating_add(u64::try_from(count).unwrap_or(u64::MAX));
    }
}

/// On other systems a file that is open cannot be replaced.
#[cfg(not(unix))]
fn is_equal(_: &File, _: &File) -> io::Result<bool> {
    Ok(false)
}

#[cfg(unix)]
fn identity(path: &Path) -> io::Result<Identity> {
    use std::os::unix::fs::MetadataExt;
    fs::metadata(path).map(|file| (file.dev(), file.ino()))
}

/// On other systems a file that is open cannot be removed.
#[cfg(not(unix))]
fn identity(path: &Path) -> io::Result<Identity> {
    fs::metadata(path).map(|_| (0, 0))
}
