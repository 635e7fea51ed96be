//! The errors of opening a database, with the remedy that this program offers.

use std::path::Path;

use scopegate_store_sql::{DatabaseUrl, OpenError, SqlStore};

use super::{kek, private_file};

/// Fails if a new file would have the name of one that belongs to a database.
pub(crate) fn expect_no_side_file(path: &Path) -> Result<(), OpenError> {
    SqlStore::expect_no_side_file(path, &kek::KEY_ENDS)
}

/// The same for a database that a command may create.
pub(super) fn expect_creatable(url: &DatabaseUrl) -> anyhow::Result<()> {
    match url.path() {
        Some(path) if !path.exists() => Ok(expect_no_side_file(path)?),
        _ => Ok(()),
    }
}

/// Returns an error with the place, the cause and the remedy.
pub(super) fn explain(error: OpenError, url: &DatabaseUrl) -> anyhow::Error {
    let remedy = match &error {
        OpenError::Missing { path } if path.is_symlink() => {
            "it is a symbolic link to a file that does not exist: check `--database`, or make the link name an existing file"
        }
        OpenError::Missing { .. } => {
            "check `--database`; `scopegate serve`, `migrate`, `user add` and `client add` create a database"
        }
        OpenError::Empty { .. } => "`scopegate migrate` makes a database of it",
        OpenError::Foreign { path } if private_file::path_next_to(path, "-wal").exists() => {
            "give another file with `--database`, or move its `-wal` and `-shm` away if they are of another database"
        }
        OpenError::Foreign { .. } => "give another file with `--database`",
        // The error contains both paths and the remedy.
        OpenError::LeftOver { .. } | OpenError::LogMissing { .. } | OpenError::SideFile { .. } => return error.into(),
        OpenError::Older { .. } => {
            return anyhow::anyhow!("database `{url}`: {error}; run `scopegate migrate` first");
        }
        OpenError::Incomplete => {
            return anyhow::anyhow!("database `{url}`: {error}; run `scopegate migrate`");
        }
        OpenError::SameNames { .. } => {
            return anyhow::anyhow!(
                "database `{url}`: {error}; `scopegate migrate --rename-duplicates` renames the second user of each pair, or \
                 remove one of them with the earlier program"
            );
        }
        OpenError::NoFolder { .. } => {
            return anyhow::anyhow!("database `{url}`: {error}; create it, or give another file with `--database`");
        }
        OpenError::NoFile { .. } => {
            return anyhow::anyhow!("database `{url}`: {error}; give another file with `--database`");
        }
        OpenError::Newer { .. } => {
            return anyhow::anyhow!("database `{url}`: {error}; use the newer program, or restore a backup");
        }
        _ => {
            let Some(remedy) = error.remedy() else {
                return anyhow::Error::new(error).context(format!("database `{url}`"));
            };
            // The causes in between repeat the last one.
            let error = anyhow::Error::new(error);
            return anyhow::anyhow!("database `{url}`: {error}: {}; {remedy}", error.root_cause());
        }
    };
    anyhow::anyhow!("{error}: {remedy}")
}
