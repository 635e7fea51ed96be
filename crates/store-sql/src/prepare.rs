//! Prepares a database for use.

use std::path::Path;

use sqlx::SqliteConnection;

use crate::migrations::Contents;
use crate::{OpenError, connect, migrations};

/// Checks whose database it is, and migrates it.
pub(crate) async fn prepare(writer: &mut SqliteConnection, path: &Path, is_new: bool) -> Result<Vec<i64>, OpenError> {
    expect_ours(writer, path, is_new).await?;
    connect::use_log(writer).await?;
    migrations::migrate(writer).await
}

/// Fails if the database is not one of this program. `may_be_new`: it may also have no tables yet.
pub(crate) async fn expect_ours(
    connection: &mut SqliteConnection,
    path: &Path,
    may_be_new: bool,
) -> Result<(), OpenError> {
    match migrations::contents(connection).await? {
        Contents::Ours => Ok(()),
        Contents::Nothing if may_be_new => Ok(()),
        Contents::Nothing => Err(OpenError::Empty { path: path.to_owned() }),
        Contents::Foreign => Err(OpenError::Foreign { path: path.to_owned() }),
    }
}
