//! Why a database could not be opened.

use std::error::Error;

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
    /// The tables were made by a newer program. Use that one, or a copy of the database from before.
    #[error("tables in the database have version `{found}`, and this program knows no version after `{known}`")]
    Newer {
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
