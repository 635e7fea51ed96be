//! Why a database could not be opened.

use std::error::Error;
use std::io;
use std::path::PathBuf;

/// Why a database could not be opened. It has not been changed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// The tables were made by something that calls itself the same version and is not.
    #[error("version `{version}` of the tables in the database is not the one that this program knows")]
    Changed {
        /// Which version.
        version: i64,
    },
    /// The file exists and contains nothing.
    #[error("database file `{}` is empty", .path.display())]
    Empty {
        /// The database file.
        path: PathBuf,
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
    /// The tables were made by an older program, and the database was opened for reading only.
    #[error("tables in the database have version `{found}`, and this program needs version `{known}`")]
    Older {
        /// The newest version in the database.
        found: i64,
        /// The newest version of this program.
        known: i64,
    },
    /// The file cannot be read or written, is locked by another program, or is no database.
    #[error("database cannot be opened")]
    Unavailable(#[source] Box<dyn Error + Send + Sync>),
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
