//! The folders that may contain the files of a description.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Component, Path, PathBuf};

use super::error::ImportError;
use super::shown::QuotedValue;

/// The folders that may contain the files to which a document refers.
///
/// Without options these files must be below the folder of the document itself.
///
/// ```no_run
/// use std::path::Path;
///
/// use scopegate_openapi::import::{self, ReadOptions};
///
/// let options = ReadOptions::new().allow_root("../common");
/// let imported = import::read_file(Path::new("api/openapi.yaml"), &options)?;
/// # Ok::<(), import::ImportError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReadOptions {
    base: Option<PathBuf>,
    allowed: Vec<PathBuf>,
}

impl ReadOptions {
    /// Returns options without a folder other than that of the document.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the folder of a document that comes from bytes, such as standard input. Default: none.
    #[must_use]
    pub fn base(mut self, folder: impl Into<PathBuf>) -> Self {
        self.base = Some(folder.into());
        self
    }

    /// Adds a folder with files to which a document may refer.
    #[must_use]
    pub fn allow_root(mut self, folder: impl Into<PathBuf>) -> Self {
        self.allowed.push(folder.into());
        self
    }
}

/// The folder from which relative references start, and the folders that may contain files. All
/// paths have their links resolved.
#[derive(Debug)]
pub(super) struct Folder {
    start: PathBuf,
    roots: Vec<PathBuf>,
    document: Option<PathBuf>,
}

/// The reason why a file is not read.
pub(super) enum Refused {
    /// The file is in none of the folders.
    Outside(PathBuf),
    Unreadable(io::Error),
}

impl Folder {
    /// Returns the folder of a document, or `None` for a pipe or a device.
    pub(super) fn of_file(path: &Path, options: &ReadOptions) -> Result<Option<Self>, ImportError> {
        let Ok(document) = fs::canonicalize(path) else {
            return Ok(None);
        };
        match document.parent() {
            Some(folder) if document.is_file() => Self::new(folder.to_owned(), Some(document), options).map(Some),
            _ => Ok(None),
        }
    }

    /// Returns the folder that the options name.
    pub(super) fn of_options(options: &ReadOptions) -> Result<Option<Self>, ImportError> {
        let Some(base) = &options.base else {
            return Ok(None);
        };
        Self::new(canonical(base)?, None, options).map(Some)
    }

    fn new(start: PathBuf, document: Option<PathBuf>, options: &ReadOptions) -> Result<Self, ImportError> {
        let allowed = options.allowed.iter().map(|folder| canonical(folder));
        let mut roots = allowed.collect::<Result<Vec<_>, _>>()?;
        roots.insert(0, start.clone());
        Ok(Self { start, roots, document })
    }

    /// Returns the file of the document.
    pub(super) fn document(&self) -> Option<&Path> {
        self.document.as_deref()
    }

    /// Returns the folder for files that need no option.
    pub(super) fn start(&self) -> &Path {
        &self.start
    }

    /// Returns the file of a path that is relative to this one, with all links resolved.
    pub(super) fn locate(&self, from: Option<&Path>, path: &Path) -> Result<PathBuf, Refused> {
        let folder = from.and_then(Path::parent).unwrap_or(&self.start);
        let found = fs::canonicalize(without_dots(&folder.join(path))).map_err(Refused::Unreadable)?;
        if !self.roots.iter().any(|root| found.starts_with(root)) {
            return Err(Refused::Outside(found));
        }
        // A read from a pipe or a device may never end.
        if !found.is_file() {
            return Err(Refused::Unreadable(io::Error::other("it is not a file")));
        }
        Ok(found)
    }

    /// Returns the name of a file, relative to the folder of the document.
    pub(super) fn name(&self, file: &Path) -> String {
        file.strip_prefix(&self.start).unwrap_or(file).display().to_string()
    }
}

/// Returns a path without `.` and `..`. A reference is resolved before a file is opened (RFC 3986,
/// section 5.2.4), because a folder before `..` may be missing or a link.
fn without_dots(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for component in path.components() {
        match component {
            Component::CurDir => {}
            // The root has no parent.
            Component::ParentDir => drop(plain.pop()),
            other => plain.push(other),
        }
    }
    plain
}

fn canonical(folder: &Path) -> Result<PathBuf, ImportError> {
    let unusable = |message: String| ImportError::Folder {
        folder: QuotedValue(&folder.display().to_string()).to_string(),
        message,
    };
    let found = fs::canonicalize(folder).map_err(|fault| unusable(fault.to_string()))?;
    if found.is_dir() {
        Ok(found)
    } else {
        Err(unusable("it is not a folder".to_owned()))
    }
}

/// Reads a file up to one byte more than `limit`, which shows that a file is larger.
pub(super) fn bytes(path: &Path, limit: usize) -> io::Result<Vec<u8>> {
    let limit = u64::try_from(limit).unwrap_or(u64::MAX).saturating_add(1);
    let mut bytes = Vec::new();
    File::open(path)?.take(limit).read_to_end(&mut bytes)?;
    Ok(bytes)
}
