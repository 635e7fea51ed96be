//! The command line of the commands on the whole database.

use std::path::PathBuf;

use clap::Args;

/// `scopegate migrate`
#[derive(Args, Debug)]
pub(crate) struct MigrateArguments {
    /// Print the steps and the number of rows, and change nothing
    #[arg(long, conflicts_with = "rename_duplicates")]
    pub(crate) plan: bool,
    /// Rename the second of two users whose names differ in case or width only
    ///
    /// The new name ends with the first six characters of the user's id. No creation time is
    /// stored, so the second user is the one whose id sorts later.
    #[arg(long)]
    pub(crate) rename_duplicates: bool,
}

/// `scopegate backup`
#[derive(Args, Debug)]
pub(crate) struct BackupArguments {
    /// The new file; an existing one is never overwritten
    pub(crate) file: PathBuf,
    /// Also write the key-encryption key, to `FILE.kek`. Both files together can sign tokens
    #[arg(long)]
    pub(crate) with_key: bool,
}

/// `scopegate restore`
#[derive(Args, Debug)]
pub(crate) struct RestoreArguments {
    /// The backup; `FILE.kek` is restored with it if it exists
    pub(crate) file: PathBuf,
}
