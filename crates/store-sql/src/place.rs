//! Where the files of a database are, and whether they still are the ones that were opened.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use scopegate_store::StoreError;
use tokio::time::Instant;

use crate::files;

/// How long those who read trust the last look.
const TRUST: Duration = Duration::from_secs(1);

/// The files of an open database.
///
/// A file that was removed or replaced stays open under this program: it would answer out of a database that nobody else
/// sees any more, and keep changes that are gone with the next start. So it answers nothing until its own files are back.
// INVARIANT: a change is answered only if it stands in the files that the next start will open; held by
// `a_file_that_was_taken_away_is_no_store` in tests/faults.rs.
pub(crate) struct Place {
    files: Vec<(PathBuf, Identity)>,
    opened: Instant,
    /// Milliseconds from `opened` to the last look that found all in order.
    looked: AtomicU64,
}

/// Device and number of a file.
type Identity = (u64, u64);

/// The file is not there, or is another one.
#[derive(Debug, thiserror::Error)]
#[error("database file `{}` was removed or replaced while it was open", .path.display())]
struct Moved {
    path: PathBuf,
}

impl Place {
    /// Notes the files of a database in WAL mode that was opened and written to: only then are all three there.
    pub(crate) fn of(path: &Path) -> io::Result<Self> {
        let path = fs::canonicalize(path)?;
        let files = ["", files::LOG, files::LOG_INDEX].map(|end| {
            let file = files::side_file(&path, end);
            identity(&file).map(|identity| (file, identity))
        });
        Ok(Self {
            files: files.into_iter().collect::<io::Result<_>>()?,
            opened: Instant::now(),
            looked: AtomicU64::new(0),
        })
    }

    /// Whether all files are in their place.
    pub(crate) fn look(&self) -> Result<(), StoreError> {
        for (path, opened) in &self.files {
            if identity(path).ok() != Some(*opened) {
                return Err(StoreError::unavailable(Moved { path: path.clone() }));
            }
        }
        self.looked.store(self.age(), Ordering::Relaxed);
        Ok(())
    }

    /// The same, for those who read: a look a second, for each costs some microseconds.
    pub(crate) fn glance(&self) -> Result<(), StoreError> {
        let since = self.age().saturating_sub(self.looked.load(Ordering::Relaxed));
        if u128::from(since) < TRUST.as_millis() {
            return Ok(());
        }
        self.look()
    }

    fn age(&self) -> u64 {
        u64::try_from(self.opened.elapsed().as_millis()).unwrap_or(u64::MAX)
    }
}

#[cfg(unix)]
fn identity(path: &Path) -> io::Result<Identity> {
    use std::os::unix::fs::MetadataExt;
    fs::metadata(path).map(|file| (file.dev(), file.ino()))
}

/// Elsewhere a file that is open cannot be removed.
#[cfg(not(unix))]
fn identity(path: &Path) -> io::Result<Identity> {
    fs::metadata(path).map(|_| (0, 0))
}
