//! The command line of the commands on the whole database.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::confirmation::Confirmation;

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
    /// Leave the entries of the audit log out
    #[arg(long)]
    pub(crate) without_audit: bool,
}

/// `scopegate restore`
#[derive(Args, Debug)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub(crate) struct RestoreArguments {
    /// The backup; `FILE.kek` is restored with it if it exists
    #[arg(required = true)]
    pub(crate) file: Option<PathBuf>,
    #[command(subcommand)]
    pub(crate) command: Option<RestoreCommand>,
}

/// Commands around a restore.
#[derive(Debug, Subcommand)]
pub(crate) enum RestoreCommand {
    /// Run the checks of a restore on a copy of a backup, and keep nothing
    Check {
        /// The backup
        file: PathBuf,
    },
    /// Refuse every access token that was issued until now, after a restore
    ///
    /// Revocations after the backup are unknown. So this revokes the tokens of each client, and
    /// replaces all signing keys by a new one. Users log in again.
    Finish {
        /// Keep the refresh tokens, so that applications refresh again. Those that end with a
        /// session, and those that were revoked after the backup and are used again, are affected:
        /// docs/backup.md
        #[arg(long)]
        keep_families: bool,
        #[command(flatten)]
        confirmation: Confirmation,
    },
}
