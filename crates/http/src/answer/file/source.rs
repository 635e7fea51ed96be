//! The content of a file, and its version.

use std::fs::{self, Metadata};
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use bytes::Bytes;

/// The content of a file.
#[derive(Clone)]
pub(super) enum Source {
    Bytes(Bytes),
    Opened(Arc<OpenedFile>),
}

/// A file of the file system.
pub(super) struct OpenedFile {
    /// Several responses may read one file, each at its position.
    file: Mutex<fs::File>,
    version: Version,
}

/// What differs between two versions of one file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Version {
    length: u64,
    modified: Option<SystemTime>,
    changed: (i64, i64),
}

impl Source {
    /// Opens a file. It blocks.
    pub(super) fn open(path: &Path) -> io::Result<(Self, Version)> {
        let refused = || io::Error::new(io::ErrorKind::NotFound, "the path is not a regular file");
        // Opening a pipe would wait for its writer.
        if !fs::metadata(path)?.is_file() {
            return Err(refused());
        }
        let file = fs::File::open(path)?;
        let metadata = file.metadata()?;
        if !metadata.is_file() {
            return Err(refused());
        }
        let version = Version::of(&metadata);
        let opened = OpenedFile {
            file: Mutex::new(file),
            version: version.clone(),
        };
        Ok((Self::Opened(Arc::new(opened)), version))
    }

    pub(super) fn length(&self) -> u64 {
        match self {
            Self::Bytes(bytes) => u64::try_from(bytes.len()).unwrap_or(u64::MAX),
            Self::Opened(opened) => opened.version.length,
        }
    }
}

impl OpenedFile {
    /// Reads a part, and checks that the file has not changed. It blocks.
    pub(super) fn read(&self, start: u64, length: usize) -> io::Result<Bytes> {
        let mut part = vec![0; length];
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        file.seek(SeekFrom::Start(start))?;
        file.read_exact(&mut part)?;
        if Version::of(&file.metadata()?) == self.version {
            Ok(part.into())
        } else {
            Err(io::Error::other("the file changed while it was sent"))
        }
    }
}

impl Version {
    fn of(metadata: &Metadata) -> Self {
        Self {
            length: metadata.len(),
            modified: metadata.modified().ok(),
            changed: changed(metadata),
        }
    }

    pub(super) const fn modified(&self) -> Option<SystemTime> {
        self.modified
    }

    pub(super) const fn length(&self) -> u64 {
        self.length
    }

    /// Returns the time since 1970 of the last write, and the time of the last change of any kind,
    /// which no program can set.
    pub(super) fn times(&self) -> (Duration, (i64, i64)) {
        let modified = self.modified.unwrap_or(SystemTime::UNIX_EPOCH);
        let since = modified.duration_since(SystemTime::UNIX_EPOCH);
        // A time before 1970 counts backwards.
        let since = since.unwrap_or_else(|before| Duration::MAX.saturating_sub(before.duration()));
        (since, self.changed)
    }
}

/// Returns the time of the last change of any kind, in seconds and nanoseconds.
#[cfg(unix)]
fn changed(metadata: &Metadata) -> (i64, i64) {
    use std::os::unix::fs::MetadataExt;
    (metadata.ctime(), metadata.ctime_nsec())
}

#[cfg(not(unix))]
const fn changed(_: &Metadata) -> (i64, i64) {
    (0, 0)
}
