//! Errors of opening a database.

use std::error::Error;
use std::io;
use std::path::PathBuf;

use crate::failure::{SQLITE_BUSY, SQLITE_CORRUPT, SQLITE_NOTADB, primary_code};
use crate::same_name::{SameName, listed};

/// A statement cannot be run with these tables.
const SQLITE_ERROR: u32 = 1;

/// Access was denied.
const SQLITE_PERM: u32 = 3;

/// The file, or its folder, cannot be written.
const SQLITE_READONLY: u32 = 8;

/// The disk, or the kind of the file, does not allow the operation.
const SQLITE_IOERR: u32 = 10;

/// The disk is full.
const SQLITE_FULL: u32 = 13;

/// The file cannot be opened.
const SQLITE_CANTOPEN: u32 = 14;

/// The reason why a database could not be opened. It has not been changed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// The tables were made by a program that states the same version but has another migration.
    #[error("version `{version}` of the tables in the database is not the one that this program knows")]
    Changed {
        /// The version.
        version: i64,
    },
    /// The migration to the current version was begun, and is not complete.
    #[error("migration of the database is not complete")]
    Incomplete,
    /// Names of users are equal in their canonical form. The database was not migrated.
    #[error("users have the same name, because case and width of letters make no difference: {}", listed(.pairs))]
    SameNames {
        /// All pairs.
        pairs: Vec<SameName>,
    },
    /// The file exists and contains nothing.
    #[error("database file `{}` is empty", .path.display())]
    Empty {
        /// The database file.
        path: PathBuf,
    },
    /// A step of the migration failed, and no step was made.
    #[error("version `{version}` ({description}) of the tables cannot be made")]
    Migration {
        /// The version.
        version: i64,
        /// What the step makes.
        description: String,
        /// The error of the database. It names the table.
        source: Box<dyn Error + Send + Sync>,
    },
    /// A new file is expected, but the name is taken.
    #[error("`{}` exists", .path.display())]
    Exists {
        /// The file.
        path: PathBuf,
    },
    /// The file is a SQLite database of another program.
    #[error("`{}` is a SQLite database of another program", .path.display())]
    Foreign {
        /// The database file.
        path: PathBuf,
    },
    /// The database file is missing, but a file that belongs to it exists. A new database would
    /// destroy its data.
    #[error(
        "database file `{}` is missing or empty, but `{}` of the same database exists: put the database file back; to \
         start with a new database, move `{}` away first",
        .path.display(), .left.display(), .left.display()
    )]
    LeftOver {
        /// The database file.
        path: PathBuf,
        /// The file that exists.
        left: PathBuf,
    },
    /// The log is missing, but its index exists. A new log would destroy the data of the old one.
    #[error(
        "log `{}` of the database is missing, but its index `{}` exists: put the log back; if there is none and no \
         program has the database open, remove the index",
        .log.display(), .index.display()
    )]
    LogMissing {
        /// The log.
        log: PathBuf,
        /// The index of the log.
        index: PathBuf,
    },
    /// The database file does not exist.
    #[error("database file `{}` does not exist", .path.display())]
    Missing {
        /// The database file.
        path: PathBuf,
    },
    /// The tables were made by a newer program. Use that one, or a copy of the database from
    /// before.
    #[error("tables in the database have version `{found}`, and this program knows no version after `{known}`")]
    Newer {
        /// The newest version in the database.
        found: i64,
        /// The newest version of this program.
        known: i64,
    },
    /// The folder of a new database does not exist.
    #[error("folder `{}` of the database does not exist", .folder.display())]
    NoFolder {
        /// The folder.
        folder: PathBuf,
    },
    /// The name is that of a directory or of a device.
    #[error("`{}` is not a regular file", .path.display())]
    NoFile {
        /// The path of the database.
        path: PathBuf,
    },
    /// The tables were made by an older program, and the database was opened for reading only.
    #[error("tables in the database have version `{found}`, and this program needs version `{known}`")]
    Older {
        /// The newest version in the database.
        found: i64,
        /// The newest version of this program.
        known: i64,
    },
    /// The name of a new database is that of a file which belongs to another database.
    #[error(
        "`{}` is the name of a file that belongs to database `{}`; give another name",
        .path.display(), .database.display()
    )]
    SideFile {
        /// The path of the new database.
        path: PathBuf,
        /// The database to which a file of this name belongs.
        database: PathBuf,
    },
    /// The file ends within a page.
    #[error("database file `{}` is truncated", .path.display())]
    Truncated {
        /// The database file.
        path: PathBuf,
    },
    /// The file cannot be read or written, is locked by another program, or is not a database.
    #[error("database cannot be opened")]
    Unavailable(#[source] Box<dyn Error + Send + Sync>),
}

impl OpenError {
    /// Returns the remedy for an error of SQLite, if one is known.
    #[must_use]
    pub fn remedy(&self) -> Option<&'static str> {
        let cause = match self {
            Self::Truncated { .. } => return Some("restore a backup"),
            Self::Unavailable(cause) | Self::Migration { source: cause, .. } => cause,
            _ => return None,
        };
        match primary_code(cause.downcast_ref()?)? {
            SQLITE_ERROR if matches!(self, Self::Migration { .. }) => Some(
                "no step was made: rename what another program added under this name and try again, or restore a backup",
            ),
            SQLITE_BUSY => Some("another process holds the lock of the database: wait for it, or end it"),
            SQLITE_CORRUPT => Some("restore a backup"),
            SQLITE_NOTADB => Some("give another file"),
            SQLITE_PERM | SQLITE_READONLY | SQLITE_IOERR | SQLITE_CANTOPEN => {
                Some("check that it is a file, and that the file and its folder can be read and written")
            }
            SQLITE_FULL => Some("make space on the disk"),
            _ => None,
        }
    }
}

impl From<sqlx::Error> for OpenError {
    fn from(error: sqlx::Error) -> Self {
        Self::Unavailable(error.into())
    }
}

impl From<io::Error> for OpenError {
    fn from(error: io::Error) -> Self {
        Self::Unavailable(error.into())
    }
}
