//! The URL of a database.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

/// The location of the database: `sqlite:PATH`, or `sqlite::memory:` for one that ends with the
/// program.
///
/// The text after `sqlite:` is a path of the operating system, relative or absolute. Two slashes
/// before it are allowed, so that `sqlite:///var/lib/scopegate.db` is the file
/// `/var/lib/scopegate.db`.
///
/// ```
/// use scopegate_store_sql::DatabaseUrl;
///
/// let url: DatabaseUrl = "sqlite:scopegate.db".parse()?;
/// assert_eq!(url, DatabaseUrl::file("scopegate.db"));
/// assert_eq!("sqlite::memory:".parse(), Ok(DatabaseUrl::memory()));
/// assert!("mysql://localhost".parse::<DatabaseUrl>().is_err());
/// # Ok::<(), scopegate_store_sql::InvalidDatabaseUrl>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DatabaseUrl {
    file: Option<PathBuf>,
}

impl DatabaseUrl {
    /// Creates the URL of a database in memory, which no other process sees.
    #[must_use]
    pub const fn memory() -> Self {
        Self { file: None }
    }

    /// Creates the URL of a database in a file, which is created if it is missing.
    #[must_use]
    pub fn file(path: impl Into<PathBuf>) -> Self {
        Self {
            file: Some(path.into()),
        }
    }

    /// Parses a URL.
    ///
    /// # Errors
    ///
    /// [`InvalidDatabaseUrl`], which does not repeat the URL: URLs of other databases contain a
    /// password.
    pub fn parse(text: &str) -> Result<Self, InvalidDatabaseUrl> {
        let rest = text.strip_prefix("sqlite:").ok_or(InvalidDatabaseUrl::Scheme)?;
        let path = rest.strip_prefix("//").unwrap_or(rest);
        match path {
            ":memory:" => Ok(Self::memory()),
            "" => Err(InvalidDatabaseUrl::Path),
            _ if path.contains('?') => Err(InvalidDatabaseUrl::Options),
            _ => Ok(Self::file(path)),
        }
    }

    /// Returns the file; `None` for a database in memory.
    #[must_use]
    pub fn path(&self) -> Option<&Path> {
        self.file.as_deref()
    }
}

impl FromStr for DatabaseUrl {
    type Err = InvalidDatabaseUrl;

    fn from_str(text: &str) -> Result<Self, InvalidDatabaseUrl> {
        Self::parse(text)
    }
}

impl fmt::Display for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.file {
            Some(path) => write!(f, "sqlite:{}", path.display()),
            None => f.write_str("sqlite::memory:"),
        }
    }
}

/// The reason why a text names no database that this program can use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidDatabaseUrl {
    /// The URL ends with options such as `?mode=ro`: the URL does not determine how the database is
    /// opened.
    #[error("database URL may not hold a `?`: there are no options")]
    Options,
    /// The path is missing.
    #[error("database URL names no file: expected `sqlite:PATH` or `sqlite::memory:`")]
    Path,
    /// The URL does not begin with `sqlite:`.
    #[error("database URL does not begin with `sqlite:`")]
    Scheme,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_prints_back() {
        for text in [
            "sqlite::memory:",
            "sqlite:scopegate.db",
            "sqlite:/var/lib/scope gate.db",
        ] {
            assert_eq!(text.parse::<DatabaseUrl>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn slashes_are_read_as_others_write_them() {
        assert_eq!("sqlite://scopegate.db".parse(), Ok(DatabaseUrl::file("scopegate.db")));
        assert_eq!(
            "sqlite:///var/scopegate.db".parse(),
            Ok(DatabaseUrl::file("/var/scopegate.db"))
        );
        assert_eq!("sqlite://:memory:".parse(), Ok(DatabaseUrl::memory()));
    }

    #[test]
    fn what_is_not_understood_is_refused() {
        for (text, fault) in [
            ("", InvalidDatabaseUrl::Scheme),
            ("scopegate.db", InvalidDatabaseUrl::Scheme),
            ("postgres://me:secret@localhost/db", InvalidDatabaseUrl::Scheme),
            ("sqlite:", InvalidDatabaseUrl::Path),
            ("sqlite://", InvalidDatabaseUrl::Path),
            ("sqlite:scopegate.db?mode=ro", InvalidDatabaseUrl::Options),
        ] {
            assert_eq!(text.parse::<DatabaseUrl>(), Err(fault), "{text}");
        }
    }
}
